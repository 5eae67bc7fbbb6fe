/* What a challenge stands against: changed rows and guesses side by side. */
#include "challenges.h"

#include <pthread.h>

static void test_a_changed_row_is_not_found_and_audited(void **state)
{
    store_t *s = *state;
    static const char *const harms[] = {"accepted = true",
                                        "state = 'armed'",
                                        "attempts = -1",
                                        "passwords = -9",
                                        "account = v.account",
                                        "iin = v.iin",
                                        "origin = v.origin",
                                        "flow = v.flow || 'x'",
                                        "drawn = v.mac",
                                        "signs = '112233'",
                                        "purpose = 'phone'",
                                        "armed_by = v.id",
                                        "expires_at = now() + interval '1 y'",
                                        "id = gen_random_uuid()"};
    for (size_t i = 0; i < sizeof harms / sizeof *harms; i++) {
        kab_challenge_t c = challenge_opened(s, true), v = challenge_opened(s, true),
                        list[KAB_CHALLENGES];
        kab_uuid_t told = strstr(harms[i], "account") != NULL ? v.account : c.account;
        unsigned n;
        const char *text = kab_format(s->w.arena,
                                      "UPDATE challenge c SET %s FROM challenge v"
                                      " WHERE c.id = '%s' AND v.id = '%s'",
                                      harms[i], store_id(s, c.id), store_id(s, v.id));
        assert_int_equal(store_other(s, text), KAB_OK);
        assert_int_equal(kab_challenge_list(&s->w, told, list, &n), KAB_OK);
        assert_int_equal(n, kab_same(&told, &v.account, sizeof told));
        assert_int_equal(store_tampered(s, told), 1);
    }
}

typedef struct {
    kab_world_t w;
    kab_log_t log;
    kab_uuid_t id;
    unsigned written;
    kab_err_t err;
} guesser_t;

/* Counts a try before it would compare; tries no more when three are counted. */
static void *guess(void *ctx)
{
    guesser_t *g = ctx;
    kab_challenge_t c;
    while ((g->err = kab_challenge_get(&g->w, g->id, &c)) == KAB_OK && c.attempts < 3) {
        c.attempts++;
        kab_err_t err = kab_challenge_update(&g->w, &c, KAB_CHALLENGE_ARMED);
        g->written += err == KAB_OK;
        if (err != KAB_OK && err != KAB_E_WRONG_STATE) {
            g->err = err;
            break;
        }
    }
    return NULL;
}

static void test_two_guessers_share_three_tries(void **state)
{
    store_t *s = *state;
    kab_challenge_t c = challenge_opened(s, true);
    guesser_t g[2];
    pthread_t thread[2];
    memset(g, 0, sizeof g);
    challenge_arm(s, &c);
    for (int i = 0; i < 2; i++) {
        g[i].id = c.id;
        g[i].w = store_second(s, &g[i].log);
        g[i].w.db.pg = i == 0 ? s->w.db.pg : s->other;
        assert_int_equal(pthread_create(&thread[i], NULL, guess, &g[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(g[i].err, KAB_OK);
        kab_arena_close(g[i].w.arena);
    }
    assert_int_equal(g[0].written + g[1].written, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_changed_row_is_not_found_and_audited),
        cmocka_unit_test(test_two_guessers_share_three_tries),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

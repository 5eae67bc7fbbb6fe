#include "challenges.h"

#include "cabinet/retention.h"

static void assert_same(const kab_challenge_t *a, const kab_challenge_t *b)
{
    assert_memory_equal(a->id.b, b->id.b, 16);
    assert_true(kab_span_eq(a->flow, b->flow) && kab_span_eq(a->purpose, b->purpose));
    assert_true(kab_span_eq(a->browser, b->browser) && kab_span_eq(a->place, b->place));
    assert_int_equal(a->has_account, b->has_account);
    assert_memory_equal(a->account.b, b->account.b, 16);
    assert_string_equal(a->iin.digits, b->iin.digits);
    assert_memory_equal(&a->signs, &b->signs, sizeof a->signs);
    assert_memory_equal(a->drawn, b->drawn, sizeof a->drawn);
    assert_memory_equal(a->armed_by.b, b->armed_by.b, 16);
    assert_true(a->state == b->state && a->attempts == b->attempts);
    assert_true(a->passwords == b->passwords && a->accepted == b->accepted);
    assert_true(a->created_at == b->created_at && a->expires_at == b->expires_at);
    assert_true(a->rung_at == b->rung_at && a->denied_at == b->denied_at);
}

static kab_err_t by_qr(store_t *s, const kab_challenge_t *c, kab_challenge_t *out)
{
    char *qr = kab_alloc(s->w.arena, KAB_QR_SECRET + 1);
    kab_qr_secret(s->ring, "challenge", c->flow, 0, qr);
    return kab_challenge_by_qr(&s->w, kab_span_of(qr), out);
}

static void test_opened_and_found_in_every_way(void **state)
{
    store_t *s = *state;
    for (int decoy = 0; decoy < 2; decoy++) {
        kab_challenge_t c = challenge_wanted(s, !decoy), again = c, got;
        uint64_t before = kab_pg_statements(s->w.db.pg);
        assert_int_equal(kab_challenge_open(&s->w, &c), KAB_OK);
        assert_int_equal(kab_challenge_open(&s->w, &again), KAB_OK);
        assert_int_equal(kab_challenge_of_flow(&s->w, c.flow, &got), KAB_OK);
        assert_same(&c, &got);
        assert_same(&c, &again);
        assert_int_equal(kab_challenge_get(&s->w, c.id, &got), KAB_OK);
        assert_same(&c, &got);
        assert_int_equal(by_qr(s, &c, &got), KAB_OK);
        assert_same(&c, &got);
        challenge_arm(s, &c);
        assert_int_equal(kab_challenge_get(&s->w, c.id, &got), KAB_OK);
        assert_same(&c, &got);
        assert_int_equal(kab_pg_statements(s->w.db.pg) - before, 7);
        assert_true(c.signs.right < KAB_SIGNS && strlen(c.signs.sign[0]) == KAB_SIGN);
    }
    kab_challenge_t none;
    assert_int_equal(kab_challenge_of_flow(&s->w, KAB_SPAN("no flow"), &none), KAB_E_NOT_FOUND);
    assert_int_equal(kab_challenge_get(&s->w, kab_uuid_new(s->w.env), &none), KAB_E_NOT_FOUND);
    assert_int_equal(kab_challenge_by_qr(&s->w, KAB_SPAN("x"), &none), KAB_E_NOT_FOUND);
    assert_int_equal(store_count(s, "challenge WHERE position('Chrome'::bytea IN origin) > 0"), 0);
}

static void test_one_a_flow_and_iin(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    kab_challenge_t a = challenge_wanted(s, true), first = a, b = a, got;
    assert_int_equal(kab_challenge_open(&s->w, &first), KAB_OK);
    first.attempts = 2;
    challenge_move(s, &first, KAB_CHALLENGE_OPEN);
    s->now += KAB_SECOND;
    b.iin = store_iin(s); /* «Назад», another IIN */
    b.account = kab_uuid_new(s->w.env);
    assert_int_equal(kab_challenge_open(&s->w, &b), KAB_OK);
    assert_memory_not_equal(b.id.b, first.id.b, 16);
    assert_int_equal(kab_challenge_of_flow(&s->w, a.flow, &got), KAB_OK);
    assert_same(&b, &got);
    s->now += KAB_SECOND;
    assert_int_equal(kab_challenge_open(&s->w, &a), KAB_OK); /* and back: nothing is refunded */
    assert_same(&first, &a);
    assert_int_equal(by_qr(s, &a, &got), KAB_OK);
    assert_same(&first, &got);
    a.account = b.account;
    assert_int_equal(kab_challenge_open(&s->w, &a), KAB_E_WRONG_STATE);
    s->now = begun;
}

static void test_expired_begins_anew(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    static const struct {
        kab_challenge_state_t state, then;
        bool denied;
    } cases[] = {{KAB_CHALLENGE_OPEN, KAB_CHALLENGE_OPEN, false},
                 {KAB_CHALLENGE_ARMED, KAB_CHALLENGE_OPEN, false},
                 {KAB_CHALLENGE_BURNED, KAB_CHALLENGE_OPEN, true},
                 {KAB_CHALLENGE_BURNED, KAB_CHALLENGE_BURNED, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kab_challenge_t w = challenge_wanted(s, i % 2), c = w, got;
        assert_int_equal(kab_challenge_open(&s->w, &c), KAB_OK);
        challenge_arm(s, &c);
        c.attempts = 2;
        c.accepted = true;
        c.passwords = 1;
        c.denied_at = cases[i].denied ? s->now : 0;
        challenge_move(s, &c, cases[i].state);
        s->now += 5 * KAB_MINUTE;
        assert_int_equal(by_qr(s, &c, &got), KAB_OK); /* told as over by who asks for it */
        assert_true(got.expires_at <= s->now);
        w.expires_at = s->now + 5 * KAB_MINUTE;
        assert_int_equal(kab_challenge_open(&s->w, &w), KAB_OK);
        assert_memory_equal(w.id.b, c.id.b, 16);
        assert_memory_equal(&w.signs, &c.signs, sizeof c.signs);
        assert_int_equal(w.state, cases[i].then);
        assert_int_equal(w.expires_at, s->now + 5 * KAB_MINUTE);
        assert_true(w.attempts == 2 && w.passwords == 1 && !w.accepted && w.armed_by.b[6] == 0);
        assert_int_equal(kab_challenge_get(&s->w, w.id, &got), KAB_OK);
        assert_same(&w, &got);
    }
    kab_challenge_t w = challenge_wanted(s, true), c = w;
    assert_int_equal(kab_challenge_open(&s->w, &c), KAB_OK);
    challenge_move(s, &c, KAB_CHALLENGE_USED);
    s->now += 5 * KAB_MINUTE;
    assert_int_equal(kab_challenge_open(&s->w, &w), KAB_OK);
    assert_int_equal(w.state, KAB_CHALLENGE_USED);
    s->now = begun;
}

static void test_listed(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    kab_challenge_t c[6], list[KAB_CHALLENGES];
    kab_uuid_t account = kab_uuid_new(s->w.env);
    unsigned n;
    for (int i = 0; i < 6; i++) {
        s->now += KAB_SECOND;
        c[i] = challenge_wanted(s, true);
        c[i].account = account;
        assert_int_equal(kab_challenge_open(&s->w, &c[i]), KAB_OK);
    }
    challenge_move(s, &c[5], KAB_CHALLENGE_BURNED);
    challenge_arm(s, &c[4]);
    assert_int_equal(kab_challenge_list(&s->w, account, list, &n), KAB_OK);
    assert_int_equal(n, KAB_CHALLENGES);
    for (int i = 0; i < 3; i++) {
        assert_same(&c[2 + i], &list[i]);
    }
    s->now = c[1].expires_at;
    assert_int_equal(kab_challenge_list(&s->w, account, list, &n), KAB_OK);
    assert_int_equal(n, 3);
    s->now = c[3].expires_at;
    assert_int_equal(kab_challenge_list(&s->w, account, list, &n), KAB_OK);
    assert_int_equal(n, 1);
    s->now = begun;
}

static void test_a_finished_change_ends_all_others(void **state)
{
    store_t *s = *state;
    kab_challenge_t done = challenge_opened(s, true), other = challenge_wanted(s, true), got;
    kab_challenge_t stranger = challenge_opened(s, true), list[KAB_CHALLENGES];
    unsigned n;
    other.account = done.account;
    assert_int_equal(kab_challenge_open(&s->w, &other), KAB_OK);
    challenge_arm(s, &other);
    challenge_move(s, &done, KAB_CHALLENGE_USED);
    assert_int_equal(kab_challenge_end_others(&s->w, done.account, done.id), KAB_OK);
    assert_int_equal(kab_challenge_get(&s->w, other.id, &got), KAB_OK);
    assert_int_equal(got.state, KAB_CHALLENGE_BURNED);
    assert_int_equal(by_qr(s, &other, &got), KAB_OK);
    assert_int_equal(got.state, KAB_CHALLENGE_BURNED);
    assert_int_equal(kab_challenge_list(&s->w, done.account, list, &n), KAB_OK);
    assert_int_equal(n, 0);
    other.state = KAB_CHALLENGE_USED;
    assert_int_equal(kab_challenge_update(&s->w, &other, KAB_CHALLENGE_ARMED), KAB_E_WRONG_STATE);
    /* Its browser is told nothing: wrong codes count as before. */
    assert_int_equal(kab_challenge_of_flow(&s->w, other.flow, &got), KAB_OK);
    got.attempts++;
    challenge_move(s, &got, KAB_CHALLENGE_BURNED);
    assert_int_equal(kab_challenge_get(&s->w, done.id, &got), KAB_OK);
    assert_int_equal(got.state, KAB_CHALLENGE_USED);
    assert_int_equal(kab_challenge_get(&s->w, stranger.id, &got), KAB_OK);
    assert_int_equal(got.state, KAB_CHALLENGE_OPEN);
}

static void test_rings_and_denials_are_counted(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    for (int decoy = 0; decoy < 2; decoy++) {
        kab_challenge_t c = challenge_opened(s, !decoy), d = challenge_wanted(s, !decoy);
        kab_rings_t rings;
        d.iin = c.iin;
        d.expires_at = c.expires_at = s->now + 30 * KAB_DAY;
        assert_int_equal(kab_challenge_open(&s->w, &d), KAB_OK);
        assert_int_equal(kab_challenge_rings(&s->w, &c.iin, &rings), KAB_OK);
        assert_true(rings.rings_day == 0 && rings.last_denial == 0);
        for (int i = 0; i < 3; i++) { /* resent in one flow */
            c.rung_at = s->now;
            challenge_move(s, &c, KAB_CHALLENGE_OPEN);
            challenge_move(s, &c, KAB_CHALLENGE_OPEN); /* the same ring */
            s->now += 25 * KAB_MINUTE;
        }
        d.rung_at = d.denied_at = s->now;
        challenge_move(s, &d, KAB_CHALLENGE_BURNED);
        kab_time_t denied = s->now;
        assert_int_equal(kab_challenge_rings(&s->w, &c.iin, &rings), KAB_OK);
        assert_true(rings.rings_hour == 3 && rings.rings_day == 4);
        assert_true(rings.denials_day == 1 && rings.denials_week == 1);
        s->now += 3 * KAB_DAY;
        c.denied_at = s->now;
        challenge_move(s, &c, KAB_CHALLENGE_BURNED);
        assert_int_equal(kab_challenge_rings(&s->w, &c.iin, &rings), KAB_OK);
        assert_true(rings.rings_day == 0 && rings.denials_day == 1 && rings.denials_week == 2);
        assert_int_equal(rings.last_denial, s->now);
        s->now = denied + 8 * KAB_DAY;
        assert_int_equal(kab_challenge_rings(&s->w, &c.iin, &rings), KAB_OK);
        assert_int_equal(rings.denials_week, 1);
        s->now = begun;
    }
}

static void test_retention(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    assert_int_equal(store_other(s, "DELETE FROM challenge"), KAB_OK);
    challenge_opened(s, true);
    s->now = begun + 30 * KAB_DAY;
    assert_int_equal(kab_retention_sweep(&s->w, &store_keep), KAB_OK);
    assert_int_equal(store_count(s, "challenge"), 1);
    s->now = begun + 31 * KAB_DAY;
    assert_int_equal(kab_retention_sweep(&s->w, &store_keep), KAB_OK);
    assert_int_equal(store_count(s, "challenge"), 0);
    s->now = begun;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opened_and_found_in_every_way),
        cmocka_unit_test(test_one_a_flow_and_iin),
        cmocka_unit_test(test_expired_begins_anew),
        cmocka_unit_test(test_listed),
        cmocka_unit_test(test_a_finished_change_ends_all_others),
        cmocka_unit_test(test_rings_and_denials_are_counted),
        cmocka_unit_test(test_retention),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

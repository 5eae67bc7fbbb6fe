#include "rows.h"

#include <pthread.h>

#include "cabinet/limit.h"

static kab_span_t fresh(store_t *s)
{
    kab_uuid_t *key = kab_alloc(s->w.arena, sizeof *key);
    *key = kab_uuid_new(s->w.env);
    return (kab_span_t){key->b, sizeof key->b};
}

static bool count(store_t *s, const char *what, kab_span_t key, unsigned limit, kab_time_t *wait)
{
    bool allowed;
    uint64_t before = kab_pg_statements(s->w.db.pg);
    assert_int_equal(kab_limit_count(&s->w, what, key, limit, 86400, &allowed, wait), KAB_OK);
    assert_int_equal(kab_pg_statements(s->w.db.pg) - before, 1);
    return allowed;
}

static void test_counts_to_the_limit_and_waits(void **state)
{
    store_t *s = *state;
    kab_time_t wait, begun = s->now;
    kab_span_t key = fresh(s);
    for (int i = 0; i < 3; i++) {
        assert_true(count(s, "bmg", key, 3, &wait));
        assert_int_equal(wait, 0);
        s->now += KAB_HOUR;
    }
    for (int i = 0; i < 3; i++) {
        assert_false(count(s, "bmg", key, 3, &wait));
        assert_int_equal(wait, 21 * KAB_HOUR);
    }
    assert_true(count(s, "bmg", fresh(s), 3, &wait)); /* somebody else's */
    assert_true(count(s, "evidence", key, 3, &wait)); /* something else */
    assert_true(count(s, "bmg", key, 4, &wait));      /* what was refused was not counted */
    assert_false(count(s, "bmg", key, 4, &wait));
    s->now = begun + KAB_DAY;
    assert_true(count(s, "bmg", key, 3, &wait));
    assert_true(count(s, "bmg", key, 3, &wait));
    assert_true(count(s, "bmg", key, 3, &wait));
    assert_false(count(s, "bmg", key, 3, &wait));
    assert_int_equal(wait, KAB_DAY);
    s->now = begun;
}

static void test_none_at_all(void **state)
{
    store_t *s = *state;
    kab_time_t wait;
    kab_span_t key = fresh(s);
    assert_false(count(s, "never", key, 0, &wait));
    assert_int_equal(wait, KAB_DAY);
    assert_false(count(s, "never", key, 0, &wait));
    assert_true(count(s, "never", key, 1, &wait));
}

typedef struct {
    store_t *s;
    kab_span_t key;
} once_t;

static kab_err_t count_and_fail(const kab_db_t *db, void *ctx)
{
    once_t *once = ctx;
    kab_time_t wait;
    (void)db;
    assert_true(count(once->s, "undone", once->key, 1, &wait));
    assert_false(count(once->s, "undone", once->key, 1, &wait));
    return KAB_E_VALIDATION;
}

static void test_goes_with_the_transaction(void **state)
{
    store_t *s = *state;
    once_t once = {s, fresh(s)};
    kab_time_t wait;
    assert_int_equal(kab_pg_transaction(&s->w.db, count_and_fail, &once), KAB_E_VALIDATION);
    assert_true(count(s, "undone", once.key, 1, &wait));
}

enum { THREADS = 2, TRIES = 40, LIMIT = 50 };

typedef struct {
    kab_world_t w;
    kab_log_t log;
    kab_span_t key;
    unsigned allowed;
    kab_err_t err;
} racer_t;

static void *race(void *ctx)
{
    racer_t *r = ctx;
    for (int i = 0; i < TRIES && r->err == KAB_OK; i++) {
        bool allowed;
        kab_time_t wait;
        r->err = kab_limit_count(&r->w, "race", r->key, LIMIT, 60, &allowed, &wait);
        r->allowed += allowed;
    }
    return NULL;
}

static void test_two_connections_share_the_limit(void **state)
{
    store_t *s = *state;
    racer_t racer[THREADS];
    pthread_t thread[THREADS];
    memset(racer, 0, sizeof racer);
    kab_span_t key = fresh(s);
    for (int i = 0; i < THREADS; i++) {
        racer[i].w = s->w;
        racer[i].key = key;
        racer[i].w.arena = kab_arena_open();
        racer[i].w.log = &racer[i].log;
        racer[i].w.db = (kab_db_t){i == 0 ? s->w.db.pg : s->other, racer[i].w.arena, &racer[i].log};
        assert_int_equal(pthread_create(&thread[i], NULL, race, &racer[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(racer[i].err, KAB_OK);
        kab_arena_close(racer[i].w.arena);
    }
    assert_int_equal(racer[0].allowed + racer[1].allowed, LIMIT);
}

static void test_keys_are_not_bare(void **state)
{
    store_t *s = *state;
    kab_time_t wait;
    kab_iin_t iin = store_iin(s);
    assert_true(count(s, "bare", kab_span_of(iin.digits), 1, &wait));
    static const kab_sql_t sql = {
        "bare", "SELECT count(*), count(*) FILTER (WHERE position($1 IN key_index) > 0)"
                " FROM limit_count WHERE what = 'bare'"};
    kab_rows_t *rows;
    kab_param_t param = kab_p_bytes(kab_span_of(iin.digits));
    assert_int_equal(kab_pg_exec(&s->w.db, &sql, &param, 1, &rows), KAB_OK);
    assert_int_equal(kab_rows_int(rows, 0, 0), 1);
    assert_int_equal(kab_rows_int(rows, 0, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_to_the_limit_and_waits),
        cmocka_unit_test(test_none_at_all),
        cmocka_unit_test(test_goes_with_the_transaction),
        cmocka_unit_test(test_two_connections_share_the_limit),
        cmocka_unit_test(test_keys_are_not_bare),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

#include "world.h"

static const kab_sql_t sql_echo = {"echo",
                                   "SELECT $1::bigint, $2::text, $3::bytea, $4::timestamptz,"
                                   " $5::uuid, $6::boolean, NULL::text"};
static const kab_sql_t sql_pid = {"pid", "SELECT pg_backend_pid()"};
static const kab_sql_t sql_add = {"scratch_add", "INSERT INTO scratch VALUES ($1)"};
static const kab_sql_t sql_count = {"scratch_count", "SELECT count(*) FROM scratch"};
static const kab_sql_t sql_sleep = {"sleep", "SELECT pg_sleep(10)"};
static const kab_sql_t sql_cast = {"cast", "SELECT $1::text::uuid"};

static int64_t count(store_t *s)
{
    kab_rows_t *rows;
    assert_int_equal(kab_pg_exec(&s->w.db, &sql_count, NULL, 0, &rows), KAB_OK);
    return kab_rows_int(rows, 0, 0);
}

static int64_t pid(store_t *s)
{
    kab_rows_t *rows;
    assert_int_equal(kab_pg_exec(&s->w.db, &sql_pid, NULL, 0, &rows), KAB_OK);
    return kab_rows_int(rows, 0, 0);
}

static void kill_backend(store_t *s, int64_t backend)
{
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 2000)", (int)backend);
    assert_int_equal(store_other(s, sql), KAB_OK);
}

static void test_values_come_back(void **state)
{
    store_t *s = *state;
    kab_rows_t *rows;
    kab_uuid_t id = kab_uuid_new(s->w.env);
    kab_param_t params[] = {kab_p_int(-7),
                            kab_p_text(KAB_SPAN("ЖСН")),
                            kab_p_bytes(KAB_SPAN("\0\1\2")),
                            kab_p_time(s->now),
                            kab_p_uuid(&id),
                            kab_p_bool(true)};
    assert_int_equal(kab_pg_exec(&s->w.db, &sql_echo, params, 6, &rows), KAB_OK);
    assert_int_equal(kab_rows_count(rows), 1);
    assert_int_equal(kab_rows_int(rows, 0, 0), -7);
    assert_true(kab_span_is(kab_rows_span(rows, 0, 1), "ЖСН"));
    assert_true(kab_span_eq(kab_rows_span(rows, 0, 2), KAB_SPAN("\0\1\2")));
    assert_int_equal(kab_rows_time(rows, 0, 3), s->now);
    kab_uuid_t back = kab_rows_uuid(rows, 0, 4);
    assert_memory_equal(back.b, id.b, 16);
    assert_true(kab_rows_bool(rows, 0, 5));
    assert_true(kab_rows_null(rows, 0, 6));
}

static void test_nulls(void **state)
{
    store_t *s = *state;
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_int(0),  kab_p_text(KAB_NONE), kab_p_bytes(KAB_NONE),
                            kab_p_time(0), kab_p_uuid(NULL),     kab_p_bool(false)};
    assert_int_equal(kab_pg_exec(&s->w.db, &sql_echo, params, 6, &rows), KAB_OK);
    for (unsigned c = 1; c < 5; c++) {
        assert_true(kab_rows_null(rows, 0, c));
    }
    assert_int_equal(kab_rows_time(rows, 0, 3), 0);
    assert_false(kab_rows_bool(rows, 0, 5));
}

static void test_no_value_is_logged(void **state)
{
    store_t *s = *state;
    kab_param_t secret = kab_p_text(KAB_SPAN("880101300012"));
    assert_int_equal(kab_pg_exec(&s->w.db, &sql_cast, &secret, 1, NULL), KAB_E_INTERNAL);
    assert_true(log_has(s, "cast: SQLSTATE 22P02"));
    assert_false(log_has(s, "880101300012"));
}

static void test_a_restart_is_not_noticed(void **state)
{
    store_t *s = *state;
    int64_t before = pid(s);
    kill_backend(s, before);
    assert_true(pid(s) != before);
}

typedef struct {
    store_t *s;
    int runs, kill_on, fail_on;
} play_t;

static kab_err_t play(const kab_db_t *db, void *ctx)
{
    play_t *p = ctx;
    kab_param_t one = kab_p_int(1);
    p->runs++;
    kab_err_t err = kab_pg_exec(db, &sql_add, &one, 1, NULL);
    if (p->runs <= p->kill_on) {
        kill_backend(p->s, pid(p->s));
        err = kab_pg_exec(db, &sql_add, &one, 1, NULL);
        assert_int_equal(err, KAB_E_UNAVAILABLE);
        /* And not on another connection, outside of the transaction. */
        assert_int_equal(kab_pg_exec(db, &sql_add, &one, 1, NULL), KAB_E_UNAVAILABLE);
    }
    return p->runs <= p->fail_on ? KAB_E_VALIDATION : err;
}

static void test_transactions(void **state)
{
    store_t *s = *state;
    play_t good = {s, 0, 0, 0}, refused = {s, 0, 0, 1}, killed = {s, 0, 1, 0}, dead = {s, 0, 9, 0};
    int64_t before = count(s);
    assert_int_equal(kab_pg_transaction(&s->w.db, play, &good), KAB_OK);
    assert_int_equal(count(s), before + 1);
    assert_int_equal(kab_pg_transaction(&s->w.db, play, &refused), KAB_E_VALIDATION);
    assert_int_equal(refused.runs, 1);
    assert_int_equal(count(s), before + 1);
    assert_int_equal(kab_pg_transaction(&s->w.db, play, &killed), KAB_OK);
    assert_int_equal(killed.runs, 2);
    assert_int_equal(count(s), before + 2);
    assert_int_equal(kab_pg_transaction(&s->w.db, play, &dead), KAB_E_UNAVAILABLE);
    assert_int_equal(dead.runs, 3);
    assert_int_equal(count(s), before + 2);
}

static void test_a_slow_statement_ends(void **state)
{
    store_t *s = *state;
    time_t begun = time(NULL);
    assert_int_equal(kab_pg_exec(&s->w.db, &sql_sleep, NULL, 0, NULL), KAB_E_UNAVAILABLE);
    assert_in_range(time(NULL) - begun, 3, 5);
    assert_int_equal(count(s), count(s));
}

static void test_a_replica_is_unavailable(void **state)
{
    store_t *s = *state;
    kab_param_t one = kab_p_int(1);
    int64_t before = count(s);
    assert_int_equal(kab_pg_script(&s->w.db, "SET default_transaction_read_only = on"), KAB_OK);
    assert_int_equal(kab_pg_exec(&s->w.db, &sql_add, &one, 1, NULL), KAB_E_UNAVAILABLE);
    assert_true(log_has(s, "25006"));
    /* The connection was given up, so the next one may find the primary. */
    assert_int_equal(kab_pg_exec(&s->w.db, &sql_add, &one, 1, NULL), KAB_OK);
    assert_int_equal(count(s), before + 1);
}

static kab_err_t serial(const kab_db_t *db, void *ctx)
{
    static const kab_sql_t level = {"level", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"};
    static const kab_sql_t raise = {"raise", "UPDATE scratch_one SET n = n WHERE n = 0"};
    play_t *p = ctx;
    p->runs++;
    assert_int_equal(kab_pg_exec(db, &level, NULL, 0, NULL), KAB_OK);
    assert_int_equal(kab_pg_exec(db, &sql_count, NULL, 0, NULL), KAB_OK);
    if (p->runs == 1) {
        assert_int_equal(store_other(p->s, "UPDATE scratch_one SET n = n WHERE n = 0"), KAB_OK);
    }
    return kab_pg_exec(db, &raise, NULL, 0, NULL);
}

static void test_a_serialisation_failure_is_repeated(void **state)
{
    store_t *s = *state;
    play_t p = {s, 0, 0, 0};
    assert_int_equal(store_other(s, "INSERT INTO scratch_one VALUES (0) ON CONFLICT DO NOTHING"),
                     KAB_OK);
    assert_int_equal(kab_pg_transaction(&s->w.db, serial, &p), KAB_OK);
    assert_int_equal(p.runs, 2);
}

typedef struct {
    store_t *s;
    unsigned n, wrong_at;               /* changes; the one that is refused: 0 none */
    bool begins, reads, gives_up, dies; /* begins: with something that is read */
    int runs;
} along_t;

static kab_err_t send_along(const kab_db_t *db, void *ctx)
{
    static const kab_sql_t unique = {"along_unique", "INSERT INTO scratch_one VALUES ($1)"};
    along_t *a = ctx;
    kab_param_t one = kab_p_int(-1);
    kab_err_t err = KAB_OK;

    a->runs++;
    if (a->begins) {
        assert_int_equal(kab_pg_exec(db, &sql_count, NULL, 0, NULL), KAB_OK);
    }
    for (unsigned i = 1; i <= a->n; i++) {
        bool wrong = i == a->wrong_at;
        err = kab_pg_later(db, wrong ? &unique : &sql_add, &one, 1);
        assert_int_equal(err, KAB_OK); /* nobody has looked yet */
    }
    if (a->dies && a->runs == 1) {
        char sql[160];
        snprintf(sql, sizeof(sql),
                 "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
                 " WHERE application_name = 'kabinet' AND pid <> pg_backend_pid()");
        assert_int_equal(store_other(a->s, sql), KAB_OK);
    }
    if (a->reads) {
        kab_rows_t *rows;
        err = kab_pg_exec(db, &sql_count, NULL, 0, &rows);
    }
    return a->gives_up ? KAB_E_VALIDATION : err;
}

/* Prepared: only such a statement is sent along. */
static int64_t ready_to_send(store_t *s)
{
    along_t two = {.s = s, .n = 2};
    assert_int_equal(store_other(s, "INSERT INTO scratch_one VALUES (-1) ON CONFLICT DO NOTHING"),
                     KAB_OK);
    assert_int_equal(kab_pg_transaction(&s->w.db, send_along, &two), KAB_OK);
    return count(s);
}

static void test_what_is_sent_along(void **state)
{
    store_t *s = *state;
    int64_t before = ready_to_send(s);
    along_t few = {.s = s, .n = 3}, read = {.s = s, .n = 3, .reads = true},
            many = {.s = s, .n = 50}, left = {.s = s, .n = 3, .gives_up = true};
    uint64_t statements = kab_pg_statements(s->w.db.pg);
    assert_int_equal(kab_pg_transaction(&s->w.db, send_along, &few), KAB_OK);
    /* BEGIN, three, whether it is in time, COMMIT */
    assert_int_equal(kab_pg_statements(s->w.db.pg) - statements, 6);
    assert_int_equal(count(s), before + 3);
    assert_int_equal(kab_pg_transaction(&s->w.db, send_along, &read), KAB_OK);
    assert_int_equal(count(s), before + 6);
    assert_int_equal(kab_pg_transaction(&s->w.db, send_along, &many), KAB_OK);
    assert_int_equal(count(s), before + 56);
    assert_int_equal(kab_pg_transaction(&s->w.db, send_along, &left), KAB_E_VALIDATION);
    assert_int_equal(count(s), before + 56);
}

static void test_an_error_of_what_is_sent_along(void **state)
{
    store_t *s = *state;
    int64_t before = ready_to_send(s);
    for (unsigned at = 1; at <= 5; at++) {
        along_t committed = {.s = s, .n = 5, .wrong_at = at};
        along_t read = {.s = s, .n = 5, .wrong_at = at, .reads = true};
        assert_int_equal(kab_pg_transaction(&s->w.db, send_along, &committed), KAB_E_INTERNAL);
        assert_int_equal(kab_pg_transaction(&s->w.db, send_along, &read), KAB_E_INTERNAL);
    }
    assert_true(log_has(s, "along_unique: SQLSTATE 23505"));
    assert_int_equal(count(s), before);
}

static void test_a_connection_that_dies_with_what_is_sent_along(void **state)
{
    store_t *s = *state;
    int64_t before = ready_to_send(s);
    for (unsigned i = 0; i < 4; i++) {
        along_t a = {.s = s, .n = 3, .dies = true, .begins = i & 1, .reads = i & 2};
        assert_int_equal(kab_pg_transaction(&s->w.db, send_along, &a), KAB_OK);
        assert_int_equal(a.runs, 2);
        assert_int_equal(count(s), before += 3);
    }
}

static kab_err_t dawdle(const kab_db_t *db, void *ctx)
{
    static const kab_sql_t nap = {"nap", "SELECT pg_sleep(2.1)"};
    kab_param_t one = kab_p_int(1);
    unsigned *naps = ctx;
    kab_err_t err = kab_pg_later(db, &sql_add, &one, 1);
    for (unsigned i = 0; i < *naps && err == KAB_OK; i++) {
        err = i + 1 < *naps ? kab_pg_exec(db, &nap, NULL, 0, NULL)
                            : kab_pg_later(db, &nap, NULL, 0); /* and COMMIT right behind it */
    }
    return err;
}

/* Whoever reads ended sessions looks back 5 s: what takes longer must never be seen. */
static void test_a_long_transaction_is_not_committed(void **state)
{
    store_t *s = *state;
    int64_t before = count(s);
    unsigned naps = 1;
    assert_int_equal(kab_pg_transaction(&s->w.db, dawdle, &naps), KAB_OK);
    assert_int_equal(count(s), before + 1);
    naps = 2;
    s->log.n = 0;
    assert_int_equal(kab_pg_transaction(&s->w.db, dawdle, &naps), KAB_E_UNAVAILABLE);
    assert_true(log_has(s, "transaction took too long"));
    assert_int_equal(count(s), before + 1);
}

static kab_err_t swallow(const kab_db_t *db, void *ctx)
{
    kab_param_t one = kab_p_int(1), secret = kab_p_text(KAB_SPAN("880101300012"));
    (void)ctx;
    assert_int_equal(kab_pg_exec(db, &sql_add, &one, 1, NULL), KAB_OK);
    assert_int_equal(kab_pg_exec(db, &sql_cast, &secret, 1, NULL), KAB_E_INTERNAL);
    return KAB_OK; /* nothing stands all the same, and that is not called a success */
}

static void test_an_error_that_nobody_minds(void **state)
{
    store_t *s = *state;
    int64_t before = count(s);
    assert_int_equal(kab_pg_transaction(&s->w.db, swallow, NULL), KAB_E_INTERNAL);
    assert_int_equal(count(s), before);
}

static void test_nobody_there(void **state)
{
    store_t *s = *state;
    kab_db_t db = {kab_pg_open("host=/nowhere user=x dbname=x"), s->w.arena, NULL};
    play_t p = {s, 0, 0, 0};
    assert_int_equal(kab_pg_exec(&db, &sql_pid, NULL, 0, NULL), KAB_E_UNAVAILABLE);
    assert_int_equal(kab_pg_transaction(&db, play, &p), KAB_E_UNAVAILABLE);
    assert_int_equal(p.runs, 0);
    kab_pg_close(db.pg);
}

static void test_copy(void **state)
{
    store_t *s = *state;
    int64_t before = count(s);
    assert_int_equal(kab_pg_copy_begin(&s->w.db, "COPY scratch FROM STDIN"), KAB_OK);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(kab_pg_copy_put(&s->w.db, KAB_SPAN("5\n")), KAB_OK);
    }
    assert_int_equal(kab_pg_copy_end(&s->w.db), KAB_OK);
    assert_int_equal(count(s), before + 1000);
    assert_int_equal(kab_pg_copy_begin(&s->w.db, "COPY scratch FROM STDIN"), KAB_OK);
    assert_int_equal(kab_pg_copy_put(&s->w.db, KAB_SPAN("not a number\n")), KAB_OK);
    assert_int_equal(kab_pg_copy_end(&s->w.db), KAB_E_INTERNAL);
    assert_int_equal(count(s), before + 1000);
}

static void test_migrations(void **state)
{
    store_t *s = *state;
    unsigned n = 99;
    assert_int_equal(kab_migrate(&s->w.db, &n), KAB_OK);
    assert_int_equal(n, 0);
    assert_int_equal(kab_migrate_pending(&s->w.db, &n), KAB_OK);
    assert_int_equal(n, 0);
    assert_int_equal(store_other(s, "UPDATE migration SET sha256 = sha256 #- 0"), KAB_E_INTERNAL);
    assert_int_equal(store_other(s, "UPDATE migration SET sha256 = set_byte(sha256, 0,"
                                    " get_byte(sha256, 0) # 1) WHERE number = 1"),
                     KAB_OK);
    assert_int_equal(kab_migrate(&s->w.db, &n), KAB_E_WRONG_STATE);
    assert_int_equal(kab_migrate_pending(&s->w.db, &n), KAB_E_WRONG_STATE);
    assert_int_equal(store_other(s, "UPDATE migration SET sha256 = set_byte(sha256, 0,"
                                    " get_byte(sha256, 0) # 1) WHERE number = 1"),
                     KAB_OK);
}

static int setup(void **state)
{
    return store_setup(state) ||
           store_other(*state, "CREATE TABLE IF NOT EXISTS scratch (n bigint);"
                               "CREATE TABLE IF NOT EXISTS scratch_one (n bigint PRIMARY KEY)");
}

static int teardown(void **state)
{
    kab_err_t err = store_other(*state, "DROP TABLE scratch, scratch_one");
    return store_teardown(state) || err != KAB_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_come_back),
        cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_no_value_is_logged),
        cmocka_unit_test(test_a_restart_is_not_noticed),
        cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_a_slow_statement_ends),
        cmocka_unit_test(test_a_replica_is_unavailable),
        cmocka_unit_test(test_what_is_sent_along),
        cmocka_unit_test(test_an_error_of_what_is_sent_along),
        cmocka_unit_test(test_a_connection_that_dies_with_what_is_sent_along),
        cmocka_unit_test(test_a_serialisation_failure_is_repeated),
        cmocka_unit_test(test_a_long_transaction_is_not_committed),
        cmocka_unit_test(test_an_error_that_nobody_minds),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_migrations),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

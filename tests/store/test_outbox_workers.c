/* Workers beside each other, and how they are woken. */
#include "rows.h"

#include <libpq-fe.h>
#include <pthread.h>

#include "cabinet/message/outbox.h"

static kab_err_t add(store_t *s)
{
    kab_message_t m = {.kind = KAB_OUTBOX_SMS,
                       .to = KAB_SPAN("+77010009223"),
                       .body = KAB_SPAN("many"),
                       .expires_at = s->now + 10 * KAB_MINUTE};
    return kab_outbox_add(&s->w, &m);
}

enum { WORKERS = 2, MANY = 1000, BATCH = 64 };

typedef struct {
    kab_world_t w;
    kab_log_t log;
    kab_err_t err;
    unsigned n;
    kab_uuid_t id[MANY];
} worker_t;

static void *work(void *ctx)
{
    worker_t *k = ctx;
    kab_message_t out[BATCH];
    kab_sent_row_t sent[BATCH];
    unsigned n = 1;
    while (k->err == KAB_OK && n > 0) {
        k->err = kab_outbox_lease(&k->w, out, BATCH, &n);
        for (unsigned i = 0; i < n && k->n < MANY; i++) {
            k->id[k->n++] = out[i].id;
            sent[i] = (kab_sent_row_t){out[i].id, KAB_SENT_OK, 0};
        }
        if (k->err == KAB_OK) {
            k->err = kab_outbox_mark(&k->w, sent, n);
        }
    }
    return NULL;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(kab_uuid_t));
}

static void test_a_thousand_by_two_workers_without_doubles(void **state)
{
    store_t *s = *state;
    worker_t *k = calloc(WORKERS, sizeof *k);
    pthread_t thread[WORKERS];
    kab_uuid_t *all = kab_alloc(s->w.arena, MANY * sizeof *all);
    unsigned n = 0;
    assert_int_equal(store_other(s, "DELETE FROM outbox"), KAB_OK);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(add(s), KAB_OK);
    }
    for (int i = 0; i < WORKERS; i++) {
        k[i].w = store_second(s, &k[i].log);
        k[i].w.db.pg = i == 0 ? s->w.db.pg : s->other;
        assert_int_equal(pthread_create(&thread[i], NULL, work, &k[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(k[i].err, KAB_OK);
        assert_true(n + k[i].n <= MANY);
        memcpy(all + n, k[i].id, k[i].n * sizeof *all);
        n += k[i].n;
        kab_arena_close(k[i].w.arena);
    }
    free(k);
    assert_int_equal(n, MANY);
    qsort(all, MANY, sizeof *all, by_id);
    for (int i = 1; i < MANY; i++) {
        assert_memory_not_equal(all[i - 1].b, all[i].b, 16);
    }
    assert_int_equal(store_count(s, "outbox WHERE state = 'sent' AND body IS NULL"), MANY);
}

typedef struct {
    store_t *s;
    bool commit;
} cause_t;

static kab_err_t add_within(const kab_db_t *db, void *ctx)
{
    cause_t *cause = ctx;
    (void)db;
    kab_err_t err = add(cause->s);
    return err == KAB_OK && !cause->commit ? KAB_E_VALIDATION : err;
}

static bool told(PGconn *conn)
{
    PQclear(PQexec(conn, "SELECT 1")); /* whatever is there comes along */
    PGnotify *note = PQnotifies(conn);
    bool yes = note != NULL && strcmp(note->relname, "kabinet_outbox") == 0;
    PQfreemem(note);
    return yes;
}

static void test_told_with_the_commit_of_the_cause(void **state)
{
    store_t *s = *state;
    PGconn *conn = PQconnectdb(getenv("KAB_TEST_PG"));
    PQclear(PQexec(conn, "LISTEN kabinet_outbox"));
    cause_t undone = {s, false}, done = {s, true};
    int64_t before = store_count(s, "outbox");
    assert_int_equal(kab_pg_transaction(&s->w.db, add_within, &undone), KAB_E_VALIDATION);
    assert_int_equal(store_count(s, "outbox"), before);
    assert_false(told(conn));
    assert_int_equal(kab_pg_transaction(&s->w.db, add_within, &done), KAB_OK);
    assert_int_equal(store_count(s, "outbox"), before + 1);
    assert_true(told(conn));
    PQfinish(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thousand_by_two_workers_without_doubles),
        cmocka_unit_test(test_told_with_the_commit_of_the_cause),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

/* Transactions, and work in bulk. */
#include <poll.h>
#include <string.h>

#include "store/pg_private.h"

enum {
    TX_TRIES = 3,
    TX_LIMIT = 4,     /* s: ended sessions are read with an overlap of 5 s, so no later commit */
    BULK_LIMIT = 3600 /* s */
};

static const kab_sql_t sql_begin = {"begin", "BEGIN"};
/* By the database's clock, and right before COMMIT, whose way there does not count then. It fails
 * also where a statement had failed before and nobody minded, so COMMIT never means ROLLBACK. */
static const kab_sql_t sql_in_time = {
    "in_time", "SELECT 1 / (clock_timestamp() < now() + make_interval(secs => $1))::integer"};
static const kab_sql_t sql_commit = {"commit", "COMMIT"};

static void roll_back(const kab_db_t *db)
{
    (void)kab_pg_settle(db, NULL); /* whatever came of it goes */
    if (db->pg->conn != NULL && kab_pg_simple(db, "rollback", "ROLLBACK", KAB_PG_LIMIT)) {
        kab_pg_drop(db->pg);
    }
}

/* Nothing is repeated once COMMIT was sent and its answer lost: nobody knows what came of it.
 * The caller's (flow, version) row tells the next time. What still waits to be sent goes along. */
static kab_err_t commit(const kab_db_t *db)
{
    kab_pg_t *pg = db->pg;
    kab_param_t limit = kab_p_int(pg->bulk ? BULK_LIMIT : TX_LIMIT);
    if (!kab_pg_alive(pg)) {
        return kab_pg_judge(db, "commit", NULL);
    }
    kab_err_t err = kab_pg_later(db, &sql_in_time, &limit, 1);
    if (err != KAB_OK) {
        return err;
    }
    bool again = pg->again;
    err = kab_pg_exec(db, &sql_commit, NULL, 0, NULL);
    if (err != KAB_OK && pg->conn == NULL) {
        pg->again = again;
    }
    return err;
}

static kab_err_t run_once(const kab_db_t *db, kab_tx_body_t body, void *ctx)
{
    kab_pg_t *pg = db->pg;
    int64_t begun = kab_pg_clock();
    pg->again = pg->bulk = false;
    if (!kab_pg_ready(db)) {
        return KAB_E_UNAVAILABLE;
    }
    pg->in_tx = true;
    kab_err_t err = kab_pg_later(db, &sql_begin, NULL, 0);
    if (err == KAB_OK) {
        err = body(db, ctx);
    }
    if (err == KAB_OK) {
        err = commit(db);
        if (err == KAB_E_INTERNAL && !pg->bulk && kab_pg_clock() - begun > TX_LIMIT * 1000) {
            kab_log(db->log, KAB_LOG_ERROR, "postgresql: transaction took too long");
            err = KAB_E_UNAVAILABLE;
        }
    }
    if (err != KAB_OK) {
        roll_back(db);
    }
    pg->in_tx = false;
    return err;
}

kab_err_t kab_pg_transaction(const kab_db_t *db, kab_tx_body_t body, void *ctx)
{
    if (db->pg->in_tx) {
        return body(db, ctx);
    }
    int64_t begun = kab_pg_clock();
    kab_err_t err;
    int tries = 0;
    do {
        err = run_once(db, body, ctx);
    } while (err != KAB_OK && db->pg->again && ++tries < TX_TRIES &&
             kab_pg_clock() - begun < TX_LIMIT * 1000);
    return err;
}

kab_err_t kab_pg_script(const kab_db_t *db, const char *sql)
{
    if (!kab_pg_ready(db)) {
        return KAB_E_UNAVAILABLE;
    }
    db->pg->bulk = true;
    return kab_pg_simple(db, "script", sql, BULK_LIMIT * 1000);
}

kab_err_t kab_pg_copy_begin(const kab_db_t *db, const char *copy_sql)
{
    kab_pg_t *pg = db->pg;
    if (!kab_pg_ready(db)) {
        return KAB_E_UNAVAILABLE;
    }
    kab_err_t err = kab_pg_settle(db, NULL);
    if (err != KAB_OK) {
        return err;
    }
    pg->bulk = true;
    PGresult *result = PQsendQuery(pg->conn, copy_sql) ? kab_pg_await(pg, BULK_LIMIT * 1000) : NULL;
    err = kab_pg_judge(db, "copy", result);
    if (err == KAB_OK && PQresultStatus(result) != PGRES_COPY_IN) {
        err = KAB_E_INTERNAL;
    }
    PQclear(result);
    pg->statements++;
    return err;
}

/* The socket does not block; waits until it takes more. */
static bool wait_writable(kab_pg_t *pg)
{
    struct pollfd p = {.fd = PQsocket(pg->conn), .events = POLLIN | POLLOUT};
    return poll(&p, 1, KAB_PG_LIMIT) > 0 && PQconsumeInput(pg->conn) && PQflush(pg->conn) >= 0;
}

kab_err_t kab_pg_copy_put(const kab_db_t *db, kab_span_t data)
{
    kab_pg_t *pg = db->pg;
    if (pg->conn == NULL) {
        return KAB_E_UNAVAILABLE;
    }
    int sent;
    while ((sent = PQputCopyData(pg->conn, (const char *)data.p, (int)data.n)) == 0) {
        if (!wait_writable(pg)) {
            sent = -1;
            break;
        }
    }
    return sent == 1 ? KAB_OK : kab_pg_judge(db, "copy", NULL);
}

kab_err_t kab_pg_copy_end(const kab_db_t *db)
{
    kab_pg_t *pg = db->pg;
    if (pg->conn == NULL) {
        return KAB_E_UNAVAILABLE;
    }
    int sent;
    while ((sent = PQputCopyEnd(pg->conn, NULL)) == 0) {
        if (!wait_writable(pg)) {
            sent = -1;
            break;
        }
    }
    PGresult *result = sent == 1 ? kab_pg_await(pg, BULK_LIMIT * 1000) : NULL;
    kab_err_t err = kab_pg_judge(db, "copy", result);
    PQclear(result);
    return err;
}

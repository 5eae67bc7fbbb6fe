/* Transactions, and work in bulk. */
#include <poll.h>
#include <string.h>

#include "store/pg_private.h"

enum {
    TX_TRIES = 3,
    TX_LIMIT = 4000, /* ms: ended sessions are read with an overlap of 5 s, so no later commit */
    BULK_LIMIT = 3600000 /* ms */
};

static void roll_back(const kab_db_t *db)
{
    (void)kab_pg_settle(db, NULL); /* whatever came of it goes */
    if (db->pg->conn != NULL && kab_pg_simple(db, "rollback", "ROLLBACK", KAB_PG_LIMIT, NULL)) {
        kab_pg_drop(db->pg);
    }
}

/* Nothing is repeated once COMMIT was sent and its answer lost: nobody knows what came of it.
 * The caller's (flow, version) row tells the next time. */
static kab_err_t commit(const kab_db_t *db)
{
    char tag[32];
    bool again = db->pg->again;
    kab_err_t err = kab_pg_simple(db, "commit", "COMMIT", KAB_PG_LIMIT, tag);
    if (err == KAB_OK && strcmp(tag, "COMMIT") != 0) {
        kab_log(db->log, KAB_LOG_ERROR, "postgresql: commit of a failed transaction");
        return db->pg->again ? KAB_E_UNAVAILABLE : KAB_E_INTERNAL;
    }
    if (err != KAB_OK && db->pg->conn == NULL) {
        db->pg->again = again;
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
    kab_err_t err = kab_pg_simple(db, "begin", "BEGIN", KAB_PG_LIMIT, NULL);
    if (err != KAB_OK) {
        return err;
    }
    pg->in_tx = true;
    err = body(db, ctx);
    if (err == KAB_OK) {
        err = kab_pg_settle(db, NULL);
    }
    if (err == KAB_OK && pg->conn == NULL) {
        err = KAB_E_UNAVAILABLE; /* lost, and the body did not mind */
    }
    if (err == KAB_OK && !pg->bulk && kab_pg_clock() - begun > TX_LIMIT) {
        kab_log(db->log, KAB_LOG_ERROR, "postgresql: transaction took too long");
        err = KAB_E_UNAVAILABLE;
    }
    if (err == KAB_OK) {
        err = commit(db);
    } else {
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
             kab_pg_clock() - begun < TX_LIMIT);
    return err;
}

kab_err_t kab_pg_script(const kab_db_t *db, const char *sql)
{
    if (!kab_pg_ready(db)) {
        return KAB_E_UNAVAILABLE;
    }
    db->pg->bulk = true;
    return kab_pg_simple(db, "script", sql, BULK_LIMIT, NULL);
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
    PGresult *result = PQsendQuery(pg->conn, copy_sql) ? kab_pg_await(pg, BULK_LIMIT) : NULL;
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
    PGresult *result = sent == 1 ? kab_pg_await(pg, BULK_LIMIT) : NULL;
    kab_err_t err = kab_pg_judge(db, "copy", result);
    PQclear(result);
    return err;
}

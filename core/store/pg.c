/*
 * One connection. Every wait has an end of its own on this side, because a
 * frozen server, unlike a slow statement, is not ended by statement_timeout.
 * PQerrorMessage may carry values: only SQLSTATE and the statement's name are logged.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/pg_private.h"

enum { RETRY_PAUSE = 250 /* ms after a refused connection */ };

int64_t kab_pg_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

kab_pg_t *kab_pg_open(const char *conninfo)
{
    kab_pg_t *pg = calloc(1, sizeof *pg);
    if (pg == NULL) {
        return NULL;
    }
    pg->conninfo = strdup(conninfo);
    if (pg->conninfo == NULL) {
        free(pg);
        return NULL;
    }
    return pg;
}

void kab_pg_close(kab_pg_t *pg)
{
    if (pg == NULL) {
        return;
    }
    kab_pg_drop(pg);
    kab_wipe(pg->conninfo, strlen(pg->conninfo));
    free(pg->conninfo);
    free(pg);
}

uint64_t kab_pg_statements(const kab_pg_t *pg)
{
    return pg->statements;
}

void kab_pg_drop(kab_pg_t *pg)
{
    PQfinish(pg->conn);
    pg->conn = NULL;
    pg->prepared_n = pg->behind_n = 0;
    memset(pg->prepared, 0, sizeof pg->prepared);
}

static void ignore_notice(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

static bool connect_now(const kab_db_t *db)
{
    kab_pg_t *pg = db->pg;
    /* What stands before dbname may be overridden by the conninfo, what stands after may not. */
    const char *const keys[] = {"connect_timeout",
                                "tcp_user_timeout",
                                "target_session_attrs",
                                "dbname",
                                "gssencmode",
                                "application_name",
                                NULL};
    const char *const values[] = {"3",       "4000",    "read-write", pg->conninfo,
                                  "disable", "kabinet", NULL};
    pg->conn = PQconnectdbParams(keys, values, 1);
    if (PQstatus(pg->conn) != CONNECTION_OK || PQsetnonblocking(pg->conn, 1) != 0) {
        kab_log(db->log, KAB_LOG_ERROR, "postgresql: no connection");
        kab_pg_drop(pg);
        pg->retry_at = kab_pg_clock() + RETRY_PAUSE;
        return false;
    }
    PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
    if (PQsendQuery(pg->conn, "SET statement_timeout = 4000;"
                              "SET lock_timeout = 3000;"
                              "SET idle_in_transaction_session_timeout = 4000;"
                              "SET client_encoding = 'UTF8'")) {
        PGresult *result = kab_pg_await(pg, KAB_PG_LIMIT);
        bool ok = result != NULL && PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
        if (ok) {
            return true;
        }
    }
    kab_pg_drop(pg);
    return false;
}

/* A connection that the server has closed meanwhile is readable while idle. */
bool kab_pg_alive(kab_pg_t *pg)
{
    if (pg->conn == NULL) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        struct pollfd p = {.fd = PQsocket(pg->conn), .events = POLLIN};
        if (poll(&p, 1, 0) <= 0) {
            return PQstatus(pg->conn) == CONNECTION_OK;
        }
        if (!PQconsumeInput(pg->conn) || PQstatus(pg->conn) != CONNECTION_OK) {
            return false;
        }
        (void)PQisBusy(pg->conn);
    }
    return false;
}

bool kab_pg_ready(const kab_db_t *db)
{
    kab_pg_t *pg = db->pg;
    if (pg->in_tx) {
        return pg->conn != NULL; /* never another connection amid a transaction */
    }
    if (kab_pg_alive(pg)) {
        return true;
    }
    kab_pg_drop(pg);
    if (kab_pg_clock() < pg->retry_at) {
        return false;
    }
    return connect_now(db);
}

/* Waits until there is something to read or, if `writing`, to write. */
static bool wait_socket(kab_pg_t *pg, bool writing, int64_t deadline)
{
    int64_t left = deadline - kab_pg_clock();
    struct pollfd p = {.fd = PQsocket(pg->conn),
                       .events = (short)(POLLIN | (writing ? POLLOUT : 0))};
    if (left <= 0 || poll(&p, 1, (int)left) < 0) {
        return left > 0; /* a signal: look again */
    }
    if (p.revents & (POLLIN | POLLERR | POLLHUP)) {
        return PQconsumeInput(pg->conn) != 0;
    }
    return true;
}

PGresult *kab_pg_await(kab_pg_t *pg, int64_t limit_ms)
{
    int64_t deadline = kab_pg_clock() + limit_ms;
    PGresult *last = NULL;
    for (;;) {
        int unsent = PQflush(pg->conn);
        if (unsent == 0 && !PQisBusy(pg->conn)) {
            PGresult *next = PQgetResult(pg->conn);
            if (next == NULL) {
                break;
            }
            PQclear(last);
            last = next;
            if (PQresultStatus(last) == PGRES_COPY_IN) {
                return last;
            }
            continue;
        }
        if (unsent < 0 || !wait_socket(pg, unsent > 0, deadline)) {
            PQclear(last);
            kab_pg_drop(pg);
            return NULL;
        }
    }
    if (PQstatus(pg->conn) != CONNECTION_OK) {
        /* The error itself, if the server still said one, is in `last`. */
        kab_pg_drop(pg);
    }
    return last;
}

typedef enum { FATE_WRONG, FATE_AGAIN, FATE_LATER, FATE_LOST } fate_t;

static fate_t fate_of(const char *state)
{
    static const struct {
        const char *prefix;
        fate_t fate;
    } table[] = {
        {"40001", FATE_AGAIN}, /* serialisation failure */
        {"40P01", FATE_AGAIN}, /* deadlock */
        {"40003", FATE_LATER}, /* completion unknown */
        {"57014", FATE_LATER}, /* statement time-out */
        {"55P03", FATE_LATER}, /* lock time-out */
        {"25006", FATE_LOST},  /* a replica, or a primary that became one */
        {"25P03", FATE_LOST},  /* idle in transaction too long */
        {"26000", FATE_LOST},  /* prepared statements are gone */
        {"0A000", FATE_LOST},  /* a cached plan no longer fits the table */
        {"57P", FATE_LOST},    /* shutting down, starting up */
        {"08", FATE_LOST},     /* connection */
        {"53", FATE_LATER},    /* out of memory, disk, connections */
        {"58", FATE_LATER},    /* input/output of the server */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strncmp(state, table[i].prefix, strlen(table[i].prefix)) == 0) {
            return table[i].fate;
        }
    }
    return FATE_WRONG;
}

kab_err_t kab_pg_judge(const kab_db_t *db, const char *name, const PGresult *result)
{
    kab_pg_t *pg = db->pg;
    ExecStatusType status = result == NULL ? PGRES_FATAL_ERROR : PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN) {
        return KAB_OK;
    }
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    fate_t fate = state == NULL ? FATE_LOST : fate_of(state);
    kab_log(db->log, fate == FATE_AGAIN ? KAB_LOG_INFO : KAB_LOG_ERROR,
            "postgresql: %s: SQLSTATE %.5s", name, state == NULL ? "none" : state);
    pg->again = pg->again || fate == FATE_AGAIN || fate == FATE_LOST;
    if (fate == FATE_LOST) {
        kab_pg_drop(pg);
    }
    return fate == FATE_WRONG ? KAB_E_INTERNAL : KAB_E_UNAVAILABLE;
}

/* The slot of a statement: prepared already, free, or -1 when the table is full. */
static int slot_of(const kab_pg_t *pg, const kab_sql_t *sql)
{
    unsigned at = (unsigned)((uintptr_t)sql >> 3) * 2654435761u >> 24;
    for (unsigned i = 0; i < KAB_PG_PREPARED; i++, at++) {
        const kab_sql_t *there = pg->prepared[at % KAB_PG_PREPARED];
        if (there == sql || there == NULL) {
            return (int)(at % KAB_PG_PREPARED);
        }
    }
    return -1;
}

bool kab_pg_prepared(const kab_pg_t *pg, const kab_sql_t *sql, char name[16])
{
    int slot = slot_of(pg, sql);
    snprintf(name, 16, "k%d", slot);
    return slot >= 0 && pg->prepared[slot] == sql;
}

/* Once a connection, so not counted among the statements. */
static kab_err_t prepare(const kab_db_t *db, const kab_sql_t *sql, const kab_pg_binding_t *b,
                         unsigned n)
{
    kab_pg_t *pg = db->pg;
    char name[16];
    int slot = slot_of(pg, sql);
    if (slot < 0 || kab_pg_prepared(pg, sql, name)) {
        return KAB_OK;
    }
    kab_err_t err = kab_pg_settle(db, NULL);
    if (err != KAB_OK) {
        return err;
    }
    int sent = PQsendPrepare(pg->conn, name, sql->sql, (int)n, b->types);
    PGresult *result = sent ? kab_pg_await(pg, KAB_PG_LIMIT) : NULL;
    err = kab_pg_judge(db, sql->name, result);
    PQclear(result);
    if (err == KAB_OK && pg->conn == NULL) {
        err = KAB_E_UNAVAILABLE;
    }
    if (err == KAB_OK) {
        pg->prepared[slot] = sql;
    }
    return err;
}

static bool send_statement(kab_pg_t *pg, const kab_sql_t *sql, kab_pg_binding_t *b, unsigned n)
{
    char name[16];
    pg->statements++;
    return kab_pg_prepared(pg, sql, name)
               ? PQsendQueryPrepared(pg->conn, name, (int)n, b->values, b->lengths, b->formats, 1)
               : PQsendQueryParams(pg->conn, sql->sql, (int)n, b->types, b->values, b->lengths,
                                   b->formats, 1);
}

/* Ready and prepared, the parameters bound. */
static kab_err_t begin(const kab_db_t *db, const kab_sql_t *sql, const kab_param_t *params,
                       unsigned n, kab_pg_binding_t *binding)
{
    if (n > KAB_PG_PARAMS) {
        return KAB_E_INTERNAL;
    }
    if (!kab_pg_ready(db)) {
        return KAB_E_UNAVAILABLE;
    }
    kab_pg_bind(binding, params, n);
    return prepare(db, sql, binding, n);
}

kab_err_t kab_pg_exec(const kab_db_t *db, const kab_sql_t *sql, const kab_param_t *params,
                      unsigned n, kab_rows_t **rows)
{
    kab_pg_t *pg = db->pg;
    kab_pg_binding_t binding;
    PGresult *result = NULL;
    kab_err_t err = begin(db, sql, params, n, &binding);
    if (err != KAB_OK) {
        return err;
    }
    if (!send_statement(pg, sql, &binding, n)) {
        return kab_pg_judge(db, sql->name, NULL);
    }
    if (pg->behind_n > 0) {
        err = kab_pg_settle(db, &result);
    } else {
        result = kab_pg_await(pg, KAB_PG_LIMIT);
    }
    if (err == KAB_OK) {
        err = kab_pg_judge(db, sql->name, result);
    }
    if (err == KAB_OK && rows != NULL) {
        *rows = kab_rows_from(db->arena, result);
        err = *rows == NULL ? KAB_E_INTERNAL : KAB_OK;
    }
    PQclear(result);
    return err;
}

kab_err_t kab_pg_later(const kab_db_t *db, const kab_sql_t *sql, const kab_param_t *params,
                       unsigned n)
{
    kab_pg_t *pg = db->pg;
    kab_pg_binding_t binding;
    if (!pg->in_tx || pg->behind_n == KAB_PG_BEHIND) {
        return kab_pg_exec(db, sql, params, n, NULL);
    }
    kab_err_t err = begin(db, sql, params, n, &binding);
    if (err != KAB_OK) {
        return err;
    }
    if ((pg->behind_n == 0 && !PQenterPipelineMode(pg->conn)) ||
        !send_statement(pg, sql, &binding, n)) {
        return kab_pg_judge(db, sql->name, NULL);
    }
    pg->behind[pg->behind_n++] = sql->name;
    return KAB_OK;
}

/* After the first error the server passes over what follows, and that tells nothing more. */
kab_err_t kab_pg_settle(const kab_db_t *db, PGresult **last)
{
    kab_pg_t *pg = db->pg;
    unsigned n = pg->behind_n;
    if (n == 0) {
        return KAB_OK;
    }
    if (!PQpipelineSync(pg->conn)) {
        return kab_pg_judge(db, "pipeline", NULL);
    }
    kab_err_t err = KAB_OK;
    for (unsigned i = 0; i < n && pg->conn != NULL; i++) {
        PGresult *result = kab_pg_await(pg, KAB_PG_LIMIT);
        if (err == KAB_OK) {
            err = kab_pg_judge(db, pg->behind[i], result);
        }
        PQclear(result);
    }
    if (last != NULL && pg->conn != NULL) {
        *last = kab_pg_await(pg, KAB_PG_LIMIT);
    }
    if (pg->conn != NULL) {
        PQclear(kab_pg_await(pg, KAB_PG_LIMIT)); /* the end of the pipeline */
    }
    pg->behind_n = 0;
    if (pg->conn != NULL && !PQexitPipelineMode(pg->conn)) {
        kab_pg_drop(pg);
    }
    return err == KAB_OK && pg->conn == NULL ? KAB_E_UNAVAILABLE : err;
}

kab_err_t kab_pg_simple(const kab_db_t *db, const char *name, const char *sql, int64_t limit_ms)
{
    kab_pg_t *pg = db->pg;
    kab_err_t err = pg->conn == NULL ? KAB_E_UNAVAILABLE : kab_pg_settle(db, NULL);
    if (err != KAB_OK) {
        return err;
    }
    PGresult *result = NULL;
    if (PQsendQuery(pg->conn, sql)) {
        pg->statements++;
        result = kab_pg_await(pg, limit_ms);
    }
    err = kab_pg_judge(db, name, result);
    PQclear(result);
    return err;
}

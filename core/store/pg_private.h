/* What the files of pg share. */
#ifndef KAB_PG_PRIVATE_H
#define KAB_PG_PRIVATE_H

#include <libpq-fe.h>

#include "store/pg.h"

enum { KAB_PG_PARAMS = 24 };

typedef struct {
    Oid types[KAB_PG_PARAMS];
    const char *values[KAB_PG_PARAMS];
    int lengths[KAB_PG_PARAMS];
    int formats[KAB_PG_PARAMS];
    uint8_t scratch[KAB_PG_PARAMS][8];
} kab_pg_binding_t;

void kab_pg_bind(kab_pg_binding_t *binding, const kab_param_t *params, unsigned n);
kab_rows_t *kab_rows_from(kab_arena_t *arena, const PGresult *result);
unsigned kab_pg_affected(const PGresult *result);

enum { KAB_PG_BEHIND = 16 };    /* statements on their way whose outcome nobody has read */
enum { KAB_PG_PREPARED = 256 }; /* a power of two; beyond it statements run unprepared */

struct kab_pg_s {
    char *conninfo;
    PGconn *conn;
    uint64_t statements;
    bool in_tx;
    bool again;       /* what failed in this transaction is worth another try */
    bool bulk;        /* a script or COPY runs in this transaction: no time limit */
    int64_t retry_at; /* ms, monotonic: no connection is tried before */
    const char *behind[KAB_PG_BEHIND]; /* their names; more than none: libpq is in pipeline mode */
    unsigned behind_n;
    unsigned prepared_n;
    const kab_sql_t *prepared[KAB_PG_PREPARED];
};

int64_t kab_pg_clock(void); /* ms, monotonic */
/* Whether this connection has the statement prepared; its name there, of 16 bytes. */
bool kab_pg_prepared(const kab_pg_t *pg, const kab_sql_t *sql, char name[16]);
bool kab_pg_ready(const kab_db_t *db);
/* Connected, as far as one can tell without asking. */
bool kab_pg_alive(kab_pg_t *pg);
void kab_pg_drop(kab_pg_t *pg);
/* The last result of what was sent, or NULL when the connection was lost (then it is dropped). */
PGresult *kab_pg_await(kab_pg_t *pg, int64_t limit_ms);
/* What a result (or NULL) means; logs failures without values. */
kab_err_t kab_pg_judge(const kab_db_t *db, const char *name, const PGresult *result);
/* Reads the outcome of what is on its way; the first error, or that of the connection. With `last`
 * another statement was sent behind it, and *last is its result, to be cleared. */
kab_err_t kab_pg_settle(const kab_db_t *db, PGresult **last);
/* Text without parameters. */
kab_err_t kab_pg_simple(const kab_db_t *db, const char *name, const char *sql, int64_t limit_ms);

enum { KAB_PG_LIMIT = 4500 /* ms: above the server's own statement_timeout */ };

#endif

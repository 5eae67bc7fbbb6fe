/*
 * PostgreSQL: one blocking connection, opened on demand and reopened after a
 * failure, statements prepared by name at first use. Parameters and results are
 * binary, so nothing is quoted or parsed. One thread at a time.
 */
#ifndef KAB_PG_H
#define KAB_PG_H

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"

typedef struct kab_pg_s kab_pg_t;

/* Statements stand, named, beside their caller as static constants; the address
 * of one is its identity. */
typedef struct {
    const char *name;
    const char *sql;
} kab_sql_t;

typedef enum {
    KAB_P_NULL,
    KAB_P_BYTES,
    KAB_P_TEXT,
    KAB_P_INT,
    KAB_P_TIME,
    KAB_P_UUID,
    KAB_P_BOOL
} kab_param_type_t;
typedef struct {
    kab_param_type_t type;
    kab_span_t span; /* BYTES, TEXT, UUID (16 bytes) */
    int64_t i;       /* INT (bigint), TIME (kab_time_t), BOOL */
} kab_param_t;

kab_param_t kab_p_null(void);
kab_param_t kab_p_bytes(kab_span_t bytes);    /* empty with p == NULL is NULL */
kab_param_t kab_p_text(kab_span_t text);      /* likewise */
kab_param_t kab_p_int(int64_t i);             /* bigint */
kab_param_t kab_p_time(kab_time_t t);         /* timestamptz; 0 is NULL */
kab_param_t kab_p_uuid(const kab_uuid_t *id); /* NULL is NULL */
kab_param_t kab_p_bool(bool b);

typedef struct kab_rows_s kab_rows_t; /* one result; lives in the arena given, wiped with it */
unsigned kab_rows_count(const kab_rows_t *rows);    /* rows returned */
unsigned kab_rows_affected(const kab_rows_t *rows); /* rows changed */
bool kab_rows_null(const kab_rows_t *rows, unsigned row, unsigned column);
kab_span_t kab_rows_span(const kab_rows_t *rows, unsigned row, unsigned column); /* bytea, text */
/* int2, int4, int8; 0 if NULL */
int64_t kab_rows_int(const kab_rows_t *rows, unsigned row, unsigned column);
kab_time_t kab_rows_time(const kab_rows_t *rows, unsigned row, unsigned column); /* 0 if NULL */
kab_uuid_t kab_rows_uuid(const kab_rows_t *rows, unsigned row, unsigned column);
bool kab_rows_bool(const kab_rows_t *rows, unsigned row, unsigned column);

/* conninfo of libpq; time-outs (connect 3 s, statement 4 s, tcp_user_timeout) and
 * gssencmode=disable are added. No network yet. NULL: out of memory. */
kab_pg_t *kab_pg_open(const char *conninfo);
void kab_pg_close(kab_pg_t *pg);
uint64_t kab_pg_statements(const kab_pg_t *pg); /* so far */

typedef struct {
    kab_pg_t *pg;
    kab_arena_t *arena;
    kab_log_t *log;
} kab_db_t; /* what a caller of statements has at hand */

/* KAB_OK, KAB_E_UNAVAILABLE (away, timed out, serialisation failure, fail-over), KAB_E_INTERNAL
 * (a statement that is wrong; the reason is logged without values). rows may be NULL. */
kab_err_t kab_pg_exec(const kab_db_t *db, const kab_sql_t *sql, const kab_param_t *params,
                      unsigned n, kab_rows_t **rows);
/* The same of a change whose outcome the caller has no use for, in a transaction: it is sent along
 * with the next statement that is read, and an error of it is that one's, or the COMMIT's. Outside
 * of a transaction it is kab_pg_exec. */
kab_err_t kab_pg_later(const kab_db_t *db, const kab_sql_t *sql, const kab_param_t *params,
                       unsigned n);

/* Runs `body` in one transaction, again (3 times at most) after a serialisation
 * failure, a deadlock or a connection lost before COMMIT was sent. body returning anything but
 * KAB_OK rolls back; what took 4 s by the database's clock is not committed either
 * (KAB_E_UNAVAILABLE). */
typedef kab_err_t (*kab_tx_body_t)(const kab_db_t *db, void *ctx);
kab_err_t kab_pg_transaction(const kab_db_t *db, kab_tx_body_t body, void *ctx);

/* Text of several statements, for migrations and COPY-less bulk work by tools. */
kab_err_t kab_pg_script(const kab_db_t *db, const char *sql);
/* COPY … FROM STDIN with rows of text format, for imports. */
kab_err_t kab_pg_copy_begin(const kab_db_t *db, const char *copy_sql);
kab_err_t kab_pg_copy_put(const kab_db_t *db, kab_span_t data);
kab_err_t kab_pg_copy_end(const kab_db_t *db);

#endif

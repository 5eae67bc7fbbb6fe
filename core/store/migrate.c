#include "store/migrate.h"

#include <openssl/evp.h>
#include <string.h>

#include "store/migrations.h"

static const kab_sql_t sql_table = {"migration_table",
                                    "SELECT to_regclass('migration') IS NOT NULL"};
static const kab_sql_t sql_seen = {"migration_seen",
                                   "SELECT sha256 FROM migration WHERE number = $1"};
static const kab_sql_t sql_record = {
    "migration_record", "INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3)"};

typedef enum { MISSING, APPLIED, DIFFERENT } standing_t;

static bool digest_of(const kab_migration_t *m, uint8_t out[32])
{
    return EVP_Digest(m->sql, strlen(m->sql), out, NULL, EVP_sha256(), NULL) == 1;
}

static kab_err_t standing_of(const kab_db_t *db, const kab_migration_t *m, standing_t *out)
{
    kab_rows_t *rows;
    uint8_t digest[32];
    *out = MISSING;
    kab_err_t err = kab_pg_exec(db, &sql_table, NULL, 0, &rows);
    if (err != KAB_OK || !kab_rows_bool(rows, 0, 0)) {
        return err;
    }
    kab_param_t number = kab_p_int(m->number);
    err = kab_pg_exec(db, &sql_seen, &number, 1, &rows);
    if (err != KAB_OK || kab_rows_count(rows) == 0) {
        return err;
    }
    if (!digest_of(m, digest)) {
        return KAB_E_INTERNAL;
    }
    *out = kab_span_eq(kab_rows_span(rows, 0, 0), (kab_span_t){digest, 32}) ? APPLIED : DIFFERENT;
    if (*out == DIFFERENT) {
        kab_log(db->log, KAB_LOG_ERROR, "migration %s has changed since it was applied", m->name);
    }
    return KAB_OK;
}

typedef struct {
    const kab_migration_t *migration;
    bool applied;
} step_t;

/* The lock makes a second machine wait here and then find the work done. */
static kab_err_t apply(const kab_db_t *db, void *ctx)
{
    step_t *step = ctx;
    const kab_migration_t *m = step->migration;
    standing_t standing;
    uint8_t digest[32];
    step->applied = false;
    kab_err_t err = kab_pg_script(db, "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;"
                                      "SET LOCAL idle_in_transaction_session_timeout = 0;"
                                      "SELECT pg_advisory_xact_lock(7236280)");
    if (err == KAB_OK) {
        err = standing_of(db, m, &standing);
    }
    if (err != KAB_OK || standing != MISSING) {
        return err != KAB_OK ? err : standing == APPLIED ? KAB_OK : KAB_E_WRONG_STATE;
    }
    err = kab_pg_script(db, m->sql);
    if (err != KAB_OK || !digest_of(m, digest)) {
        return err != KAB_OK ? err : KAB_E_INTERNAL;
    }
    kab_param_t params[] = {kab_p_int(m->number), kab_p_text(kab_span_of(m->name)),
                            kab_p_bytes((kab_span_t){digest, 32})};
    err = kab_pg_exec(db, &sql_record, params, 3, NULL);
    step->applied = err == KAB_OK;
    return err;
}

kab_err_t kab_migrate(const kab_db_t *db, unsigned *applied)
{
    *applied = 0;
    for (const kab_migration_t *m = kab_migrations; m->name != NULL; m++) {
        step_t step = {m, false};
        kab_err_t err = kab_pg_transaction(db, apply, &step);
        if (err != KAB_OK) {
            return err;
        }
        *applied += step.applied;
    }
    return KAB_OK;
}

kab_err_t kab_migrate_pending(const kab_db_t *db, unsigned *pending)
{
    *pending = 0;
    for (const kab_migration_t *m = kab_migrations; m->name != NULL; m++) {
        standing_t standing;
        kab_err_t err = standing_of(db, m, &standing);
        if (err != KAB_OK || standing == DIFFERENT) {
            return err != KAB_OK ? err : KAB_E_WRONG_STATE;
        }
        *pending += standing == MISSING;
    }
    return KAB_OK;
}

/* Passwords of an account: the present one and those before it. */
#include <string.h>

#include "cabinet/person/account.h"
#include "cabinet/place.h"

static const kab_sql_t sql_lock = {"password_lock",
                                   "SELECT hash FROM account WHERE id = $1 FOR NO KEY UPDATE"};
static const kab_sql_t sql_still = {
    "password_still",
    "SELECT hash FROM account WHERE id = $1 AND blocked_at IS NULL FOR NO KEY UPDATE"};
static const kab_sql_t sql_upgrade = {"password_upgrade",
                                      "UPDATE account SET hash = $2 WHERE id = $1"};
static const kab_sql_t sql_set = {
    "password_set", "UPDATE account SET hash = $2, password_changed_at = $3 WHERE id = $1"};
static const kab_sql_t sql_keep = {"password_keep",
                                   "INSERT INTO password_history (id, account, hash, replaced_at)"
                                   " VALUES ($1, $2, $3, $4)"};
static const kab_sql_t sql_trim = {"password_trim",
                                   "DELETE FROM password_history WHERE account = $1 AND id NOT IN"
                                   " (SELECT id FROM password_history WHERE account = $1"
                                   "  ORDER BY number DESC LIMIT $2)"};
static const kab_sql_t sql_history = {
    "password_history",
    "SELECT id, hash, true AS former, number FROM password_history WHERE account = $1"
    " UNION ALL SELECT id, hash, false, NULL FROM account WHERE id = $1 AND hash IS NOT NULL"
    " ORDER BY former, number DESC LIMIT $2"};

static const kab_sql_t sql_all = {"password_all",
                                  "SELECT id, hash FROM account WHERE hash IS NOT NULL AND id > $1"
                                  " ORDER BY id LIMIT $2"};

/* The old hash moves under its new row's name: a sealed value knows where it lives. */
static kab_err_t keep(const kab_world_t *w, const kab_uuid_t *id, kab_span_t old, kab_time_t now)
{
    kab_uuid_t row = kab_uuid_new(w->env);
    kab_span_t plain, sealed;
    if (!kab_place_open(w, id, kab_place("account", "hash", id), old, &plain)) {
        return KAB_E_INTERNAL;
    }
    sealed = kab_place_seal(w, kab_place("password_history", "hash", &row), plain);
    if (sealed.n == 0) {
        return KAB_E_INTERNAL;
    }
    kab_param_t params[] = {kab_p_uuid(&row), kab_p_uuid(id), kab_p_bytes(sealed), kab_p_time(now)};
    kab_err_t err = kab_pg_later(&w->db, &sql_keep, params, 4);
    if (err != KAB_OK) {
        return err;
    }
    kab_param_t trim[] = {kab_p_uuid(id), kab_p_int(KAB_HISTORY)};
    return kab_pg_later(&w->db, &sql_trim, trim, 2);
}

kab_err_t kab_account_set_hash(const kab_world_t *w, kab_uuid_t id, kab_span_t hash, bool upgrade)
{
    kab_rows_t *rows;
    kab_time_t now = w->env->now(w->env->ctx);
    kab_param_t param = kab_p_uuid(&id);
    kab_err_t err = kab_pg_exec(&w->db, &sql_lock, &param, 1, &rows);
    if (err != KAB_OK || kab_rows_count(rows) == 0) {
        return err != KAB_OK ? err : KAB_E_NOT_FOUND;
    }
    if (!upgrade && !kab_rows_null(rows, 0, 0)) {
        err = keep(w, &id, kab_rows_span(rows, 0, 0), now);
        if (err != KAB_OK) {
            return err;
        }
    }
    kab_span_t sealed = KAB_NONE;
    if (hash.n > 0) {
        sealed = kab_place_seal(w, kab_place("account", "hash", &id), hash);
        if (sealed.n == 0) {
            return KAB_E_INTERNAL;
        }
    }
    kab_param_t params[] = {kab_p_uuid(&id), kab_p_bytes(sealed), kab_p_time(now)};
    return upgrade ? kab_pg_later(&w->db, &sql_upgrade, params, 2)
                   : kab_pg_later(&w->db, &sql_set, params, 3);
}

kab_err_t kab_account_history(const kab_world_t *w, kab_uuid_t id, kab_span_t hashes[KAB_HISTORY],
                              unsigned *n)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_uuid(&id), kab_p_int(KAB_HISTORY)};
    *n = 0;
    kab_err_t err = kab_pg_exec(&w->db, &sql_history, params, 2, &rows);
    if (err != KAB_OK) {
        return err;
    }
    for (unsigned i = 0; i < kab_rows_count(rows); i++) {
        kab_uuid_t row = kab_rows_uuid(rows, i, 0);
        const char *table = kab_rows_bool(rows, i, 2) ? "password_history" : "account";
        if (!kab_place_open(w, &id, kab_place(table, "hash", &row), kab_rows_span(rows, i, 1),
                            &hashes[i])) {
            return KAB_E_INTERNAL;
        }
        *n = i + 1;
    }
    return KAB_OK;
}

kab_err_t kab_account_hash_still(const kab_world_t *w, kab_uuid_t id, kab_span_t hash, bool *same)
{
    kab_rows_t *rows;
    kab_span_t plain;
    kab_param_t param = kab_p_uuid(&id);
    *same = false;
    kab_err_t err = kab_pg_exec(&w->db, &sql_still, &param, 1, &rows);
    if (err != KAB_OK || kab_rows_count(rows) == 0 || kab_rows_null(rows, 0, 0)) {
        return err;
    }
    if (!kab_place_open(w, &id, kab_place("account", "hash", &id), kab_rows_span(rows, 0, 0),
                        &plain)) {
        return KAB_E_INTERNAL;
    }
    *same = plain.n == hash.n && kab_same(plain.p, hash.p, hash.n);
    return KAB_OK;
}

kab_err_t kab_account_hashes(const kab_world_t *w, kab_uuid_t *last, kab_span_t *out, unsigned max,
                             unsigned *n)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_uuid(last), kab_p_int(max)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_all, params, 2, &rows);
    *n = err == KAB_OK ? kab_rows_count(rows) : 0;
    for (unsigned i = 0; i < *n; i++) {
        *last = kab_rows_uuid(rows, i, 0);
        if (!kab_place_open(w, last, kab_place("account", "hash", last), kab_rows_span(rows, i, 1),
                            &out[i])) {
            out[i] = KAB_NONE;
        }
    }
    return err;
}

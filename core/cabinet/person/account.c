#include "cabinet/person/account.h"

#include <string.h>

#include "cabinet/row.h"

/* One row in every case: what an unknown IIN has is told by the NULLs. */
static const kab_sql_t sql_find = {
    "account_find",
    "SELECT a.id, a.iin, a.phone, a.locale, a.hash, a.blocked_at IS NOT NULL,"
    " b.account IS NOT NULL,"
    " EXISTS (SELECT FROM strangers_off s"
    "         WHERE s.iin_index IN ($1, $2) OR s.iin_index2 IN ($1, $2)), a.only_device"
    " FROM (SELECT 1) one"
    " LEFT JOIN LATERAL (SELECT * FROM account"
    "                    WHERE iin_index IN ($1, $2) OR iin_index2 IN ($1, $2) LIMIT 1) a ON true"
    " LEFT JOIN known_browser b ON b.account = a.id AND b.browser = $3 AND b.expires_at > $4"};
static const kab_sql_t sql_get = {
    "account_get", "SELECT id, iin, phone, locale, hash, blocked_at IS NOT NULL, false, false,"
                   " only_device FROM account WHERE id = $1"};
static const kab_sql_t sql_hold = {"account_hold",
                                   "SELECT 1 FROM account WHERE id = $1 FOR NO KEY UPDATE"};
static const kab_sql_t sql_create = {
    "account_create",
    "INSERT INTO account (id, iin_index, iin_index_key, iin, phone_index, phone_index_key, phone,"
    " locale, hash, password_changed_at, blocked_at, created_at)"
    " SELECT $1, $2, $4::bigint::integer, $5, $6, CASE WHEN $8 IS NOT NULL THEN "
    "$7::bigint::integer END, $8, $9, $10,"
    " CASE WHEN $10 IS NULL THEN NULL ELSE $11 END, CASE WHEN $12 THEN $11 END, $11"
    " WHERE NOT EXISTS (SELECT FROM account"
    "  WHERE iin_index IN ($2, $3) OR iin_index2 IN ($2, $3))"
    " ON CONFLICT DO NOTHING"};
static const kab_sql_t sql_block = {
    "account_block",
    "UPDATE account SET blocked_at = CASE WHEN $2 THEN coalesce(blocked_at, $3) END"
    " WHERE id = $1"};
static const kab_sql_t sql_locale = {"account_locale",
                                     "UPDATE account SET locale = $2 WHERE id = $1"};
static const kab_sql_t sql_strangers = {
    "account_strangers", "WITH gone AS (DELETE FROM strangers_off WHERE $5"
                         "  AND (iin_index IN ($1, $2) OR iin_index2 IN ($1, $2)))"
                         " INSERT INTO strangers_off (iin_index, iin_index_key, off_at)"
                         " SELECT $1, $3::bigint::integer, $6 WHERE $4 ON CONFLICT DO NOTHING"};
static const kab_sql_t sql_know = {
    "browser_know", "INSERT INTO known_browser (account, browser, seen_at, expires_at)"
                    " VALUES ($1, $2, $3, $4) ON CONFLICT (account, browser)"
                    " DO UPDATE SET seen_at = excluded.seen_at, expires_at = excluded.expires_at"};
static const kab_sql_t sql_knows = {"browser_knows",
                                    "SELECT EXISTS (SELECT FROM known_browser"
                                    " WHERE account = $1 AND browser = $2 AND expires_at > $3)"};

static const kab_sql_t sql_only = {"account_only",
                                   "UPDATE account SET only_device = $2 WHERE id = $1"};
static const kab_sql_t sql_hears = {
    "account_hears", "SELECT coalesce(only_device = $2, true) FROM account WHERE id = $1"};
static const kab_sql_t sql_alive = {
    "account_alive",
    "SELECT EXISTS (SELECT FROM session WHERE account = $1 AND created_at > $2)"
    " OR EXISTS (SELECT FROM device WHERE account = $1"
    "  AND (phone_index IN ($3, $4) OR phone_index2 IN ($3, $4)) AND (state IN ('active', 'held')"
    "   OR (state = 'removed' AND active_at IS NOT NULL AND removed_at > $2)))"};

static kab_param_t p_browser(const uint8_t *browser)
{
    return kab_p_bytes((kab_span_t){browser, browser == NULL ? 0 : 32});
}

/* Unseals `column` (empty when NULL). */
static bool open_field(const kab_world_t *w, const kab_rows_t *rows, unsigned column,
                       const char *name, const kab_uuid_t *id, kab_span_t *out)
{
    *out = KAB_NONE;
    return kab_rows_null(rows, 0, column) || kab_place_open(w, id, kab_place("account", name, id),
                                                            kab_rows_span(rows, 0, column), out);
}

static kab_err_t read_row(const kab_world_t *w, const kab_rows_t *rows, kab_account_t *out)
{
    kab_span_t iin, phone, locale = kab_rows_span(rows, 0, 3);
    out->id = kab_rows_uuid(rows, 0, 0);
    if (!open_field(w, rows, 1, "iin", &out->id, &iin) || iin.n != KAB_IIN_DIGITS ||
        !open_field(w, rows, 2, "phone", &out->id, &phone) || phone.n >= KAB_PHONE_SIZE ||
        !open_field(w, rows, 4, "hash", &out->id, &out->hash) || locale.n != 2) {
        return KAB_E_INTERNAL;
    }
    memcpy(out->iin.digits, iin.p, iin.n);
    memcpy(out->locale, locale.p, locale.n);
    out->has_phone = phone.n > 0;
    if (out->has_phone) {
        memcpy(out->phone.e164, phone.p, phone.n);
    }
    out->blocked = kab_rows_bool(rows, 0, 5);
    out->known_browser = kab_rows_bool(rows, 0, 6);
    out->only_device = kab_rows_uuid(rows, 0, 8);
    return KAB_OK;
}

kab_err_t kab_account_find(const kab_world_t *w, const kab_iin_t *iin, const uint8_t *browser,
                           kab_account_t *out, bool *found)
{
    kab_rows_t *rows;
    kab_iin_index_t index;
    memset(out, 0, sizeof *out);
    *found = false;
    kab_iin_index(w->ring, iin, &index);
    kab_param_t params[] = {kab_p_index(index.now), kab_p_index(index.before), p_browser(browser),
                            kab_p_time(w->env->now(w->env->ctx))};
    kab_err_t err = kab_pg_exec(&w->db, &sql_find, params, 4, &rows);
    if (err != KAB_OK) {
        return err;
    }
    *found = !kab_rows_null(rows, 0, 0);
    if (*found) {
        err = read_row(w, rows, out);
    }
    out->strangers_off = kab_rows_bool(rows, 0, 7);
    return err;
}

kab_err_t kab_account_hold(const kab_world_t *w, kab_uuid_t id)
{
    kab_param_t param = kab_p_uuid(&id);
    return kab_pg_exec(&w->db, &sql_hold, &param, 1, NULL);
}

kab_err_t kab_account_get(const kab_world_t *w, kab_uuid_t id, kab_account_t *out)
{
    kab_rows_t *rows;
    kab_param_t param = kab_p_uuid(&id);
    memset(out, 0, sizeof *out);
    kab_err_t err = kab_pg_exec(&w->db, &sql_get, &param, 1, &rows);
    if (err != KAB_OK) {
        return err;
    }
    return kab_rows_count(rows) == 0 ? KAB_E_NOT_FOUND : read_row(w, rows, out);
}

kab_err_t kab_account_create(const kab_world_t *w, kab_account_t *account)
{
    kab_rows_t *rows;
    kab_iin_index_t index;
    uint8_t phone_index[KAB_INDEX_BYTES];
    kab_span_t phone = KAB_NONE, hash = KAB_NONE, number = kab_span_of(account->phone.e164);
    if (kab_uuid_zero(&account->id)) {
        account->id = kab_uuid_new(w->env);
    }
    kab_iin_index(w->ring, &account->iin, &index);
    kab_span_t iin = kab_place_seal(w, kab_place("account", "iin", &account->id),
                                    kab_span_of(account->iin.digits));
    if (account->has_phone) {
        kab_index(w->ring, KAB_KEY_INDEX, "phone", number, phone_index);
        phone = kab_place_seal(w, kab_place("account", "phone", &account->id), number);
    }
    if (account->hash.n > 0) {
        hash = kab_place_seal(w, kab_place("account", "hash", &account->id), account->hash);
    }
    if (iin.n == 0 || (account->has_phone && phone.n == 0) ||
        (account->hash.n > 0 && hash.n == 0)) {
        return KAB_E_INTERNAL;
    }
    bool p = account->has_phone;
    kab_param_t params[] = {
        kab_p_uuid(&account->id),
        kab_p_index(index.now),
        kab_p_index(index.before),
        kab_p_int(index.key_id),
        kab_p_bytes(iin),
        kab_p_bytes(p ? (kab_span_t){phone_index, sizeof phone_index} : KAB_NONE),
        kab_p_int(index.key_id),
        kab_p_bytes(phone),
        kab_p_text(kab_span_of(account->locale)),
        kab_p_bytes(hash),
        kab_p_time(w->env->now(w->env->ctx)),
        kab_p_bool(account->blocked),
    };
    kab_err_t err = kab_pg_exec(&w->db, &sql_create, params, 12, &rows);
    if (err != KAB_OK) {
        return err;
    }
    return kab_rows_affected(rows) == 1 ? KAB_OK : KAB_E_WRONG_STATE;
}

/* Runs a statement that must change exactly one row. */
static kab_err_t change(const kab_world_t *w, const kab_sql_t *sql, const kab_param_t *params,
                        unsigned n)
{
    kab_rows_t *rows;
    kab_err_t err = kab_pg_exec(&w->db, sql, params, n, &rows);
    if (err != KAB_OK) {
        return err;
    }
    return kab_rows_affected(rows) == 1 ? KAB_OK : KAB_E_NOT_FOUND;
}

kab_err_t kab_account_block(const kab_world_t *w, kab_uuid_t id, bool blocked)
{
    kab_param_t params[] = {kab_p_uuid(&id), kab_p_bool(blocked),
                            kab_p_time(w->env->now(w->env->ctx))};
    return change(w, &sql_block, params, 3);
}

kab_err_t kab_account_set_locale(const kab_world_t *w, kab_uuid_t id, kab_span_t locale)
{
    kab_param_t params[] = {kab_p_uuid(&id), kab_p_text(locale)};
    return change(w, &sql_locale, params, 2);
}

kab_err_t kab_account_strangers(const kab_world_t *w, const kab_iin_t *iin, bool reached, bool off)
{
    kab_iin_index_t index;
    kab_iin_index(w->ring, iin, &index);
    kab_param_t params[] = {kab_p_index(index.now),  kab_p_index(index.before),
                            kab_p_int(index.key_id), kab_p_bool(reached && !off),
                            kab_p_bool(off),         kab_p_time(w->env->now(w->env->ctx))};
    return kab_pg_later(&w->db, &sql_strangers, params, 6);
}

kab_err_t kab_account_know_browser(const kab_world_t *w, kab_uuid_t id, const uint8_t browser[32])
{
    kab_time_t now = w->env->now(w->env->ctx);
    kab_param_t params[] = {kab_p_uuid(&id), p_browser(browser), kab_p_time(now),
                            kab_p_time(now + 180 * KAB_DAY)};
    return kab_pg_later(&w->db, &sql_know, params, 4);
}

kab_err_t kab_account_knows_browser(const kab_world_t *w, kab_uuid_t id, const uint8_t browser[32],
                                    bool *known)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_uuid(&id), p_browser(browser),
                            kab_p_time(w->env->now(w->env->ctx))};
    kab_err_t err = kab_pg_exec(&w->db, &sql_knows, params, 3, &rows);
    *known = err == KAB_OK && kab_rows_bool(rows, 0, 0);
    return err;
}

kab_err_t kab_account_hears(const kab_world_t *w, kab_uuid_t id, kab_uuid_t device, bool *yes)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_uuid(&id), kab_p_uuid(&device)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_hears, params, 2, &rows);
    *yes = err == KAB_OK && (kab_rows_count(rows) == 0 || kab_rows_bool(rows, 0, 0));
    return err;
}

kab_err_t kab_account_set_only_device(const kab_world_t *w, kab_uuid_t id, kab_uuid_t device)
{
    kab_param_t params[] = {kab_p_uuid(&id), kab_p_id(&device)};
    return change(w, &sql_only, params, 2);
}

kab_err_t kab_account_alive(const kab_world_t *w, const kab_account_t *account, bool *alive)
{
    kab_rows_t *rows;
    kab_iin_index_t phone;
    kab_row_index(w->ring, "phone", kab_span_of(account->phone.e164), &phone);
    kab_param_t params[] = {kab_p_uuid(&account->id),
                            kab_p_time(w->env->now(w->env->ctx) - 30 * KAB_DAY),
                            kab_p_index(phone.now), kab_p_index(phone.before)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_alive, params, 4, &rows);
    *alive = err == KAB_OK && kab_rows_bool(rows, 0, 0);
    return err;
}

/* The truth about sessions: PostgreSQL. */
#include "cabinet/session/session.h"

#include <string.h>

#include "cabinet/place.h"
#include "cabinet/session/session_cache.h"

#define INTO_SESSION_END " INSERT INTO session_end (session) SELECT id FROM gone RETURNING session"

static const kab_sql_t sql_insert = {
    "session_insert",
    "INSERT INTO session (id, public_id, account, methods, browser, origin, auth_time, created_at,"
    " expires_at) VALUES ($1, $2, $3, $4::bigint::integer, $5, $6, $7, $8, $9)"};
static const kab_sql_t sql_trim = {
    "session_trim", "WITH gone AS (UPDATE session SET ended_at = $3 WHERE id IN"
                    " (SELECT id FROM session WHERE account = $1 AND ended_at IS NULL"
                    "   AND expires_at > $3 AND id <> $2"
                    "  ORDER BY created_at DESC, id OFFSET $4) RETURNING id)" INTO_SESSION_END};
static const kab_sql_t sql_find = {
    "session_find",
    "SELECT s.account, s.public_id, s.auth_time, s.expires_at, s.methods, a.iin, s.created_at"
    " FROM session s JOIN account a ON a.id = s.account"
    " WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND a.blocked_at IS NULL"};
static const kab_sql_t sql_end = {"session_end",
                                  "WITH gone AS (UPDATE session SET ended_at = $2 WHERE id = $1"
                                  " AND ended_at IS NULL RETURNING id)" INTO_SESSION_END};
static const kab_sql_t sql_end_public = {
    "session_end_public",
    "WITH gone AS (UPDATE session SET ended_at = $3 WHERE account = $1 AND public_id = $2"
    " AND ended_at IS NULL AND expires_at > $3 RETURNING id)" INTO_SESSION_END};
static const kab_sql_t sql_end_all = {
    "session_end_all", "WITH gone AS (UPDATE session SET ended_at = $3 WHERE account = $1"
                       " AND ended_at IS NULL AND expires_at > $3 AND id IS DISTINCT FROM $2 "
                       "RETURNING id)" INTO_SESSION_END};
static const kab_sql_t sql_list = {
    "session_list", "SELECT public_id, id, created_at, expires_at, origin FROM session"
                    " WHERE account = $1 AND ended_at IS NULL AND expires_at > $2"
                    " ORDER BY created_at DESC, id"};
/* Rows are numbered when written and seen when committed, perhaps the other way round. A
 * transaction that takes 4 s is not committed (pg_tx.c), so looking back 5 s by the database's own
 * clock misses none. */
static const kab_sql_t sql_since = {
    "session_since",
    "SELECT number, session FROM session_end WHERE ($1 > 0 AND number > $1)"
    " OR at > clock_timestamp() - make_interval(secs => CASE WHEN $1 > 0 THEN 5 ELSE $2 END)"
    " ORDER BY number"};

static kab_param_t p_id(const uint8_t *id)
{
    return kab_p_bytes((kab_span_t){id, id == NULL ? 0 : KAB_SESSION_ID});
}

/* Adds the ids in `column` to *ended. */
static kab_err_t collect(const kab_world_t *w, const kab_rows_t *rows, unsigned column,
                         kab_ended_t *ended)
{
    unsigned n = kab_rows_count(rows);
    if (n == 0) {
        return KAB_OK;
    }
    uint8_t(*id)[KAB_SESSION_ID] = kab_alloc(w->arena, ((size_t)ended->n + n) * KAB_SESSION_ID);
    if (id == NULL) {
        return KAB_E_INTERNAL;
    }
    if (ended->n > 0) {
        memcpy(id, ended->id, (size_t)ended->n * KAB_SESSION_ID);
    }
    for (unsigned i = 0; i < n; i++) {
        kab_span_t from = kab_rows_span(rows, i, column);
        if (from.n != KAB_SESSION_ID) {
            return KAB_E_INTERNAL;
        }
        memcpy(id[ended->n + i], from.p, KAB_SESSION_ID);
    }
    ended->id = id;
    ended->n += n;
    return KAB_OK;
}

static kab_err_t end_by(const kab_world_t *w, const kab_sql_t *sql, const kab_param_t *params,
                        unsigned n, kab_ended_t *ended)
{
    kab_rows_t *rows;
    kab_err_t err = kab_pg_exec(&w->db, sql, params, n, &rows);
    return err == KAB_OK ? collect(w, rows, 0, ended) : err;
}

kab_err_t kab_session_insert(const kab_world_t *w, const kab_session_t *s,
                             const kab_session_limits_t *limits, const uint8_t browser[32],
                             const kab_origin_t *origin, kab_ended_t *ended)
{
    kab_time_t now = w->env->now(w->env->ctx);
    kab_span_t sealed = kab_origin_seal(w, kab_place("session", "origin", &s->public_id), origin);
    if (sealed.n == 0) {
        return KAB_E_INTERNAL;
    }
    kab_param_t params[] = {
        p_id(s->id),
        kab_p_uuid(&s->public_id),
        kab_p_uuid(&s->account),
        kab_p_int(s->methods),
        p_id(browser),
        kab_p_bytes(sealed),
        kab_p_time((kab_time_t)s->auth_time * KAB_SECOND),
        kab_p_time(now),
        kab_p_time((kab_time_t)s->expires_at * KAB_SECOND),
    };
    kab_err_t err = kab_pg_later(&w->db, &sql_insert, params, 9);
    if (err != KAB_OK) {
        return err;
    }
    kab_param_t trim[] = {kab_p_uuid(&s->account), p_id(s->id), kab_p_time(now),
                          kab_p_int(limits->max > 0 ? (int64_t)limits->max - 1 : 0)};
    return end_by(w, &sql_trim, trim, 4, ended);
}

kab_err_t kab_session_find(const kab_world_t *w, const kab_session_limits_t *limits,
                           const uint8_t id[KAB_SESSION_ID], kab_session_t *out)
{
    kab_rows_t *rows;
    kab_span_t iin;
    kab_param_t params[] = {p_id(id), kab_p_time(w->env->now(w->env->ctx))};
    kab_err_t err = kab_pg_exec(&w->db, &sql_find, params, 2, &rows);
    if (err != KAB_OK || kab_rows_count(rows) == 0) {
        return err != KAB_OK ? err : KAB_E_NO_SESSION;
    }
    kab_uuid_t account = kab_rows_uuid(rows, 0, 0);
    if (!kab_place_open(w, &account, kab_place("account", "iin", &account),
                        kab_rows_span(rows, 0, 5), &iin) ||
        iin.n != sizeof out->iin) {
        return KAB_E_INTERNAL;
    }
    kab_session_t s = {
        .account = account,
        .public_id = kab_rows_uuid(rows, 0, 1),
        .auth_time = (uint32_t)(kab_rows_time(rows, 0, 2) / KAB_SECOND),
        .expires_at = (uint32_t)(kab_rows_time(rows, 0, 3) / KAB_SECOND),
        .methods = (uint16_t)kab_rows_int(rows, 0, 4),
    };
    memcpy(s.id, id, KAB_SESSION_ID);
    memcpy(s.iin, iin.p, sizeof s.iin);
    if (kab_session_idle_over(w, limits, id, kab_rows_time(rows, 0, 6))) {
        return KAB_E_NO_SESSION;
    }
    kab_session_cache(w, limits, &s);
    *out = s;
    return KAB_OK;
}

kab_err_t kab_session_end(const kab_world_t *w, const uint8_t id[KAB_SESSION_ID],
                          kab_ended_t *ended)
{
    kab_param_t params[] = {p_id(id), kab_p_time(w->env->now(w->env->ctx))};
    return end_by(w, &sql_end, params, 2, ended);
}

kab_err_t kab_session_end_public(const kab_world_t *w, kab_uuid_t account, kab_uuid_t public_id,
                                 kab_ended_t *ended)
{
    unsigned before = ended->n;
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_uuid(&public_id),
                            kab_p_time(w->env->now(w->env->ctx))};
    kab_err_t err = end_by(w, &sql_end_public, params, 3, ended);
    return err == KAB_OK && ended->n == before ? KAB_E_NOT_FOUND : err;
}

kab_err_t kab_session_end_all(const kab_world_t *w, kab_uuid_t account, const uint8_t *keep,
                              kab_ended_t *ended)
{
    kab_param_t params[] = {kab_p_uuid(&account), p_id(keep), kab_p_time(w->env->now(w->env->ctx))};
    return end_by(w, &sql_end_all, params, 3, ended);
}

kab_err_t kab_session_list(const kab_world_t *w, kab_uuid_t account, kab_session_row_t **out,
                           unsigned *n)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_time(w->env->now(w->env->ctx))};
    *n = 0;
    kab_err_t err = kab_pg_exec(&w->db, &sql_list, params, 2, &rows);
    if (err != KAB_OK) {
        return err;
    }
    kab_session_row_t *list =
        kab_alloc(w->arena, ((size_t)kab_rows_count(rows) + 1) * sizeof *list);
    if (list == NULL) {
        return KAB_E_INTERNAL;
    }
    for (unsigned i = 0; i < kab_rows_count(rows); i++) {
        kab_origin_t origin;
        kab_span_t id = kab_rows_span(rows, i, 1);
        list[i].public_id = kab_rows_uuid(rows, i, 0);
        list[i].created_at = kab_rows_time(rows, i, 2);
        list[i].expires_at = kab_rows_time(rows, i, 3);
        if (id.n != KAB_SESSION_ID ||
            !kab_origin_open(w, &account, kab_place("session", "origin", &list[i].public_id),
                             kab_rows_span(rows, i, 4), &origin)) {
            return KAB_E_INTERNAL;
        }
        memcpy(list[i].id, id.p, KAB_SESSION_ID);
        memcpy(list[i].address, origin.address, sizeof origin.address);
        list[i].user_agent = origin.user_agent;
        list[i].place = origin.place;
    }
    *out = list;
    *n = kab_rows_count(rows);
    return KAB_OK;
}

kab_err_t kab_session_ended_since(const kab_world_t *w, int64_t *cursor, unsigned back,
                                  kab_ended_t *ended)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_int(*cursor), kab_p_int(back)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_since, params, 2, &rows);
    if (err != KAB_OK) {
        return err;
    }
    unsigned n = kab_rows_count(rows);
    err = collect(w, rows, 1, ended);
    if (err == KAB_OK && n > 0 && kab_rows_int(rows, n - 1, 0) > *cursor) {
        *cursor = kab_rows_int(rows, n - 1, 0);
    }
    return err;
}

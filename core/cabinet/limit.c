#include "cabinet/limit.h"

#include "cabinet/place.h"

/* A window is the key's own: it begins with the first one counted. The row is written in every
 * case, so that the answer stands in what is returned and not in a snapshot that others have
 * overtaken; refused > 0 says that this one was not counted. */
static const kab_sql_t sql_count = {
    "limit_count",
    "INSERT INTO limit_count AS l (what, key_index, key_index_key, counted, refused, ends_at)"
    " VALUES ($1, $2, $3::integer, least($4, 1)::integer, 1 - least($4, 1)::integer, $6)"
    " ON CONFLICT (what, key_index) DO UPDATE SET"
    "  counted = CASE WHEN l.ends_at <= $5 THEN excluded.counted"
    "                 WHEN l.counted < $4 THEN l.counted + 1 ELSE l.counted END,"
    "  refused = CASE WHEN l.ends_at <= $5 THEN excluded.refused"
    "                 WHEN l.counted < $4 THEN 0 ELSE least(l.refused, 999999) + 1 END,"
    "  ends_at = CASE WHEN l.ends_at <= $5 THEN excluded.ends_at ELSE l.ends_at END,"
    "  key_index_key = excluded.key_index_key"
    " RETURNING refused = 0, ends_at"};

static const kab_sql_t sql_release = {"limit_release",
                                      "UPDATE limit_count SET counted = greatest(counted - 1, 0)"
                                      " WHERE what = $1 AND key_index = $2"};

kab_err_t kab_limit_release(const kab_world_t *w, const char *what, kab_span_t key)
{
    uint8_t index[KAB_INDEX_BYTES];
    kab_mac(kab_key_current(w->ring, KAB_KEY_THROTTLE), what, key, index);
    kab_param_t params[] = {kab_p_text(kab_span_of(what)), kab_p_index(index)};
    return kab_pg_exec(&w->db, &sql_release, params, 2, NULL);
}

kab_err_t kab_limit_count(const kab_world_t *w, const char *what, kab_span_t key, unsigned limit,
                          unsigned seconds, bool *allowed, kab_time_t *wait)
{
    kab_rows_t *rows;
    uint8_t index[KAB_INDEX_BYTES];
    kab_time_t now = w->env->now(w->env->ctx);
    const kab_key_t *throttle = kab_key_current(w->ring, KAB_KEY_THROTTLE);
    kab_mac(throttle, what, key, index);
    kab_param_t params[] = {kab_p_text(kab_span_of(what)),
                            kab_p_index(index),
                            kab_p_int(throttle->id),
                            kab_p_int(limit),
                            kab_p_time(now),
                            kab_p_time(now + seconds * KAB_SECOND)};
    *allowed = false;
    *wait = 0;
    kab_err_t err = kab_pg_exec(&w->db, &sql_count, params, 6, &rows);
    if (err != KAB_OK) {
        return err;
    }
    *allowed = kab_rows_bool(rows, 0, 0);
    *wait = *allowed ? 0 : kab_rows_time(rows, 0, 1) - now;
    return KAB_OK;
}

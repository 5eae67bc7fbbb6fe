/* How a challenge begins, begins anew and is ended by others; and how often it may ring. */
#include <string.h>

#include "cabinet/proof/challenge_row.h"

static const kab_sql_t sql_open = {
    "challenge_open",
    "INSERT INTO challenge (id, flow, purpose, account, state, signs, right_sign, drawn, attempts,"
    " passwords, accepted, armed_by, created_at, turned_at, expires_at, iin_index, iin_index_key,"
    " iin, qr_index, qr_index_key, origin, mac, mac_key)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7::integer, $8, $9::integer, $10::integer, $11, $12, $13,"
    "  $13, $14, $15, $16::integer, $17, $18, $16::integer, $19, $20, $21::integer)"
    " ON CONFLICT (flow, iin_index) DO UPDATE SET turned_at = excluded.turned_at"
    " RETURNING " KAB_CHALLENGE_COLUMNS};
static const kab_sql_t sql_end_others = {
    "challenge_end_others", "UPDATE challenge SET ended_at = $3 WHERE account = $1 AND id <> $2"
                            " AND state IN ('open', 'armed') AND ended_at IS NULL"
                            " AND expires_at > $3"};
static const kab_sql_t sql_end_armed = {
    "challenge_end_armed", "UPDATE challenge SET ended_at = $3 WHERE account = $1 AND armed_by = $2"
                           " AND state = 'armed' AND ended_at IS NULL"};
static const kab_sql_t sql_rings = {
    "challenge_rings", "SELECT count(*) FILTER (WHERE NOT denial AND at > $3 - interval '1 hour'),"
                       " count(*) FILTER (WHERE NOT denial AND at > $3 - interval '1 day'),"
                       " count(*) FILTER (WHERE denial AND at > $3 - interval '1 day'),"
                       " count(*) FILTER (WHERE denial AND at > $3 - interval '7 days'),"
                       " max(at) FILTER (WHERE denial)"
                       " FROM challenge, LATERAL (SELECT false AS denial, unnest(rings) AS at"
                       "  UNION ALL SELECT true, unnest(denials)) was"
                       " WHERE (iin_index IN ($1, $2) OR iin_index2 IN ($1, $2))"
                       " AND (rung_at IS NOT NULL OR denied_at IS NOT NULL)"};

/* Makes the row, or finds the flow's with its lock: one statement. */
static kab_err_t insert(const kab_world_t *w, const kab_challenge_t *wanted, kab_rows_t **rows)
{
    kab_challenge_t c = *wanted;
    kab_iin_index_t iin_index, qr_index;
    kab_origin_t origin = {{0}, c.browser, c.place};
    char qr[KAB_QR_SECRET + 1], signs[KAB_CHALLENGE_SIGNS];
    uint8_t mac[KAB_INDEX_BYTES];
    uint16_t key_id = 0;
    kab_param_t f[KAB_CHALLENGE_BOUND];
    c.id = kab_uuid_new(w->env);
    c.created_at = w->env->now(w->env->ctx);
    kab_signs_draw(w->env, &c.signs);
    kab_qr_secret(w->ring, "challenge", c.flow, 0, qr);
    kab_row_index(w->ring, "qr", kab_span_of(qr), &qr_index);
    kab_wipe(qr, sizeof qr);
    kab_iin_index(w->ring, &c.iin, &iin_index);
    kab_span_t iin =
        kab_place_seal(w, kab_place("challenge", "iin", &c.id), kab_span_of(c.iin.digits));
    kab_span_t from = kab_origin_seal(w, kab_place("challenge", "origin", &c.id), &origin);
    kab_challenge_fields(&c, signs, f);
    if (iin.n == 0 || from.n == 0 ||
        !kab_row_mac(w, "challenge", f, KAB_CHALLENGE_BOUND, &key_id, mac)) {
        return KAB_E_INTERNAL;
    }
    kab_param_t params[21];
    memcpy(params, f, 14 * sizeof *f); /* what never rang nor was denied lacks the last two */
    params[14] = kab_p_index(iin_index.now);
    params[15] = kab_p_int(iin_index.key_id);
    params[16] = kab_p_bytes(iin);
    params[17] = kab_p_index(qr_index.now);
    params[18] = kab_p_bytes(from);
    params[19] = kab_p_index(mac);
    params[20] = kab_p_int(key_id);
    return kab_pg_exec(&w->db, &sql_open, params, 21, rows);
}

/* One whose time is over begins anew, also one that was denied: the browser saw it expire and must
 * not see more (SECURITY 1). Its wrong codes stay counted, and with them what they burned. */
static kab_err_t begin_anew(const kab_world_t *w, kab_challenge_t *c, kab_time_t expires_at,
                            bool ended)
{
    kab_challenge_state_t from = c->state;
    bool by_codes = from == KAB_CHALLENGE_BURNED && c->denied_at == 0 && !ended;
    c->expires_at = expires_at;
    c->state = by_codes ? KAB_CHALLENGE_BURNED : KAB_CHALLENGE_OPEN;
    c->accepted = false;
    memset(c->drawn, 0, sizeof c->drawn);
    memset(&c->armed_by, 0, sizeof c->armed_by);
    return kab_challenge_write(w, c, from, true);
}

kab_err_t kab_challenge_open(const kab_world_t *w, kab_challenge_t *challenge)
{
    kab_rows_t *rows;
    kab_challenge_t fresh = {.flow = challenge->flow,
                             .purpose = challenge->purpose,
                             .has_account = challenge->has_account,
                             .account = challenge->account,
                             .iin = challenge->iin,
                             .browser = challenge->browser,
                             .place = challenge->place,
                             .expires_at = challenge->expires_at};
    kab_challenge_t found;
    kab_err_t err = insert(w, &fresh, &rows);
    if (err != KAB_OK) {
        return err;
    }
    if (!kab_challenge_read(w, rows, 0, &found) ||
        (found.has_account && fresh.has_account &&
         !kab_same(&found.account, &fresh.account, sizeof found.account))) {
        return KAB_E_WRONG_STATE;
    }
    if (found.state != KAB_CHALLENGE_USED && found.expires_at <= w->env->now(w->env->ctx)) {
        err = begin_anew(w, &found, fresh.expires_at,
                         !kab_rows_null(rows, 0, KAB_CHALLENGE_ENDED_AT));
    }
    if (err == KAB_OK) {
        *challenge = found;
    }
    return err;
}

kab_err_t kab_challenge_end_others(const kab_world_t *w, kab_uuid_t account, kab_uuid_t but)
{
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_uuid(&but),
                            kab_p_time(w->env->now(w->env->ctx))};
    return kab_pg_later(&w->db, &sql_end_others, params, 3);
}

kab_err_t kab_challenge_end_armed(const kab_world_t *w, kab_uuid_t account, kab_uuid_t device)
{
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_uuid(&device),
                            kab_p_time(w->env->now(w->env->ctx))};
    return kab_pg_later(&w->db, &sql_end_armed, params, 3);
}

kab_err_t kab_challenge_rings(const kab_world_t *w, const kab_iin_t *iin, kab_rings_t *out)
{
    kab_rows_t *rows;
    kab_iin_index_t index;
    memset(out, 0, sizeof *out);
    kab_iin_index(w->ring, iin, &index);
    kab_param_t params[] = {kab_p_index(index.now), kab_p_index(index.before),
                            kab_p_time(w->env->now(w->env->ctx))};
    kab_err_t err = kab_pg_exec(&w->db, &sql_rings, params, 3, &rows);
    if (err == KAB_OK) {
        out->rings_hour = (unsigned)kab_rows_int(rows, 0, 0);
        out->rings_day = (unsigned)kab_rows_int(rows, 0, 1);
        out->denials_day = (unsigned)kab_rows_int(rows, 0, 2);
        out->denials_week = (unsigned)kab_rows_int(rows, 0, 3);
        out->last_denial = kab_rows_time(rows, 0, 4);
    }
    return err;
}

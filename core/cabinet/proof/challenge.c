#include "cabinet/proof/challenge.h"

#include <string.h>

#include "cabinet/proof/challenge_row.h"

#define LIVE "state IN ('open', 'armed') AND ended_at IS NULL"
#define ONCE_MORE(now, last, all) /* the array grows by a new value */                             \
    "CASE WHEN " now " IS NOT NULL AND " now " IS DISTINCT FROM " last " THEN " all " || " now     \
    " ELSE " all " END"

static const kab_sql_t sql_of_flow = {"challenge_of_flow",
                                      "SELECT " KAB_CHALLENGE_COLUMNS " FROM challenge"
                                      " WHERE flow = $1"
                                      " ORDER BY turned_at DESC LIMIT 1"
                                      " FOR UPDATE"};
static const kab_sql_t sql_get = {"challenge_get",
                                  "SELECT " KAB_CHALLENGE_COLUMNS " FROM challenge WHERE id = $1"};
static const kab_sql_t sql_by_qr = {"challenge_by_qr", "SELECT " KAB_CHALLENGE_COLUMNS
                                                       " FROM challenge WHERE qr_index IN ($1, $2)"
                                                       " ORDER BY turned_at DESC LIMIT 1"};
static const kab_sql_t sql_list = {
    "challenge_list",
    "SELECT * FROM (SELECT " KAB_CHALLENGE_COLUMNS " FROM challenge WHERE account = $1"
    " AND " LIVE " AND expires_at > $2"
    " ORDER BY created_at DESC, id LIMIT $3) newest ORDER BY created_at, id"};
/* $15 says that one which had expired begins anew. */
static const kab_sql_t sql_update = {
    "challenge_update",
    "UPDATE challenge SET state = $2, drawn = $3, attempts = $4::integer, passwords = $5::integer,"
    " accepted = $6, armed_by = $7, expires_at = $8, rung_at = $9, denied_at = $10,"
    " rings = " ONCE_MORE("$9", "rung_at",
                          "rings") ","
                                   " denials = " ONCE_MORE(
                                       "$10", "denied_at",
                                       "denials") ","
                                                  " ended_at = CASE WHEN NOT $15 THEN ended_at "
                                                  "END, mac = $11, mac_key = $12::integer"
                                                  " WHERE id = $1 AND mac = $13"
                                                  " AND CASE WHEN ended_at IS NULL OR state = "
                                                  "'used' THEN state ELSE 'burned' END = $14"};

static const char *const names[] = {
    [KAB_CHALLENGE_OPEN] = "open",
    [KAB_CHALLENGE_ARMED] = "armed",
    [KAB_CHALLENGE_BURNED] = "burned",
    [KAB_CHALLENGE_USED] = "used",
};

const kab_uuid_t *kab_challenge_account(const kab_challenge_t *c)
{
    return c->has_account ? &c->account : NULL;
}

void kab_challenge_fields(const kab_challenge_t *c, char signs[KAB_CHALLENGE_SIGNS],
                          kab_param_t out[KAB_CHALLENGE_BOUND])
{
    for (int i = 0; i < KAB_SIGNS; i++) {
        memcpy(signs + (size_t)i * KAB_SIGN, c->signs.sign[i], KAB_SIGN);
    }
    const kab_param_t fields[KAB_CHALLENGE_BOUND] = {
        kab_p_uuid(&c->id),
        kab_p_text(c->flow),
        kab_p_text(c->purpose),
        kab_p_uuid(kab_challenge_account(c)),
        kab_p_text(kab_span_of(names[c->state])),
        kab_p_text((kab_span_t){(const uint8_t *)signs, KAB_CHALLENGE_SIGNS}),
        kab_p_int(c->signs.right),
        kab_p_bytes((kab_span_t){c->drawn, sizeof c->drawn}),
        kab_p_int(c->attempts),
        kab_p_int(c->passwords),
        kab_p_bool(c->accepted),
        kab_p_id(&c->armed_by),
        kab_p_time(c->created_at),
        kab_p_time(c->expires_at),
        kab_p_time(c->rung_at),
        kab_p_time(c->denied_at),
    };
    memcpy(out, fields, sizeof fields);
}

/* The columns as they stand. */
static bool read_columns(const kab_rows_t *rows, unsigned row, kab_challenge_t *c)
{
    kab_span_t state = kab_rows_span(rows, row, 5), signs = kab_rows_span(rows, row, 6);
    kab_span_t drawn = kab_rows_span(rows, row, 8);
    memset(c, 0, sizeof *c);
    c->id = kab_rows_uuid(rows, row, 0);
    c->flow = kab_rows_span(rows, row, 1);
    c->purpose = kab_rows_span(rows, row, 2);
    c->has_account = !kab_rows_null(rows, row, 3);
    c->account = kab_rows_uuid(rows, row, 3);
    while (c->state < KAB_CHALLENGE_USED && !kab_span_is(state, names[c->state])) {
        c->state++;
    }
    c->signs.right = (unsigned)kab_rows_int(rows, row, 7) % KAB_SIGNS;
    c->attempts = (unsigned)kab_rows_int(rows, row, 9);
    c->passwords = (unsigned)kab_rows_int(rows, row, 10);
    c->accepted = kab_rows_bool(rows, row, 11);
    c->armed_by = kab_rows_uuid(rows, row, 13);
    c->created_at = kab_rows_time(rows, row, 14);
    c->expires_at = kab_rows_time(rows, row, 15);
    c->rung_at = kab_rows_time(rows, row, 16);
    c->denied_at = kab_rows_time(rows, row, 17);
    if (signs.n != KAB_CHALLENGE_SIGNS || drawn.n != sizeof c->drawn) {
        return false;
    }
    memcpy(c->drawn, drawn.p, drawn.n);
    for (int i = 0; i < KAB_SIGNS; i++) {
        memcpy(c->signs.sign[i], signs.p + (size_t)i * KAB_SIGN, KAB_SIGN);
    }
    return true;
}

bool kab_challenge_read(const kab_world_t *w, const kab_rows_t *rows, unsigned row,
                        kab_challenge_t *c)
{
    kab_param_t fields[KAB_CHALLENGE_BOUND];
    char signs[KAB_CHALLENGE_SIGNS];
    kab_origin_t origin;
    kab_span_t iin;
    if (!read_columns(rows, row, c)) {
        return false;
    }
    kab_challenge_fields(c, signs, fields);
    if (!kab_row_intact(w, "challenge", kab_challenge_account(c), fields, KAB_CHALLENGE_BOUND, rows,
                        row, 19, c->mac) ||
        !kab_place_open(w, kab_challenge_account(c), kab_place("challenge", "iin", &c->id),
                        kab_rows_span(rows, row, 4), &iin) ||
        !kab_row_text(iin, c->iin.digits, sizeof c->iin.digits) ||
        !kab_origin_open(w, kab_challenge_account(c), kab_place("challenge", "origin", &c->id),
                         kab_rows_span(rows, row, 12), &origin)) {
        return false;
    }
    c->browser = origin.user_agent;
    c->place = origin.place;
    if (!kab_rows_null(rows, row, 18) && c->state != KAB_CHALLENGE_USED) {
        c->state = KAB_CHALLENGE_BURNED; /* a finished change ended it */
    }
    return true;
}

static kab_err_t find(const kab_world_t *w, const kab_sql_t *sql, const kab_param_t *params,
                      unsigned n, kab_challenge_t *out)
{
    kab_rows_t *rows;
    memset(out, 0, sizeof *out);
    kab_err_t err = kab_pg_exec(&w->db, sql, params, n, &rows);
    if (err == KAB_OK && (kab_rows_count(rows) == 0 || !kab_challenge_read(w, rows, 0, out))) {
        memset(out, 0, sizeof *out);
        err = KAB_E_NOT_FOUND;
    }
    return err;
}

kab_err_t kab_challenge_of_flow(const kab_world_t *w, kab_span_t flow, kab_challenge_t *out)
{
    kab_param_t param = kab_p_text(flow);
    return find(w, &sql_of_flow, &param, 1, out);
}

kab_err_t kab_challenge_get(const kab_world_t *w, kab_uuid_t id, kab_challenge_t *out)
{
    kab_param_t param = kab_p_uuid(&id);
    return find(w, &sql_get, &param, 1, out);
}

kab_err_t kab_challenge_by_qr(const kab_world_t *w, kab_span_t secret, kab_challenge_t *out)
{
    kab_iin_index_t index;
    kab_row_index(w->ring, "qr", secret, &index);
    kab_param_t params[] = {kab_p_index(index.now), kab_p_index(index.before)};
    return find(w, &sql_by_qr, params, 2, out);
}

kab_err_t kab_challenge_list(const kab_world_t *w, kab_uuid_t account,
                             kab_challenge_t out[KAB_CHALLENGES], unsigned *n)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_time(w->env->now(w->env->ctx)),
                            kab_p_int(KAB_CHALLENGES)};
    *n = 0;
    kab_err_t err = kab_pg_exec(&w->db, &sql_list, params, 3, &rows);
    for (unsigned i = 0; err == KAB_OK && i < kab_rows_count(rows); i++) {
        *n += kab_challenge_read(w, rows, i, &out[*n]);
    }
    return err;
}

kab_err_t kab_challenge_write(const kab_world_t *w, kab_challenge_t *c, kab_challenge_state_t from,
                              bool anew)
{
    kab_rows_t *rows;
    uint16_t key_id = 0;
    uint8_t mac[KAB_INDEX_BYTES];
    char signs[KAB_CHALLENGE_SIGNS];
    kab_param_t f[KAB_CHALLENGE_BOUND];
    kab_challenge_fields(c, signs, f);
    if (!kab_row_mac(w, "challenge", f, KAB_CHALLENGE_BOUND, &key_id, mac)) {
        return KAB_E_INTERNAL;
    }
    kab_param_t params[] = {f[0],
                            f[4],
                            f[7],
                            f[8],
                            f[9],
                            f[10],
                            f[11],
                            f[13],
                            f[14],
                            f[15],
                            kab_p_index(mac),
                            kab_p_int(key_id),
                            kab_p_index(c->mac),
                            kab_p_text(kab_span_of(names[from])),
                            kab_p_bool(anew)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_update, params, 15, &rows);
    if (err == KAB_OK && kab_rows_affected(rows) == 0) {
        return KAB_E_WRONG_STATE;
    }
    if (err == KAB_OK) {
        memcpy(c->mac, mac, sizeof c->mac);
    }
    return err;
}

kab_err_t kab_challenge_update(const kab_world_t *w, kab_challenge_t *challenge,
                               kab_challenge_state_t from)
{
    return kab_challenge_write(w, challenge, from, false);
}

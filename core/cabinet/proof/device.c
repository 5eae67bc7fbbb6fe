#include "cabinet/proof/device.h"

#include <string.h>

#include "cabinet/row.h"

#define COLUMNS                                                                                    \
    "id, account, state, public_key, thumbprint, platform, phone, push_token, weak, created_at,"   \
    " active_at, held_until, removed_at, activation, drawn, attempts, sends, proof_expires_at,"    \
    " sent_at, mac, mac_key"

static const kab_sql_t sql_insert = {
    "device_insert",
    "INSERT INTO device (id, account, state, public_key, thumbprint, platform, phone_index,"
    " phone_index_key, phone, push_token, push_token_at, weak, created_at, active_at, held_until,"
    " activation, drawn, attempts, sends, proof_expires_at, sent_at, mac, mac_key)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8::integer, $9, $10,"
    "  CASE WHEN $10 IS NOT NULL THEN $12 END, $11, $12, $13, $14, $15, $16, $17::integer,"
    "  $18::integer, $19, $20, $21, $22::integer)"
    " ON CONFLICT (activation, thumbprint, phone_index) DO NOTHING"};
static const kab_sql_t sql_get = {"device_get", "SELECT " COLUMNS " FROM device WHERE id = $1"};
static const kab_sql_t sql_repeat = {
    "device_repeat", "SELECT " COLUMNS " FROM device WHERE activation = $1 AND thumbprint = $2"
                     " AND (phone_index IN ($3, $4) OR phone_index2 IN ($3, $4)) LIMIT 1"};
static const kab_sql_t sql_live = {
    "device_live", "SELECT " COLUMNS " FROM device WHERE account = $1"
                   " AND state IN ('active', 'held') AND (state = 'active' OR held_until <= $4)"
                   " AND (phone_index IN ($2, $3) OR phone_index2 IN ($2, $3))"
                   " ORDER BY created_at DESC, id LIMIT $5"};
static const kab_sql_t sql_list = {
    "device_list", "SELECT " COLUMNS " FROM device WHERE account = $1 AND (state IN ('active',"
                   " 'held') OR (state = 'removed' AND active_at IS NOT NULL AND removed_at > $2))"
                   " ORDER BY state = 'removed', created_at DESC, id LIMIT $3"};
/* Those that were objected away, or lost the number, are not missed. */
static const kab_sql_t sql_missed = {
    "device_missed", "SELECT " COLUMNS " FROM device WHERE account = $1 AND state = 'removed'"
                     " AND active_at <= removed_at AND removed_at > $4"
                     " AND (phone_index IN ($2, $3) OR phone_index2 IN ($2, $3))"
                     " AND EXISTS (SELECT FROM event WHERE event.account = device.account"
                     "  AND event.subject = device.id AND event.kind = 'device_removed')"
                     " ORDER BY created_at DESC, id LIMIT $5"};
static const kab_sql_t sql_of_others = {
    "device_of_others", "SELECT " COLUMNS " FROM device WHERE state IN ('active', 'held')"
                        " AND (phone_index IN ($1, $2) OR phone_index2 IN ($1, $2))"
                        " AND account IS DISTINCT FROM $3 ORDER BY id LIMIT $4 FOR UPDATE"};
static const kab_sql_t sql_update = {
    "device_update",
    "UPDATE device SET state = $2, weak = $3, active_at = $4, held_until = $5, removed_at = $6,"
    " drawn = $7, attempts = $8::integer, sends = $9::integer, proof_expires_at = $10,"
    " sent_at = $11, mac = $12, mac_key = $13::integer,"
    " push_token = CASE WHEN $2 <> 'removed' THEN push_token END,"
    " push_token_at = CASE WHEN $2 <> 'removed' THEN push_token_at END"
    " WHERE id = $1 AND mac = $14"
    " AND CASE WHEN state = 'held' AND held_until <= $16 THEN 'active' ELSE state END = $15"};
static const kab_sql_t sql_token = {
    "device_token",
    "UPDATE device SET push_token = $2, push_token_at = CASE WHEN $2 IS NOT NULL THEN $3 END"
    " WHERE id = $1 AND state <> 'removed'"};

static const char *const names[] = {
    [KAB_DEVICE_PENDING] = "pending",
    [KAB_DEVICE_ACTIVE] = "active",
    [KAB_DEVICE_HELD] = "held",
    [KAB_DEVICE_REMOVED] = "removed",
};

const char *kab_device_state_name(kab_device_state_t state)
{
    return (size_t)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

static const kab_uuid_t *account_of(const kab_device_t *d)
{
    return d->has_account ? &d->account : NULL;
}

/* All that is written, but for the push token: that one is retired by others, and sealed. */
enum { BOUND = 18 };
static void bound_fields(const kab_device_t *d, kab_param_t out[BOUND])
{
    const kab_param_t fields[BOUND] = {
        kab_p_uuid(&d->id),
        kab_p_uuid(account_of(d)),
        kab_p_text(kab_span_of(kab_device_state_name(d->state))),
        kab_p_bytes((kab_span_t){d->key.xy, KAB_DEVICE_KEY}),
        kab_p_text(kab_span_of(d->thumbprint)),
        kab_p_text(kab_span_of(d->platform)),
        kab_p_text(kab_span_of(d->phone.e164)),
        kab_p_bool(d->weak),
        kab_p_time(d->created_at),
        kab_p_time(d->active_at),
        kab_p_time(d->held_until),
        kab_p_time(d->removed_at),
        kab_p_id(&d->activation),
        kab_p_bytes((kab_span_t){d->drawn, sizeof d->drawn}),
        kab_p_int(d->attempts),
        kab_p_int(d->sends),
        kab_p_time(d->proof_expires_at),
        kab_p_time(d->sent_at),
    };
    memcpy(out, fields, sizeof fields);
}

static bool seal(const kab_world_t *w, const kab_device_t *d, uint16_t *key_id, uint8_t mac[32])
{
    kab_param_t fields[BOUND];
    bound_fields(d, fields);
    *key_id = 0;
    return kab_row_mac(w, "device", fields, BOUND, key_id, mac);
}

/* The columns as they stand. False: a key or number that cannot be one, or sealed elsewhere. */
static bool read_columns(const kab_world_t *w, const kab_rows_t *rows, unsigned row,
                         kab_device_t *d)
{
    kab_span_t state = kab_rows_span(rows, row, 2), key = kab_rows_span(rows, row, 3), phone;
    kab_span_t drawn = kab_rows_span(rows, row, 14);
    memset(d, 0, sizeof *d);
    d->id = kab_rows_uuid(rows, row, 0);
    d->has_account = !kab_rows_null(rows, row, 1);
    d->account = kab_rows_uuid(rows, row, 1);
    while (d->state < KAB_DEVICE_REMOVED && !kab_span_is(state, names[d->state])) {
        d->state++;
    }
    d->weak = kab_rows_bool(rows, row, 8);
    d->created_at = kab_rows_time(rows, row, 9);
    d->active_at = kab_rows_time(rows, row, 10);
    d->held_until = kab_rows_time(rows, row, 11);
    d->removed_at = kab_rows_time(rows, row, 12);
    d->activation = kab_rows_uuid(rows, row, 13);
    d->attempts = (unsigned)kab_rows_int(rows, row, 15);
    d->sends = (unsigned)kab_rows_int(rows, row, 16);
    d->proof_expires_at = kab_rows_time(rows, row, 17);
    d->sent_at = kab_rows_time(rows, row, 18);
    if (key.n != KAB_DEVICE_KEY || drawn.n != sizeof d->drawn) {
        return false;
    }
    memcpy(d->key.xy, key.p, key.n);
    memcpy(d->drawn, drawn.p, drawn.n);
    return kab_row_text(kab_rows_span(rows, row, 4), d->thumbprint, sizeof d->thumbprint) &&
           kab_row_text(kab_rows_span(rows, row, 5), d->platform, sizeof d->platform) &&
           kab_place_open(w, account_of(d), kab_place("device", "phone", &d->id),
                          kab_rows_span(rows, row, 6), &phone) &&
           kab_row_text(phone, d->phone.e164, sizeof d->phone.e164);
}

/* False: not what the gateway wrote; then nobody is told more than that there is no such device. */
static bool read_row(const kab_world_t *w, const kab_rows_t *rows, unsigned row, kab_device_t *d)
{
    kab_param_t fields[BOUND];
    if (!read_columns(w, rows, row, d)) {
        return false;
    }
    bound_fields(d, fields);
    if (!kab_row_intact(w, "device", account_of(d), fields, BOUND, rows, row, 19, d->mac)) {
        return false;
    }
    if (d->state == KAB_DEVICE_HELD && d->held_until <= w->env->now(w->env->ctx)) {
        d->state = KAB_DEVICE_ACTIVE;
        d->active_at = d->active_at == 0 ? d->held_until : d->active_at;
    }
    return kab_rows_null(rows, row, 7) ||
           kab_place_open(w, account_of(d), kab_place("device", "push_token", &d->id),
                          kab_rows_span(rows, row, 7), &d->push_token);
}

kab_err_t kab_device_insert(const kab_world_t *w, kab_device_t *d)
{
    kab_rows_t *rows;
    kab_iin_index_t phone;
    uint16_t key_id;
    kab_span_t number = kab_span_of(d->phone.e164), token = KAB_NONE;
    kab_param_t f[BOUND];
    d->id = kab_uuid_new(w->env);
    d->created_at = w->env->now(w->env->ctx);
    d->removed_at = 0;
    kab_device_key_thumbprint(&d->key, d->thumbprint);
    kab_row_index(w->ring, "phone", number, &phone);
    kab_span_t sealed = kab_place_seal(w, kab_place("device", "phone", &d->id), number);
    if (d->push_token.n > 0) {
        token = kab_place_seal(w, kab_place("device", "push_token", &d->id), d->push_token);
    }
    if (sealed.n == 0 || (d->push_token.n > 0 && token.n == 0) || !seal(w, d, &key_id, d->mac)) {
        return KAB_E_INTERNAL;
    }
    bound_fields(d, f);
    kab_param_t params[] = {f[0],
                            f[1],
                            f[2],
                            f[3],
                            f[4],
                            f[5],
                            kab_p_index(phone.now),
                            kab_p_int(phone.key_id),
                            kab_p_bytes(sealed),
                            kab_p_bytes(token),
                            f[7],
                            f[8],
                            f[9],
                            f[10],
                            f[12],
                            f[13],
                            f[14],
                            f[15],
                            f[16],
                            f[17],
                            kab_p_index(d->mac),
                            kab_p_int(key_id)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_insert, params, 22, &rows);
    return err == KAB_OK && kab_rows_affected(rows) == 0 ? KAB_E_WRONG_STATE : err;
}

static kab_err_t find(const kab_world_t *w, const kab_sql_t *sql, const kab_param_t *params,
                      unsigned n, kab_device_t *out)
{
    kab_rows_t *rows;
    memset(out, 0, sizeof *out);
    kab_err_t err = kab_pg_exec(&w->db, sql, params, n, &rows);
    if (err == KAB_OK && (kab_rows_count(rows) == 0 || !read_row(w, rows, 0, out))) {
        memset(out, 0, sizeof *out);
        err = KAB_E_NOT_FOUND;
    }
    return err;
}

kab_err_t kab_device_get(const kab_world_t *w, kab_uuid_t id, kab_device_t *out)
{
    kab_param_t param = kab_p_uuid(&id);
    return find(w, &sql_get, &param, 1, out);
}

kab_err_t kab_device_by_thumbprint(const kab_world_t *w, const char *thumbprint,
                                   kab_uuid_t activation, const kab_phone_t *phone,
                                   kab_device_t *out)
{
    kab_iin_index_t index;
    kab_row_index(w->ring, "phone", kab_span_of(phone->e164), &index);
    kab_param_t params[] = {kab_p_uuid(&activation), kab_p_text(kab_span_of(thumbprint)),
                            kab_p_index(index.now), kab_p_index(index.before)};
    return find(w, &sql_repeat, params, 4, out);
}

kab_err_t kab_device_update(const kab_world_t *w, kab_device_t *d, kab_device_state_t from)
{
    kab_rows_t *rows;
    uint16_t key_id;
    uint8_t mac[KAB_INDEX_BYTES];
    kab_param_t f[BOUND];
    kab_time_t now = w->env->now(w->env->ctx);
    if (d->state == KAB_DEVICE_REMOVED && d->removed_at == 0) {
        d->removed_at = now;
    }
    if (!seal(w, d, &key_id, mac)) {
        return KAB_E_INTERNAL;
    }
    bound_fields(d, f);
    kab_param_t params[] = {f[0],
                            f[2],
                            f[7],
                            f[9],
                            f[10],
                            f[11],
                            f[13],
                            f[14],
                            f[15],
                            f[16],
                            f[17],
                            kab_p_index(mac),
                            kab_p_int(key_id),
                            kab_p_index(d->mac),
                            kab_p_text(kab_span_of(kab_device_state_name(from))),
                            kab_p_time(now)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_update, params, 16, &rows);
    if (err == KAB_OK && kab_rows_affected(rows) == 0) {
        return KAB_E_WRONG_STATE;
    }
    if (err == KAB_OK) {
        memcpy(d->mac, mac, sizeof d->mac);
    }
    return err;
}

static kab_err_t find_all(const kab_world_t *w, const kab_sql_t *sql, const kab_param_t *params,
                          unsigned params_n, kab_device_t out[KAB_DEVICES], unsigned *n)
{
    kab_rows_t *rows;
    *n = 0;
    kab_err_t err = kab_pg_exec(&w->db, sql, params, params_n, &rows);
    for (unsigned i = 0; err == KAB_OK && i < kab_rows_count(rows); i++) {
        *n += read_row(w, rows, i, &out[*n]);
    }
    return err;
}

kab_err_t kab_device_live(const kab_world_t *w, kab_uuid_t account, const kab_phone_t *phone,
                          kab_device_t out[KAB_DEVICES], unsigned *n)
{
    kab_iin_index_t index;
    kab_row_index(w->ring, "phone", kab_span_of(phone->e164), &index);
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_index(index.now), kab_p_index(index.before),
                            kab_p_time(w->env->now(w->env->ctx)), kab_p_int(KAB_DEVICES)};
    return find_all(w, &sql_live, params, 5, out, n);
}

kab_err_t kab_device_list(const kab_world_t *w, kab_uuid_t account, kab_device_t out[KAB_DEVICES],
                          unsigned *n)
{
    kab_time_t since = w->env->now(w->env->ctx) - KAB_DEVICE_REMEMBERED;
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_time(since), kab_p_int(KAB_DEVICES)};
    return find_all(w, &sql_list, params, 3, out, n);
}

kab_err_t kab_device_missed(const kab_world_t *w, kab_uuid_t account, const kab_phone_t *phone,
                            kab_device_t out[KAB_DEVICES], unsigned *n)
{
    kab_iin_index_t index;
    kab_row_index(w->ring, "phone", kab_span_of(phone->e164), &index);
    kab_time_t since = w->env->now(w->env->ctx) - KAB_DEVICE_REMEMBERED;
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_index(index.now), kab_p_index(index.before),
                            kab_p_time(since), kab_p_int(KAB_DEVICES)};
    return find_all(w, &sql_missed, params, 5, out, n);
}

kab_err_t kab_device_of_others(const kab_world_t *w, const kab_phone_t *phone, kab_uuid_t account,
                               kab_device_t out[KAB_DEVICES], unsigned *n)
{
    kab_iin_index_t index;
    kab_row_index(w->ring, "phone", kab_span_of(phone->e164), &index);
    kab_param_t params[] = {kab_p_index(index.now), kab_p_index(index.before), kab_p_uuid(&account),
                            kab_p_int(KAB_DEVICES)};
    return find_all(w, &sql_of_others, params, 4, out, n);
}

kab_time_t kab_device_weak_until(const kab_device_t *device)
{
    return device->weak ? device->active_at + KAB_DAY : 0;
}

kab_err_t kab_device_set_push_token(const kab_world_t *w, kab_uuid_t id, kab_span_t token)
{
    kab_rows_t *rows;
    kab_span_t sealed = KAB_NONE;
    if (token.n > 0) {
        sealed = kab_place_seal(w, kab_place("device", "push_token", &id), token);
        if (sealed.n == 0) {
            return KAB_E_INTERNAL;
        }
    }
    kab_param_t params[] = {kab_p_uuid(&id), kab_p_bytes(sealed),
                            kab_p_time(w->env->now(w->env->ctx))};
    kab_err_t err = kab_pg_exec(&w->db, &sql_token, params, 3, &rows);
    return err == KAB_OK && kab_rows_affected(rows) == 0 ? KAB_E_NOT_FOUND : err;
}

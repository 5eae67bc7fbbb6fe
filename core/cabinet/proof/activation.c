#include "cabinet/proof/activation.h"

#include <string.h>

#include "cabinet/row.h"
#include "identity/app/proof.h"

#define COLUMNS                                                                                    \
    "id, flow, generation, account, iin, created_at, expires_at, used_at, cardinality(tried),"     \
    " device, mac, mac_key, phone, locale, trusted,"                                               \
    " EXISTS (SELECT FROM device d WHERE d.activation = activation.id AND d.state = 'pending')"

static const kab_sql_t sql_insert = {
    "activation_insert",
    "INSERT INTO activation (id, flow, generation, account, iin, otp_index, otp_index_key,"
    " qr_index, qr_index_key, created_at, expires_at, mac, mac_key, phone, locale, trusted)"
    " VALUES ($1, $2, $3, $4, $5, $6, $8::integer, $7, $8::integer, $9, $10, $11, $12::integer,"
    "  $13, $14, $15)"
    " ON CONFLICT (flow, generation) DO NOTHING"};
static const kab_sql_t sql_of_flow = {
    "activation_of_flow", "SELECT " COLUMNS " FROM activation WHERE flow = $1 AND generation = $2"};
static const kab_sql_t sql_get = {"activation_get",
                                  "SELECT " COLUMNS " FROM activation WHERE id = $1"};
/* The newest of two that met by chance. */
static const kab_sql_t sql_by_otp = {
    "activation_by_otp", "SELECT " COLUMNS " FROM activation WHERE otp_index IN ($1, $2)"
                         " AND used_at IS NULL AND expires_at > $3"
                         " ORDER BY expires_at DESC LIMIT 1 FOR UPDATE"};
static const kab_sql_t sql_by_qr = {"activation_by_qr",
                                    "SELECT " COLUMNS " FROM activation WHERE qr_index IN ($1, $2)"
                                    " AND used_at IS NULL AND expires_at > $3"
                                    " ORDER BY expires_at DESC LIMIT 1 FOR UPDATE"};
static const kab_sql_t sql_number = {
    "activation_number",
    "UPDATE activation SET tried = CASE WHEN $2 = ANY (tried) THEN tried ELSE tried || $2 END"
    " WHERE id = $1 AND ($2 = ANY (tried) OR cardinality(tried) < $3)"
    " RETURNING cardinality(tried)"};
static const kab_sql_t sql_use = {"activation_use", "UPDATE activation SET used_at = $3,"
                                                    " device = $2 WHERE id = $1"
                                                    " AND used_at IS NULL"};

static const kab_uuid_t *account_of(const kab_activation_t *a)
{
    return a->has_account ? &a->account : NULL;
}

/* Who it is for and until when: what is tried and used may change. */
enum { BOUND = 8 };
static void bound_fields(const kab_activation_t *a, kab_time_t created_at, kab_param_t out[BOUND])
{
    out[0] = kab_p_uuid(&a->id);
    out[1] = kab_p_text(a->flow);
    out[2] = kab_p_int(a->generation);
    out[3] = kab_p_uuid(account_of(a));
    out[4] = kab_p_time(created_at);
    out[5] = kab_p_time(a->expires_at);
    out[6] = kab_p_text(a->has_phone ? kab_span_of(a->phone.e164) : KAB_NONE);
    out[7] = kab_p_bool(a->trusted);
}

/* False: not what the gateway wrote. */
static bool read_row(const kab_world_t *w, const kab_rows_t *rows, kab_activation_t *out)
{
    kab_param_t fields[BOUND];
    kab_span_t iin, phone;
    uint8_t mac[KAB_INDEX_BYTES];
    memset(out, 0, sizeof *out);
    out->id = kab_rows_uuid(rows, 0, 0);
    out->flow = kab_rows_span(rows, 0, 1);
    out->generation = kab_rows_int(rows, 0, 2);
    out->has_account = !kab_rows_null(rows, 0, 3);
    out->account = kab_rows_uuid(rows, 0, 3);
    out->expires_at = kab_rows_time(rows, 0, 6);
    out->used_at = kab_rows_time(rows, 0, 7);
    out->numbers = (unsigned)kab_rows_int(rows, 0, 8);
    out->device = kab_rows_uuid(rows, 0, 9);
    out->has_phone = !kab_rows_null(rows, 0, 12);
    out->trusted = kab_rows_bool(rows, 0, 14);
    out->proving = kab_rows_bool(rows, 0, 15);
    if (!kab_row_text(kab_rows_span(rows, 0, 13), out->locale, sizeof out->locale) ||
        (out->has_phone &&
         !(kab_place_open(w, account_of(out), kab_place("activation", "phone", &out->id),
                          kab_rows_span(rows, 0, 12), &phone) &&
           kab_row_text(phone, out->phone.e164, sizeof out->phone.e164)))) {
        return false;
    }
    bound_fields(out, kab_rows_time(rows, 0, 5), fields);
    return kab_row_intact(w, "activation", account_of(out), fields, BOUND, rows, 0, 10, mac) &&
           kab_place_open(w, account_of(out), kab_place("activation", "iin", &out->id),
                          kab_rows_span(rows, 0, 4), &iin) &&
           kab_row_text(iin, out->iin.digits, sizeof out->iin.digits);
}

static kab_err_t find(const kab_world_t *w, const kab_sql_t *sql, const kab_param_t *params,
                      unsigned n, kab_activation_t *out)
{
    kab_rows_t *rows;
    memset(out, 0, sizeof *out);
    kab_err_t err = kab_pg_exec(&w->db, sql, params, n, &rows);
    if (err == KAB_OK && (kab_rows_count(rows) == 0 || !read_row(w, rows, out))) {
        memset(out, 0, sizeof *out);
        err = KAB_E_NOT_FOUND;
    }
    return err;
}

/* Does nothing if the flow has one of that generation. */
static kab_err_t insert(const kab_world_t *w, const kab_activation_t *wanted)
{
    kab_activation_t a = *wanted;
    kab_time_t now = w->env->now(w->env->ctx);
    kab_iin_index_t otp_index, qr_index;
    char otp[KAB_OTP_DIGITS + 1], qr[KAB_QR_SECRET + 1];
    uint8_t mac[KAB_INDEX_BYTES];
    uint16_t key_id = 0;
    kab_param_t f[BOUND];
    a.id = kab_uuid_new(w->env);
    a.expires_at = now + KAB_ACTIVATION_LIFE * KAB_SECOND;
    kab_otp_make(w->ring, a.flow, a.generation, otp);
    kab_qr_secret(w->ring, "activation", a.flow, a.generation, qr);
    kab_row_index(w->ring, "otp", kab_span_of(otp), &otp_index);
    kab_row_index(w->ring, "qr", kab_span_of(qr), &qr_index);
    kab_wipe(otp, sizeof otp);
    kab_wipe(qr, sizeof qr);
    bound_fields(&a, now, f);
    kab_span_t phone = KAB_NONE, iin = kab_place_seal(w, kab_place("activation", "iin", &a.id),
                                                      kab_span_of(a.iin.digits));
    if (a.has_phone) {
        phone =
            kab_place_seal(w, kab_place("activation", "phone", &a.id), kab_span_of(a.phone.e164));
    }
    if (iin.n == 0 || (a.has_phone && phone.n == 0) ||
        !kab_row_mac(w, "activation", f, BOUND, &key_id, mac)) {
        return KAB_E_INTERNAL;
    }
    kab_param_t params[] = {f[0],
                            f[1],
                            f[2],
                            f[3],
                            kab_p_bytes(iin),
                            kab_p_index(otp_index.now),
                            kab_p_index(qr_index.now),
                            kab_p_int(otp_index.key_id),
                            f[4],
                            f[5],
                            kab_p_index(mac),
                            kab_p_int(key_id),
                            kab_p_bytes(phone),
                            kab_p_text(kab_span_of(a.locale)),
                            f[7]};
    return kab_pg_exec(&w->db, &sql_insert, params, 15, NULL);
}

static bool same_purpose(const kab_activation_t *a, const kab_activation_t *b)
{
    return a->has_account == b->has_account && a->trusted == b->trusted &&
           strcmp(a->phone.e164, b->phone.e164) == 0 &&
           kab_same(a->iin.digits, b->iin.digits, KAB_IIN_DIGITS) &&
           (!a->has_account || kab_same(a->account.b, b->account.b, sizeof a->account.b));
}

kab_err_t kab_activation_open(const kab_world_t *w, kab_activation_t *activation)
{
    kab_activation_t found;
    kab_err_t err = insert(w, activation);
    if (err == KAB_OK) {
        err = kab_activation_of_flow(w, activation->flow, activation->generation, &found);
    }
    if (err == KAB_OK && (!same_purpose(activation, &found) || found.used_at != 0 ||
                          found.expires_at <= w->env->now(w->env->ctx))) {
        err = KAB_E_WRONG_STATE;
    }
    if (err == KAB_OK) {
        *activation = found;
    }
    return err == KAB_E_NOT_FOUND ? KAB_E_WRONG_STATE : err; /* there, but not as it was written */
}

kab_err_t kab_activation_find(const kab_world_t *w, kab_span_t otp, kab_span_t qr,
                              kab_activation_t *out)
{
    kab_iin_index_t index;
    bool by_otp = otp.n > 0;
    kab_row_index(w->ring, by_otp ? "otp" : "qr", by_otp ? otp : qr, &index);
    kab_param_t params[] = {kab_p_index(index.now), kab_p_index(index.before),
                            kab_p_time(w->env->now(w->env->ctx))};
    return find(w, by_otp ? &sql_by_otp : &sql_by_qr, params, 3, out);
}

kab_err_t kab_activation_of_flow(const kab_world_t *w, kab_span_t flow, int64_t generation,
                                 kab_activation_t *out)
{
    kab_param_t params[] = {kab_p_text(flow), kab_p_int(generation)};
    return find(w, &sql_of_flow, params, 2, out);
}

kab_err_t kab_activation_get(const kab_world_t *w, kab_uuid_t id, kab_activation_t *out)
{
    kab_param_t params[] = {kab_p_uuid(&id)};
    return find(w, &sql_get, params, 1, out);
}

kab_err_t kab_activation_number(const kab_world_t *w, kab_activation_t *activation,
                                const kab_phone_t *phone)
{
    kab_rows_t *rows;
    uint8_t index[KAB_INDEX_BYTES];
    /* With the row's id, for these numbers are anybody's and not to be found again elsewhere. */
    uint8_t text[16 + sizeof phone->e164];
    memcpy(text, activation->id.b, 16);
    memcpy(text + 16, phone->e164, sizeof phone->e164);
    kab_index(w->ring, KAB_KEY_THROTTLE, "activation", (kab_span_t){text, sizeof text}, index);
    kab_param_t params[] = {kab_p_uuid(&activation->id), kab_p_index(index),
                            kab_p_int(KAB_ACTIVATION_NUMBERS)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_number, params, 3, &rows);
    if (err == KAB_OK && kab_rows_count(rows) == 0) {
        return KAB_E_THROTTLED;
    }
    if (err == KAB_OK) {
        activation->numbers = (unsigned)kab_rows_int(rows, 0, 0);
    }
    return err;
}

kab_err_t kab_activation_use(const kab_world_t *w, kab_uuid_t id, kab_uuid_t device)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_uuid(&id), kab_p_uuid(&device),
                            kab_p_time(w->env->now(w->env->ctx))};
    kab_err_t err = kab_pg_exec(&w->db, &sql_use, params, 3, &rows);
    return err == KAB_OK && kab_rows_affected(rows) == 0 ? KAB_E_WRONG_STATE : err;
}

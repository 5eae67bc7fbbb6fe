#include "cabinet/dispute/case.h"

#include <string.h>

#include "cabinet/row.h"

#define COLUMNS                                                                                    \
    "id, kind, state, applicant, applicant_iin, holder, child, device, phone, hash, opened_by,"    \
    " created_at, due_at, next_at, told, objected_at, first_by, first_approve, first_at,"          \
    " decided_by, decided_at, mac, mac_key"
#define LIVE "state IN ('held', 'open', 'approved')"

static const kab_sql_t sql_open = {
    "case_open",
    "INSERT INTO moderation (id, kind, state, applicant, applicant_iin, holder, child, device,"
    " phone, hash, opened_by, created_at, due_at, objected_at, next_at, told, mac, mac_key)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16::integer, $17,"
    "  $18::integer) ON CONFLICT DO NOTHING"};
static const kab_sql_t sql_get = {"case_get",
                                  "SELECT " COLUMNS " FROM moderation WHERE id = $1 FOR UPDATE"};
static const kab_sql_t sql_update = {
    "case_update",
    "UPDATE moderation SET state = $2, next_at = $3, told = $4::integer, objected_at = $5,"
    " first_by = $6, first_approve = $7, first_at = $8, decided_by = $9, decided_at = $10,"
    " mac = $11, mac_key = $12::integer,"
    " phone = CASE WHEN $13 THEN phone END, hash = CASE WHEN $13 THEN hash END"
    " WHERE id = $1 AND mac = $14"};
static const kab_sql_t sql_live = {"case_live", "SELECT " COLUMNS " FROM moderation WHERE " LIVE
                                                " ORDER BY created_at, id LIMIT $1"};
static const kab_sql_t sql_all = {"case_all", "SELECT " COLUMNS " FROM moderation"
                                              " ORDER BY created_at DESC, id LIMIT $1"};
static const kab_sql_t sql_take = {
    "case_take", "UPDATE moderation SET next_at = $2 WHERE id = (SELECT id FROM moderation"
                 "  WHERE state IN ('held', 'approved') AND next_at <= $1"
                 "  ORDER BY next_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING " COLUMNS};
/* Lost: the change was approved, or a change that was made was found right. */
static const kab_sql_t sql_lost = {
    "case_lost", "SELECT " COLUMNS " FROM moderation WHERE holder = $1 AND child = $2"
                 " AND objected_at IS NOT NULL AND decided_at > $3"
                 " AND (state = 'rejected') = (kind = 'objection') LIMIT 32"};
static const kab_sql_t sql_waiting = {"case_waiting",
                                      "SELECT objected_at FROM moderation WHERE state = 'open'"};

static const char *const kinds[] = {
    [KAB_CASE_GUARDIANSHIP] = "guardianship",
    [KAB_CASE_NUMBER] = "number",
    [KAB_CASE_OBJECTION] = "objection",
};
static const char *const states[] = {
    [KAB_CASE_HELD] = "held", [KAB_CASE_OPEN] = "open",         [KAB_CASE_APPROVED] = "approved",
    [KAB_CASE_DONE] = "done", [KAB_CASE_REJECTED] = "rejected", [KAB_CASE_REFUSED] = "refused",
};

const char *kab_case_kind_name(kab_case_kind_t kind)
{
    return (unsigned)kind < KAB_CASE_KINDS ? kinds[kind] : "unknown";
}

const char *kab_case_state_name(kab_case_state_t state)
{
    return (unsigned)state < KAB_CASE_STATES ? states[state] : "unknown";
}

static bool over(const kab_case_t *c)
{
    return c->state >= KAB_CASE_DONE;
}

/* All but what the gateway moves on while it looks: next_at and told give nothing. Number and hash
 * are bound by their place. */
enum { BOUND = 17 };
static void bound_fields(const kab_case_t *c, kab_param_t out[BOUND])
{
    const kab_param_t fields[BOUND] = {
        kab_p_uuid(&c->id),
        kab_p_text(kab_span_of(kinds[c->kind])),
        kab_p_text(kab_span_of(states[c->state])),
        kab_p_uuid(&c->applicant),
        kab_p_text(kab_span_of(c->iin.digits)),
        kab_p_id(&c->holder),
        kab_p_id(&c->child),
        kab_p_id(&c->device),
        kab_p_text(kab_span_of(c->opened_by)),
        kab_p_time(c->created_at),
        kab_p_time(c->due_at),
        kab_p_time(c->objected_at),
        kab_p_text(c->first_by[0] ? kab_span_of(c->first_by) : KAB_NONE),
        kab_p_bool(c->first_approve),
        kab_p_time(c->first_at),
        kab_p_text(c->decided_by[0] ? kab_span_of(c->decided_by) : KAB_NONE),
        kab_p_time(c->decided_at),
    };
    memcpy(out, fields, sizeof fields);
}

static unsigned named(const char *const *names, unsigned n, kab_span_t name)
{
    unsigned i = 0;
    while (i + 1 < n && !kab_span_is(name, names[i])) {
        i++;
    }
    return i;
}

static bool read_columns(const kab_rows_t *rows, unsigned row, kab_case_t *c)
{
    memset(c, 0, sizeof *c);
    c->id = kab_rows_uuid(rows, row, 0);
    c->kind = (kab_case_kind_t)named(kinds, KAB_CASE_KINDS, kab_rows_span(rows, row, 1));
    c->state = (kab_case_state_t)named(states, KAB_CASE_STATES, kab_rows_span(rows, row, 2));
    c->applicant = kab_rows_uuid(rows, row, 3);
    c->holder = kab_rows_uuid(rows, row, 5);
    c->child = kab_rows_uuid(rows, row, 6);
    c->device = kab_rows_uuid(rows, row, 7);
    c->created_at = kab_rows_time(rows, row, 11);
    c->due_at = kab_rows_time(rows, row, 12);
    c->next_at = kab_rows_time(rows, row, 13);
    c->told = (unsigned)kab_rows_int(rows, row, 14);
    c->objected_at = kab_rows_time(rows, row, 15);
    c->first_approve = kab_rows_bool(rows, row, 17);
    c->first_at = kab_rows_time(rows, row, 18);
    c->decided_at = kab_rows_time(rows, row, 20);
    return kab_row_text(kab_rows_span(rows, row, 10), c->opened_by, sizeof c->opened_by) &&
           kab_row_text(kab_rows_span(rows, row, 16), c->first_by, sizeof c->first_by) &&
           kab_row_text(kab_rows_span(rows, row, 19), c->decided_by, sizeof c->decided_by);
}

static bool open_sealed(const kab_world_t *w, const kab_rows_t *rows, unsigned row, kab_case_t *c)
{
    kab_span_t iin, phone;
    if (!kab_place_open(w, &c->applicant, kab_place("moderation", "applicant_iin", &c->id),
                        kab_rows_span(rows, row, 4), &iin) ||
        !kab_row_text(iin, c->iin.digits, sizeof c->iin.digits)) {
        return false;
    }
    c->has_phone = !kab_rows_null(rows, row, 8);
    if (c->has_phone && !(kab_place_open(w, &c->applicant, kab_place("moderation", "phone", &c->id),
                                         kab_rows_span(rows, row, 8), &phone) &&
                          kab_row_text(phone, c->phone.e164, sizeof c->phone.e164))) {
        return false;
    }
    return kab_rows_null(rows, row, 9) ||
           kab_place_open(w, &c->applicant, kab_place("moderation", "hash", &c->id),
                          kab_rows_span(rows, row, 9), &c->hash);
}

/* False: not what the gateway wrote. */
static bool read_row(const kab_world_t *w, const kab_rows_t *rows, unsigned row, kab_case_t *c)
{
    kab_param_t fields[BOUND];
    if (!read_columns(rows, row, c) || !open_sealed(w, rows, row, c)) {
        return false;
    }
    bound_fields(c, fields);
    return kab_row_intact(w, "moderation", &c->applicant, fields, BOUND, rows, row, 21, c->mac);
}

/* Empty stays NULL. False: it could not be sealed. */
static bool seal(const kab_world_t *w, const char *column, const kab_uuid_t *id, kab_span_t plain,
                 kab_span_t *out)
{
    *out = plain.n > 0 ? kab_place_seal(w, kab_place("moderation", column, id), plain) : KAB_NONE;
    return plain.n == 0 || out->n > 0;
}

kab_err_t kab_case_open(const kab_world_t *w, kab_case_t *c)
{
    kab_rows_t *rows;
    kab_param_t f[BOUND];
    kab_span_t iin, phone, hash, number = c->has_phone ? kab_span_of(c->phone.e164) : KAB_NONE;
    uint16_t key_id = 0;
    c->id = kab_uuid_new(w->env);
    c->created_at = w->env->now(w->env->ctx);
    bound_fields(c, f);
    if (!seal(w, "applicant_iin", &c->id, kab_span_of(c->iin.digits), &iin) ||
        !seal(w, "phone", &c->id, number, &phone) || !seal(w, "hash", &c->id, c->hash, &hash) ||
        !kab_row_mac(w, "moderation", f, BOUND, &key_id, c->mac)) {
        return KAB_E_INTERNAL;
    }
    kab_param_t params[] = {f[0],
                            f[1],
                            f[2],
                            f[3],
                            kab_p_bytes(iin),
                            f[5],
                            f[6],
                            f[7],
                            kab_p_bytes(phone),
                            kab_p_bytes(hash),
                            f[8],
                            f[9],
                            f[10],
                            f[11],
                            kab_p_time(c->next_at),
                            kab_p_int(c->told),
                            kab_p_index(c->mac),
                            kab_p_int(key_id)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_open, params, 18, &rows);
    return err == KAB_OK && kab_rows_affected(rows) == 0 ? KAB_E_WRONG_STATE : err;
}

static kab_err_t find(const kab_world_t *w, const kab_sql_t *sql, const kab_param_t *params,
                      unsigned n, kab_case_t *out)
{
    kab_rows_t *rows;
    memset(out, 0, sizeof *out);
    kab_err_t err = kab_pg_exec(&w->db, sql, params, n, &rows);
    if (err == KAB_OK && (kab_rows_count(rows) == 0 || !read_row(w, rows, 0, out))) {
        err = KAB_E_NOT_FOUND;
    }
    return err;
}

kab_err_t kab_case_get(const kab_world_t *w, kab_uuid_t id, kab_case_t *out)
{
    kab_param_t param = kab_p_uuid(&id);
    return find(w, &sql_get, &param, 1, out);
}

kab_err_t kab_case_take(const kab_world_t *w, kab_case_t *out)
{
    kab_time_t now = w->env->now(w->env->ctx);
    kab_param_t params[] = {kab_p_time(now), kab_p_time(now + KAB_MINUTE)};
    return find(w, &sql_take, params, 2, out);
}

kab_err_t kab_case_update(const kab_world_t *w, kab_case_t *c)
{
    kab_rows_t *rows;
    kab_param_t f[BOUND];
    uint16_t key_id = 0;
    uint8_t mac[KAB_INDEX_BYTES];
    bound_fields(c, f);
    if (!kab_row_mac(w, "moderation", f, BOUND, &key_id, mac)) {
        return KAB_E_INTERNAL;
    }
    kab_param_t params[] = {f[0],
                            f[2],
                            kab_p_time(c->next_at),
                            kab_p_int(c->told),
                            f[11],
                            f[12],
                            f[13],
                            f[14],
                            f[15],
                            f[16],
                            kab_p_index(mac),
                            kab_p_int(key_id),
                            kab_p_bool(!over(c)),
                            kab_p_index(c->mac)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_update, params, 14, &rows);
    if (err == KAB_OK && kab_rows_affected(rows) == 0) {
        return KAB_E_WRONG_STATE;
    }
    if (err == KAB_OK) {
        memcpy(c->mac, mac, sizeof c->mac);
    }
    return err;
}

kab_err_t kab_case_list(const kab_world_t *w, bool all, kab_case_t *out, unsigned max, unsigned *n)
{
    kab_rows_t *rows;
    kab_param_t param = kab_p_int(max);
    *n = 0;
    kab_err_t err = kab_pg_exec(&w->db, all ? &sql_all : &sql_live, &param, 1, &rows);
    for (unsigned i = 0; err == KAB_OK && i < kab_rows_count(rows); i++) {
        *n += read_row(w, rows, i, &out[*n]);
    }
    return err;
}

kab_err_t kab_case_lost_lately(const kab_world_t *w, kab_uuid_t holder, kab_uuid_t child,
                               bool *lost)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_uuid(&holder), kab_p_uuid(&child),
                            kab_p_time(w->env->now(w->env->ctx) - 180 * KAB_DAY)};
    kab_case_t c;
    kab_err_t err = kab_pg_exec(&w->db, &sql_lost, params, 3, &rows);
    *lost = false;
    for (unsigned i = 0; err == KAB_OK && i < kab_rows_count(rows) && !*lost; i++) {
        *lost = read_row(w, rows, i, &c); /* a row that somebody put there silences nobody */
    }
    return err;
}

/* ---- the operators' time ---- */

/* All of Kazakhstan since 1 March 2024. */
#define CLOCK (5 * KAB_HOUR)

/* Days since 1970-01-01, which was a Thursday. */
static bool works(int64_t day)
{
    return (day + 3) % 7 < 5;
}

kab_time_t kab_case_deadline(kab_time_t objected_at)
{
    int64_t day = (objected_at + CLOCK) / KAB_DAY;
    for (int left = KAB_CASE_DAYS; left > 0; left -= works(day)) {
        day++;
    }
    return (day + 1) * KAB_DAY - CLOCK;
}

kab_err_t kab_case_waiting(const kab_world_t *w, unsigned *open, unsigned *late)
{
    kab_rows_t *rows;
    kab_time_t now = w->env->now(w->env->ctx);
    kab_err_t err = kab_pg_exec(&w->db, &sql_waiting, NULL, 0, &rows);
    *late = 0;
    *open = err == KAB_OK ? kab_rows_count(rows) : 0;
    for (unsigned i = 0; i < *open; i++) {
        *late += kab_case_deadline(kab_rows_time(rows, i, 0)) <= now;
    }
    return err;
}

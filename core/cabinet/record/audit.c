/*
 * The operators' log. A row's mac binds its fields; the sealer numbers rows and
 * links each to the one before:
 *
 *     mac  = HMAC(key of the day of `at`, fields, each with its length)
 *     link = HMAC(key of the day of `sealed_at`, link before ‖ mac ‖ number ‖ sealed_at)
 *     key of a day = HMAC(keyring's audit key, "kabinet audit forward" ‖ day since 1970)
 *
 * What the day's key gives: one that leaks, or is handed to an examiner, is good
 * for that day only. What it does not give: erasure. The keyring on the machine derives
 * every day, so who reads the keyring can rewrite the past; the heads sent to
 * syslog each minute, off this machine, are what finds that (verify --head).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cabinet/record/audit.h"
#include "cabinet/place.h"
#include "cabinet/record/record.h"

enum { SEAL_BATCH = 1000, ENTRY = 16 + KAB_AUDIT_MAC };

static const kab_sql_t sql_add = {
    "audit_add", "INSERT INTO audit (id, at, account, kind, actor, details, mac, mac_key)"
                 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8::bigint::integer)"};
static const kab_sql_t sql_lock = {"audit_lock", "SELECT pg_try_advisory_xact_lock(7236281)"};
static const kab_sql_t sql_head = {"audit_head", "SELECT number, link FROM audit_chain"};
static const kab_sql_t sql_unsealed = {
    "audit_unsealed", "SELECT id, mac FROM audit WHERE number IS NULL ORDER BY at, id LIMIT $1"};
/* $1 is a run of (id, link): one statement seals a whole batch. */
static const kab_sql_t sql_seal = {
    "audit_seal",
    "UPDATE audit a SET number = $2 + g + 1, link_key = $4::bigint::integer, sealed_at = $5,"
    " link = substring($1 FROM (g * 48 + 17)::integer FOR 32)"
    " FROM generate_series(0::bigint, $3 - 1) g WHERE a.number IS NULL AND"
    " a.id = encode(substring($1 FROM (g * 48 + 1)::integer FOR 16), 'hex')::uuid"};
static const kab_sql_t sql_move = {"audit_move", "UPDATE audit_chain SET number = $1, link = $2"};

static void put64(uint8_t out[8], uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8) {
        out[i] = (uint8_t)v;
    }
}

static void day_key(const kab_key_t *key, kab_time_t at, kab_key_t *out)
{
    uint8_t day[8], bytes[KAB_MAC_BYTES];
    put64(day, (uint64_t)(at / KAB_DAY));
    kab_mac(key, "kabinet audit forward", (kab_span_t){day, sizeof day}, bytes);
    kab_key_make(out, key->id, bytes);
    kab_wipe(bytes, sizeof bytes);
}

static uint8_t *append(uint8_t *to, kab_span_t field)
{
    put64(to, field.n);
    if (field.n > 0) {
        memcpy(to + 8, field.p, field.n);
    }
    return to + 8 + field.n;
}

bool kab_audit_mac(kab_arena_t *arena, const kab_key_t *key, const kab_audit_row_t *row,
                   uint8_t out[KAB_AUDIT_MAC])
{
    uint8_t at[8];
    kab_key_t today;
    const kab_span_t fields[] = {{row->id.b, 16}, {at, 8},    row->account,
                                 row->kind,       row->actor, row->details};
    size_t total = 0, n = sizeof fields / sizeof *fields;
    for (size_t i = 0; i < n; i++) {
        total += 8 + fields[i].n;
    }
    uint8_t *text = kab_alloc(arena, total), *end = text;
    if (text == NULL) {
        return false;
    }
    put64(at, (uint64_t)row->at);
    for (size_t i = 0; i < n; i++) {
        end = append(end, fields[i]);
    }
    day_key(key, row->at, &today);
    kab_mac(&today, "audit row", (kab_span_t){text, total}, out);
    kab_wipe(&today, sizeof today);
    return true;
}

void kab_audit_link(const kab_key_t *key, const uint8_t before[KAB_AUDIT_MAC],
                    const uint8_t mac[KAB_AUDIT_MAC], int64_t number, kab_time_t sealed_at,
                    uint8_t out[KAB_AUDIT_MAC])
{
    uint8_t text[2 * KAB_AUDIT_MAC + 16];
    kab_key_t today;
    memcpy(text, before, KAB_AUDIT_MAC);
    memcpy(text + KAB_AUDIT_MAC, mac, KAB_AUDIT_MAC);
    put64(text + 2 * KAB_AUDIT_MAC, (uint64_t)number);
    put64(text + 2 * KAB_AUDIT_MAC + 8, (uint64_t)sealed_at);
    day_key(key, sealed_at, &today);
    kab_mac(&today, "audit link", (kab_span_t){text, sizeof text}, out);
    kab_wipe(&today, sizeof today);
}

kab_err_t kab_audit_add(const kab_world_t *w, const kab_uuid_t *account, kab_event_kind_t kind,
                        const char *actor, kab_span_t details)
{
    const kab_key_t *key = kab_key_current(w->ring, KAB_KEY_AUDIT);
    uint8_t mac[KAB_AUDIT_MAC];
    kab_audit_row_t row = {
        .id = kab_uuid_new(w->env),
        .at = w->env->now(w->env->ctx),
        .account = account == NULL ? KAB_NONE : (kab_span_t){account->b, 16},
        .kind = kab_span_of(kab_event_name(kind)),
        .actor = kab_span_of(actor),
    };
    if (details.n > 0) {
        row.details = kab_place_seal(w, kab_place("audit", "details", &row.id), details);
        if (row.details.n == 0) {
            return KAB_E_INTERNAL;
        }
    }
    if (!kab_audit_mac(w->arena, key, &row, mac)) {
        return KAB_E_INTERNAL;
    }
    kab_param_t params[] = {
        kab_p_uuid(&row.id),
        kab_p_time(row.at),
        kab_p_uuid(account),
        kab_p_text(row.kind),
        kab_p_text(row.actor),
        kab_p_bytes(row.details),
        kab_p_bytes((kab_span_t){mac, sizeof mac}),
        kab_p_int(key->id),
    };
    return kab_pg_later(&w->db, &sql_add, params, 8);
}

typedef struct {
    const kab_world_t *w;
    int64_t number;
    uint8_t link[KAB_AUDIT_MAC];
    unsigned sealed;
} sealing_t;

/* Links the rows in memory, then writes them in one statement and moves the head. */
static kab_err_t seal_rows(sealing_t *s, const kab_rows_t *rows)
{
    const kab_world_t *w = s->w;
    const kab_key_t *key = kab_key_current(w->ring, KAB_KEY_AUDIT);
    kab_time_t now = w->env->now(w->env->ctx);
    unsigned n = kab_rows_count(rows);
    int64_t first = s->number;
    kab_rows_t *changed;
    uint8_t *entries = kab_alloc(w->arena, (size_t)n * ENTRY);
    if (entries == NULL) {
        return KAB_E_INTERNAL;
    }
    for (unsigned i = 0; i < n; i++) {
        kab_uuid_t id = kab_rows_uuid(rows, i, 0);
        uint8_t *entry = entries + (size_t)i * ENTRY;
        s->number++;
        kab_audit_link(key, s->link, kab_rows_span(rows, i, 1).p, s->number, now, entry + 16);
        memcpy(entry, id.b, 16);
        memcpy(s->link, entry + 16, KAB_AUDIT_MAC);
    }
    kab_param_t params[] = {kab_p_bytes((kab_span_t){entries, (size_t)n * ENTRY}), kab_p_int(first),
                            kab_p_int(n), kab_p_int(key->id), kab_p_time(now)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_seal, params, 5, &changed);
    if (err != KAB_OK || kab_rows_affected(changed) != n) {
        return err != KAB_OK ? err : KAB_E_UNAVAILABLE;
    }
    kab_param_t head[] = {kab_p_int(s->number), kab_p_bytes((kab_span_t){s->link, KAB_AUDIT_MAC})};
    s->sealed = n;
    return kab_pg_exec(&w->db, &sql_move, head, 2, NULL);
}

kab_err_t kab_audit_head(const kab_db_t *db, int64_t *number, uint8_t link[KAB_AUDIT_MAC])
{
    kab_rows_t *rows;
    kab_err_t err = kab_pg_exec(db, &sql_head, NULL, 0, &rows);
    if (err != KAB_OK) {
        return err;
    }
    kab_span_t text = kab_rows_span(rows, 0, 1);
    if (text.n != KAB_AUDIT_MAC) {
        return KAB_E_INTERNAL;
    }
    *number = kab_rows_int(rows, 0, 0);
    memcpy(link, text.p, KAB_AUDIT_MAC);
    return KAB_OK;
}

kab_err_t kab_audit_lock(const kab_db_t *db, bool *mine)
{
    kab_rows_t *rows;
    kab_err_t err = kab_pg_exec(db, &sql_lock, NULL, 0, &rows);
    *mine = err == KAB_OK && kab_rows_bool(rows, 0, 0);
    return err;
}

static kab_err_t seal_batch(const kab_db_t *db, void *ctx)
{
    sealing_t *s = ctx;
    kab_rows_t *rows;
    bool mine;
    s->sealed = 0;
    kab_err_t err = kab_audit_lock(db, &mine);
    if (err == KAB_OK) {
        err = kab_audit_head(db, &s->number, s->link);
    }
    if (err != KAB_OK || !mine) {
        return err;
    }
    kab_param_t limit = kab_p_int(SEAL_BATCH);
    err = kab_pg_exec(db, &sql_unsealed, &limit, 1, &rows);
    if (err != KAB_OK || kab_rows_count(rows) == 0) {
        return err;
    }
    return seal_rows(s, rows);
}

kab_err_t kab_audit_seal(const kab_world_t *w, int64_t *head_number, uint8_t head[32])
{
    sealing_t s = {.w = w};
    kab_err_t err;
    do {
        err = kab_pg_transaction(&w->db, seal_batch, &s);
    } while (err == KAB_OK && s.sealed == SEAL_BATCH);
    if (err == KAB_OK) {
        *head_number = s.number;
        memcpy(head, s.link, KAB_AUDIT_MAC);
    }
    return err;
}

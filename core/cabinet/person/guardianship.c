#include "cabinet/person/guardianship.h"

#include <string.h>

#include "cabinet/record/record.h"
#include "cabinet/row.h"

#define COLUMNS "g.id, g.child, g.account, g.since, g.frozen_at IS NOT NULL, g.mac, g.mac_key"

static const kab_sql_t sql_of = {"guardianship_of",
                                 "SELECT " COLUMNS " FROM guardianship g"
                                 " WHERE g.child = $1 AND g.ended_at IS NULL FOR UPDATE"};
static const kab_sql_t sql_list = {
    "guardianship_list", "SELECT " COLUMNS ", c.iin, c.kindergarten"
                         " FROM guardianship g JOIN child c ON c.id = g.child"
                         " WHERE g.account = $1 AND g.ended_at IS NULL ORDER BY g.since, g.id"
                         " LIMIT $2"};
static const kab_sql_t sql_end = {"guardianship_end",
                                  "UPDATE guardianship SET ended_at = $2, frozen_at = NULL"
                                  " WHERE child = $1 AND ended_at IS NULL"};
static const kab_sql_t sql_add = {
    "guardianship_add", "INSERT INTO guardianship (id, child, account, since, mac, mac_key)"
                        " VALUES ($1, $2, $3, $4, $5, $6::bigint::integer)"};
static const kab_sql_t sql_freeze = {"guardianship_freeze",
                                     "UPDATE guardianship SET frozen_at = CASE WHEN $2 THEN $3 END"
                                     " WHERE child = $1 AND ended_at IS NULL"};

/* False: not what the gateway wrote; logged and audited, best effort. */
static bool read_row(const kab_world_t *w, const kab_rows_t *rows, unsigned row,
                     kab_guardianship_t *out)
{
    kab_guardianship_t g = {
        .id = kab_rows_uuid(rows, row, 0),
        .child = kab_rows_uuid(rows, row, 1),
        .account = kab_rows_uuid(rows, row, 2),
        .since = kab_rows_time(rows, row, 3),
        .frozen = kab_rows_bool(rows, row, 4),
    };
    uint8_t mac[KAB_INDEX_BYTES];
    kab_span_t stored = kab_rows_span(rows, row, 5);
    const kab_key_t *key =
        kab_key_find(w->ring, KAB_KEY_AUDIT, (uint16_t)kab_rows_int(rows, row, 6));
    if (key != NULL && stored.n == KAB_INDEX_BYTES) {
        kab_guardian_mac(key, &g.id, &g.child, &g.account, g.since, mac);
        if (kab_same(stored.p, mac, KAB_INDEX_BYTES)) {
            *out = g;
            return true;
        }
    }
    kab_log(w->log, KAB_LOG_ERROR, "changed row refused: guardianship");
    (void)kab_audit_add(w, &g.account, KAB_EV_TAMPERED, "gateway",
                        KAB_SPAN("{\"at\":\"guardianship.mac\"}"));
    return false;
}

kab_err_t kab_guardianship_of(const kab_world_t *w, kab_uuid_t child, kab_guardianship_t *out)
{
    kab_rows_t *rows;
    kab_param_t param = kab_p_uuid(&child);
    memset(out, 0, sizeof *out);
    kab_err_t err = kab_pg_exec(&w->db, &sql_of, &param, 1, &rows);
    if (err == KAB_OK && (kab_rows_count(rows) == 0 || !read_row(w, rows, 0, out))) {
        err = KAB_E_NOT_FOUND;
    }
    return err;
}

kab_err_t kab_guardianship_list(const kab_world_t *w, kab_uuid_t account, kab_ward_t out[KAB_WARDS],
                                unsigned *n)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_int(KAB_WARDS)};
    *n = 0;
    kab_err_t err = kab_pg_exec(&w->db, &sql_list, params, 2, &rows);
    for (unsigned i = 0; err == KAB_OK && i < kab_rows_count(rows); i++) {
        kab_ward_t *ward = &out[*n];
        kab_guardianship_t g;
        kab_span_t iin;
        memset(ward, 0, sizeof *ward);
        if (read_row(w, rows, i, &g) &&
            kab_place_open(w, &account, kab_place("child", "iin", &g.child),
                           kab_rows_span(rows, i, 7), &iin) &&
            kab_row_text(iin, ward->iin.digits, sizeof ward->iin.digits)) {
            ward->kindergarten = kab_rows_bool(rows, i, 8);
            ward->frozen = g.frozen;
            ward->since = g.since;
            (*n)++;
        }
    }
    return err;
}

kab_err_t kab_guardianship_move(const kab_world_t *w, kab_uuid_t child, kab_uuid_t account)
{
    const kab_key_t *key = kab_key_current(w->ring, KAB_KEY_AUDIT);
    kab_guardianship_t held;
    kab_uuid_t id = kab_uuid_new(w->env);
    kab_time_t now = w->env->now(w->env->ctx);
    uint8_t mac[KAB_INDEX_BYTES];
    kab_err_t err = kab_guardianship_of(w, child, &held);
    if (err == KAB_OK && kab_same(held.account.b, account.b, sizeof account.b)) {
        return kab_guardianship_freeze(w, child, false);
    }
    if (err != KAB_OK && err != KAB_E_NOT_FOUND) {
        return err;
    }
    kab_param_t end[] = {kab_p_uuid(&child), kab_p_time(now)};
    err = kab_pg_exec(&w->db, &sql_end, end, 2, NULL);
    if (err != KAB_OK) {
        return err;
    }
    kab_guardian_mac(key, &id, &child, &account, now, mac);
    kab_param_t add[] = {kab_p_uuid(&id), kab_p_uuid(&child), kab_p_uuid(&account),
                         kab_p_time(now), kab_p_index(mac),   kab_p_int(key->id)};
    return kab_pg_exec(&w->db, &sql_add, add, 6, NULL);
}

kab_err_t kab_guardianship_freeze(const kab_world_t *w, kab_uuid_t child, bool frozen)
{
    kab_param_t params[] = {kab_p_uuid(&child), kab_p_bool(frozen),
                            kab_p_time(w->env->now(w->env->ctx))};
    return kab_pg_exec(&w->db, &sql_freeze, params, 3, NULL);
}

/*
 * The chain's beginning, when retention has removed rows: a row in the chain itself says which one
 * was the last that is gone, and its link. It carries a MAC like every row, so nobody without the
 * keyring can make the chain begin elsewhere.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "cabinet/record/audit.h"
#include "cabinet/place.h"
#include "cabinet/record/record.h"

enum { TRIM_ROWS = 50000 };

/* The last of the oldest rows that have had their time. */
static const kab_sql_t sql_last = {
    "audit_trim_last",
    "SELECT a.number, a.link FROM (SELECT number, sealed_at FROM audit WHERE number IS NOT NULL"
    "   ORDER BY number LIMIT 1) first, audit a"
    " WHERE first.sealed_at < $1 AND a.sealed_at < $1"
    " AND a.number BETWEEN first.number AND first.number + $2 - 1"
    " ORDER BY a.number DESC LIMIT 1"};
static const kab_sql_t sql_trim = {"audit_trim", "DELETE FROM audit WHERE number <= $1"};
/* What the walk begins with must be the newest: older ones name rows that others removed since. */
static const kab_sql_t sql_begin = {"audit_begin", KAB_AUDIT_ROW
                                    " WHERE kind = 'audit_trimmed'"
                                    " ORDER BY number DESC NULLS FIRST, at DESC LIMIT 1"};

typedef struct {
    const kab_world_t *w;
    kab_time_t before;
} trim_t;

static kab_err_t note(const kab_world_t *w, int64_t number, kab_span_t link)
{
    char hex[KAB_HEX_SIZE(KAB_AUDIT_MAC)];

    if (link.n != KAB_AUDIT_MAC) {
        return KAB_E_INTERNAL;
    }
    kab_hex(link.p, link.n, hex);
    const char *details =
        kab_format(w->arena, "{\"number\":%" PRId64 ",\"link\":\"%s\"}", number, hex);
    return details ? kab_audit_add(w, NULL, KAB_EV_AUDIT_TRIMMED, "gateway", kab_span_of(details))
                   : KAB_E_INTERNAL;
}

static kab_err_t trim(const kab_db_t *db, void *ctx)
{
    const trim_t *t = ctx;
    kab_rows_t *rows;
    bool mine;
    kab_err_t err = kab_audit_lock(db, &mine);

    if (err != KAB_OK || !mine) {
        return err;
    }
    kab_param_t params[] = {kab_p_time(t->before), kab_p_int(TRIM_ROWS)};
    err = kab_pg_exec(db, &sql_last, params, 2, &rows);
    if (err != KAB_OK || kab_rows_count(rows) == 0) {
        return err;
    }
    int64_t number = kab_rows_int(rows, 0, 0);
    kab_param_t last = kab_p_int(number);
    err = note(t->w, number, kab_rows_span(rows, 0, 1));
    return err ? err : kab_pg_exec(db, &sql_trim, &last, 1, NULL);
}

/* Whole days only, so that the chain gets one such row a day and not one a sweep. */
kab_err_t kab_audit_trim(const kab_world_t *w, kab_time_t age)
{
    kab_time_t before = w->env->now(w->env->ctx) - age;
    trim_t t = {w, before - before % KAB_DAY};

    return kab_pg_transaction(&w->db, trim, &t);
}

kab_err_t kab_audit_begin(const kab_world_t *w, int64_t *number, uint8_t link[KAB_AUDIT_MAC],
                          bool *good)
{
    kab_rows_t *rows;
    kab_span_t details;
    kab_err_t err = kab_pg_exec(&w->db, &sql_begin, NULL, 0, &rows);

    *number = 0;
    *good = true;
    memset(link, 0, KAB_AUDIT_MAC);
    if (err != KAB_OK || kab_rows_count(rows) == 0) {
        return err;
    }
    kab_uuid_t id = kab_rows_uuid(rows, 0, 0);
    *good = kab_audit_row_good(w, w->arena, rows, 0) &&
            kab_place_open(w, NULL, kab_place("audit", "details", &id), kab_rows_span(rows, 0, 5),
                           &details);
    json_t *object = *good ? kab_json_object(details) : NULL;
    *number = json_integer_value(json_object_get(object, "number"));
    *good = *number > 0 && kab_unhex(kab_json_span(object, "link"), link, KAB_AUDIT_MAC);
    json_decref(object);
    return KAB_OK;
}

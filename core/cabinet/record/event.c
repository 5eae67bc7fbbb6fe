/* The person's own feed. */
#include "cabinet/record/event.h"

#include <string.h>

#include "cabinet/place.h"

static const kab_sql_t sql_add = {"event_add",
                                  "INSERT INTO event (id, account, kind, details, origin, at,"
                                  " subject, object_until)"
                                  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};

const char *kab_event_name(kab_event_kind_t kind)
{
    static const char *const names[KAB_EV_KINDS] = {
        [KAB_EV_SIGN_IN] = "sign_in",
        [KAB_EV_SIGN_IN_FAILED] = "sign_in_failed",
        [KAB_EV_SIGN_OUT] = "sign_out",
        [KAB_EV_PASSWORD_CHANGED] = "password_changed",
        [KAB_EV_CONSENT_GIVEN] = "consent_given",
        [KAB_EV_CONSENT_WITHDRAWN] = "consent_withdrawn",
        [KAB_EV_SESSIONS_ENDED] = "sessions_ended",
        [KAB_EV_BLOCKED] = "blocked",
        [KAB_EV_UNBLOCKED] = "unblocked",
        [KAB_EV_CREATED] = "created",
        [KAB_EV_IMPORTED] = "imported",
        [KAB_EV_LOCALE] = "locale",
        [KAB_EV_RECOVERY] = "recovery",
        [KAB_EV_CODE_OPENED] = "code_opened",
        [KAB_EV_CODE_DENIED] = "code_denied",
        [KAB_EV_CODE_REPORTED] = "code_reported",
        [KAB_EV_DEVICE] = "device",
        [KAB_EV_DEVICE_REMOVED] = "device_removed",
        [KAB_EV_PHONE_LOST] = "phone_lost",
        [KAB_EV_OBJECTED] = "objected",
        [KAB_EV_REREGISTRATION] = "reregistration",
        [KAB_EV_NUMBER_ASKED] = "number_asked",
        [KAB_EV_NUMBER_CHANGED] = "number_changed",
        [KAB_EV_CHILD_CAME] = "child_came",
        [KAB_EV_CHILD_LEFT] = "child_left",
        [KAB_EV_HOLD] = "hold",
        [KAB_EV_HOLD_OVER] = "hold_over",
        [KAB_EV_CASE] = "case",
        [KAB_EV_UNSAFE_START] = "unsafe_start",
        [KAB_EV_TAMPERED] = "tampered",
        [KAB_EV_AUDIT_TRIMMED] = "audit_trimmed",
        [KAB_EV_OUTBOX_RETRIED] = "outbox_retried",
    };
    return (unsigned)kind < KAB_EV_KINDS ? names[kind] : "unknown";
}

static kab_err_t add(const kab_world_t *w, const kab_uuid_t *account, kab_event_kind_t kind,
                     kab_span_t details, const kab_uuid_t *subject, kab_time_t object_until,
                     const kab_origin_t *origin)
{
    kab_uuid_t id = kab_uuid_new(w->env);
    kab_span_t sealed = KAB_NONE, from = KAB_NONE;
    if (details.n > 0) {
        sealed = kab_place_seal(w, kab_place("event", "details", &id), details);
    }
    if (origin != NULL) {
        from = kab_origin_seal(w, kab_place("event", "origin", &id), origin);
    }
    if ((details.n > 0 && sealed.n == 0) || (origin != NULL && from.n == 0)) {
        return KAB_E_INTERNAL;
    }
    kab_param_t params[] = {
        kab_p_uuid(&id),     kab_p_uuid(account),     kab_p_text(kab_span_of(kab_event_name(kind))),
        kab_p_bytes(sealed), kab_p_bytes(from),       kab_p_time(w->env->now(w->env->ctx)),
        kab_p_uuid(subject), kab_p_time(object_until)};
    return kab_pg_later(&w->db, &sql_add, params, 8);
}

kab_err_t kab_event_add(const kab_world_t *w, const kab_uuid_t *account, kab_event_kind_t kind,
                        kab_span_t details, const kab_origin_t *origin)
{
    return add(w, account, kind, details, NULL, 0, origin);
}

kab_err_t kab_event_add_change(const kab_world_t *w, const kab_uuid_t *account,
                               kab_event_kind_t kind, const kab_uuid_t *subject,
                               kab_time_t object_until, const kab_origin_t *origin)
{
    return add(w, account, kind, KAB_NONE, subject, object_until, origin);
}

kab_err_t kab_trace(const kab_world_t *w, const kab_uuid_t *account, kab_event_kind_t kind,
                    const kab_origin_t *origin)
{
    kab_err_t err = kab_event_add(w, account, kind, KAB_NONE, origin);
    return err ? err : kab_audit_add(w, account, kind, "self", KAB_NONE);
}

/* ---- the feed ---- */

#define COLUMNS "id, account, kind, origin, at, subject, object_until, objected_at"

static const kab_sql_t sql_list = {"event_list", "SELECT " COLUMNS " FROM event WHERE account = $1"
                                                 " ORDER BY number DESC LIMIT $2"};
static const kab_sql_t sql_get = {"event_get",
                                  "SELECT " COLUMNS " FROM event WHERE id = $1 FOR UPDATE"};
static const kab_sql_t sql_object = {"event_object",
                                     "UPDATE event SET objected_at = $2 WHERE id = $1"};

static bool read_row(const kab_world_t *w, const kab_rows_t *rows, unsigned row, kab_event_t *out)
{
    memset(out, 0, sizeof *out);
    out->id = kab_rows_uuid(rows, row, 0);
    out->account = kab_rows_uuid(rows, row, 1);
    out->kind = kab_rows_span(rows, row, 2);
    out->at = kab_rows_time(rows, row, 4);
    out->subject = kab_rows_uuid(rows, row, 5);
    out->object_until = kab_rows_time(rows, row, 6);
    out->objected_at = kab_rows_time(rows, row, 7);
    return kab_rows_null(rows, row, 3) ||
           kab_origin_open(w, &out->account, kab_place("event", "origin", &out->id),
                           kab_rows_span(rows, row, 3), &out->origin);
}

kab_err_t kab_event_list(const kab_world_t *w, kab_uuid_t account, kab_event_t out[KAB_EVENTS],
                         unsigned *n)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_int(KAB_EVENTS)};
    *n = 0;
    kab_err_t err = kab_pg_exec(&w->db, &sql_list, params, 2, &rows);
    for (unsigned i = 0; err == KAB_OK && i < kab_rows_count(rows); i++) {
        *n += read_row(w, rows, i, &out[*n]);
    }
    return err;
}

kab_err_t kab_event_get(const kab_world_t *w, kab_uuid_t account, kab_uuid_t id, kab_event_t *out)
{
    kab_rows_t *rows;
    kab_param_t param = kab_p_uuid(&id);
    kab_err_t err = kab_pg_exec(&w->db, &sql_get, &param, 1, &rows);
    if (err == KAB_OK && (kab_rows_count(rows) == 0 || !read_row(w, rows, 0, out) ||
                          !kab_same(out->account.b, account.b, sizeof account.b))) {
        err = KAB_E_NOT_FOUND;
    }
    return err;
}

kab_err_t kab_event_objected(const kab_world_t *w, kab_uuid_t id)
{
    kab_param_t params[] = {kab_p_uuid(&id), kab_p_time(w->env->now(w->env->ctx))};
    return kab_pg_exec(&w->db, &sql_object, params, 2, NULL);
}

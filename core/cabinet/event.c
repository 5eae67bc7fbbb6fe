/* The person's own feed. */
#include "cabinet/place.h"
#include "cabinet/record.h"

static const kab_sql_t sql_add = {"event_add",
                                  "INSERT INTO event (id, account, kind, details, origin, at)"
                                  " VALUES ($1, $2, $3, $4, $5, $6)"};

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
        [KAB_EV_UNSAFE_START] = "unsafe_start",
        [KAB_EV_TAMPERED] = "tampered",
    };
    return (unsigned)kind < KAB_EV_KINDS ? names[kind] : "unknown";
}

kab_err_t kab_event_add(const kab_world_t *w, const kab_uuid_t *account, kab_event_kind_t kind,
                        kab_span_t details, const kab_origin_t *origin)
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
        kab_p_uuid(&id),     kab_p_uuid(account), kab_p_text(kab_span_of(kab_event_name(kind))),
        kab_p_bytes(sealed), kab_p_bytes(from),   kab_p_time(w->env->now(w->env->ctx))};
    return kab_pg_exec(&w->db, &sql_add, params, 6, NULL);
}

/* Work that nobody asks for: ended sessions, the audit's sealer, retention. */
#include <inttypes.h>
#include <syslog.h>

#include "api/routes.h"
#include "cabinet/record/record.h"
#include "cabinet/retention.h"
#include "engine/call.h"

/* A tombstone must outlive every copy that was made before the end was heard. */
static kab_err_t hear_ended(kab_call_t *call)
{
    call->status = 200;
    return kab_session_ended_since(&call->w, &call->kab->ended_cursor,
                                   call->kab->config->stale + 10, &call->dropped);
}

static const kab_step_t ended_steps[] = {{"hear_ended", KAB_LANE_DB, hear_ended, 0}, KAB_STEP_END};
const kab_op_t kab_ended_timer = {"ended", KAB_AUTH_TIMER, KAB_STATE_NONE, NULL,
                                  NULL,    NULL,           ended_steps,    0};

/* Each minute the head leaves the machine, so that a cut tail can be proved (SECURITY 27). */
static void tell_head(kab_call_t *call, int64_t number, const uint8_t head[32])
{
    char text[KAB_HEX_SIZE(32)];
    kab_time_t now = kab_call_now(call);

    if (number > 0 && now - call->kab->head_told_at >= KAB_MINUTE) {
        kab_hex(head, 32, text);
        syslog(LOG_AUTHPRIV | LOG_INFO, "kabinet audit head %" PRId64 " %s", number, text);
        call->kab->head_told_at = now;
    }
}

/* A start with kabinet_unsafe is somebody's decision, and stands in the audit (SECURITY 20). */
static kab_err_t note_unsafe(kab_call_t *call)
{
    kab_t *kab = call->kab;

    if (!kab->config->unsafe || kab->unsafe_noted) {
        return KAB_OK;
    }
    kab_err_t err = kab_audit_add(&call->w, NULL, KAB_EV_UNSAFE_START, "gateway", KAB_NONE);
    kab->unsafe_noted = err == KAB_OK;
    return err;
}

static kab_err_t seal_audit(kab_call_t *call)
{
    int64_t number = 0;
    uint8_t head[32];
    kab_err_t err = note_unsafe(call);

    if (err == KAB_OK) {
        err = kab_audit_seal(&call->w, &number, head);
    }
    if (err == KAB_OK) {
        tell_head(call, number, head);
    }
    return err;
}

static const kab_step_t audit_steps[] = {{"seal_audit", KAB_LANE_DB, seal_audit, KAB_COMMIT},
                                         KAB_STEP_END};
const kab_op_t kab_audit_timer = {"audit", KAB_AUTH_TIMER, KAB_STATE_NONE, NULL,
                                  NULL,    NULL,           audit_steps,    0};

static kab_err_t sweep(kab_call_t *call)
{
    return kab_retention_sweep(&call->w, &call->kab->config->retention);
}

static const kab_step_t sweep_steps[] = {{"sweep", KAB_LANE_DB, sweep, 0}, KAB_STEP_END};
const kab_op_t kab_sweep_timer = {"sweep", KAB_AUTH_TIMER, KAB_STATE_NONE, NULL,
                                  NULL,    NULL,           sweep_steps,    0};

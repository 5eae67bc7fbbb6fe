/* What happened to the account, told to its apps; and «это был не я» (CONTRACT 2, SECURITY 18). */
#include "api/feed.h"
#include "api/routes.h"
#include "cabinet/dispute/objection.h"
#include "engine/call.h"

static kab_err_t list(kab_call_t *call)
{
    return kab_feed_show(call, call->device.account, call->device.active_at);
}

static const kab_step_t list_steps[] = {{"list", KAB_LANE_DB, list, 0}, KAB_STEP_END};

static kab_err_t object(kab_call_t *call)
{
    return kab_feed_object(call, call->device.account, call->device.active_at);
}

static const kab_step_t object_steps[] = {{"object", KAB_LANE_DB, object, KAB_COMMIT},
                                          KAB_STEP_END};

const kab_op_t kab_app_event_routes[] = {
    {"app_events", KAB_AUTH_DEVICE, KAB_STATE_NONE, "GET", "/app/events", NULL, list_steps,
     KAB_OP_REMOVED},
    {"app_object", KAB_AUTH_DEVICE, KAB_STATE_NONE, "POST", "/app/events/{id}/object", NULL,
     object_steps, KAB_OP_REMOVED},
    KAB_OP_END,
};

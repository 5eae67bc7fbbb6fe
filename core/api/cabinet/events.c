/* «Лента событий» for who is signed in, and «это был не я» (SECURITY 18): what happened after the
 * sign-in may be taken back, as an app may what came after it. */
#include "api/feed.h"
#include "api/routes.h"

static kab_err_t list(kab_call_t *call)
{
    const kab_session_t *s = &call->session;

    return kab_feed_show(call, s->account, s->auth_time * KAB_SECOND);
}

static const kab_step_t list_steps[] = {{"list", KAB_LANE_DB, list, 0}, KAB_STEP_END};

static kab_err_t object(kab_call_t *call)
{
    const kab_session_t *s = &call->session;

    return kab_feed_object(call, s->account, s->auth_time * KAB_SECOND);
}

static const kab_step_t object_steps[] = {{"object", KAB_LANE_DB, object, KAB_COMMIT},
                                          KAB_STEP_END};

const kab_op_t kab_event_routes[] = {
    {"events_list", KAB_AUTH_SESSION, KAB_STATE_NONE, "GET", "/events", NULL, list_steps, 0},
    {"event_object", KAB_AUTH_SESSION, KAB_STATE_NONE, "POST", "/events/{id}/object", NULL,
     object_steps, 0},
    KAB_OP_END,
};

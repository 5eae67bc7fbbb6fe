/* GET /flows/{id}/qr.svg: what the app scans, in states activate and code. */
#include "api/routes.h"
#include "flow/confirm/app_link.h"
#include "identity/app/qr.h"

static kab_err_t draw(kab_call_t *call)
{
    if (call->flow.state != KAB_STATE_ACTIVATE && call->flow.state != KAB_STATE_CODE) {
        return KAB_E_WRONG_STATE;
    }
    const char *link = kab_app_link(call);
    call->text = link ? kab_qr_svg(call->arena, kab_span_of(link)) : KAB_NONE;
    call->text_type = "image/svg+xml";
    return call->text.n ? KAB_OK : KAB_E_INTERNAL;
}

static const kab_step_t steps[] = {{"draw", KAB_LANE_DB, draw, 0}, KAB_STEP_END};

const kab_op_t kab_qr_routes[] = {
    {"flow_qr", KAB_AUTH_FLOW, KAB_STATE_NONE, "GET", "/flows/{id}/qr.svg", NULL, steps, 0},
    KAB_OP_END,
};

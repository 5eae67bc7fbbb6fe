/*
 * GET /flows/{id}/qr.svg: what the app scans, in states activate and code. The link's secret is in
 * the fragment, so that it reaches no log (SECURITY 30).
 */
#include "api/routes.h"
#include "engine/call.h"
#include "identity/proof.h"
#include "identity/qr.h"

/* Where people reach us: an origin of ours, in development the listener itself. */
static const char *origin(const kab_call_t *call)
{
    const struct kab_config_s *config = call->kab->config;

    return config->origin_n ? config->origin[0]
                            : kab_format(call->arena, "%.*s://%.*s", (int)call->in.scheme.n,
                                         (const char *)call->in.scheme.p, (int)call->in.host.n,
                                         (const char *)call->in.host.p);
}

static kab_err_t draw(kab_call_t *call)
{
    const kab_keyring_t *ring = call->kab->config->ring;
    kab_span_t name = kab_flow_name(call->arena, &call->flow);
    char secret[KAB_QR_SECRET + 1];

    if (call->flow.state == KAB_STATE_ACTIVATE) {
        kab_qr_secret(ring, "activation", name, call->flow.generation, secret);
    } else if (call->flow.state == KAB_STATE_CODE) {
        kab_qr_secret(ring, "challenge", name, 0, secret);
    } else {
        return KAB_E_WRONG_STATE;
    }
    call->text = kab_qr_svg(call->arena, kab_span_of(kab_format(call->arena, "%s/kabinet/app/#%s",
                                                                origin(call), secret)));
    call->text_type = "image/svg+xml";
    kab_wipe(secret, sizeof(secret));
    return call->text.n ? KAB_OK : KAB_E_INTERNAL;
}

static const kab_step_t steps[] = {{"draw", KAB_LANE_DB, draw, 0}, KAB_STEP_END};

const kab_op_t kab_qr_routes[] = {
    {"flow_qr", KAB_AUTH_FLOW, KAB_STATE_NONE, "GET", "/flows/{id}/qr.svg", NULL, steps, 0},
    KAB_OP_END,
};

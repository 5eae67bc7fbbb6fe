#include "flow/confirm/app_link.h"

#include "identity/app/proof.h"

/* Where people reach us: an origin of ours, in development the listener itself. */
static const char *origin(const kab_call_t *call)
{
    const struct kab_config_s *config = call->kab->config;

    return config->origin_n ? config->origin[0]
                            : kab_format(call->arena, "%.*s://%.*s", (int)call->in.scheme.n,
                                         (const char *)call->in.scheme.p, (int)call->in.host.n,
                                         (const char *)call->in.host.p);
}

const char *kab_app_link(kab_call_t *call)
{
    const kab_keyring_t *ring = call->kab->config->ring;
    kab_span_t name = kab_flow_name(call->arena, &call->flow);
    const char *host = origin(call);
    char secret[KAB_QR_SECRET + 1];

    if (!host || name.n == 0) {
        return NULL;
    }
    if (call->flow.state == KAB_STATE_ACTIVATE) {
        kab_qr_secret(ring, "activation", name, call->flow.generation, secret);
    } else if (call->flow.state == KAB_STATE_CODE) {
        kab_qr_secret(ring, "challenge", name, 0, secret);
    } else {
        return NULL;
    }
    const char *link = kab_format(call->arena, "%s/kabinet/app/#%s", host, secret);
    kab_wipe(secret, sizeof(secret));
    return link;
}

#include "flow/flows.h"

#include "engine/call.h"

const kab_flow_kind_t *const kab_flow_kinds[] = {
    &kab_flow_login, &kab_flow_recovery,   &kab_flow_reregistration,
    &kab_flow_phone, &kab_flow_activation, NULL,
};

kab_err_t kab_flow_consents(kab_call_t *call, kab_uuid_t account)
{
    const struct kab_config_s *config = call->kab->config;
    kab_err_t err = KAB_OK;

    for (unsigned i = 0; i < config->consent_n && err == KAB_OK; i++) {
        if (call->flow.consents & (1u << i)) {
            err = kab_consent_give(&call->w, account, &config->consent[i], call->flow.lang,
                                   &call->origin);
        }
    }
    return err;
}

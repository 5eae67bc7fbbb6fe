#include "api/routes.h"

#include "flow/flows.h"
#include "flow/job/hold.h"
#include "flow/job/ports.h"
#include "flow/job/sender.h"

static const kab_op_t *const routes[] = {
    kab_flow_routes,       kab_session_routes,
    kab_password_routes,   kab_consent_routes,
    kab_event_routes,      kab_device_routes,
    kab_child_routes,      kab_meta_routes,
    kab_qr_routes,         kab_app_challenge_routes,
    kab_app_device_routes, kab_app_proof_routes,
    kab_app_event_routes,  NULL,
};

const kab_tables_t kab_tables = {
    .routes = routes,
    .kinds = kab_flow_kinds,
    .timers =
        {
            [KAB_TIMER_ENDED] = &kab_ended_timer,
            [KAB_TIMER_AUDIT] = &kab_audit_timer,
            [KAB_TIMER_OUTBOX] = &kab_outbox_timer,
            [KAB_TIMER_CASES] = &kab_case_timer,
            [KAB_TIMER_SWEEP] = &kab_sweep_timer,
        },
    .ports = &kab_ports,
};

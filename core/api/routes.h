/* Every route and timer job, one file a subject; the lists are written out in routes.c. */
#ifndef KAB_ROUTES_H
#define KAB_ROUTES_H

#include "engine/op.h"

extern const kab_op_t kab_flow_routes[];
extern const kab_op_t kab_session_routes[];
extern const kab_op_t kab_password_routes[];
extern const kab_op_t kab_consent_routes[];
extern const kab_op_t kab_event_routes[];
extern const kab_op_t kab_device_routes[];
extern const kab_op_t kab_child_routes[];
extern const kab_op_t kab_meta_routes[];
extern const kab_op_t kab_qr_routes[];
extern const kab_op_t kab_app_challenge_routes[];
extern const kab_op_t kab_app_device_routes[];
extern const kab_op_t kab_app_proof_routes[];
extern const kab_op_t kab_app_event_routes[];
extern const kab_op_t kab_ended_timer, kab_audit_timer, kab_sweep_timer;

extern const kab_tables_t kab_tables;

#endif

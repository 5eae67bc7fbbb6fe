/* Every route and timer job, one file a subject; the lists are written out in routes.c. */
#ifndef KAB_ROUTES_H
#define KAB_ROUTES_H

#include "engine/op.h"

extern const kab_op_t kab_flow_routes[];
extern const kab_op_t kab_session_routes[];
extern const kab_op_t kab_password_routes[];
extern const kab_op_t kab_consent_routes[];
extern const kab_op_t kab_meta_routes[];
extern const kab_op_t kab_ended_timer, kab_audit_timer, kab_sweep_timer;

extern const kab_tables_t kab_tables;

/* The end of a table. */
#define KAB_OP_END                                                                                 \
    {                                                                                              \
        NULL, KAB_AUTH_NONE, KAB_STATE_NONE, NULL, NULL, NULL, NULL, 0                             \
    }
#define KAB_STEP_END                                                                               \
    {                                                                                              \
        NULL, KAB_LANE_DB, NULL, 0                                                                 \
    }
#define KAB_FIELD_END                                                                              \
    {                                                                                              \
        NULL, KAB_FIELD_TEXT, false, 0                                                             \
    }

#endif

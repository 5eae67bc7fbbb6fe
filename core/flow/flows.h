/* The kinds of flow, one file each; the list is written out in flows.c. */
#ifndef KAB_FLOWS_H
#define KAB_FLOWS_H

#include "engine/op.h"

extern const kab_flow_kind_t kab_flow_login;
extern const kab_flow_kind_t kab_flow_recovery;
extern const kab_flow_kind_t kab_flow_reregistration;
extern const kab_flow_kind_t kab_flow_phone;
extern const kab_flow_kind_t kab_flow_activation;
/* The step of a sign-in that makes it a recovery. */
extern const kab_op_t kab_forgot_ops[];

extern const kab_flow_kind_t *const kab_flow_kinds[]; /* ended by NULL */

/* Writes down what was ticked in the flow, now that the person has proved who they are. In the
 * caller's transaction. */
kab_err_t kab_flow_consents(kab_call_t *call, kab_uuid_t account);

#endif

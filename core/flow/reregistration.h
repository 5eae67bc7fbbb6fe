/* Between the two halves of the flow: the way there, and what it changes. */
#ifndef KAB_REREGISTRATION_H
#define KAB_REREGISTRATION_H

#include "cabinet/person/child.h"
#include "engine/call.h"

/* DB. The record of the child that the flow is about, as it is now: what was proved about it may
 * have changed. KAB_E_EVIDENCE_MISMATCH: there is none any more. */
kab_err_t kab_reregistration_child(kab_call_t *call, kab_child_t *out);

/* The last step of `complete`: DB, commits. State done, or held until the form's "until". */
kab_err_t kab_reregistration_complete(kab_call_t *call);

#endif

/*
 * State `activate` of any flow with a confirmation (FLOWS 3): QR and one-time password for an app,
 * and the step `new_device` that leads there.
 */
#ifndef KAB_ACTIVATE_H
#define KAB_ACTIVATE_H

#include "flow/confirm/subject.h"

/* DB, in a transaction. Shows an activation of the subject's number and sets the state. trusted:
 * the current password was given, or a session lives. */
kab_err_t kab_activate_show(kab_call_t *call, const kab_subject_t *subject, bool trusted);

/* new_device, from `activate` and from `code`. */
extern const kab_op_t kab_activate_ops[];

#endif

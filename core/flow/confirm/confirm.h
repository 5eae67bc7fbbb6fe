/*
 * A confirmation by the phone's app, inside any flow that needs one (FLOWS 2 and 3).
 *
 *                 ┌──────────── new_device ────────────┐
 *                 ▼                                    │
 *   begin ──▶ activate ──send, once a device is bound──▶ code ──right code──▶ the flow's own step
 *     └───────────── has the app ───────────────────────▲ └─resend
 *
 * Whoever is not there gets a decoy: the same states, rows and times.
 */
#ifndef KAB_CONFIRM_H
#define KAB_CONFIRM_H

#include "cabinet/proof/challenge.h"
#include "cabinet/record/record.h"
#include "flow/confirm/subject.h"

enum { KAB_CONFIRM_RESEND = 60 }; /* seconds between two rings */

/* DB, commits. From an IIN (call->flow.iin), and perhaps a number (subject.h), to state code or
 * activate. Sets the state; `event` is what the person's feed says. */
kab_err_t kab_confirm_begin(kab_call_t *call, kab_event_kind_t event);

typedef struct {
    kab_subject_t subject;
    kab_challenge_t challenge;
} kab_confirm_t;

/* DB, commits. Compares the field "code". KAB_OK: it is right, now or earlier in this flow;
 * KAB_E_CODE_WRONG with call->attempts_left; KAB_E_CHALLENGE_BURNED. */
kab_err_t kab_confirm_judge(kab_call_t *call, kab_confirm_t *out);

/* DB, in the transaction of the change. KAB_E_CHALLENGE_BURNED: the device that made the code no
 * longer speaks for this person's number. */
kab_err_t kab_confirm_still(kab_call_t *call, const kab_confirm_t *confirm);

/* DB. What the pages of both states show. */
kab_err_t kab_confirm_describe(kab_call_t *call);

/* send, resend, back: listed, with kab_activate_ops, by every flow with a confirmation. */
extern const kab_op_t kab_confirm_ops[];

#endif

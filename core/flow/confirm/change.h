/*
 * What a confirmed flow changes, in one transaction, once: at once (state `done`) or after a hold
 * (state `held`, the form's "waits" until its "until").
 */
#ifndef KAB_CHANGE_H
#define KAB_CHANGE_H

#include "flow/confirm/confirm.h"

/* call->scratch of who commits begins with it. */
typedef struct {
    kab_confirm_t confirm; /* its code was right */
    bool again;            /* this version of the flow was committed before: the answer was lost */
    kab_span_t outcome;    /* "done", or until when what waits, as kab_change_outcome wrote it */
} kab_change_t;

/* DB, commits. Runs `write` with the call in one transaction, drops the sessions that it ended and
 * sets the state by its outcome. */
kab_err_t kab_change_commit(kab_call_t *call, kab_tx_body_t write);

/* In `write`, first of all: a flow version happens once (change->again: return KAB_OK), the
 * challenge is used up and every other one of the account ended. */
kab_err_t kab_change_spend(kab_call_t *call);
/* In `write`. Until when a change must wait because a first app, which an SMS alone proved,
 * confirmed it (SECURITY 17); 0: it need not. */
kab_err_t kab_change_weak_until(kab_call_t *call, kab_time_t *until);
/* In `write`, last of all: until when it waits, and what: "number" (with a new password, if there
 * is one) or "child". Until 0: it is done. */
kab_err_t kab_change_outcome(kab_call_t *call, kab_time_t until, const char *waits);

/* DB. What the pages of `held`, and of the confirmation before it, show. */
kab_err_t kab_change_describe(kab_call_t *call);

#endif

/*
 * A code and a new password, which arrive together (FLOWS 2, SECURITY 3): the typed text first,
 * which uses up nothing; then the code; only then what needs the account, and the hash; then
 * everything at once. Shared by the flows that end so.
 */
#ifndef KAB_ACCESS_H
#define KAB_ACCESS_H

#include "engine/new_password.h"
#include "flow/confirm.h"

typedef struct {
    kab_confirm_t confirm;
    kab_new_password_t np;
    bool again; /* this version of the flow was committed before: the answer was lost */
} kab_access_t;

/* code, password, password_repeat. */
extern const kab_field_t kab_access_fields[];

/* Steps: DB, commits (call->scratch becomes a kab_access_t); then HASH. */
kab_err_t kab_access_check(kab_call_t *call);
kab_err_t kab_access_hash(kab_call_t *call);

/* DB. Judges the password against the account, runs `write` with the call in one transaction, and
 * drops the sessions that it ended. */
kab_err_t kab_access_commit(kab_call_t *call, kab_tx_body_t write);
/* In `write`, first of all: a flow version happens once (access->again: return KAB_OK), the
 * challenge is used up and every other one of the account ended. */
kab_err_t kab_access_spend(kab_call_t *call);
/* In `write`: password, sessions, the strangers' lane, notice, records. */
kab_err_t kab_access_password(kab_call_t *call, const kab_account_t *account);

#endif

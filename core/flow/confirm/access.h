/*
 * A code and a new password, which arrive together (FLOWS 2, SECURITY 3): the typed text first,
 * which uses up nothing; then the code; only then what needs the account, and the hash; then
 * everything at once. Shared by the flows that end so.
 */
#ifndef KAB_ACCESS_H
#define KAB_ACCESS_H

#include "engine/new_password.h"
#include "flow/confirm/change.h"

typedef struct {
    kab_change_t change; /* first: the scratch of a change */
    kab_new_password_t np;
} kab_access_t;

/* code, password, password_repeat. */
extern const kab_field_t kab_access_fields[];

/* Steps: DB, commits (call->scratch becomes a kab_access_t); then HASH. */
kab_err_t kab_access_check(kab_call_t *call);
kab_err_t kab_access_hash(kab_call_t *call);
/* DB, commits. Judges the password against the account; then as kab_change_commit. */
kab_err_t kab_access_commit(kab_call_t *call, kab_tx_body_t write);

/* In `write`: password, sessions, the strangers' lane, notice, records. */
kab_err_t kab_access_password(kab_call_t *call, const kab_account_t *account);

#endif

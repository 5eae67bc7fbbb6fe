/*
 * One try at a person's password, the same for everybody (SECURITY 1, 2, 7, 11):
 *
 *   find    reserves the try, then looks the account up; nobody there, no password, blocked:
 *           `doomed`, and every later step works on a stable stand-in
 *   verify  one Argon2id hash, always
 *   decide  only here is `doomed` looked at
 *
 * Shared by sign-in and by whatever else asks for the current password, so that they share
 * the account's counters too.
 */
#ifndef KAB_TRIAL_H
#define KAB_TRIAL_H

#include "cabinet/person/account.h"
#include "engine/call.h"

typedef struct {
    bool doomed;
    bool known_browser; /* this browser signed in to this account before */
    bool right;         /* the password fits the hash at hand: worth nothing while doomed */
    int64_t failures;   /* in the lane, this one counted */
    kab_account_t account;
    uint8_t browser[32]; /* of the browser cookie; zero if there is none */
    bool has_browser;
    kab_span_t typed; /* NFKC */
    char hash[KAB_HASH_TEXT];
} kab_trial_t;

/* DB. kab_trial_find with what the field "current_password" says; KAB_E_VALIDATION if that can be
 * nobody's. */
kab_err_t kab_trial_ask(kab_call_t *call, kab_trial_t *trial, const kab_iin_t *iin);
/* DB. KAB_OK, KAB_E_THROTTLED (call->wait set), KAB_E_UNAVAILABLE. */
kab_err_t kab_trial_find(kab_call_t *call, kab_trial_t *trial, const kab_iin_t *iin);
/* HASH. Sets trial->right. */
void kab_trial_verify(kab_call_t *call, kab_trial_t *trial);
static inline bool kab_trial_passed(const kab_trial_t *trial)
{
    return trial->right && !trial->doomed;
}
/* DB, in a transaction of its own: what a failed try leaves behind, for somebody and nobody alike.
 */
kab_err_t kab_trial_failed(kab_call_t *call, const kab_trial_t *trial, const kab_iin_t *iin);
/* DB, after the commit: gives the try back. */
void kab_trial_release(kab_call_t *call, const kab_trial_t *trial, const kab_iin_t *iin);
/* DB, commits. Whether it passed, with its traces: KAB_OK, and the try is given back, or
 * KAB_E_INVALID_CREDENTIALS. */
kab_err_t kab_trial_decide(kab_call_t *call, const kab_trial_t *trial, const kab_iin_t *iin);
/* DB, in the transaction of what the password allows; holds the account. KAB_E_INVALID_CREDENTIALS:
 * it was changed since it was compared, or the account was blocked. */
kab_err_t kab_trial_still(kab_call_t *call, const kab_trial_t *trial);

#endif

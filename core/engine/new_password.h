/*
 * A new password, wherever one is set (FLOWS 2, SECURITY 3): rules of the typed text first, which
 * cost nothing; what needs the account only after the person has proved who they are.
 */
#ifndef KAB_NEW_PASSWORD_H
#define KAB_NEW_PASSWORD_H

#include "cabinet/person/account.h"
#include "engine/call.h"

typedef struct {
    kab_span_t text; /* NFKC */
    kab_span_t history[KAB_HISTORY];
    unsigned history_n;
    bool reused;
    char hash[KAB_HASH_TEXT];
} kab_new_password_t;

/* Reads the fields "password" and "password_repeat". Any lane. KAB_OK, or KAB_E_VALIDATION with all
 * that is wrong. */
kab_err_t kab_new_password_read(kab_call_t *call, const kab_iin_t *iin, kab_new_password_t *out);
/* HASH. Compares with the history, and makes the hash if it is new. KAB_OK or KAB_E_INTERNAL. */
kab_err_t kab_new_password_hash(kab_call_t *call, kab_uuid_t account, kab_new_password_t *np);
/* What only the owner may be told: used before, or holds the person's number. */
kab_err_t kab_new_password_judge(kab_call_t *call, const kab_account_t *account,
                                 const kab_new_password_t *np);

#endif

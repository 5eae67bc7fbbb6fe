/*
 * Whom a flow is about, by the IIN that a stranger typed: somebody, or a decoy for whom the same
 * work is done (SECURITY 2). Blocked people, and those without a number, get the decoy too.
 *
 * A flow that has proved who asks and on which number (its form holds "phone") is about that number
 * instead of the account's, and about people who have no account yet.
 */
#ifndef KAB_SUBJECT_H
#define KAB_SUBJECT_H

#include "cabinet/person/account.h"
#include "cabinet/proof/device.h"
#include "engine/call.h"

typedef struct {
    bool decoy;
    bool fresh;            /* has no account yet: `account` is what it will be */
    bool contact;          /* the number is the form's */
    kab_account_t account; /* a decoy's: an id that nobody has */
    kab_phone_t phone;     /* a decoy's: good for its mask only */
    bool has_app;
    kab_device_t device;         /* the newest live one of somebody who has the app */
    kab_uuid_t app[KAB_DEVICES]; /* all of them; one that nobody has, for a decoy */
    unsigned app_n;
} kab_subject_t;

/* DB. Two statements in every case. KAB_OK or a fault. */
kab_err_t kab_subject_find(kab_call_t *call, kab_subject_t *out);
/* A push can reach the app: somebody's, with a token that the provider gave. */
static inline bool kab_subject_rings(const kab_subject_t *subject)
{
    return subject->has_app && !subject->decoy && subject->device.push_token.n > 0;
}
/* For records: NULL for a decoy. */
static inline const kab_uuid_t *kab_subject_id(const kab_subject_t *subject)
{
    return subject->decoy ? NULL : &subject->account.id;
}

#endif

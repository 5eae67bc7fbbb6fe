/* The code of the SMS that proves a number: sent by devices.c, judged by proof.c. */
#ifndef KAB_APP_PROOF_H
#define KAB_APP_PROOF_H

#include "cabinet/proof/activation.h"
#include "cabinet/proof/device.h"
#include "engine/call.h"
#include "identity/app/proof.h"

enum {
    KAB_PROOF_DIGITS = 6,
    KAB_PROOF_TRIES = 3,
    KAB_PROOF_LIFE = 300, /* seconds */
    KAB_PROOF_SENDS = 3,  /* in all, */
    KAB_PROOF_RESEND = 60 /* seconds apart */
};

/* KAB_PROOF_DIGITS and a NUL; a secret, which the caller wipes. */
void kab_proof_code(const kab_call_t *call, const kab_device_t *device,
                    char code[KAB_CODE_MAX + 1]);
/* DB. Whether this is the number to prove: the activation's own, or the account's as it is now.
 * Looked up for decoys too. Who has no account yet gets one under the activation's id when the flow
 * is done. */
kab_err_t kab_proof_wanted(kab_call_t *call, const kab_activation_t *activation,
                           const kab_phone_t *phone, bool *wanted);

#endif

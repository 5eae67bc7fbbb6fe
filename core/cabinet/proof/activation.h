/*
 * One showing of QR and one-time password (FLOWS 3): they live 10 minutes and are used up by a
 * right proof. Found by keyed indexes; the values themselves are derived (identity/proof.h).
 * A decoy's has no account.
 */
#ifndef KAB_ACTIVATION_H
#define KAB_ACTIVATION_H

#include "cabinet/world.h"

enum { KAB_ACTIVATION_LIFE = 600, KAB_ACTIVATION_NUMBERS = 5 };

typedef struct {
    kab_uuid_t id;
    kab_span_t flow; /* in the arena */
    int64_t generation;
    bool has_account;
    kab_uuid_t account;
    kab_iin_t iin;     /* sealed in the row */
    bool has_phone;    /* the number to prove is this one and not the account's */
    kab_phone_t phone; /* likewise sealed */
    char locale[3];    /* of the SMS */
    bool trusted; /* the current password was given, or a live session: no hold (SECURITY 16) */
    kab_time_t expires_at, used_at;
    unsigned numbers;  /* distinct numbers tried so far */
    bool proving;      /* of kab_activation_of_flow: an app has asked and may still prove */
    kab_uuid_t device; /* the one that proved; zero: none */
} kab_activation_t;

/* Makes, or finds again, the activation of (flow, generation) for the account, or none, with the
 * IIN, number, locale and trust that the caller has set; fills the rest. Two statements in every
 * case. KAB_E_WRONG_STATE: that one has expired, is used or is for another person or number; then
 * take the next generation. */
kab_err_t kab_activation_open(const kab_world_t *w, kab_activation_t *activation);
/* By what the app was given: digits of a one-time password, or a QR's secret (purpose "activation"
 * of identity/proof.h); the other one is empty. KAB_E_NOT_FOUND: wrong, expired or used. Locks the
 * row for the caller's transaction. */
kab_err_t kab_activation_find(const kab_world_t *w, kab_span_t otp, kab_span_t qr,
                              kab_activation_t *out);
/* By the flow, for its page: what the app has done meanwhile; used and expired ones too.
 * KAB_E_NOT_FOUND. */
kab_err_t kab_activation_of_flow(const kab_world_t *w, kab_span_t flow, int64_t generation,
                                 kab_activation_t *out);
kab_err_t kab_activation_get(const kab_world_t *w, kab_uuid_t id, kab_activation_t *out);
/* Counts one more distinct number; KAB_E_THROTTLED beyond KAB_ACTIVATION_NUMBERS. */
kab_err_t kab_activation_number(const kab_world_t *w, kab_activation_t *activation,
                                const kab_phone_t *phone);
/* Used up by the proof of `device`, in the caller's transaction; a proof that began in time may end
 * after the showing. KAB_E_WRONG_STATE: it was used already. */
kab_err_t kab_activation_use(const kab_world_t *w, kab_uuid_t id, kab_uuid_t device);

#endif

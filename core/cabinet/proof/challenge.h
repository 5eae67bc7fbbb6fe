/*
 * One confirmation sent to a phone's app (FLOWS 2, SECURITY 8, 9, 24, 25): one a flow and IIN,
 * signs drawn once, the code good only in its flow.
 *
 *   open ──right sign──▶ armed ──right code──▶ used
 *     │                    └──third wrong code──▶ burned
 *     └──wrong sign, denied──▶ burned (denied_at), told in the app only
 *
 * A browser is told by `attempts` alone that its challenge is burned, never by the state: that one
 * knows of denials (SECURITY 1). A decoy's has no account; its row looks and ages like any other.
 * The row carries a MAC over its fields, for who could set `accepted` needed no code.
 */
#ifndef KAB_CHALLENGE_H
#define KAB_CHALLENGE_H

#include "cabinet/world.h"
#include "identity/app/proof.h"

typedef enum {
    KAB_CHALLENGE_OPEN,
    KAB_CHALLENGE_ARMED,
    KAB_CHALLENGE_BURNED,
    KAB_CHALLENGE_USED
} kab_challenge_state_t;

typedef struct {
    kab_uuid_t id;
    kab_span_t flow;    /* in the arena */
    kab_span_t purpose; /* "recovery", "reregistration", "phone" */
    bool has_account;
    kab_uuid_t account;
    kab_iin_t iin; /* sealed in the row */
    kab_challenge_state_t state;
    kab_signs_t signs;
    uint8_t drawn[32];         /* ARMED: what the code is derived from */
    unsigned attempts;         /* wrong codes so far, carried over a resend */
    unsigned passwords;        /* passwords tried after the code was right (SECURITY 3) */
    bool accepted;             /* the code was right in this flow */
    kab_span_t browser, place; /* shown in the app: "Chrome, Windows" */
    kab_uuid_t armed_by;
    kab_time_t created_at, expires_at;
    kab_time_t rung_at;   /* the last ring; 0: silent so far. A new value counts as one more */
    kab_time_t denied_at; /* the last denial or wrong sign; likewise */
    uint8_t mac[32];      /* of the row as it was read or written */
} kab_challenge_t;

/* The flow's challenge for this IIN: made, or found again. The caller sets flow, purpose, account
 * or none, iin, browser, place and expires_at (of a new one); the rest is filled. One that has
 * expired begins anew: open, with the same signs, the wrong codes counted so far and the new
 * expires_at; one that is used, or burned by wrong codes, stays so. It stays somebody's, or
 * nobody's, too: a person who was blocked meanwhile, or freed, must not be seen by it (SECURITY 1).
 * In the caller's transaction, whose lock on the row it has. KAB_E_WRONG_STATE: the row is another
 * account's, or was changed (audited). */
kab_err_t kab_challenge_open(const kab_world_t *w, kab_challenge_t *challenge);
/* The one that the flow turned to last. KAB_E_NOT_FOUND, also for a row that was changed (audited).
 * Locks the row for the caller's transaction. */
kab_err_t kab_challenge_of_flow(const kab_world_t *w, kab_span_t flow, kab_challenge_t *out);
kab_err_t kab_challenge_get(const kab_world_t *w, kab_uuid_t id, kab_challenge_t *out);
/* By the secret of the page's QR (purpose "challenge" of identity/proof.h, generation 0), whatever
 * has become of it. */
kab_err_t kab_challenge_by_qr(const kab_world_t *w, kab_span_t secret, kab_challenge_t *out);
/* Unexpired OPEN and ARMED ones of an account: the newest 3, oldest first (SECURITY 9). Further
 * ones are claimed by their QR. */
enum { KAB_CHALLENGES = 3 };
kab_err_t kab_challenge_list(const kab_world_t *w, kab_uuid_t account,
                             kab_challenge_t out[KAB_CHALLENGES], unsigned *n);
/* Writes state, drawn, attempts, passwords, accepted, armed_by, rung_at, denied_at, if the row is
 * still in state `from` and as it was read; else KAB_E_WRONG_STATE: count a try this way before
 * comparing (SECURITY 11). */
kab_err_t kab_challenge_update(const kab_world_t *w, kab_challenge_t *challenge,
                               kab_challenge_state_t from);
/* A finished change ends all others of the account: they read as burned. */
kab_err_t kab_challenge_end_others(const kab_world_t *w, kab_uuid_t account, kab_uuid_t but);
/* Those that this device of the account armed and nobody has used: their codes are worth nothing
 * any more. */
kab_err_t kab_challenge_end_armed(const kab_world_t *w, kab_uuid_t account, kab_uuid_t device);
/* Rings and denials of the last while, to decide whether a ring is silent (SECURITY 8): counts in
 * one statement, for a decoy's IIN too. last_denial: 0 if there is none within 30 days. */
typedef struct {
    unsigned rings_hour, rings_day, denials_day, denials_week;
    kab_time_t last_denial;
} kab_rings_t;
kab_err_t kab_challenge_rings(const kab_world_t *w, const kab_iin_t *iin, kab_rings_t *out);

#endif

/*
 * A person who signs in: one IIN, at most one phone, at most one password.
 */
#ifndef KAB_ACCOUNT_H
#define KAB_ACCOUNT_H

#include "cabinet/world.h"

enum { KAB_HISTORY = 5 }; /* passwords that may not come back */

typedef struct {
    kab_uuid_t id;
    kab_iin_t iin;
    bool has_phone;
    kab_phone_t phone;
    char locale[3];  /* "kk", "ru", "en" */
    kab_span_t hash; /* unsealed PHC text; empty: no password */
    bool blocked;
    kab_uuid_t
        only_device; /* after an objection recovery works through this app alone; zero: any */
    /* of the look-up by kab_account_find: */
    bool known_browser;
    bool strangers_off; /* the 100 was reached: SECURITY 7 */
} kab_account_t;

/* By IIN index; `browser` is the 32-byte id of the browser cookie or NULL. One statement whether
 * the IIN is known or not; strangers_off is kept by IIN, so it is told for unknown ones too.
 * KAB_OK with *found. */
kab_err_t kab_account_find(const kab_world_t *w, const kab_iin_t *iin, const uint8_t *browser,
                           kab_account_t *out, bool *found);
/* Others wait with their changes of this account until the caller's transaction ends. KAB_OK too if
 * there is none. */
kab_err_t kab_account_hold(const kab_world_t *w, kab_uuid_t id);
/* By id; KAB_E_NOT_FOUND. */
kab_err_t kab_account_get(const kab_world_t *w, kab_uuid_t id, kab_account_t *out);
/* KAB_E_WRONG_STATE if the IIN is taken. hash may be empty. Fills id if it is zero. */
kab_err_t kab_account_create(const kab_world_t *w, kab_account_t *account);
/* Sets hash (unsealed PHC text; empty: no password any more) and pushes the old one to the history
 * (keeps KAB_HISTORY).
 * `upgrade`: the same password hashed anew, no history, no password_changed_at. In the caller's
 * transaction. */
kab_err_t kab_account_set_hash(const kab_world_t *w, kab_uuid_t id, kab_span_t hash, bool upgrade);
/* The current and former hashes, newest first; at most KAB_HISTORY. */
kab_err_t kab_account_history(const kab_world_t *w, kab_uuid_t id, kab_span_t hashes[KAB_HISTORY],
                              unsigned *n);
/* Present hashes of the next `max` accounts after *last (zero: from the beginning), for whoever
 * looks at all of them; an unreadable one is empty and audited. Fewer than `max`: these are the
 * last. */
kab_err_t kab_account_hashes(const kab_world_t *w, kab_uuid_t *last, kab_span_t *out, unsigned max,
                             unsigned *n);
/* Whether `hash` (what a password was compared with, outside a transaction) is still the account's,
 * which must not be blocked; holds the account. One statement, for an id that nobody has too. Ask
 * it before acting on a comparison, or an old password that was changed meanwhile still opens. */
kab_err_t kab_account_hash_still(const kab_world_t *w, kab_uuid_t id, kab_span_t hash, bool *same);
kab_err_t kab_account_block(const kab_world_t *w, kab_uuid_t id, bool blocked);
kab_err_t kab_account_set_locale(const kab_world_t *w, kab_uuid_t id, kab_span_t locale);
/* The strangers' lane of this IIN: `reached` closes it (its 100 is reached), `off` gives it back
 * (recovery, wins over reached). One statement in every case; with both false it changes nothing.
 */
kab_err_t kab_account_strangers(const kab_world_t *w, const kab_iin_t *iin, bool reached, bool off);
/* *yes: no other app alone speaks for the account; also if there is no such account yet. */
kab_err_t kab_account_hears(const kab_world_t *w, kab_uuid_t id, kab_uuid_t device, bool *yes);
/* zero: any again. */
kab_err_t kab_account_set_only_device(const kab_world_t *w, kab_uuid_t id, kab_uuid_t device);
/* Whether anybody lives there: a sign-in within the last 30 days, or an app on its number that is
 * bound or was within them (SECURITY 15). */
kab_err_t kab_account_alive(const kab_world_t *w, const kab_account_t *account, bool *alive);
/* Remembers that this browser signed in to the account, for 180 days (SECURITY 7). */
kab_err_t kab_account_know_browser(const kab_world_t *w, kab_uuid_t id, const uint8_t browser[32]);
kab_err_t kab_account_knows_browser(const kab_world_t *w, kab_uuid_t id, const uint8_t browser[32],
                                    bool *known);

#endif

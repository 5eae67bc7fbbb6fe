/*
 * An installed app, bound to one account and one number that it proved to hold (SECURITY 14–17);
 * owns a key pair.
 *
 *   pending ──SMS code, BMG──▶ active ──▶ removed
 *      │                         ▲
 *      └──another live device──▶ held (until held_until; the old one may object)
 *
 * The row carries a MAC over its fields (SECURITY 22). A decoy's device is a row without an
 * account.
 */
#ifndef KAB_DEVICE_H
#define KAB_DEVICE_H

#include "cabinet/world.h"
#include "identity/app/device_key.h"

typedef enum {
    KAB_DEVICE_PENDING,
    KAB_DEVICE_ACTIVE,
    KAB_DEVICE_HELD,
    KAB_DEVICE_REMOVED
} kab_device_state_t;
const char *kab_device_state_name(kab_device_state_t state);

typedef struct {
    kab_uuid_t id;
    bool has_account; /* false: a decoy's */
    kab_uuid_t account;
    kab_device_state_t state; /* HELD that is due counts as ACTIVE when read */
    kab_device_key_t key;
    char thumbprint[KAB_THUMBPRINT + 1];
    char platform[17]; /* "android", "ios", "web", "cli" */
    kab_phone_t phone;
    kab_span_t push_token; /* may be empty; kab_device_set_push_token changes it */
    bool weak;             /* proved by SMS alone (SECURITY 17) */
    kab_time_t created_at, held_until, removed_at;
    kab_time_t active_at; /* of a removed one 0: it was objected to, or never active */
    /* of the SMS proof */
    kab_uuid_t activation;
    uint8_t drawn[32]; /* what the proof's code is derived from */
    unsigned attempts, sends;
    kab_time_t proof_expires_at, sent_at;
    uint8_t mac[32]; /* of the row as it was read or written */
} kab_device_t;

/* Fills id, created_at, thumbprint. KAB_E_WRONG_STATE: this key asked already in this activation
 * for this number. */
kab_err_t kab_device_insert(const kab_world_t *w, kab_device_t *device);
/* KAB_E_NOT_FOUND; a row whose MAC is wrong is not found, and audited. */
kab_err_t kab_device_get(const kab_world_t *w, kab_uuid_t id, kab_device_t *out);
/* The one that asked in this activation for this number: a repeat. */
kab_err_t kab_device_by_thumbprint(const kab_world_t *w, const char *thumbprint,
                                   kab_uuid_t activation, const kab_phone_t *phone,
                                   kab_device_t *out);
/* Writes everything that may change, and the MAC, if the row is still in state `from` and as it
 * was read; else KAB_E_WRONG_STATE: of two tries at the same time one is written, so count a try
 * this way before comparing (SECURITY 11). A removed one loses its push token. */
kab_err_t kab_device_update(const kab_world_t *w, kab_device_t *device, kab_device_state_t from);
/* Live (active, or held and due) ones of an account on its present number, newest first. */
enum { KAB_DEVICES = 8 };
/* A removed one counts as known, and may object, for this long (SECURITY 16, 18). */
#define KAB_DEVICE_REMEMBERED (30 * KAB_DAY)
kab_err_t kab_device_live(const kab_world_t *w, kab_uuid_t account, const kab_phone_t *phone,
                          kab_device_t out[KAB_DEVICES], unsigned *n);
/* Every bound one of an account, whatever its number, then removed ones of the last 30 days, each
 * newest first; at most KAB_DEVICES. */
kab_err_t kab_device_list(const kab_world_t *w, kab_uuid_t account, kab_device_t out[KAB_DEVICES],
                          unsigned *n);
/* On this number, removed in the cabinet within the last 30 days: for every hold they count as live
 * (SECURITY 16), or who knows the password could remove the app that would object. */
kab_err_t kab_device_missed(const kab_world_t *w, kab_uuid_t account, const kab_phone_t *phone,
                            kab_device_t out[KAB_DEVICES], unsigned *n);
/* Bound ones on this number that are not this account's. Locks the rows. */
kab_err_t kab_device_of_others(const kab_world_t *w, const kab_phone_t *phone, kab_uuid_t account,
                               kab_device_t out[KAB_DEVICES], unsigned *n);
/* Until when changes that hang on this one alone must wait (SECURITY 17); 0: they need not. */
kab_time_t kab_device_weak_until(const kab_device_t *device);
/* Empty: none. KAB_E_NOT_FOUND: no such device, or removed. */
kab_err_t kab_device_set_push_token(const kab_world_t *w, kab_uuid_t id, kab_span_t token);

#endif

/*
 * Keys by purpose, each with an id, from a file that is never in the database's
 * backups (SECURITY 22). One line a key, '#' begins a comment:
 *
 *     purpose id base64url(32 bytes)
 *
 * The largest id of a purpose is the one to write with. Immutable once open, so
 * any thread may read it.
 */
#ifndef KAB_KEYRING_H
#define KAB_KEYRING_H

#include "identity/key/mac.h"

typedef enum {
    KAB_KEY_INDEX,
    KAB_KEY_SEAL,
    KAB_KEY_PEPPER,
    KAB_KEY_TOKEN,
    KAB_KEY_DECOY,
    KAB_KEY_AUDIT,
    KAB_KEY_THROTTLE,
    KAB_KEY_PURPOSES
} kab_purpose_t;

typedef struct kab_keyring_s kab_keyring_t;

/* NULL and words in `why` (no key material in them) if the file is missing, others
 * may read it, or a line is wrong, or a purpose has no key. Memory is locked out
 * of core dumps. */
kab_keyring_t *kab_keyring_open(const char *path, char *why, size_t why_size);
void kab_keyring_close(kab_keyring_t *ring); /* wipes */
/* Writes a new file with one fresh key a purpose, mode 0600; never overwrites.
 * False and `why`. */
bool kab_keyring_create(const char *path, const kab_env_t *env, char *why, size_t why_size);

const kab_key_t *kab_key_current(const kab_keyring_t *ring, kab_purpose_t purpose); /* never NULL */
const kab_key_t *kab_key_find(const kab_keyring_t *ring, kab_purpose_t purpose,
                              uint16_t id); /* or NULL */
/* 1…, another one for every ring that this process and those it came from ever opened: what was
 * proven under one is not yet proven under the next. */
uint32_t kab_keyring_generation(const kab_keyring_t *ring);

#endif

/*
 * Argon2id (RFC 9106), peppered: the pepper key is Argon2's secret input, the
 * account's id its associated data, so a hash moved to another row, or tried
 * without the keyring, is worth nothing. Text form after the PHC string format:
 *
 *     $argon2id$v=19$m=19456,t=2,p=1,keyid=<pepper id>$salt$hash
 *
 * Imported strings have no keyid: verified without pepper and associated data,
 * and made anew at the next sign-in.
 */
#ifndef KAB_PASSWORD_HASH_H
#define KAB_PASSWORD_HASH_H

#include "base/arena.h"
#include "identity/key/keyring.h"

typedef struct {
    uint32_t m; /* KiB */
    uint32_t t;
    uint32_t p;
} kab_hash_params_t;

enum {
    KAB_HASH_TEXT = 256,
    KAB_HASH_KEEP_M = 65536, /* KiB: up to this a thread keeps its memory */
    KAB_HASH_MAX_M = 262144  /* KiB: what an imported string may ask for */
};

/* One thread's working memory, kept between hashes. */
typedef struct kab_hasher_s kab_hasher_t;
kab_hasher_t *kab_hasher_open(void);
void kab_hasher_close(kab_hasher_t *hasher);           /* wipes; NULL is allowed */
uint64_t kab_hasher_count(const kab_hasher_t *hasher); /* hashes so far, for tests */

/* The file of the libargon2 that computes, as the linker found it: of the processor's generation or
 * Debian's for all (docs/argon2.md). Static. */
const char *kab_hash_library(void);

/* False: out of memory or parameters refused. */
bool kab_hash_make(kab_hasher_t *hasher, const kab_keyring_t *ring, const kab_env_t *env,
                   kab_hash_params_t params, kab_span_t account_id, kab_span_t normal,
                   char out[KAB_HASH_TEXT]);
/* Always computes one hash if `text` is well-formed. */
bool kab_hash_verify(kab_hasher_t *hasher, const kab_keyring_t *ring, kab_span_t account_id,
                     kab_span_t normal, kab_span_t text);
/* Well-formed and within bounds: for import. */
bool kab_hash_ok(kab_span_t text);
/* Not of these parameters or not under the current pepper. */
bool kab_hash_stale(const kab_keyring_t *ring, kab_hash_params_t params, kab_span_t text);
/* A stand-in for an IIN that has no hash: stable salt and hash bytes out of the decoy key, current
 * parameters and pepper id, verifies with nothing anybody knows. */
void kab_hash_stand_in(const kab_keyring_t *ring, kab_hash_params_t params, kab_span_t seed,
                       char out[KAB_HASH_TEXT]);

#endif

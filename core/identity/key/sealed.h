/*
 * Values that a reader of a dump must not read. Sealed: AES-256-GCM (NIST SP
 * 800-38D), random nonce, bound to table, column and row, so that a value moved
 * elsewhere is refused. Indexed: HMAC-SHA-256 (RFC 2104) to find a value by.
 * Pure functions over an immutable keyring: any thread.
 */
#ifndef KAB_SEALED_H
#define KAB_SEALED_H

#include "base/arena.h"
#include "identity/key/keyring.h"

/* Where a sealed value lives. `row` is the row's own id (a UUID's 16 bytes, a
 * key name…). */
typedef struct {
    const char *table;
    const char *column;
    kab_span_t row;
} kab_place_t;

/* Finds the cipher, over which libcrypto takes a good millisecond, once: before a process forks
 * others that must not wait. Sealing does it as well. */
void kab_seal_prepare(void);
/* key id (2, big-endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16); empty on failure. */
kab_span_t kab_seal(kab_arena_t *arena, const kab_keyring_t *ring, const kab_env_t *env,
                    kab_place_t place, kab_span_t plain);
/* False if it was made elsewhere, changed, or its key is gone. *plain is in the arena. */
bool kab_unseal(kab_arena_t *arena, const kab_keyring_t *ring, kab_place_t place, kab_span_t sealed,
                kab_span_t *plain);
/* The same of a value of exactly n bytes. */
bool kab_unseal_into(const kab_keyring_t *ring, kab_place_t place, kab_span_t sealed, uint8_t *out,
                     size_t n);

enum { KAB_INDEX_BYTES = 32 };
/* HMAC under the purpose's current key of `domain` ‖ 0x00 ‖ `value`. */
void kab_index(const kab_keyring_t *ring, kab_purpose_t purpose, const char *domain,
               kab_span_t value, uint8_t out[KAB_INDEX_BYTES]);

#endif

/*
 * HMAC-SHA-256 (RFC 2104) and SHA-256 (FIPS 180-4); nothing is allocated. Aborts if libcrypto
 * fails, because a digest that was not computed must never be compared.
 */
#ifndef KAB_MAC_H
#define KAB_MAC_H

#include "identity/key/keyring.h"

enum { KAB_MAC_BYTES = 32 };

void kab_sha256(kab_span_t in, uint8_t out[KAB_MAC_BYTES]);
/* HMAC of `domain` ‖ 0x00 ‖ `value`. */
void kab_mac(const uint8_t key[KAB_KEY_BYTES], const char *domain, kab_span_t value,
             uint8_t out[KAB_MAC_BYTES]);
/* The same under a token key of a ring, whose key schedule the thread keeps. */
void kab_mac_token(const kab_keyring_t *ring, const kab_key_t *key, const char *domain,
                   kab_span_t value, uint8_t out[KAB_MAC_BYTES]);

#endif

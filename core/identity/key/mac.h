/*
 * HMAC-SHA-256 (RFC 2104) and SHA-256 (FIPS 180-4); nothing is allocated. Aborts if libcrypto
 * fails, because a digest that was not computed must never be compared.
 */
#ifndef KAB_MAC_H
#define KAB_MAC_H

#include "base/base.h"

enum { KAB_KEY_BYTES = 32, KAB_MAC_BYTES = 32 };

/* Immutable once made, so any thread may use it; its owner wipes it. */
typedef struct {
    uint16_t id; /* 1… */
    uint8_t key[KAB_KEY_BYTES];
    uint32_t inner[8], outer[8]; /* what HMAC makes of it before any message (RFC 2104, 4) */
} kab_key_t;

void kab_key_make(kab_key_t *key, uint16_t id, const uint8_t bytes[KAB_KEY_BYTES]);

void kab_sha256(kab_span_t in, uint8_t out[KAB_MAC_BYTES]);
/* HMAC of `domain` ‖ 0x00 ‖ `value`. */
void kab_mac(const kab_key_t *key, const char *domain, kab_span_t value,
             uint8_t out[KAB_MAC_BYTES]);

#endif

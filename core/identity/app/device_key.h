/*
 * A device's public key: P-256 as a JWK (RFC 7517, 7518), named by its thumbprint (RFC 7638), and
 * the signatures made with it (ECDSA P-256 SHA-256, r ‖ s, RFC 9421 3.3.4). Any thread.
 */
#ifndef KAB_DEVICE_KEY_H
#define KAB_DEVICE_KEY_H

#include "base/base.h"

enum { KAB_DEVICE_KEY = 64, KAB_THUMBPRINT = 43, KAB_SIGNATURE = 64 };
typedef struct {
    uint8_t xy[KAB_DEVICE_KEY]; /* big-endian x ‖ y, a point of the curve */
} kab_device_key_t;

/* x and y as base64url of exactly 32 bytes each, and the point on the curve. False otherwise, and
 * `out` is as it was. */
bool kab_device_key_read(kab_span_t x, kab_span_t y, kab_device_key_t *out);
/* base64url of SHA-256 of the canonical JWK, and a NUL. */
void kab_device_key_thumbprint(const kab_device_key_t *key, char out[KAB_THUMBPRINT + 1]);
/* True if `signature` is the key's over `base`. Of (r, s) and (r, n − s) both are: who looks for
 * repeats must look at the base (SECURITY 29). Leaves nothing in the thread's error queue. */
bool kab_device_key_verify(const kab_device_key_t *key, kab_span_t base,
                           const uint8_t signature[KAB_SIGNATURE]);

#endif

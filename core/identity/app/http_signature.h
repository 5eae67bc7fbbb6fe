/*
 * HTTP Message Signatures (RFC 9421) as the app sends them (SECURITY 29): exactly one signature
 * with any label, covering "@method", "@target-uri" and "content-digest" in this order, without
 * component parameters, with `created` and `keyid`, perhaps `nonce`, `alg` and `expires`, each at
 * most once and in any order; the content by RFC 9530 (one digest, sha-256). Structured fields by
 * RFC 8941, strictly. Any thread.
 */
#ifndef KAB_HTTP_SIGNATURE_H
#define KAB_HTTP_SIGNATURE_H

#include "base/arena.h"
#include "identity/app/device_key.h"

typedef struct {
    kab_span_t method;     /* "POST" */
    kab_span_t target_uri; /* "https://host/kabinet/api/v1/app/…?…", as the client wrote it */
    kab_span_t content_digest, signature_input, signature; /* field values; empty: not sent */
    kab_span_t body;
} kab_signed_t;

typedef struct {
    kab_span_t keyid; /* borrowed from signature_input; 1 to 64 printable characters */
    int64_t created;  /* seconds since 1970 */
    int64_t expires;  /* 0: not said */
    kab_span_t base;  /* the signature base, in the arena */
    uint8_t signature[KAB_SIGNATURE];
} kab_signature_t;

/* Reads the fields, checks the digest against the body, and writes the signature base. False:
 * malformed, an unknown algorithm, other components, a digest that does not fit, expired before it
 * was created, more than 1,024 bytes of a field or 8,192 of the URI, or out of memory; then `out`
 * is zero. The signature itself is checked with kab_device_key_verify(key, out->base,
 * out->signature), and `created` and `expires` against the clock, by the caller. */
bool kab_http_signature_read(kab_arena_t *arena, const kab_signed_t *in, kab_signature_t *out);

#endif

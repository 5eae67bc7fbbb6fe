/*
 * The ground every room stands on: spans, errors, time and randomness as
 * values. No domain words in here.
 */
#ifndef KAB_BASE_H
#define KAB_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes owned by somebody else; never NUL-terminated by contract. */
typedef struct {
    const uint8_t *p;
    size_t n;
} kab_span_t;

#define KAB_SPAN(literal) ((kab_span_t){(const uint8_t *)(literal), sizeof(literal) - 1})
#define KAB_NONE ((kab_span_t){NULL, 0})

kab_span_t kab_span_of(const char *text);            /* NULL gives an empty span */
bool kab_span_eq(kab_span_t a, kab_span_t b);        /* not for secrets */
bool kab_span_is(kab_span_t a, const char *literal); /* not for secrets */
bool kab_span_starts(kab_span_t a, const char *prefix);
/* Cuts `from` at the first `separator`: returns what stood before it and leaves
 * in `from` what stands after it (empty when there is none). */
kab_span_t kab_span_cut(kab_span_t *from, uint8_t separator);
kab_span_t kab_span_trim(kab_span_t a); /* spaces and tabs at both ends */

/* A point in time: microseconds since 1970-01-01 UTC. */
typedef int64_t kab_time_t;
#define KAB_MS ((kab_time_t)1000)
#define KAB_SECOND ((kab_time_t)1000000)
#define KAB_MINUTE (60 * KAB_SECOND)
#define KAB_HOUR (60 * KAB_MINUTE)
#define KAB_DAY (24 * KAB_HOUR)

enum { KAB_RFC3339_SIZE = 32 };
void kab_time_text(kab_time_t t, char out[KAB_RFC3339_SIZE]); /* "2026-11-21T07:05:14Z" */

/* The outside world, handed in so that tests can hold the clock and the dice. */
typedef struct {
    kab_time_t (*now)(void *ctx);
    void (*random)(void *ctx, uint8_t *out, size_t n); /* aborts rather than return weak bytes */
    void *ctx;
} kab_env_t;
extern const kab_env_t kab_env_system;

/* Wipes in a way that the compiler keeps: what the empty assembler text may read must be there.
 * Inline, as explicit_bzero() cannot be: each guarded request wipes three times. NULL is allowed.
 */
static inline void kab_wipe(void *p, size_t n)
{
    if (p && n > 0) {
        memset(p, 0, n);
        __asm__ __volatile__("" : : "r"(p) : "memory");
    }
}

/* Compares secrets in constant time. */
bool kab_same(const void *a, const void *b, size_t n);

/* Text forms of bytes. `out` must have room for the size named and gets a NUL. */
#define KAB_HEX_SIZE(n) (2 * (n) + 1)
#define KAB_B64_SIZE(n) ((4 * (n) + 2) / 3 + 1)
void kab_hex(const uint8_t *in, size_t n, char *out);
bool kab_unhex(kab_span_t in, uint8_t *out, size_t n);    /* exactly n bytes */
void kab_b64url(const uint8_t *in, size_t n, char *out);  /* RFC 4648 section 5, no padding */
bool kab_unb64url(kab_span_t in, uint8_t *out, size_t n); /* exactly n bytes, canonical only */

enum { KAB_UUID_SIZE = 37 };
typedef struct {
    uint8_t b[16];
} kab_uuid_t;
kab_uuid_t kab_uuid_new(const kab_env_t *env); /* RFC 9562 version 4 */
void kab_uuid_text(kab_uuid_t id, char out[KAB_UUID_SIZE]);
bool kab_uuid_parse(kab_span_t in, kab_uuid_t *out);

/* An opaque token of a cookie, taken apart (identity/key/token.h). Secret: wipe it. */
enum { KAB_TOKEN_ID = 32 };
typedef struct {
    uint8_t id[KAB_TOKEN_ID]; /* SHA-256 of the random part */
    uint8_t random[32];
    uint8_t proof[16];   /* the id of its key, and the MAC */
    uint32_t generation; /* of the keys by which it is to be proven */
} kab_token_t;

/* True if every byte belongs to well-formed UTF-8 without NUL (RFC 3629). */
bool kab_utf8_ok(kab_span_t in);

#endif

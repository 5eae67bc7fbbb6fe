/* A signed request for the unit tests of signatures. */
#ifndef KAB_UNIT_SIGNED_H
#define KAB_UNIT_SIGNED_H

#include "unit.h"

#include "identity/app/http_signature.h"

/* RFC 9421 B.2's test-request, signed by its test-key-ecc-p256 (B.1.3) over our three components;
 * the signature is Python's cryptography's. */
#define URI "https://example.com/foo?param=Value&Pet=dog"
#define BODY "{\"hello\": \"world\"}"
#define DIGEST "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
#define COVERED "(\"@method\" \"@target-uri\" \"content-digest\")"
#define CREATED ";created=1618884473"
#define KEYID ";keyid=\"test-key-ecc-p256\""
#define INPUT "sig1=" COVERED CREATED KEYID
#define B64                                                                                        \
    "LZBUTcFwNsQU0p/Ve6o7CTLbZGwGsy1nfSRD/d+uwXeh6EOYmhM3egUPQEozNE94uq0CcyGL5Fc1LHRHFI4bZQ=="
#define SIGNATURE "sig1=:" B64 ":"
#define BASE_OF(params)                                                                            \
    "\"@method\": POST\n\"@target-uri\": " URI "\n\"content-digest\": " DIGEST                     \
    "\n\"@signature-params\": " COVERED params

static kab_arena_t *arena; /* of the test that runs */

static inline kab_signed_t sent(void)
{
    return (kab_signed_t){
        .method = KAB_SPAN("POST"),
        .target_uri = KAB_SPAN(URI),
        .content_digest = KAB_SPAN(DIGEST),
        .signature_input = KAB_SPAN(INPUT),
        .signature = KAB_SPAN(SIGNATURE),
        .body = KAB_SPAN(BODY),
    };
}

/* Whatever is refused leaves nothing behind. */
static inline bool reads(const kab_signed_t *in, kab_signature_t *out)
{
    static const kab_signature_t nothing;

    memset(out, 0x5a, sizeof *out);
    bool ok = kab_http_signature_read(arena, in, out);
    if (!ok) {
        assert_int_equal(out->base.n + out->keyid.n, 0);
        assert_true(out->created == 0 && out->expires == 0);
        assert_memory_equal(out->signature, nothing.signature, KAB_SIGNATURE);
    }
    return ok;
}

#define NONE_OF(read, texts)                                                                       \
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {                                    \
        if (read(texts[i])) {                                                                      \
            fail_msg("accepted: %s", texts[i]);                                                    \
        }                                                                                          \
    }

static inline int open_arena(void **state)
{
    (void)state;
    arena = kab_arena_open();
    return arena ? 0 : -1;
}

static inline int close_arena(void **state)
{
    (void)state;
    kab_arena_close(arena);
    return 0;
}

#define IN_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

#endif

#include "unit.h"

#include <openssl/err.h>

#include "identity/app/device_key.h"
#include "identity/key/mac.h"

/* RFC 9421 B.1.3, test-key-ecc-p256. */
#define X "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA"
#define Y "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0"
/* RFC 9421 B.2.4: the signature base, and r and s of the signature in hex. */
#define BASE                                                                                       \
    "\"@status\": 200\n\"content-type\": application/json\n"                                       \
    "\"content-digest\": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69w"  \
    "WdXymyU0rjJuahq4l5aGgfLQ==:\n"                                                                \
    "\"content-length\": 23\n"                                                                     \
    "\"@signature-params\": (\"@status\" \"content-type\" \"content-digest\" \"content-length\")"  \
    ";created=1618884473;keyid=\"test-key-ecc-p256\""
#define R "c0d9925008706f92f1b4eb4ea4d6ba5b9c63d3aee6e6116b8f45d0e1fbe96822"
#define S "f1d0d2a87203eab8b8326a19f30e70c0532e5e09d95850490b223fb7da889ab3"
#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define ORDER_MINUS_S "0e2f2d568dfc154847cd95e60cf18f3f69b89ca3cdbf4e3be8978b0b21da8a9e"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"
#define FULL "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static kab_device_key_t key_of(const char *x, const char *y)
{
    kab_device_key_t key;

    assert_true(kab_device_key_read(kab_span_of(x), kab_span_of(y), &key));
    return key;
}

static bool verifies(const kab_device_key_t *key, kab_span_t base, const char *hex)
{
    uint8_t signature[KAB_SIGNATURE];

    assert_true(kab_unhex(kab_span_of(hex), signature, sizeof signature));
    bool ok = kab_device_key_verify(key, base, signature);
    assert_int_equal(ERR_peek_error(), 0);
    return ok;
}

static void signature_of_the_rfc(void **state)
{
    kab_device_key_t key = key_of(X, Y);
    uint8_t signature[KAB_SIGNATURE];

    (void)state;
    assert_true(verifies(&key, KAB_SPAN(BASE), R S));
    assert_true(verifies(&key, KAB_SPAN(BASE), R ORDER_MINUS_S));
    assert_true(kab_unhex(KAB_SPAN(R S), signature, sizeof signature));
    for (unsigned bit = 0; bit < 8 * KAB_SIGNATURE; bit++) {
        signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(kab_device_key_verify(&key, KAB_SPAN(BASE), signature));
        signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_true(kab_device_key_verify(&key, KAB_SPAN(BASE), signature));
    assert_int_equal(ERR_peek_error(), 0);
}

static void another_base_or_key_is_refused(void **state)
{
    kab_device_key_t key = key_of(X, Y);
    kab_device_key_t other = key_of("axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
                                    "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU");
    kab_span_t base = KAB_SPAN(BASE);

    (void)state;
    assert_false(verifies(&other, base, R S));
    assert_false(verifies(&key, KAB_SPAN(BASE "\n"), R S));
    assert_false(verifies(&key, (kab_span_t){base.p, base.n - 1}, R S));
    assert_false(verifies(&key, KAB_NONE, R S));
    assert_false(verifies(&key, KAB_SPAN(""), R S));
    other = key;
    other.xy[63] ^= 1; /* a row that was changed: no point of the curve */
    assert_false(verifies(&other, base, R S));
}

static void signatures_out_of_range_are_refused(void **state)
{
    static const char *const wrong[] = {
        ZERO ZERO, ZERO S,    R ZERO,   ORDER S,     R ORDER, FULL FULL,
        ONE ONE,   ONE ORDER, ONE ZERO, ORDER ORDER, S R,
    };
    kab_device_key_t key = key_of(X, Y);

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(verifies(&key, KAB_SPAN(BASE), wrong[i]));
    }
}

static void refused(const char *x, const char *y)
{
    kab_device_key_t key, before;

    memset(&key, 0x5a, sizeof key);
    before = key;
    assert_false(kab_device_key_read(kab_span_of(x), kab_span_of(y), &key));
    assert_memory_equal(&key, &before, sizeof key);
    assert_int_equal(ERR_peek_error(), 0);
}

#define ZEROS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define PRIME "_____wAAAAEAAAAAAAAAAAAAAAD_______________8"
/* y of the point whose x is zero. */
#define Y_OF_ZERO "ZkhceA4vg9ckM71dhKBrtlQcKvMdrocXKL-FahdPk_Q"

static void points_off_the_curve_are_refused(void **state)
{
    kab_device_key_t key;

    (void)state;
    refused(Y, X);
    refused(X, X);
    refused(X, "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F4");
    refused(ZEROS, ZEROS);
    refused("__________________________________________8",
            "__________________________________________8");
    assert_true(kab_device_key_read(KAB_SPAN(ZEROS), KAB_SPAN(Y_OF_ZERO), &key));
    refused(PRIME, Y_OF_ZERO); /* the same point, but x is not reduced */
}

static void coordinates_have_one_form(void **state)
{
    (void)state;
    refused("", Y);
    refused(X, "");
    refused(X "A", Y);
    refused(X "=", Y);
    refused("qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4Fiv", Y);
    refused("qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivB", Y); /* bits that carry nothing */
    refused("qIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivA", Y); /* the other alphabet */
    refused(" IVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA", Y);
    refused("AKiFWGVSwqz2Rxh4z9ewk1tP_g_S38NBJI6he8QeBYrw", Y); /* a sign byte leads */
    refused(NULL, NULL);
}

/* RFC 7638 3.1 has an RSA key: its canonical form shows that digest and text are right. */
static void digest_of_the_rfc(void **state)
{
    static const char jwk[] =
        "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhW"
        "x4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBX"
        "Arwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5"
        "hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-"
        "csFCur-kEgU8awapJzKnqDKgw\"}";
    uint8_t digest[KAB_MAC_BYTES];
    char text[KAB_THUMBPRINT + 1];

    (void)state;
    kab_sha256(kab_span_of(jwk), digest);
    kab_b64url(digest, sizeof digest, text);
    assert_string_equal(text, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

/* Worked out with Python's hashlib: the key above, and that of RFC 7517 A.1. */
static void thumbprints(void **state)
{
    kab_device_key_t key = key_of(X, Y);
    char text[KAB_THUMBPRINT + 1];

    (void)state;
    kab_device_key_thumbprint(&key, text);
    assert_string_equal(text, "ydQXMtvbsOsZyFir-Y7A8t7fKEM1gbKPvyFkdpu4fvI");
    key = key_of("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                 "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM");
    kab_device_key_thumbprint(&key, text);
    assert_string_equal(text, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
    /* Leading zeros of a coordinate stay. */
    key = key_of(ZEROS, Y_OF_ZERO);
    kab_device_key_thumbprint(&key, text);
    assert_int_equal(strlen(text), KAB_THUMBPRINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signature_of_the_rfc),
        cmocka_unit_test(another_base_or_key_is_refused),
        cmocka_unit_test(signatures_out_of_range_are_refused),
        cmocka_unit_test(points_off_the_curve_are_refused),
        cmocka_unit_test(coordinates_have_one_form),
        cmocka_unit_test(digest_of_the_rfc),
        cmocka_unit_test(thumbprints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

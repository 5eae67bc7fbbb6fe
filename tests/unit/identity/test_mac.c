#include "unit.h"

#include <openssl/evp.h>

#include "identity/key/mac.h"

static void is_hex(const uint8_t *bytes, const char *expected)
{
    char text[KAB_HEX_SIZE(KAB_MAC_BYTES)];

    kab_hex(bytes, KAB_MAC_BYTES, text);
    assert_string_equal(text, expected);
}

/* FIPS 180-4, example "abc". */
static void sha256_vector(void **state)
{
    uint8_t out[KAB_MAC_BYTES];

    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        kab_sha256(KAB_SPAN("abc"), out);
        is_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    kab_sha256(KAB_NONE, out);
    is_hex(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* libcrypto's one-shot calls are the other opinion. */
static void agrees_with_one_shot_sha256(void **state)
{
    unit_dice_t dice = unit_dice();

    (void)state;
    for (size_t n = 0; n < 200; n++) {
        uint8_t message[200], out[KAB_MAC_BYTES], other[KAB_MAC_BYTES];
        size_t other_n = 0;
        unit_random(&dice, message, n);
        kab_sha256((kab_span_t){message, n}, out);
        assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, message, n, other, &other_n), 1);
        assert_int_equal(other_n, KAB_MAC_BYTES);
        assert_memory_equal(out, other, KAB_MAC_BYTES);
    }
}

static void agrees_with_one_shot_hmac(void **state)
{
    unit_dice_t dice = unit_dice();

    (void)state;
    for (size_t n = 0; n < 200; n++) {
        uint8_t bytes[KAB_KEY_BYTES], message[2 + 200] = "d", out[KAB_MAC_BYTES], other[64];
        size_t other_n = 0;
        kab_key_t key;
        unit_random(&dice, bytes, sizeof bytes);
        kab_key_make(&key, 1, bytes);
        unit_random(&dice, message + 2, n);
        kab_mac(&key, "d", (kab_span_t){message + 2, n}, out);
        assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, bytes, sizeof bytes, message,
                                  2 + n, other, sizeof other, &other_n));
        assert_int_equal(other_n, KAB_MAC_BYTES);
        assert_memory_equal(out, other, KAB_MAC_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_vector),
        cmocka_unit_test(agrees_with_one_shot_sha256),
        cmocka_unit_test(agrees_with_one_shot_hmac),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

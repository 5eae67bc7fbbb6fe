#include "unit.h"

#include <pthread.h>

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
        uint8_t key[KAB_KEY_BYTES], message[2 + 200] = "d", out[KAB_MAC_BYTES], other[64];
        size_t other_n = 0;
        unit_random(&dice, key, sizeof key);
        unit_random(&dice, message + 2, n);
        kab_mac(key, "d", (kab_span_t){message + 2, n}, out);
        assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, sizeof key, message,
                                  2 + n, other, sizeof other, &other_n));
        assert_int_equal(other_n, KAB_MAC_BYTES);
        assert_memory_equal(out, other, KAB_MAC_BYTES);
    }
}

/* More rings and ids than a thread keeps, taken in turns, each with another key. */
static void kept_contexts_are_never_anothers(void **state)
{
    enum { RINGS = 7 };
    kab_keyring_t *ring[RINGS];
    char lines[1024], b64[KAB_B64_SIZE(KAB_KEY_BYTES)];
    uint8_t key[KAB_KEY_BYTES], expected[KAB_MAC_BYTES], out[KAB_MAC_BYTES];

    (void)state;
    for (size_t turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < RINGS; i++) {
            memset(key, (int)(turn * RINGS + i + 1), sizeof key);
            kab_b64url(key, sizeof key, b64);
            snprintf(lines, sizeof lines, "%stoken 2 %s\n", UNIT_RING, b64);
            ring[i] = unit_ring_of(lines);
        }
        for (size_t k = 0; k < 60; k++) {
            size_t i = k < 30 ? k * 5 % RINGS : k / 10; /* in turns, then each with both ids */
            const kab_key_t *of = kab_key_find(ring[i], KAB_KEY_TOKEN, 1 + k % 2);
            kab_mac(of->key, "session", KAB_SPAN("value"), expected);
            kab_mac_token(ring[i], of, "session", KAB_SPAN("value"), out);
            assert_memory_equal(out, expected, sizeof out);
        }
        for (size_t i = 0; i < RINGS; i++) {
            kab_keyring_close(ring[i]);
        }
    }
}

static void *one_thread(void *arg)
{
    const kab_keyring_t *ring = arg;
    static _Thread_local uint8_t out[KAB_MAC_BYTES];

    for (int i = 0; i < 500; i++) {
        kab_mac_token(ring, kab_key_current(ring, KAB_KEY_TOKEN), "d", KAB_SPAN("v"), out);
    }
    return memcpy(malloc(sizeof out), out, sizeof out);
}

static void threads_do_not_share(void **state)
{
    pthread_t thread[4];
    kab_keyring_t *ring = unit_ring();
    uint8_t expected[KAB_MAC_BYTES];

    (void)state;
    kab_mac(kab_key_current(ring, KAB_KEY_TOKEN)->key, "d", KAB_SPAN("v"), expected);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, one_thread, ring), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *out;
        assert_int_equal(pthread_join(thread[i], &out), 0);
        assert_memory_equal(out, expected, sizeof expected);
        free(out);
    }
    kab_keyring_close(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_vector),
        cmocka_unit_test(agrees_with_one_shot_sha256),
        cmocka_unit_test(agrees_with_one_shot_hmac),
        cmocka_unit_test(kept_contexts_are_never_anothers),
        cmocka_unit_test(threads_do_not_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

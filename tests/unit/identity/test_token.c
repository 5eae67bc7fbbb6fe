#include "unit.h"

#include "identity/key/token.h"

/* Worked out with Python's hmac and hashlib: key of zeros, id 1, random 00…1f, domain "session". */
static void known_token(void **state)
{
    kab_keyring_t *ring = unit_ring();
    uint8_t secret[32], id[KAB_TOKEN_ID], back[32], again[KAB_TOKEN_ID];
    char text[KAB_TOKEN_TEXT + 1], hex[KAB_HEX_SIZE(KAB_TOKEN_ID)];

    (void)state;
    for (uint8_t i = 0; i < 32; i++) {
        secret[i] = i;
    }
    kab_token_make(ring, "session", secret, text, id);
    assert_string_equal(text, "AAEAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH67HUnYtxrKqSdNjW0TB");
    kab_hex(id, sizeof id, hex);
    assert_string_equal(hex, "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd");
    assert_true(kab_token_read(ring, "session", kab_span_of(text), again, back));
    assert_memory_equal(id, again, sizeof id);
    assert_memory_equal(secret, back, sizeof secret);
    assert_true(kab_token_read(ring, "session", kab_span_of(text), again, NULL));
    kab_keyring_close(ring);
}

static void any_flipped_bit_is_refused(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    kab_keyring_t *ring = unit_ring();
    unit_dice_t dice = unit_dice();
    uint8_t secret[32], id[KAB_TOKEN_ID], untouched[KAB_TOKEN_ID] = {0}, back[32] = {0};
    char text[KAB_TOKEN_TEXT + 1];

    (void)state;
    unit_random(&dice, secret, sizeof secret);
    kab_token_make(ring, "session", secret, text, id);
    memset(id, 0, sizeof id);
    for (size_t i = 0; i < KAB_TOKEN_TEXT; i++) {
        char right = text[i];
        for (unsigned bit = 0; bit < 6; bit++) {
            size_t at = (size_t)(strchr(alphabet, right) - alphabet) ^ 1U << bit;
            text[i] = alphabet[at];
            assert_false(kab_token_read(ring, "session", kab_span_of(text), id, back));
        }
        text[i] = '=';
        assert_false(kab_token_read(ring, "session", kab_span_of(text), id, back));
        text[i] = right;
    }
    assert_memory_equal(id, untouched, sizeof id);
    assert_memory_equal(back, untouched, sizeof back);
    assert_true(kab_token_read(ring, "session", kab_span_of(text), id, back));
    kab_keyring_close(ring);
}

static void lengths_and_domains_are_refused(void **state)
{
    kab_keyring_t *ring = unit_ring();
    uint8_t secret[32] = {7}, id[KAB_TOKEN_ID];
    char text[KAB_TOKEN_TEXT + 2] = "";

    (void)state;
    kab_token_make(ring, "session", secret, text, id);
    for (size_t n = 0; n < KAB_TOKEN_TEXT; n++) {
        assert_false(kab_token_read(ring, "session", (kab_span_t){(uint8_t *)text, n}, id, NULL));
    }
    assert_false(kab_token_read(ring, "flow", kab_span_of(text), id, NULL));
    assert_false(kab_token_read(ring, "", kab_span_of(text), id, NULL));
    assert_false(kab_token_read(ring, "sessio", kab_span_of(text), id, NULL));
    text[KAB_TOKEN_TEXT] = 'A';
    assert_false(kab_token_read(ring, "session", kab_span_of(text), id, NULL));
    assert_false(kab_token_read(ring, "session", KAB_NONE, id, NULL));
    kab_keyring_close(ring);
}

static void keys_rotate(void **state)
{
    kab_keyring_t *old = unit_ring(), *both = unit_ring_of(UNIT_RING "token 2 " UNIT_KEY_B "\n");
    uint8_t secret[32] = {7}, id[KAB_TOKEN_ID];
    char text[KAB_TOKEN_TEXT + 1];

    (void)state;
    kab_token_make(old, "session", secret, text, id);
    assert_true(kab_token_read(both, "session", kab_span_of(text), id, NULL));
    kab_token_make(both, "session", secret, text, id);
    assert_true(kab_token_read(both, "session", kab_span_of(text), id, NULL));
    assert_false(kab_token_read(old, "session", kab_span_of(text), id, NULL));
    kab_keyring_close(old);
    kab_keyring_close(both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_token),
        cmocka_unit_test(any_flipped_bit_is_refused),
        cmocka_unit_test(lengths_and_domains_are_refused),
        cmocka_unit_test(keys_rotate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "identity/key/sealed.h"

static const kab_place_t place = {"account", "phone", {(const uint8_t *)"row-1", 5}};

static void counting(void *ctx, uint8_t *out, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)i;
    }
}

/* Worked out with Python's cryptography (AESGCM): key of zeros, id 1, nonce 00…0b. */
static void known_value(void **state)
{
    const kab_env_t env = {kab_env_system.now, counting, NULL};
    kab_arena_t *arena = kab_arena_open();
    kab_keyring_t *ring = unit_ring();
    char hex[KAB_HEX_SIZE(64)];

    (void)state;
    kab_span_t sealed = kab_seal(arena, ring, &env, place, KAB_SPAN("+77015559223"));
    kab_hex(sealed.p, sealed.n, hex);
    assert_string_equal(
        hex,
        "0001000102030405060708090a0ba3fc046231c8baccfb4a60d6dc721670d0e79cffe72aa8f57c648b1e");
    kab_keyring_close(ring);
    kab_arena_close(arena);
}

static void sizes_come_back(void **state)
{
    unit_dice_t dice = unit_dice();
    kab_env_t env = unit_env(&dice);
    kab_keyring_t *ring = unit_ring();
    static uint8_t bytes[5000];

    (void)state;
    unit_random(&dice, bytes, sizeof bytes);
    for (size_t n = 0; n <= sizeof bytes; n = n < 40 ? n + 1 : n * 2) {
        kab_arena_t *arena = kab_arena_open();
        kab_span_t plain = {bytes, n}, back;
        kab_span_t a = kab_seal(arena, ring, &env, place, plain);
        kab_span_t b = kab_seal(arena, ring, &env, place, plain);
        assert_int_equal(a.n, n + 30);
        assert_false(kab_span_eq(a, b)); /* another nonce */
        assert_true(kab_unseal(arena, ring, place, a, &back));
        assert_true(kab_span_eq(back, plain));
        kab_arena_close(arena);
    }
    kab_keyring_close(ring);
}

static void another_place_is_refused(void **state)
{
    static const kab_place_t others[] = {
        {"account", "phone", {(const uint8_t *)"row-2", 5}},
        {"account", "phone", {(const uint8_t *)"row-", 4}},
        {"account", "phone", {NULL, 0}},
        {"account", "iin", {(const uint8_t *)"row-1", 5}},
        {"device", "phone", {(const uint8_t *)"row-1", 5}},
        {"accountphone", "", {(const uint8_t *)"row-1", 5}},
        {"account", "phonerow", {(const uint8_t *)"-1", 2}},
    };
    kab_arena_t *arena = kab_arena_open();
    kab_keyring_t *ring = unit_ring();
    kab_span_t back;

    (void)state;
    kab_span_t sealed = kab_seal(arena, ring, &kab_env_system, place, KAB_SPAN("880314493312"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(kab_unseal(arena, ring, others[i], sealed, &back));
    }
    assert_true(kab_unseal(arena, ring, place, sealed, &back));
    kab_keyring_close(ring);
    kab_arena_close(arena);
}

static void a_size_is_meant(void **state)
{
    kab_arena_t *arena = kab_arena_open();
    kab_keyring_t *ring = unit_ring_of(UNIT_RING "seal 3 " UNIT_KEY_A "\n");
    uint8_t out[16] = {0};

    (void)state;
    kab_span_t sealed = kab_seal(arena, ring, &kab_env_system, place, KAB_SPAN("880314493312"));
    for (size_t n = 0; n < sizeof out; n++) {
        assert_int_equal(kab_unseal_into(ring, place, sealed, out, n), n == 12);
        assert_int_equal(out[12], 0);
    }
    assert_memory_equal(out, "880314493312", 12);
    kab_keyring_close(ring);
    kab_arena_close(arena);
}

static void damage_is_refused(void **state)
{
    kab_arena_t *arena = kab_arena_open();
    /* Key 0 bits away from 1 exists too, so that a changed key id meets a key. */
    kab_keyring_t *ring =
        unit_ring_of(UNIT_RING "seal 3 " UNIT_KEY_A "\nseal 257 " UNIT_KEY_A "\n");
    kab_span_t back = KAB_NONE;

    (void)state;
    kab_span_t sealed = kab_seal(arena, ring, &kab_env_system, place, KAB_SPAN("880314493312"));
    for (size_t n = 0; n < sealed.n; n++) {
        assert_false(kab_unseal(arena, ring, place, (kab_span_t){sealed.p, n}, &back));
    }
    for (size_t bit = 0; bit < 8 * sealed.n; bit++) {
        kab_span_t copy = kab_copy(arena, sealed);
        ((uint8_t *)(uintptr_t)copy.p)[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(kab_unseal(arena, ring, place, copy, &back));
    }
    assert_null(back.p);
    kab_keyring_close(ring);
    kab_arena_close(arena);
}

static void keys_rotate_and_retire(void **state)
{
    kab_arena_t *arena = kab_arena_open();
    kab_keyring_t *old = unit_ring(), *both = unit_ring_of(UNIT_RING "seal 2 " UNIT_KEY_B "\n");
    kab_span_t back;

    (void)state;
    kab_span_t first = kab_seal(arena, old, &kab_env_system, place, KAB_SPAN("x"));
    kab_span_t second = kab_seal(arena, both, &kab_env_system, place, KAB_SPAN("x"));
    assert_int_equal(second.p[1], 2);
    assert_true(kab_unseal(arena, both, place, first, &back));
    assert_false(kab_unseal(arena, old, place, second, &back));
    kab_keyring_close(old);
    kab_keyring_close(both);
    kab_arena_close(arena);
}

/* Worked out with Python's hmac. */
static void index_is_hmac_of_domain_and_value(void **state)
{
    kab_keyring_t *ring = unit_ring();
    uint8_t out[KAB_INDEX_BYTES], other[KAB_INDEX_BYTES];
    char hex[KAB_HEX_SIZE(KAB_INDEX_BYTES)];

    (void)state;
    kab_index(ring, KAB_KEY_INDEX, "iin", KAB_SPAN("880314493312"), out);
    kab_hex(out, sizeof out, hex);
    assert_string_equal(hex, "5e40ae63134572fdbc232cc43e3e3c94cc8dd5f802ff7816b069b4d266d62623");
    kab_index(ring, KAB_KEY_INDEX, "phone", KAB_SPAN("880314493312"), other);
    assert_memory_not_equal(out, other, sizeof out);
    kab_mac(kab_key_current(ring, KAB_KEY_INDEX), "iin", KAB_SPAN("880314493312"), other);
    assert_memory_equal(out, other, sizeof out);
    kab_keyring_close(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_value),
        cmocka_unit_test(sizes_come_back),
        cmocka_unit_test(another_place_is_refused),
        cmocka_unit_test(a_size_is_meant),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(keys_rotate_and_retire),
        cmocka_unit_test(index_is_hmac_of_domain_and_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include <argon2.h>

#include "identity/password/password_hash.h"
#include "identity/password/phc.h"

static const kab_hash_params_t small = {64, 2, 1};

typedef struct {
    kab_keyring_t *ring;
    kab_hasher_t *hasher;
    unit_dice_t dice;
    kab_env_t env;
} world_t;

static int open_world(void **state)
{
    world_t *w = calloc(1, sizeof *w);

    w->ring = unit_ring();
    w->hasher = kab_hasher_open();
    w->dice = unit_dice();
    w->env = unit_env(&w->dice);
    *state = w;
    return w->hasher ? 0 : -1;
}

static int close_world(void **state)
{
    world_t *w = *state;

    kab_keyring_close(w->ring);
    kab_hasher_close(w->hasher);
    kab_hasher_close(NULL);
    free(w);
    return 0;
}

static void made_ones_verify(void **state)
{
    world_t *w = *state;
    char text[KAB_HASH_TEXT];

    assert_true(kab_hash_make(w->hasher, w->ring, &w->env, small, KAB_SPAN("account-1"),
                              KAB_SPAN("Kabinet!Demo2026"), text));
    assert_int_equal(strncmp(text, "$argon2id$v=19$m=64,t=2,p=1,keyid=1$", 36), 0);
    kab_span_t hash = kab_span_of(text), right = KAB_SPAN("Kabinet!Demo2026");
    assert_true(kab_hash_ok(hash));
    assert_true(kab_hash_verify(w->hasher, w->ring, KAB_SPAN("account-1"), right, hash));
    assert_false(kab_hash_verify(w->hasher, w->ring, KAB_SPAN("account-2"), right, hash));
    assert_false(kab_hash_verify(w->hasher, w->ring, KAB_NONE, right, hash));
    assert_false(kab_hash_verify(w->hasher, w->ring, KAB_SPAN("account-1"),
                                 KAB_SPAN("kabinet!Demo2026"), hash));
    assert_false(kab_hash_verify(w->hasher, w->ring, KAB_SPAN("account-1"), KAB_NONE, hash));
    assert_int_equal(kab_hasher_count(w->hasher), 6);
}

/* libargon2's own call, with its own memory, is the other opinion. Sizes go up and down, so that
 * kept memory is used with rests of another hash in it. */
static void kept_memory_changes_nothing(void **state)
{
    static const kab_hash_params_t sizes[] = {{64, 2, 1}, {1024, 1, 4},  {8, 3, 1},  {512, 2, 2},
                                              {64, 1, 1}, {70000, 1, 1}, {100, 2, 3}};
    world_t *w = *state;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char text[KAB_HASH_TEXT];
        uint8_t expected[32], secret[32] = {0};
        char password[] = "Balabaqsha#2026", account[] = "account-7";
        kab_phc_t phc;
        assert_true(kab_hash_make(w->hasher, w->ring, &w->env, sizes[i], kab_span_of(account),
                                  kab_span_of(password), text));
        assert_true(kab_phc_parse(kab_span_of(text), &phc));
        argon2_context context = {.out = expected,
                                  .outlen = sizeof expected,
                                  .pwd = (uint8_t *)password,
                                  .pwdlen = sizeof password - 1,
                                  .salt = phc.salt,
                                  .saltlen = 16,
                                  .secret = secret,
                                  .secretlen = sizeof secret,
                                  .ad = (uint8_t *)account,
                                  .adlen = sizeof account - 1,
                                  .t_cost = sizes[i].t,
                                  .m_cost = sizes[i].m,
                                  .lanes = sizes[i].p,
                                  .threads = sizes[i].p,
                                  .version = ARGON2_VERSION_13};
        assert_int_equal(argon2id_ctx(&context), ARGON2_OK);
        assert_memory_equal(phc.hash, expected, sizeof expected);
    }
}

/* RFC 9106 section 5.3 cannot be asked for through this face (its inputs are fixed bytes of other
 * lengths; tests/test_argon2.py asks the library), so a string made by libargon2's encoder stands
 * for "imported". */
static void imported_ones_verify_without_pepper(void **state)
{
    world_t *w = *state;
    char text[KAB_HASH_TEXT];

    assert_int_equal(
        argon2id_hash_encoded(2, 64, 1, "secret", 6, "saltsaltsalt", 12, 24, text, sizeof text),
        ARGON2_OK);
    kab_span_t hash = kab_span_of(text);
    assert_true(kab_hash_ok(hash));
    assert_true(kab_hash_verify(w->hasher, w->ring, KAB_SPAN("any"), KAB_SPAN("secret"), hash));
    assert_false(kab_hash_verify(w->hasher, w->ring, KAB_SPAN("any"), KAB_SPAN("Secret"), hash));
    assert_true(kab_hash_stale(w->ring, small, hash));
}

static void pepper_rotates_and_retires(void **state)
{
    world_t *w = *state;
    kab_keyring_t *both = unit_ring_of(UNIT_RING "pepper 2 " UNIT_KEY_B "\n");
    char old[KAB_HASH_TEXT], new[KAB_HASH_TEXT];
    kab_span_t account = KAB_SPAN("a"), password = KAB_SPAN("p");

    assert_true(kab_hash_make(w->hasher, w->ring, &w->env, small, account, password, old));
    assert_true(kab_hash_make(w->hasher, both, &w->env, small, account, password, new));
    assert_true(kab_hash_verify(w->hasher, both, account, password, kab_span_of(old)));
    assert_true(kab_hash_stale(both, small, kab_span_of(old)));
    assert_false(kab_hash_stale(both, small, kab_span_of(new)));
    assert_false(kab_hash_stale(w->ring, small, kab_span_of(old)));
    uint64_t before = kab_hasher_count(w->hasher);
    assert_false(kab_hash_verify(w->hasher, w->ring, account, password, kab_span_of(new)));
    assert_int_equal(kab_hasher_count(w->hasher), before + 1); /* computed all the same */
    kab_keyring_close(both);
}

static void parameters_are_bounded(void **state)
{
    static const kab_hash_params_t bad[] = {{7, 1, 1},      {15, 1, 2}, {64, 0, 1},   {64, 17, 1},
                                            {262145, 1, 1}, {64, 1, 0}, {1024, 1, 17}};
    world_t *w = *state;
    char text[KAB_HASH_TEXT];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(
            kab_hash_make(w->hasher, w->ring, &w->env, bad[i], KAB_SPAN("a"), KAB_SPAN("p"), text));
    }
    assert_int_equal(kab_hasher_count(w->hasher), 0);
}

static void malformed_is_false_without_a_hash(void **state)
{
    world_t *w = *state;

    assert_false(kab_hash_ok(KAB_SPAN("$argon2id$v=19$m=64,t=2,p=1$x$y")));
    assert_false(kab_hash_verify(w->hasher, w->ring, KAB_SPAN("a"), KAB_SPAN("p"),
                                 KAB_SPAN("$argon2id$v=19$m=64,t=2,p=1$x$y")));
    assert_false(kab_hash_verify(w->hasher, w->ring, KAB_SPAN("a"), KAB_SPAN("p"), KAB_NONE));
    assert_true(kab_hash_stale(w->ring, small, KAB_NONE));
    assert_int_equal(kab_hasher_count(w->hasher), 0);
}

static void overlong_input_computes_and_fails(void **state)
{
    static uint8_t huge[100000];
    world_t *w = *state;
    char text[KAB_HASH_TEXT];
    kab_span_t account = KAB_SPAN("a"), too_long = {huge, sizeof huge};

    assert_true(kab_hash_make(w->hasher, w->ring, &w->env, small, account, KAB_NONE, text));
    assert_false(kab_hash_make(w->hasher, w->ring, &w->env, small, account, too_long, text));
    assert_false(kab_hash_verify(w->hasher, w->ring, account, too_long, kab_span_of(text)));
    assert_int_equal(kab_hasher_count(w->hasher), 2);
}

static void stand_in_is_stable_and_never_verifies(void **state)
{
    world_t *w = *state;
    char a[KAB_HASH_TEXT], again[KAB_HASH_TEXT], b[KAB_HASH_TEXT];

    kab_hash_stand_in(w->ring, small, KAB_SPAN("830611390604"), a);
    kab_hash_stand_in(w->ring, small, KAB_SPAN("830611390604"), again);
    kab_hash_stand_in(w->ring, small, KAB_SPAN("880314493312"), b);
    assert_string_equal(a, again);
    assert_string_not_equal(a, b);
    assert_true(kab_hash_ok(kab_span_of(a)));
    assert_false(kab_hash_stale(w->ring, small, kab_span_of(a)));
    for (int i = 0; i < 50; i++) {
        uint8_t guess[16];
        unit_random(&w->dice, guess, sizeof guess);
        assert_false(kab_hash_verify(w->hasher, w->ring, KAB_SPAN("830611390604"),
                                     (kab_span_t){guess, (size_t)i % 17}, kab_span_of(a)));
    }
    assert_int_equal(kab_hasher_count(w->hasher), 50);
    /* From outside it has the shape of a real one. */
    char real[KAB_HASH_TEXT];
    assert_true(kab_hash_make(w->hasher, w->ring, &w->env, small, KAB_NONE, KAB_NONE, real));
    assert_int_equal(strlen(real), strlen(a));
}

static void the_library_is_named(void **state)
{
    (void)state;
    assert_non_null(strstr(kab_hash_library(), "/libargon2.so."));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(made_ones_verify),
        TEST(kept_memory_changes_nothing),
        TEST(imported_ones_verify_without_pepper),
        TEST(pepper_rotates_and_retires),
        TEST(parameters_are_bounded),
        TEST(malformed_is_false_without_a_hash),
        TEST(overlong_input_computes_and_fails),
        TEST(stand_in_is_stable_and_never_verifies),
        TEST(the_library_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

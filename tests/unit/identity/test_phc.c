#include "unit.h"

#include "identity/password/phc.h"

#define SALT "c29tZXNhbHRzb21lc2FsdA"
#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define HEAD "$argon2id$v=19$"
#define TAIL "$" SALT "$" HASH

static void text_both_ways(void **state)
{
    static const char text[] = HEAD "m=19456,t=2,p=1,keyid=7" TAIL;
    kab_phc_t phc;
    char out[KAB_HASH_TEXT];

    (void)state;
    assert_true(kab_phc_parse(kab_span_of(text), &phc));
    assert_int_equal(phc.params.m, 19456);
    assert_int_equal(phc.params.t, 2);
    assert_int_equal(phc.params.p, 1);
    assert_int_equal(phc.pepper, 7);
    assert_int_equal(phc.salt_n, 16);
    assert_memory_equal(phc.salt, "somesaltsomesalt", 16);
    assert_int_equal(phc.hash_n, 32);
    assert_true(kab_phc_write(&phc, out));
    assert_string_equal(out, text);
}

static void imported_text_has_no_key_id(void **state)
{
    kab_phc_t phc;

    (void)state;
    assert_true(kab_phc_parse(KAB_SPAN(HEAD "m=65536,t=3,p=4" TAIL), &phc));
    assert_int_equal(phc.pepper, 0);
    assert_true(
        kab_phc_parse(KAB_SPAN(HEAD "m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"), &phc));
    assert_int_equal(phc.salt_n, 8);
    assert_int_equal(phc.hash_n, 16);
    assert_true(kab_phc_parse(KAB_SPAN(HEAD "m=8,t=1,p=1$AAAAAAAAA+/$AAAAAAAAAAAAAAAAAAAA/w"),
                              &phc) == false); /* idle bits of the salt are set */
    assert_true(
        kab_phc_parse(KAB_SPAN(HEAD "m=8,t=1,p=1$AAAAAAAA+/8$AAAAAAAAAAAAAAAAAAAA/w"), &phc));
}

static void malformed_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "$",
        "$$$$$",
        "argon2id$v=19$m=19456,t=2,p=1" TAIL,
        "x$argon2id$v=19$m=19456,t=2,p=1" TAIL,
        "$argon2i$v=19$m=19456,t=2,p=1" TAIL,
        "$argon2id$v=16$m=19456,t=2,p=1" TAIL,
        "$argon2id$m=19456,t=2,p=1" TAIL,
        HEAD "m=19456,t=2" TAIL,
        HEAD "t=2,m=19456,p=1" TAIL,
        HEAD "m=19456,t=2,p=1," TAIL,
        HEAD "m=19456,t=2,p=1,keyid=" TAIL,
        HEAD "m=19456,t=2,p=1,keyid=0" TAIL,
        HEAD "m=19456,t=2,p=1,keyid=65536" TAIL,
        HEAD "m=19456,t=2,p=1,keyid=1,x=1" TAIL,
        HEAD "m=19456,t=2,p=1,data=AA" TAIL,
        HEAD "m=019456,t=2,p=1" TAIL,
        HEAD "m=+19456,t=2,p=1" TAIL,
        HEAD "m= 19456,t=2,p=1" TAIL,
        HEAD "m=,t=2,p=1" TAIL,
        HEAD "m=99999999999999999999,t=2,p=1" TAIL,
        HEAD "m=4294967304,t=2,p=1" TAIL,
        HEAD "m=262145,t=2,p=1" TAIL,
        HEAD "m=7,t=2,p=1" TAIL,
        HEAD "m=31,t=2,p=4" TAIL,
        HEAD "m=19456,t=0,p=1" TAIL,
        HEAD "m=19456,t=17,p=1" TAIL,
        HEAD "m=19456,t=2,p=0" TAIL,
        HEAD "m=19456,t=2,p=17" TAIL,
        HEAD "m=19456,t=2,p=1",
        HEAD "m=19456,t=2,p=1$" SALT,
        HEAD "m=19456,t=2,p=1$" SALT "$",
        HEAD "m=19456,t=2,p=1$$" HASH,
        HEAD "m=19456,t=2,p=1$AAAA$" HASH,
        HEAD "m=19456,t=2,p=1$" SALT "$AAAA",
        HEAD "m=19456,t=2,p=1" TAIL "$",
        HEAD "m=19456,t=2,p=1" TAIL "=",
        HEAD "m=19456,t=2,p=1" TAIL "\n",
        HEAD "m=19456,t=2,p=1$" SALT "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_",
        HEAD "m=19456,t=2,p=1$" SALT "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
    };
    kab_phc_t phc;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (kab_phc_parse(kab_span_of(bad[i]), &phc)) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void overlong_is_refused(void **state)
{
    char text[600] = HEAD "m=19456,t=2,p=1$" SALT "$";
    size_t n = strlen(text);
    kab_phc_t phc;

    (void)state;
    memset(text + n, 'A', sizeof text - n - 1);
    assert_true(kab_phc_parse((kab_span_t){(uint8_t *)text, n + 86}, &phc)); /* 64 bytes */
    assert_false(kab_phc_parse((kab_span_t){(uint8_t *)text, n + 87}, &phc));
    assert_false(kab_phc_parse((kab_span_t){(uint8_t *)text, n + 88}, &phc));
    assert_false(kab_phc_parse(kab_span_of(text), &phc));
}

static void damage_does_no_harm(void **state)
{
    static const char good[] = HEAD "m=19456,t=2,p=1,keyid=7" TAIL;
    unit_dice_t dice = unit_dice();

    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[sizeof good], out[KAB_HASH_TEXT];
        kab_phc_t phc;
        memcpy(text, good, sizeof good);
        text[unit_roll(&dice) % (sizeof good - 1)] = (char)unit_roll(&dice);
        kab_span_t span = {(uint8_t *)text, sizeof good - 1 - unit_roll(&dice) % 3};
        if (kab_phc_parse(span, &phc) && phc.pepper) {
            /* What is accepted is the only spelling of what it means. */
            assert_true(kab_phc_write(&phc, out));
            assert_true(kab_span_eq(span, kab_span_of(out)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_both_ways),       cmocka_unit_test(imported_text_has_no_key_id),
        cmocka_unit_test(malformed_is_refused), cmocka_unit_test(overlong_is_refused),
        cmocka_unit_test(damage_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

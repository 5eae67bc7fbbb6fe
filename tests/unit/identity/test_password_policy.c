#include "unit.h"

#include "identity/password/password_policy.h"

enum { LENGTH = 1, LOWER = 2, UPPER = 4, DIGIT = 8, SPECIAL = 16 };

static const kab_password_policy_t policy = {8};

static void lacks(const char *text, unsigned expected)
{
    assert_int_equal(kab_password_missing(&policy, kab_span_of(text)), expected);
}

static void rules_stand_in_order(void **state)
{
    static const char *const ids[] = {"password_length", "password_lower", "password_upper",
                                      "password_digit", "password_special"};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(kab_password_rules[i].id, ids[i]);
        assert_int_equal(kab_password_rules[i].pattern[0] == '\0', i == 0);
    }
    assert_null(kab_password_rules[5].id);
}

static void classes(void **state)
{
    (void)state;
    lacks("Kabinet!Demo2026", 0);
    lacks("Qazaqstan%2026x", 0);
    lacks("", LENGTH | LOWER | UPPER | DIGIT | SPECIAL);
    lacks("kabinet!2026", UPPER);
    lacks("KABINET!2026", LOWER);
    lacks("Kabinet!!", DIGIT);
    lacks("Kabinet2026", SPECIAL);
    lacks("Kab inet2026", SPECIAL); /* only the eight that the checklist names */
    lacks("Kab_inet2026", SPECIAL);
    lacks("Сәлем_әлем7", LOWER | UPPER | SPECIAL); /* Latin letters are asked for */
    lacks("Сәлем әлемAa7?", 0);                    /* and any other letter is welcome */
    lacks("密码密码密码密码", LOWER | UPPER | DIGIT | SPECIAL); /* letters without case */
    lacks("Aa1!\xcc\x81\xcc\x81", LENGTH);                      /* marks are no signs */
    lacks("Aa1😀aaaa", SPECIAL);
    lacks("Aa１！aaaa", DIGIT | SPECIAL); /* NFKC would have made them plain */
}

static void length_counts_code_points(void **state)
{
    (void)state;
    lacks("Жә1!ЖәaA", 0);
    lacks("Жә1!ЖaA", LENGTH); /* 7 letters, 10 bytes */
    lacks("Aa1!😀😀😀", LENGTH);
    lacks("Aa1!😀😀😀😀", 0);
}

static void normal_form(void **state)
{
    kab_arena_t *arena = kab_arena_open();
    char longest[KAB_PASSWORD_MAX + 2];

    (void)state;
    assert_true(kab_span_is(kab_password_normal(arena, KAB_SPAN("cafe\xcc\x81")), "café"));
    assert_true(kab_span_is(kab_password_normal(arena, KAB_SPAN("Ｐａｓｓ１")), "Pass1"));
    assert_true(kab_span_is(kab_password_normal(arena, KAB_SPAN(" Aa ")), " Aa "));
    assert_int_equal(kab_password_normal(arena, KAB_SPAN("a\0b")).n, 0);
    assert_int_equal(kab_password_normal(arena, KAB_SPAN("a\xff")).n, 0);
    assert_int_equal(kab_password_normal(arena, KAB_NONE).n, 0);
    memset(longest, 'a', sizeof longest);
    kab_span_t fits = {(uint8_t *)longest, KAB_PASSWORD_MAX};
    assert_int_equal(kab_password_normal(arena, fits).n, KAB_PASSWORD_MAX);
    fits.n++;
    assert_int_equal(kab_password_normal(arena, fits).n, 0);
    /* Short as typed, too long as NFKC: ten of U+FDFA are 330 bytes. */
    for (size_t i = 0; i < 30; i += 3) {
        memcpy(longest + i, "\xef\xb7\xba", 3);
    }
    fits.n = 30;
    assert_int_equal(kab_password_normal(arena, fits).n, 0);
    kab_arena_close(arena);
}

static void personal(const char *digits, const char *password, bool expected)
{
    kab_iin_t iin;

    assert_null(kab_iin_parse(KAB_IIN_STRICT, kab_span_of(digits), &iin));
    const char *why = kab_password_text_rules(NULL, &iin, kab_span_of(password));
    assert_int_equal(why != NULL, expected);
    if (why) {
        assert_string_equal(why, "password_personal");
    }
}

static void personal_data_is_refused(void **state)
{
    (void)state;
    personal("880314493312", "x880314493312!", true);
    personal("880314493312", "Aa!880314", true);
    personal("880314493312", "Aa!140388", true);
    personal("880314493312", "Aa!14031988", true);
    personal("880314493312", "Aa!19880314", true);
    personal("880314493312", "Aa!14.03.1988", true);
    personal("880314493312", "Aa!1988-03-14", true);
    personal("880314493312", "Aa!14031888", false); /* another century */
    personal("880314493312", "Aa!1403198", false);
    personal("880314493312", "Kabinet!Demo2026", false);
    personal("880314493312", "", false);
    personal("150312500128", "Aa!12032015", true); /* a7 = 5: born in this century */
    personal("150312500128", "Aa!12031915", false);
    assert_null(kab_password_text_rules(NULL, NULL, KAB_SPAN("880314493312")));
}

static void a_reserved_century_tries_both(void **state)
{
    const kab_iin_t iin = {"880314093310"}; /* not parsed: only a7 = 0 matters */

    (void)state;
    assert_non_null(kab_password_text_rules(NULL, &iin, KAB_SPAN("14031988")));
    assert_non_null(kab_password_text_rules(NULL, &iin, KAB_SPAN("14032088")));
    assert_null(kab_password_text_rules(NULL, &iin, KAB_SPAN("14031888")));
}

static void breached_is_refused(void **state)
{
    char why[256] = "";
    unit_path_t in = unit_file("p@ssw0rd1\n", 10, 0600), out = unit_file("", 0, 0600);

    (void)state;
    assert_int_equal(kab_breach_build(in.name, out.name, why, sizeof why), 1);
    kab_breach_t *breach = kab_breach_open(out.name, why, sizeof why);
    assert_non_null(breach);
    assert_string_equal(kab_password_text_rules(breach, NULL, KAB_SPAN("P@ssw0rd1")),
                        "password_breached");
    assert_null(kab_password_text_rules(breach, NULL, KAB_SPAN("P@ssw0rd2")));
    kab_breach_close(breach);
    unlink(in.name);
    unlink(out.name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_stand_in_order),          cmocka_unit_test(classes),
        cmocka_unit_test(length_counts_code_points),     cmocka_unit_test(normal_form),
        cmocka_unit_test(personal_data_is_refused),      cmocka_unit_test(breached_is_refused),
        cmocka_unit_test(a_reserved_century_tries_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

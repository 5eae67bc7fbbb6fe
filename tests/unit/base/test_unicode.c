#include "unit.h"

#include "base/unicode.h"

static void becomes(kab_unicode_form_t form, const char *in, const char *expected)
{
    uint8_t out[1024];
    size_t n = 0;

    assert_true(kab_unicode_normal(kab_span_of(in), form, out, sizeof out, &n));
    assert_true(kab_span_eq((kab_span_t){out, n}, kab_span_of(expected)));
}

/* Examples of UAX 15 and of CaseFolding.txt. */
static void known_forms(void **state)
{
    (void)state;
    becomes(KAB_NFKC, "", "");
    becomes(KAB_NFKC, "ﬁ", "fi");
    becomes(KAB_NFKC, "2⁵", "25");
    becomes(KAB_NFKC, "e\xcc\x81", "é");
    becomes(KAB_NFKC, "и\xcc\x86", "й");
    becomes(KAB_NFKC, "Ⅷ", "VIII");
    becomes(KAB_NFKC, "ＡＢ１", "AB1");
    becomes(KAB_NFKC_FOLD, "ҚАЗАҚ Straße", "қазақ strasse");
}

static void bounds_hold(void **state)
{
    uint8_t out[8192];
    char longest[KAB_UNICODE_MAX + 2];
    size_t n = 0;

    (void)state;
    memset(longest, 'a', sizeof longest);
    assert_true(kab_unicode_normal((kab_span_t){(uint8_t *)longest, KAB_UNICODE_MAX}, KAB_NFKC, out,
                                   sizeof out, &n));
    assert_int_equal(n, KAB_UNICODE_MAX);
    assert_false(kab_unicode_normal((kab_span_t){(uint8_t *)longest, KAB_UNICODE_MAX + 1}, KAB_NFKC,
                                    out, sizeof out, &n));
    assert_false(kab_unicode_normal(KAB_SPAN("abc"), KAB_NFKC, out, 2, &n));
    /* U+FDFA grows most of all. */
    for (size_t i = 0; i + 3 <= KAB_UNICODE_MAX; i += 3) {
        memcpy(longest + i, "\xef\xb7\xba", 3);
    }
    assert_true(
        kab_unicode_normal((kab_span_t){(uint8_t *)longest, 255}, KAB_NFKC, out, sizeof out, &n));
    assert_int_equal(n, 85 * 33);
    assert_false(kab_unicode_normal(KAB_SPAN("a\0"), KAB_NFKC, out, sizeof out, &n));
    assert_false(kab_unicode_normal(KAB_SPAN("\xff"), KAB_NFKC, out, sizeof out, &n));
}

static void code_points_come_one_by_one(void **state)
{
    kab_span_t text = KAB_SPAN("aЖ😀");

    (void)state;
    assert_int_equal(kab_unicode_next(&text), 'a');
    assert_int_equal(kab_unicode_next(&text), 0x416);
    assert_int_equal(kab_unicode_next(&text), 0x1F600);
    assert_int_equal(text.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_forms),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(code_points_come_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

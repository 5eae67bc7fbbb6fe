#include "unit.h"

static void hex_both_ways(void **state)
{
    const uint8_t bytes[] = {0x00, 0x7f, 0xa5, 0xff};
    uint8_t back[4];
    char text[KAB_HEX_SIZE(4)];

    (void)state;
    kab_hex(bytes, 4, text);
    assert_string_equal(text, "007fa5ff");
    assert_true(kab_unhex(KAB_SPAN("007FA5ff"), back, 4));
    assert_memory_equal(back, bytes, 4);
    assert_false(kab_unhex(KAB_SPAN("007FA5f"), back, 4));
    assert_false(kab_unhex(KAB_SPAN("007FA5fg"), back, 4));
    assert_false(kab_unhex(KAB_SPAN("007FA5ff00"), back, 4));
}

/* RFC 4648 section 10, without the padding. */
static void base64url_vectors(void **state)
{
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const coded[] = {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        char text[KAB_B64_SIZE(6)];
        uint8_t back[6];
        assert_true(strlen(coded[i]) < KAB_B64_SIZE(strlen(plain[i])));
        kab_b64url((const uint8_t *)plain[i], i, text);
        assert_string_equal(text, coded[i]);
        assert_true(kab_unb64url(kab_span_of(coded[i]), back, i));
        assert_memory_equal(back, plain[i], i);
    }
}

static void base64url_has_one_spelling(void **state)
{
    uint8_t out[8];

    (void)state;
    assert_true(kab_unb64url(KAB_SPAN("-_8"), out, 2));
    assert_int_equal(out[0], 0xfb);
    assert_false(kab_unb64url(KAB_SPAN("Zh"), out, 1));    /* idle bits set */
    assert_false(kab_unb64url(KAB_SPAN("Zm9"), out, 2));   /* the same with three */
    assert_false(kab_unb64url(KAB_SPAN("Zg=="), out, 1));  /* padding */
    assert_false(kab_unb64url(KAB_SPAN("+/8"), out, 2));   /* the other alphabet */
    assert_false(kab_unb64url(KAB_SPAN("Zm 9v"), out, 3)); /* a space */
    assert_false(kab_unb64url(KAB_SPAN("Z"), out, 0));
    assert_false(kab_unb64url(KAB_SPAN("Zm9v"), out, 2)); /* longer than asked */
    assert_false(kab_unb64url(KAB_NONE, out, 3));
}

/* Each byte at each place of a text that is read in steps of sixteen and then singly. */
static void base64url_knows_its_alphabet(void **state)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char text[] = "Zm9vYmFyZm9vYmFyZm9v", again[sizeof text];
    kab_span_t span = {(const uint8_t *)text, sizeof text - 1};

    (void)state;
    for (size_t i = 0; i < span.n; i++) {
        char was = text[i];
        for (int c = 0; c < 256; c++) {
            uint8_t out[15];
            text[i] = (char)c;
            bool good = kab_unb64url(span, out, sizeof out);
            assert_int_equal(good, memchr(digits, c, sizeof digits - 1) != NULL);
            if (good) {
                kab_b64url(out, sizeof out, again);
                assert_string_equal(again, text);
            }
        }
        text[i] = was;
    }
}

static void base64url_returns_what_went_in(void **state)
{
    unit_dice_t dice = unit_dice();

    (void)state;
    for (size_t n = 0; n < 100; n++) {
        uint8_t in[100], back[100];
        char text[KAB_B64_SIZE(100)];
        unit_random(&dice, in, n);
        kab_b64url(in, n, text);
        assert_true(kab_unb64url(kab_span_of(text), back, n));
        assert_memory_equal(in, back, n);
    }
}

/* Boundaries of the table in RFC 3629 section 4. */
static void utf8_boundaries(void **state)
{
    static const char *const good[] = {"",
                                       "abc",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "Қазақстан"};
    static const char *const bad[] = {
        "\x80",         "\xc0\xaf",         "\xc1\xbf",         "\xc2",         "\xc2 ",
        "\xe0\x9f\xbf", "\xe2\x82",         "\xe2\x82 ",        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",         "a\xfe"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(kab_utf8_ok(kab_span_of(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(kab_utf8_ok(kab_span_of(bad[i])));
    }
    assert_false(kab_utf8_ok(KAB_SPAN("a\0b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(base64url_vectors),
        cmocka_unit_test(base64url_has_one_spelling),
        cmocka_unit_test(base64url_knows_its_alphabet),
        cmocka_unit_test(base64url_returns_what_went_in),
        cmocka_unit_test(utf8_boundaries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "identity/iin.h"

static void gives(const char *text, const char *reason)
{
    kab_iin_t iin = {"untouched"};
    const char *why = kab_iin_parse(KAB_IIN_STRICT, kab_span_of(text), &iin);

    if (reason) {
        assert_non_null(why);
        assert_string_equal(why, reason);
        assert_string_equal(iin.digits, "untouched");
    } else {
        assert_null(why);
        assert_string_equal(iin.digits, text);
    }
}

/* Invented people of data/demo; the check digits were worked out by hand and by a second program.
 */
static void valid_ones(void **state)
{
    static const char *const valid[] = {
        "880314493312", "860922390740", "920705493744", "790130392190",
        "950418490715", "830611390604", "150312500128", "181101600343",
        "200229500018", "200229600773", "240229600053", "010130500011",
        "220430600092", "190901692284", "210228590636", "200229699997"};

    (void)state;
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) {
        gives(valid[i], NULL);
    }
}

/* Three mistakes that other validators make, one vector against each. */
static void second_pass_is_not_skipped(void **state)
{
    (void)state;
    gives("200229500018", NULL); /* 11 weights leave 10, the second pass 8 */
    gives("200229500010", "iin_check_digit");
    gives("200229600773", NULL);
}

static void double_ten_is_never_issued(void **state)
{
    char text[] = "000813159890";

    (void)state;
    for (char c = '0'; c <= '9'; c++) { /* "10 means 0" would let the first one through */
        text[11] = c;
        gives(text, "iin_check_digit");
    }
}

static void last_digit_is_compared(void **state)
{
    char text[] = "880314493312";

    (void)state;
    for (char c = '0'; c <= '9'; c++) {
        text[11] = c;
        gives(text, c == '2' ? NULL : "iin_check_digit");
    }
    gives("190901692280", "iin_check_digit");
}

/* Decree 26.08.2013 No. 853: a birth date that does not fit is not an error. 30 February. */
static void impossible_dates_pass(void **state)
{
    unsigned found = 0;

    (void)state;
    for (char c = '0'; c <= '9'; c++) {
        char text[] = "900230300010";
        kab_iin_t iin;
        text[11] = c;
        found += kab_iin_parse(KAB_IIN_STRICT, kab_span_of(text), &iin) == NULL;
    }
    assert_int_equal(found, 1);
}

static void an_organisation_is_told_apart(void **state)
{
    (void)state;
    gives("940140000385", "iin_is_bin");
    gives("940160000385", "iin_is_bin");
}

static void not_twelve_digits(void **state)
{
    static char long_one[10001];

    (void)state;
    gives("", "iin_length");
    gives("88031449331", "iin_length");
    gives("8803144933120", "iin_length");
    gives("88031449331 ", "iin_length");
    gives(" 880314493312", "iin_length");
    gives("88031449331a", "iin_length");
    gives("+80314493312", "iin_length");
    gives("８８0314", "iin_length"); /* twelve bytes, but full-width digits */
    memset(long_one, '8', 10000);
    gives(long_one, "iin_length");
    kab_iin_t iin;
    assert_string_equal(kab_iin_parse(KAB_IIN_STRICT, KAB_SPAN("88031449331\0"), &iin),
                        "iin_length");
    assert_string_equal(kab_iin_parse(KAB_IIN_STRICT, KAB_NONE, &iin), "iin_length");
}

/* Such IINs were issued: everything but the last digit is judged as ever. */
static void a_wrong_digit_may_be_taken(void **state)
{
    static const char *const refused[][2] = {{"88031449331", "iin_length"},
                                             {"8803144933133", "iin_length"},
                                             {"88031449331a", "iin_length"},
                                             {"880344493313", "iin_is_bin"}};
    kab_iin_t iin = {"untouched"};

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_string_equal(kab_iin_parse(KAB_IIN_WARN, kab_span_of(refused[i][0]), &iin),
                            refused[i][1]);
        assert_string_equal(iin.digits, "untouched");
    }
    for (char c = '0'; c <= '9'; c++) {
        char text[] = "880314493310";
        text[11] = c;
        assert_null(kab_iin_parse(KAB_IIN_WARN, kab_span_of(text), &iin));
        assert_string_equal(iin.digits, text);
        assert_int_equal(kab_iin_fits(&iin), c == '2');
    }
    assert_null(kab_iin_parse(KAB_IIN_WARN, KAB_SPAN("200229500010"), &iin)); /* double ten */
    assert_false(kab_iin_fits(&iin));
}

static void mask_shows_two_and_two(void **state)
{
    kab_iin_t iin = {"880314493312"};
    char masked[KAB_IIN_DIGITS + 1];

    (void)state;
    kab_iin_mask(&iin, masked);
    assert_string_equal(masked, "88********12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_ones),
        cmocka_unit_test(second_pass_is_not_skipped),
        cmocka_unit_test(double_ten_is_never_issued),
        cmocka_unit_test(last_digit_is_compared),
        cmocka_unit_test(impossible_dates_pass),
        cmocka_unit_test(an_organisation_is_told_apart),
        cmocka_unit_test(not_twelve_digits),
        cmocka_unit_test(a_wrong_digit_may_be_taken),
        cmocka_unit_test(mask_shows_two_and_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

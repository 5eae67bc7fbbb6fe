#include "unit.h"

static void shows(kab_time_t t, const char *expected)
{
    char text[KAB_RFC3339_SIZE];

    kab_time_text(t, text);
    assert_string_equal(text, expected);
}

static void known_moments(void **state)
{
    (void)state;
    shows(0, "1970-01-01T00:00:00Z");
    shows(1709210096 * KAB_SECOND + 999999, "2024-02-29T12:34:56Z"); /* date -u -d @1709210096 */
    shows(4107542400 * KAB_SECOND, "2100-03-01T00:00:00Z");          /* 2100 is no leap year */
}

static void before_the_epoch_rounds_to_the_past(void **state)
{
    (void)state;
    shows(-1, "1969-12-31T23:59:59Z");
    shows(-KAB_SECOND, "1969-12-31T23:59:59Z");
    shows(-KAB_SECOND - 1, "1969-12-31T23:59:58Z");
}

static void the_ends_are_four_digits(void **state)
{
    (void)state;
    shows(INT64_MAX, "9999-12-31T23:59:59Z");
    shows(INT64_MIN, "0000-01-01T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments),
        cmocka_unit_test(before_the_epoch_rounds_to_the_past),
        cmocka_unit_test(the_ends_are_four_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

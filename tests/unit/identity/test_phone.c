#include "unit.h"

#include "identity/phone.h"

static void gives(const char *text, const char *e164, const char *reason)
{
    kab_phone_t phone = {"untouched"};
    const char *why = kab_phone_parse(&kab_phone_plan_default, kab_span_of(text), &phone);

    if (reason) {
        assert_non_null(why);
        assert_string_equal(why, reason);
        assert_string_equal(phone.e164, "untouched");
    } else {
        assert_null(why);
        assert_string_equal(phone.e164, e164);
    }
}

static void ways_to_write_one_number(void **state)
{
    static const char *const ways[] = {"+77015559223",
                                       "87015559223",
                                       "77015559223",
                                       "7015559223",
                                       "8 (701) 555-92-23",
                                       "+7 701 555 92 23",
                                       " +7(701)555\t9223 ",
                                       "8\xc2\xa0"
                                       "701\xe2\x80\x91"
                                       "555\xe2\x80\x93"
                                       "9223"};

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        gives(ways[i], "+77015559223", NULL);
    }
}

/* libphonenumber's metadata for KZ: mobile 7(0[0-25-8]|47|6[0-4]|7[15-8]|85) and seven digits. */
static void the_plan_is_the_metadata(void **state)
{
    unsigned mobile = 0;

    (void)state;
    for (unsigned prefix = 700; prefix < 800; prefix++) {
        unsigned tens = prefix / 10 % 10, ones = prefix % 10;
        bool expected = (tens == 0 && ones != 3 && ones != 4 && ones != 9) ||
                        (tens == 4 && ones == 7) || (tens == 6 && ones <= 4) ||
                        (tens == 7 && (ones == 1 || (ones >= 5 && ones <= 8))) ||
                        (tens == 8 && ones == 5);
        char text[16];
        kab_phone_t phone;
        snprintf(text, sizeof text, "+7%u5550000", prefix);
        const char *why = kab_phone_parse(&kab_phone_plan_default, kab_span_of(text), &phone);
        assert_int_equal(why == NULL, expected);
        if (why) {
            assert_string_equal(why, tens == 1 || tens == 2 ? "phone_fixed_line" : "phone_prefix");
        }
        mobile += expected;
    }
    assert_int_equal(mobile, kab_phone_plan_default.n);
}

static void strangers_get_their_own_reason(void **state)
{
    (void)state;
    gives("+77172555555", NULL, "phone_fixed_line"); /* Astana */
    gives("8 727 250 00 00", NULL, "phone_fixed_line");
    gives("+79161234567", NULL, "phone_foreign"); /* Russia */
    gives("89161234567", NULL, "phone_foreign");
    gives("9161234567", NULL, "phone_foreign");
    gives("+74951234567", NULL, "phone_foreign");
    gives("+998901234567", NULL, "phone_foreign");
    gives("+1 202 555 0123", NULL, "phone_foreign");
    gives("+77995550000", NULL, "phone_prefix");
    gives("+76015550000", NULL, "phone_prefix");
}

static void malformed(void **state)
{
    static const char *const bad[] = {"",
                                      "+",
                                      "7",
                                      "701555922",
                                      "701555922a",
                                      "+7701555922",
                                      "+770155592233",
                                      "870155592233",
                                      "7+015559223",
                                      "++77015559223",
                                      "2025550123",
                                      "+7701555922;",
                                      "7015559223,ext1",
                                      "\xff",
                                      "٧٠١٥٥٥٩٢٢٣",
                                      "1234567890123456"};
    char long_one[400];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gives(bad[i], NULL, "phone_format");
    }
    memset(long_one, ' ', sizeof long_one);
    memcpy(long_one + sizeof long_one - 13, "+77015559223", 13);
    gives(long_one, NULL, "phone_format");
    kab_phone_t phone;
    assert_string_equal(kab_phone_parse(&kab_phone_plan_default, KAB_SPAN("7015559223\0"), &phone),
                        "phone_format");
}

static void the_plan_is_configuration(void **state)
{
    const kab_phone_plan_t plan = {1, {"799"}};
    kab_phone_t phone;

    (void)state;
    assert_null(kab_phone_parse(&plan, KAB_SPAN("87995550000"), &phone));
    assert_string_equal(phone.e164, "+77995550000");
    assert_string_equal(kab_phone_parse(&plan, KAB_SPAN("87015559223"), &phone), "phone_prefix");
}

static void mask_shows_three_and_four(void **state)
{
    kab_phone_t phone = {"+77015559223"};
    char masked[KAB_PHONE_SIZE];

    (void)state;
    kab_phone_mask(&phone, masked);
    assert_string_equal(masked, "+770****9223");
    memcpy(phone.e164, "+77475553744", KAB_PHONE_SIZE);
    kab_phone_mask(&phone, masked);
    assert_string_equal(masked, "+774****3744");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways_to_write_one_number),
        cmocka_unit_test(the_plan_is_the_metadata),
        cmocka_unit_test(strangers_get_their_own_reason),
        cmocka_unit_test(malformed),
        cmocka_unit_test(the_plan_is_configuration),
        cmocka_unit_test(mask_shows_three_and_four),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

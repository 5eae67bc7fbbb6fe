#include "unit.h"

static void text_both_ways(void **state)
{
    kab_uuid_t id;
    char text[KAB_UUID_SIZE];

    (void)state;
    /* The example of RFC 9562 appendix A.3. */
    assert_true(kab_uuid_parse(KAB_SPAN("919108F7-52d1-4320-9bac-f847db4148a8"), &id));
    assert_int_equal(id.b[0], 0x91);
    assert_int_equal(id.b[15], 0xa8);
    kab_uuid_text(id, text);
    assert_string_equal(text, "919108f7-52d1-4320-9bac-f847db4148a8");
}

static void malformed_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "919108f752d143209bacf847db4148a8",
                                      "919108f7-52d1-4320-9bac-f847db4148a",
                                      "919108f7-52d1-4320-9bac-f847db4148a80",
                                      "919108f7-52d1-4320-9bac-f847db4148ag",
                                      "919108f7-52d1-43209-bac-f847db4148a8",
                                      "919108f7-52d1-4320-9bac-f847db4148-8",
                                      "{19108f7-52d1-4320-9bac-f847db4148a}"};
    kab_uuid_t id;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(kab_uuid_parse(kab_span_of(bad[i]), &id));
    }
}

static void a_new_one_says_version_and_variant(void **state)
{
    unit_dice_t dice = unit_dice();
    kab_env_t env = unit_env(&dice);

    (void)state;
    for (int i = 0; i < 200; i++) {
        kab_uuid_t id = kab_uuid_new(&env);
        assert_int_equal(id.b[6] >> 4, 4);
        assert_int_equal(id.b[8] >> 6, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_both_ways),
        cmocka_unit_test(malformed_is_refused),
        cmocka_unit_test(a_new_one_says_version_and_variant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

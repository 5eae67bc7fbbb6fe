/* The throttle's rule, without Redis. */
#include "unit.h"

#include "cabinet/throttle.h"

static void test_waits_grow(void **state)
{
    static const int64_t waits[] = {0, 0, 0, 0, 5, 15, 60, 300, 900, 900, 900};
    kab_lane_state_t lane = {0, 0, 0};
    kab_time_t now = 1000 * KAB_DAY;
    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        kab_try_t try = kab_lane_try(&kab_throttle_default, &lane, now);
        assert_true(try.allowed);
        assert_int_equal(lane.until - now, waits[i] * KAB_SECOND);
        if (waits[i] > 0) {
            try = kab_lane_try(&kab_throttle_default, &lane, now + KAB_SECOND);
            assert_false(try.allowed);
            assert_int_equal(try.wait, waits[i] * KAB_SECOND - KAB_SECOND);
        }
        now = lane.until;
    }
}

static void test_one_an_hour_is_forgotten(void **state)
{
    kab_lane_state_t lane = {0, 0, 0};
    kab_time_t now = 1000 * KAB_DAY;
    (void)state;
    for (int i = 0; i < 4; i++) {
        kab_lane_try(&kab_throttle_default, &lane, now);
    }
    assert_int_equal(kab_lane_try(&kab_throttle_default, &lane, now + 3 * KAB_HOUR).failures, 2);
    assert_int_equal(kab_lane_try(&kab_throttle_default, &lane, now + 90 * KAB_HOUR).failures, 1);
}

static void test_a_clock_set_back_does_not_lengthen_a_wait(void **state)
{
    kab_lane_state_t lane = {50, 1000 * KAB_DAY, 1000 * KAB_DAY};
    kab_try_t try = kab_lane_try(&kab_throttle_default, &lane, 999 * KAB_DAY);
    (void)state;
    assert_false(try.allowed);
    assert_int_equal(try.wait, 900 * KAB_SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_grow),
        cmocka_unit_test(test_one_an_hour_is_forgotten),
        cmocka_unit_test(test_a_clock_set_back_does_not_lengthen_a_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

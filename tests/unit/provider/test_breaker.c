/* The circuit breaker: each arrow of its diagram, and what must not move it. */
#include "unit.h"

#include "provider/breaker.h"

#define START (1000 * KAB_DAY)

static void fail_times(kab_breaker_t *breaker, kab_time_t now, unsigned times)
{
    while (times-- > 0) {
        uint64_t ticket = kab_breaker_ask(breaker, now);
        assert_true(ticket != 0);
        kab_breaker_tell(breaker, now, ticket, false);
    }
}

static kab_breaker_t opened(void)
{
    kab_breaker_t breaker = {0};

    fail_times(&breaker, START, KAB_BREAKER_FAILURES);
    assert_int_equal(breaker.state, KAB_BREAKER_OPEN);
    return breaker;
}

static void test_closed(void **state)
{
    (void)state;
    kab_breaker_t breaker = {0};

    /* Only failures in a row open it. */
    for (int i = 0; i < 10; i++) {
        fail_times(&breaker, START, KAB_BREAKER_FAILURES - 1);
        assert_int_equal(kab_breaker_wait(&breaker, START), 0);
        kab_breaker_tell(&breaker, START, kab_breaker_ask(&breaker, START), true);
        assert_int_equal(breaker.state, KAB_BREAKER_CLOSED);
    }
}

static void test_open_and_trial(void **state)
{
    (void)state;
    kab_breaker_t breaker = opened();
    kab_time_t late = START + KAB_BREAKER_PAUSE;

    assert_int_equal(kab_breaker_ask(&breaker, START), 0);
    assert_int_equal(kab_breaker_ask(&breaker, late - 1), 0);
    assert_int_equal(kab_breaker_wait(&breaker, START + KAB_SECOND),
                     KAB_BREAKER_PAUSE - KAB_SECOND);
    uint64_t trial = kab_breaker_ask(&breaker, late);
    assert_true(trial != 0);
    assert_int_equal(breaker.state, KAB_BREAKER_HALF_OPEN);
    assert_int_equal(kab_breaker_ask(&breaker, late + KAB_SECOND), 0); /* one at a time */
    assert_int_equal(kab_breaker_wait(&breaker, late + KAB_SECOND), KAB_SECOND);
    kab_breaker_tell(&breaker, late + KAB_SECOND, trial, false);
    assert_int_equal(breaker.state, KAB_BREAKER_OPEN);
    late += KAB_SECOND + KAB_BREAKER_PAUSE;
    assert_int_equal(kab_breaker_ask(&breaker, late - 1), 0);
    trial = kab_breaker_ask(&breaker, late);
    kab_breaker_tell(&breaker, late, trial, true);
    assert_int_equal(breaker.state, KAB_BREAKER_CLOSED);
    fail_times(&breaker, late, KAB_BREAKER_FAILURES - 1);
    assert_int_equal(breaker.state, KAB_BREAKER_CLOSED);
}

static void test_stale(void **state)
{
    (void)state;
    kab_breaker_t breaker = {0};
    uint64_t slow = kab_breaker_ask(&breaker, START);
    kab_time_t late = START + KAB_BREAKER_PAUSE;

    /* A request from before neither closes what is open nor passes for the trial. */
    fail_times(&breaker, START, KAB_BREAKER_FAILURES);
    kab_breaker_tell(&breaker, START + 1, slow, true);
    assert_int_equal(breaker.state, KAB_BREAKER_OPEN);
    uint64_t trial = kab_breaker_ask(&breaker, late);
    kab_breaker_tell(&breaker, late, slow, true);
    assert_int_equal(breaker.state, KAB_BREAKER_HALF_OPEN);
    kab_breaker_tell(&breaker, late, 0, true);
    assert_int_equal(breaker.state, KAB_BREAKER_HALF_OPEN);

    /* A trial that never told is followed by another, and is stale then. */
    late += KAB_BREAKER_TRIAL;
    assert_int_equal(kab_breaker_ask(&breaker, late - 1), 0);
    uint64_t second = kab_breaker_ask(&breaker, late);
    assert_true(second != 0 && second != trial);
    kab_breaker_tell(&breaker, late, trial, true);
    assert_int_equal(breaker.state, KAB_BREAKER_HALF_OPEN);
    kab_breaker_tell(&breaker, late, second, true);
    assert_int_equal(breaker.state, KAB_BREAKER_CLOSED);
}

static void test_clock_set_back(void **state)
{
    (void)state;
    kab_breaker_t breaker = opened();

    assert_int_equal(kab_breaker_wait(&breaker, START - KAB_DAY), 0);
    assert_true(kab_breaker_ask(&breaker, START - KAB_DAY) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_open_and_trial),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_clock_set_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

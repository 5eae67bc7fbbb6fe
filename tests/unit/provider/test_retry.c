/* Waits before a repeat. */
#include "unit.h"

#include "provider/retry.h"

static void test_bounds(void **state)
{
    (void)state;
    unit_dice_t dice = unit_dice();
    kab_env_t env = unit_env(&dice);
    const kab_retry_t *policy = &kab_retry_message;

    for (unsigned attempts = 0; attempts < 80; attempts++) {
        unsigned steps = attempts > 1 ? attempts - 1 : 0;
        kab_time_t full = steps < 6 ? KAB_SECOND << steps : KAB_MINUTE;
        kab_time_t least = KAB_DAY, most = 0;
        for (int i = 0; i < 2000; i++) {
            kab_time_t wait = kab_retry_wait(policy, attempts, 0, &env);
            assert_true(wait >= full / 2 && wait <= full);
            least = wait < least ? wait : least;
            most = wait > most ? wait : most;
        }
        /* The whole span is used. */
        assert_true(least < full * 52 / 100 && most > full * 98 / 100);
    }
    assert_true(kab_retry_wait(policy, UINT32_MAX, 0, &env) <= KAB_MINUTE);
}

static void test_retry_after(void **state)
{
    (void)state;
    unit_dice_t dice = unit_dice();
    kab_env_t env = unit_env(&dice);
    bool later = false;

    for (int i = 0; i < 2000; i++) {
        kab_time_t wait = kab_retry_wait(&kab_retry_message, 1, 30 * KAB_SECOND, &env);
        assert_true(wait >= 30 * KAB_SECOND && wait <= 31 * KAB_SECOND);
        later = later || wait > 30 * KAB_SECOND;
        wait = kab_retry_wait(&kab_retry_message, 1, KAB_DAY, &env);
        assert_true(wait >= KAB_RETRY_AFTER_MOST && wait <= KAB_RETRY_AFTER_MOST + KAB_SECOND);
        /* What lies before our own wait changes nothing. */
        wait = kab_retry_wait(&kab_retry_message, 7, KAB_SECOND, &env);
        assert_true(wait >= 30 * KAB_SECOND && wait <= KAB_MINUTE);
        wait = kab_retry_wait(&kab_retry_question, 1, -KAB_DAY, &env);
        assert_true(wait >= 100 * KAB_MS && wait <= 200 * KAB_MS);
    }
    assert_true(later);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

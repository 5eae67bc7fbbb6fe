#include "world.h"

#include "cabinet/throttle.h"

static const uint8_t somewhere[16] = {[10] = 0xff, 0xff, 10, 1, 2, 3};

/* The pure rule and the script, driven by the same dice, must say the same. */
static void test_the_script_is_the_rule(void **state)
{
    store_t *s = *state;
    printf("seed %llu\n", (unsigned long long)s->dice);
    for (int lane = 0; lane < 20; lane++) {
        kab_iin_t iin = store_iin(s);
        kab_lane_state_t rule = {0, 0, 0};
        for (int i = 0; i < 100; i++) {
            static const kab_time_t steps[] = {
                0, KAB_SECOND, 20 * KAB_SECOND, 10 * KAB_MINUTE, 16 * KAB_MINUTE, 2 * KAB_HOUR};
            kab_time_t step = steps[store_roll(s) % 6];
            s->now += step == 0 ? 0 : (kab_time_t)(store_roll(s) % (uint64_t)step);
            kab_try_t want = kab_lane_try(&kab_throttle_default, &rule, s->now), got;
            assert_int_equal(kab_throttle_reserve(&s->w, &kab_throttle_default, &iin, NULL,
                                                  somewhere, true, &got),
                             KAB_OK);
            assert_int_equal(got.allowed, want.allowed);
            assert_int_equal(got.wait, want.wait);
            assert_int_equal(got.failures, want.failures);
        }
    }
}

static kab_try_t reserve(store_t *s, const kab_iin_t *iin, const uint8_t *browser)
{
    kab_try_t out;
    assert_int_equal(
        kab_throttle_reserve(&s->w, &kab_throttle_default, iin, browser, somewhere, true, &out),
        KAB_OK);
    return out;
}

static void test_lanes_are_apart(void **state)
{
    store_t *s = *state;
    kab_iin_t iin = store_iin(s);
    uint8_t browser[32] = {7};
    for (int i = 0; i < 5; i++) {
        assert_true(reserve(s, &iin, NULL).allowed);
    }
    assert_false(reserve(s, &iin, NULL).allowed);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(reserve(s, &iin, browser).failures, i + 1);
    }
    /* A success of the known browser clears its own lane only. */
    kab_throttle_release(&s->w, &iin, browser, somewhere);
    assert_int_equal(reserve(s, &iin, browser).failures, 1);
    assert_false(reserve(s, &iin, NULL).allowed);
    /* A stranger's success gives back its one try. */
    kab_throttle_release(&s->w, &iin, NULL, somewhere);
    assert_int_equal(reserve(s, &iin, NULL).failures, 5);
}

static void test_a_hundred_is_reached(void **state)
{
    store_t *s = *state;
    kab_iin_t iin = store_iin(s);
    int64_t failures = 0;
    for (int i = 0; i < 400 && failures < 100; i++) {
        kab_try_t try = reserve(s, &iin, NULL);
        failures = try.failures;
        s->now += try.allowed ? 1 : try.wait;
    }
    assert_int_equal(failures, kab_throttle_default.off);
}

static void test_addresses_count_distinct_iins(void **state)
{
    store_t *s = *state;
    kab_throttle_limits_t few = {5, 100, 3, 6};
    uint8_t v6[16] = {0x20, 0x01}, neighbour[16] = {0x20, 0x01, [15] = 9}, browser[32] = {1};
    kab_iin_t iin[4];
    kab_try_t out;
    for (int i = 0; i < 4; i++) {
        iin[i] = store_iin(s);
    }
    for (int i = 0; i < 6; i++) { /* the same three again cost nothing more */
        assert_int_equal(kab_throttle_reserve(&s->w, &few, &iin[i % 3], NULL, v6, false, &out),
                         KAB_OK);
        assert_true(out.allowed);
    }
    assert_int_equal(kab_throttle_reserve(&s->w, &few, &iin[3], NULL, neighbour, false, &out),
                     KAB_OK);
    assert_false(out.allowed); /* IPv6 counts by /64 */
    assert_in_range(out.wait, KAB_SECOND, KAB_HOUR);
    /* Never a known browser, and a carrier's limit is another. */
    assert_int_equal(kab_throttle_reserve(&s->w, &few, &iin[3], browser, v6, false, &out), KAB_OK);
    assert_true(out.allowed);
    assert_int_equal(kab_throttle_reserve(&s->w, &few, &iin[3], NULL, v6, true, &out), KAB_OK);
    assert_true(out.allowed);
    kab_throttle_release(&s->w, &iin[3], NULL, v6);
    kab_throttle_release(&s->w, &iin[0], NULL, v6);
    assert_int_equal(kab_throttle_reserve(&s->w, &few, &iin[3], NULL, v6, false, &out), KAB_OK);
    assert_true(out.allowed);
    s->now += KAB_HOUR + KAB_SECOND;
    assert_int_equal(kab_throttle_reserve(&s->w, &few, &iin[0], NULL, v6, false, &out), KAB_OK);
    assert_true(out.allowed);
}

static void test_an_owner_of_addresses(void **state)
{
    static const uint8_t one[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 9},
                         same[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0xff, 7},
                         next[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 2, 9},
                         v4[16] = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1},
                         other[16] = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 2};
    (void)state;
    assert_true(kab_span_eq(kab_throttle_network(one), kab_throttle_network(same)));
    assert_false(kab_span_eq(kab_throttle_network(one), kab_throttle_network(next)));
    assert_false(kab_span_eq(kab_throttle_network(v4), kab_throttle_network(other)));
}

static void test_a_plain_budget(void **state)
{
    store_t *s = *state;
    kab_iin_t iin = store_iin(s);
    kab_span_t key = kab_span_of(iin.digits);
    kab_time_t wait;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kab_throttle_count(&s->w, "test", key, 3, 60, &wait), KAB_OK);
    }
    assert_int_equal(kab_throttle_count(&s->w, "test", key, 3, 60, &wait), KAB_E_THROTTLED);
    assert_in_range(wait, 50 * KAB_SECOND, 60 * KAB_SECOND);
    assert_int_equal(kab_throttle_count(&s->w, "other", key, 3, 60, &wait), KAB_OK);
}

static void test_no_redis_no_try(void **state)
{
    store_t *s = *state;
    static const char *const urls[] = {"unix:/nowhere"};
    kab_world_t w = s->w;
    kab_iin_t iin = store_iin(s);
    kab_try_t out = {true, 0, 0};
    w.cache.redis = kab_redis_open(urls, 1);
    assert_int_equal(
        kab_throttle_reserve(&w, &kab_throttle_default, &iin, NULL, somewhere, false, &out),
        KAB_E_UNAVAILABLE);
    assert_false(out.allowed);
    kab_throttle_release(&w, &iin, NULL, somewhere);
    kab_redis_close(w.cache.redis);
}

static void test_keys_show_no_iin(void **state)
{
    store_t *s = *state;
    kab_iin_t iin = store_iin(s);
    reserve(s, &iin, NULL);
    const kab_redis_reply_t *keys = store_redis(s, "KEYS *");
    assert_true(keys->n > 0);
    for (size_t i = 0; i < keys->n; i++) {
        assert_null(strstr(kab_text(s->w.arena, keys->item[i].text), iin.digits));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_script_is_the_rule),
        cmocka_unit_test(test_lanes_are_apart),
        cmocka_unit_test(test_a_hundred_is_reached),
        cmocka_unit_test(test_addresses_count_distinct_iins),
        cmocka_unit_test(test_an_owner_of_addresses),
        cmocka_unit_test(test_a_plain_budget),
        cmocka_unit_test(test_no_redis_no_try),
        cmocka_unit_test(test_keys_show_no_iin),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

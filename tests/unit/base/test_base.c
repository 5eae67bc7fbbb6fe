#include "unit.h"

static void spans_compare(void **state)
{
    (void)state;
    assert_true(kab_span_is(kab_span_of("abc"), "abc"));
    assert_false(kab_span_is(kab_span_of("abc"), "abcd"));
    assert_true(kab_span_eq(KAB_NONE, KAB_SPAN("")));
    assert_int_equal(kab_span_of(NULL).n, 0);
    assert_true(kab_span_starts(KAB_SPAN("keyid=1"), "keyid="));
    assert_false(kab_span_starts(KAB_SPAN("key"), "keyid="));
    assert_true(kab_span_starts(KAB_NONE, ""));
}

static void cut_tells_an_empty_rest_from_none(void **state)
{
    kab_span_t from = KAB_SPAN("a=b=");

    (void)state;
    assert_true(kab_span_is(kab_span_cut(&from, '='), "a"));
    assert_true(kab_span_is(kab_span_cut(&from, '='), "b"));
    assert_int_equal(from.n, 0);
    assert_non_null(from.p);
    assert_int_equal(kab_span_cut(&from, '=').n, 0);
    assert_null(from.p);
    assert_int_equal(kab_span_cut(&from, '=').n, 0);
}

static void trim_takes_spaces_and_tabs(void **state)
{
    (void)state;
    assert_true(kab_span_is(kab_span_trim(KAB_SPAN(" \ta b\t ")), "a b"));
    assert_int_equal(kab_span_trim(KAB_SPAN(" \t ")).n, 0);
    assert_int_equal(kab_span_trim(KAB_NONE).n, 0);
}

static void wipe_and_same(void **state)
{
    uint8_t a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 5}, zero[4] = {0};

    (void)state;
    assert_false(kab_same(a, b, 4));
    assert_true(kab_same(a, b, 3));
    assert_true(kab_same(NULL, NULL, 0));
    kab_wipe(a, sizeof a);
    assert_memory_equal(a, zero, 4);
    kab_wipe(NULL, 4);
}

static void the_world_moves_on(void **state)
{
    uint8_t a[600] = {0}, b[600] = {0};

    (void)state;
    assert_true(kab_env_system.now(NULL) > 1700000000 * KAB_SECOND);
    kab_env_system.random(NULL, a, sizeof a);
    kab_env_system.random(NULL, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_compare),
        cmocka_unit_test(cut_tells_an_empty_rest_from_none),
        cmocka_unit_test(trim_takes_spaces_and_tabs),
        cmocka_unit_test(wipe_and_same),
        cmocka_unit_test(the_world_moves_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

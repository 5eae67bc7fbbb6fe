#include "unit.h"

#include "base/error.h"

static void every_row_is_filled(void **state)
{
    (void)state;
    for (int e = 0; e < KAB_ERR_COUNT; e++) {
        const kab_error_t *error = kab_error((kab_err_t)e);
        assert_non_null(error->name);
        assert_non_null(error->title);
        assert_true(e == KAB_OK ? error->status == 200
                                : error->status >= 400 && error->status < 600);
        for (int other = 0; other < e; other++) {
            assert_string_not_equal(error->id, kab_error((kab_err_t)other)->id);
        }
    }
}

static void a_stranger_is_internal(void **state)
{
    (void)state;
    assert_string_equal(kab_error(KAB_ERR_COUNT)->id, "internal");
    assert_int_equal(kab_error(KAB_E_NO_SESSION)->status, 401);
    assert_string_equal(kab_error(KAB_E_THROTTLED)->name, "THROTTLED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_filled),
        cmocka_unit_test(a_stranger_is_internal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

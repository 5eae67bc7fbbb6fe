#include "unit.h"

#include "base/log.h"

static void lines_are_kept_then_counted(void **state)
{
    kab_log_t log = {0};

    (void)state;
    for (int i = 0; i < KAB_LOG_LINES + 3; i++) {
        kab_log(&log, KAB_LOG_WARN, "line %d", i);
    }
    assert_int_equal(log.n, KAB_LOG_LINES);
    assert_int_equal(log.lost, 3);
    assert_int_equal(log.level[0], KAB_LOG_WARN);
    assert_string_equal(log.line[0], "line 0");
    kab_log(NULL, KAB_LOG_ERROR, "nobody listens");
}

static void a_line_stays_one_line(void **state)
{
    kab_log_t log = {0};
    char big[1000];

    (void)state;
    kab_log(&log, KAB_LOG_INFO, "a%sb", "\r\n2026 forged\x1b[0m\x7f");
    assert_string_equal(log.line[0], "a??2026 forged?[0m?b");
    memset(big, 'x', sizeof big);
    kab_log(&log, KAB_LOG_INFO, "%.*s", (int)sizeof big, big);
    assert_int_equal(strlen(log.line[1]), KAB_LOG_LINE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_kept_then_counted),
        cmocka_unit_test(a_line_stays_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

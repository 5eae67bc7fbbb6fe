/* Directives that a whole gateway must have heard: what it does, not what was read. */
#include "journey.h"

/* ---- kabinet_retention ---- */

static int64_t left_of_events(const char *directives)
{
    gateway_t *g = gateway_open(directives);

    gateway_sql(g, "DELETE FROM event");
    gateway_sql(g, "INSERT INTO event (id, kind, at) SELECT gen_random_uuid(), 'sign_in',"
                   " now() - d * interval '1 day' FROM unnest(ARRAY[1, 95, 200, 360, 370, 700]) d");
    gateway_timer(g, KAB_TIMER_SWEEP);
    int64_t left = gateway_number(g, "SELECT count(*) FROM event");
    gateway_close(g);
    return left;
}

static void events_are_kept_as_long_as_it_says(void **state)
{
    (void)state;
    assert_int_equal(left_of_events(""), 4);
    assert_int_equal(left_of_events("kabinet_retention events=100d;"), 2);
    assert_int_equal(left_of_events("kabinet_retention events=2y;"), 6);
}

/* ---- kabinet_mask ---- */

/* Of 10000 people all but one have the app, so that nearly each unknown IIN shows a number. */
static void strangers_see_the_table(void **state)
{
    (void)state;
    char path[] = "/tmp/kab-mask-XXXXXX", line[96];
    int fd = mkstemp(path), shown = 0;
    static const char *const unknown[] = {"940120000029", "010101500003", "850505300001"};

    assert_true(fd >= 0);
    assert_true(dprintf(fd, "app 9999\n747 1\n") > 0);
    close(fd);
    snprintf(line, sizeof line, "kabinet_mask file=%s;", path);
    gateway_t *g = gateway_open(line);
    unlink(path);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        browser_t b;
        journey_begin(g, &b, unknown[i]);
        if (strcmp(browser_state(&b), "code") == 0) {
            assert_memory_equal(journey_data(&b, "phone_masked"), "+774****", 8);
            shown++;
        }
        browser_close(&b);
    }
    assert_true(shown > 0); /* none: once in 10^12 */
    gateway_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_kept_as_long_as_it_says),
        cmocka_unit_test(strangers_see_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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

/* ---- kabinet_iin_check ---- */

static int began(gateway_t *g, const char *kind, const char *iin)
{
    browser_t b;
    char body[160];

    browser_open(&b, g);
    snprintf(body, sizeof body, "{\"kind\":\"%s\"}", kind);
    browser_call(&b, "POST", "/flows", body);
    assert_int_equal(b.status, 201);
    bool login = strcmp(kind, "login") == 0;
    snprintf(body, sizeof body, "{\"iin\":\"%s\"%s}", iin,
             login ? ",\"consents\":{\"terms\":true}" : "");
    browser_call(&b, "POST", "/flows/{flow}/identify", body);
    if (b.status == 422) {
        assert_non_null(strstr(b.body, "iin_"));
    }
    int status = b.status;
    browser_close(&b);
    return status;
}

static void a_wrong_check_digit(void **state)
{
    (void)state;
    static const char *const conf[] = {"", "kabinet_iin_check strict;", "kabinet_iin_check warn;"};
    static const char *const kinds[] = {"login", "recovery"};

    for (int c = 0; c < 3; c++) {
        gateway_t *g = gateway_open(conf[c]);
        browser_t b;
        browser_open(&b, g);
        browser_call(&b, "GET", "/meta", NULL);
        assert_string_equal(json_string_value(json_object_get(b.json, "iin_check")),
                            c == 2 ? "warn" : "strict");
        browser_close(&b);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(began(g, kinds[k], "880314493312"), 200);
            assert_int_equal(began(g, kinds[k], "880314493313"), c == 2 ? 200 : 422);
            assert_int_equal(began(g, kinds[k], "880344493313"), 422); /* an organisation's */
        }
        gateway_close(g);
    }
}

/* Whoever has such an IIN signs in with it like anybody. */
static void a_person_with_a_wrong_check_digit(void **state)
{
    (void)state;
    gateway_t *g = gateway_open("kabinet_iin_check warn;");
    browser_t b;

    gateway_account(g, "790130392195", "+77012223344", "Balabaqsha#2026");
    browser_open(&b, g);
    assert_int_equal(browser_sign_in(&b, "790130392195", "Balabaqsha#2026"), 200);
    assert_string_equal(browser_state(&b), "done");
    browser_close(&b);
    gateway_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_kept_as_long_as_it_says),
        cmocka_unit_test(strangers_see_the_table),
        cmocka_unit_test(a_wrong_check_digit),
        cmocka_unit_test(a_person_with_a_wrong_check_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

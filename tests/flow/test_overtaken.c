/* What was true when a password was hashed may not be so any more when it is acted on. */
#include "alone.h"

static void overtaken_by(const char *change)
{
    browser_t b;
    kab_todo_t todo;

    browser_open(&b, g);
    assert_int_equal(browser_identify(&b, KNOWN), 200);
    kab_call_t *call =
        browser_half(&b, "POST", "/flows/{flow}/password", "{\"password\":\"" OLD "\"}", &todo);
    assert_non_null(call);
    gateway_sql(g, change);
    browser_rest(&b, call, todo);
    assert_int_equal(b.status, 401);
    assert_string_equal(browser_code(&b), "invalid_credentials");
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM session"), 0);
    browser_close(&b);
}

static void by_a_new_password(void **state)
{
    (void)state;
    overtaken_by("UPDATE account SET hash = NULL");
}

static void by_a_block(void **state)
{
    (void)state;
    overtaken_by("UPDATE account SET blocked_at = now()");
}

/* A second app would count at once by the old password, and not after a hold. */
static void a_new_device(void **state)
{
    browser_t b;
    phone_t p;
    kab_todo_t todo;

    (void)state;
    journey_activate(g, &b, &p, KNOWN, NUMBER);
    browser_close(&b);
    journey_begin(g, &b, KNOWN);
    assert_string_equal(browser_state(&b), "code");
    int64_t before = gateway_number(g, "SELECT count(*) FROM activation");
    kab_call_t *call = browser_half(&b, "POST", "/flows/{flow}/new_device",
                                    "{\"current_password\":\"" OLD "\"}", &todo);
    assert_non_null(call);
    gateway_sql(g, "UPDATE account SET hash = NULL");
    browser_rest(&b, call, todo);
    assert_int_equal(b.status, 401);
    assert_string_equal(browser_code(&b), "invalid_credentials");
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM activation"), before);
    phone_close(&p);
    browser_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(by_a_new_password, alone_fresh),
        cmocka_unit_test_setup(by_a_block, alone_fresh),
        cmocka_unit_test_setup(a_new_device, alone_fresh),
    };

    return cmocka_run_group_tests_name("overtaken", tests, alone_open, alone_close);
}

/* A signed-in person's cabinet: activation of an app by session. */
#include "journey.h"

#define KNOWN "880314493312"
#define NUMBER "+77770009223"
#define OTHER "860922390740"
#define OTHER_NUMBER "+77055550740"
#define OLD "Kabinet!Demo2026"

#define ACTIVATION "{\"kind\":\"activation\"}"

static gateway_t *g;

static int open_all(void **state)
{
    (void)state;
    g = gateway_open("kabinet_code length=4 ttl=5m attempts=3 arm=on;\n");
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    gateway_close(g);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    gateway_sql(g,
                "TRUNCATE account CASCADE; TRUNCATE device, activation, challenge, outbox, event,"
                " strangers_off, limit_count");
    gateway_forget(g);
    memset(&g->script, 0, sizeof(g->script));
    g->ahead = 0;
    gateway_account(g, KNOWN, NUMBER, OLD);
    return 0;
}

static void signed_in(browser_t *b, const char *iin)
{
    browser_open(b, g);
    assert_int_equal(browser_sign_in(b, iin, OLD), 200);
}

/* A new app of the account, which a session spoke for. */
static void activated(browser_t *b, phone_t *p)
{
    browser_call(b, "POST", "/flows", ACTIVATION);
    assert_int_equal(b->status, 201);
    assert_int_equal(journey_bind(g, b, p, NUMBER), 200);
}

/* ---- the flow `activation` ---- */

static void an_app_is_activated_by_session(void **state)
{
    browser_t b;
    phone_t p;

    (void)state;
    signed_in(&b, KNOWN);
    browser_call(&b, "POST", "/flows", ACTIVATION);
    assert_int_equal(b.status, 201);
    assert_string_equal(browser_state(&b), "activate");
    assert_string_equal(journey_data(&b, "device"), "none");
    assert_int_equal(json_array_size(json_object_get(b.json, "steps")), 0);
    browser_call(&b, "GET", "/flows/{flow}/qr.svg", NULL);
    assert_int_equal(b.status, 200);
    journey_look(&b);
    assert_int_equal(journey_bind(g, &b, &p, NUMBER), 200);
    assert_string_equal(browser_state(&b), "done");
    assert_int_equal(json_object_size(json_object_get(b.json, "data")), 0);
    phone_call(&p, "GET", "/app/challenges", NULL);
    assert_int_equal(p.at.status, 200);
    phone_close(&p);
    browser_close(&b);
}

/* SECURITY 13 and 16: at once, beside an older one; 17: but not beside a weak one. */
static void it_counts_at_once_unless_a_weak_one_came_first(void **state)
{
    browser_t b, c;
    phone_t weak, second, third;

    (void)state;
    journey_activate(g, &b, &weak, KNOWN, NUMBER);
    signed_in(&c, KNOWN);
    activated(&c, &second);
    assert_string_equal(browser_state(&c), "activate");
    assert_string_equal(journey_data(&c, "device"), "held");
    g->ahead += 2 * KAB_DAY;
    browser_close(&c);
    signed_in(&c, KNOWN);
    activated(&c, &third);
    assert_string_equal(browser_state(&c), "done");
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM activation WHERE trusted"), 2);
    phone_close(&weak);
    phone_close(&second);
    phone_close(&third);
    browser_close(&b);
    browser_close(&c);
}

static void without_a_session_there_is_none(void **state)
{
    browser_t b;
    char path[80];

    (void)state;
    browser_open(&b, g);
    browser_call(&b, "POST", "/flows", ACTIVATION);
    assert_int_equal(b.status, 401);
    assert_string_equal(browser_code(&b), "no_session");
    browser_close(&b);

    signed_in(&b, KNOWN);
    browser_call(&b, "POST", "/flows", ACTIVATION);
    assert_int_equal(b.status, 201);
    snprintf(path, sizeof(path), "/flows/%s", b.flow);
    browser_call(&b, "DELETE", "/session", NULL);
    assert_int_equal(b.status, 204);
    browser_call(&b, "GET", path, NULL);
    assert_int_equal(b.status, 401);
    browser_call(&b, "GET", "/flows/{flow}/qr.svg", NULL);
    assert_int_equal(b.status, 401);

    /* the same browser, another person */
    gateway_account(g, OTHER, OTHER_NUMBER, OLD);
    assert_int_equal(browser_sign_in(&b, OTHER, OLD), 200);
    browser_call(&b, "GET", path, NULL);
    assert_int_equal(b.status, 404);
    assert_string_equal(browser_code(&b), "flow_not_found");
    assert_int_equal(browser_sign_in(&b, KNOWN, OLD), 200);
    browser_call(&b, "GET", path, NULL);
    assert_int_equal(b.status, 200);
    browser_close(&b);
}

static void without_a_number_it_is_refused(void **state)
{
    browser_t b;

    (void)state;
    gateway_account(g, OTHER, NULL, OLD);
    signed_in(&b, OTHER);
    browser_call(&b, "POST", "/flows", ACTIVATION);
    assert_int_equal(b.status, 422);
    const json_t *error = json_array_get(json_object_get(b.json, "errors"), 0);
    assert_string_equal(json_string_value(json_object_get(error, "code")), "phone_missing");
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM activation"), 0);
    browser_close(&b);
}

static void it_is_shown_so_many_times_an_hour(void **state)
{
    browser_t b;

    (void)state;
    signed_in(&b, KNOWN);
    for (int i = 0; i < 30; i++) {
        browser_call(&b, "POST", "/flows", ACTIVATION);
        assert_int_equal(b.status, 201);
    }
    browser_call(&b, "POST", "/flows", ACTIVATION);
    assert_int_equal(b.status, 429);
    assert_true(b.retry_after > 0);
    browser_close(&b);
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_app_is_activated_by_session),
        TEST(it_counts_at_once_unless_a_weak_one_came_first),
        TEST(without_a_session_there_is_none),
        TEST(without_a_number_it_is_refused),
        TEST(it_is_shown_so_many_times_an_hour),
    };

    return cmocka_run_group_tests_name("cabinet", tests, open_all, close_all);
}

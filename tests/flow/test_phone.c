/* A signed-in person changes the number (core/flow/phone.c). */
#include "alone.h"

#define NEW_NUMBER "+77785550715"

static void begin(browser_t *b)
{
    browser_open(b, g);
    assert_int_equal(browser_sign_in(b, KNOWN, OLD), 200);
    browser_call(b, "POST", "/flows", "{\"kind\":\"phone\"}");
    assert_int_equal(b->status, 201);
    assert_string_equal(browser_state(b), "contact");
}

static void contact(browser_t *b, const char *phone, const char *password, int status)
{
    char body[128];

    snprintf(body, sizeof(body), "{\"phone\":\"%s\",\"current_password\":\"%s\"}", phone, password);
    browser_call(b, "POST", "/flows/{flow}/contact", body);
    assert_int_equal(b->status, status);
}

static void complete(browser_t *b, phone_t *p)
{
    char code[9], body[32];

    journey_open_code(b, p, code);
    snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code);
    browser_call(b, "POST", "/flows/{flow}/complete", body);
    assert_int_equal(b->status, 200);
}

static bool has_number(const char *masked)
{
    browser_t b;

    browser_open(&b, g);
    assert_int_equal(browser_sign_in(&b, KNOWN, OLD), 200);
    browser_call(&b, "GET", "/session", NULL);
    bool found = strstr(b.body, masked) != NULL;
    browser_close(&b);
    return found;
}

static void the_whole_way(void **state)
{
    browser_t b, other;
    phone_t old, p;

    (void)state;
    journey_activate(g, &other, &old, KNOWN, NUMBER);
    browser_close(&other);
    g->ahead += 2 * KAB_DAY;
    browser_open(&other, g);
    assert_int_equal(browser_sign_in(&other, KNOWN, OLD), 200);
    begin(&b);
    contact(&b, NEW_NUMBER, OLD, 200);
    assert_string_equal(browser_state(&b), "activate");
    assert_int_equal(journey_bind(g, &b, &p, NEW_NUMBER), 200);
    assert_string_equal(journey_data(&b, "device"), "active"); /* the session speaks for it */
    browser_call(&b, "POST", "/flows/{flow}/send", "{}");
    complete(&b, &p);
    assert_string_equal(browser_state(&b), "done");
    browser_call(&b, "GET", "/session", NULL);
    assert_int_equal(b.status, 200); /* the session at hand stays */
    assert_non_null(strstr(b.body, "+777****0715"));
    browser_call(&other, "GET", "/session", NULL);
    assert_int_equal(other.status, 401);
    unsigned pushes = g->script.pushes;
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_true(g->script.pushes > pushes); /* the old number's app is told */
    phone_close(&old);
    phone_close(&p);
    browser_close(&b);
    browser_close(&other);
}

static void what_is_refused(void **state)
{
    browser_t b, stranger;

    (void)state;
    browser_open(&stranger, g);
    browser_call(&stranger, "POST", "/flows", "{\"kind\":\"phone\"}");
    assert_int_equal(stranger.status, 401);
    begin(&b);
    contact(&b, NEW_NUMBER, "Wrong!Password1", 401);
    assert_string_equal(browser_code(&b), "invalid_credentials");
    assert_int_equal(g->script.questions, 0);
    contact(&b, "123", OLD, 422);
    g->script.bmg_answer = KAB_BMG_CONSENT_REQUIRED;
    contact(&b, NEW_NUMBER, OLD, 422);
    assert_string_equal(browser_code(&b), "bmg_mismatch");
    g->script.bmg_answer = KAB_BMG_UNAVAILABLE;
    contact(&b, "+77011112233", OLD, 503);
    assert_true(has_number("+777****9223"));
    browser_close(&b);
    browser_close(&stranger);
}

/* A first app that an SMS alone proved moves the number a day later. */
static void a_weak_app_waits(void **state)
{
    browser_t b, other;
    phone_t weak;

    (void)state;
    journey_activate(g, &other, &weak, KNOWN, NUMBER);
    begin(&b);
    contact(&b, NUMBER, OLD, 200); /* the same number: its app is there */
    assert_string_equal(browser_state(&b), "code");
    complete(&b, &weak);
    assert_string_equal(browser_state(&b), "held");
    assert_int_equal(strlen(journey_data(&b, "until")), 20);
    phone_close(&weak);
    browser_close(&b);
    browser_close(&other);
}

/* Another number's app opens the code: nothing moves. */
static void another_numbers_code_is_worth_nothing(void **state)
{
    browser_t b, other;
    phone_t old, p;
    char code[9], body[32];

    (void)state;
    journey_activate(g, &other, &old, KNOWN, NUMBER);
    g->ahead += 2 * KAB_DAY;
    begin(&b);
    contact(&b, NEW_NUMBER, OLD, 200);
    assert_int_equal(journey_bind(g, &b, &p, NEW_NUMBER), 200);
    browser_call(&b, "POST", "/flows/{flow}/send", "{}");
    journey_open_code(&b, &old, code);
    snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code);
    browser_call(&b, "POST", "/flows/{flow}/complete", body);
    assert_int_equal(b.status, 410);
    assert_true(has_number("+777****9223"));
    phone_close(&old);
    phone_close(&p);
    browser_close(&b);
    browser_close(&other);
}

/* The number goes back to the app that objects, the password is off, and operators decide. */
static void it_is_objected_to(void **state)
{
    browser_t b, other;
    phone_t old, p;
    const json_t *row;
    char path[96] = "";
    size_t i;

    (void)state;
    journey_activate(g, &other, &old, KNOWN, NUMBER);
    g->ahead += 2 * KAB_DAY;
    begin(&b);
    contact(&b, NEW_NUMBER, OLD, 200);
    assert_int_equal(journey_bind(g, &b, &p, NEW_NUMBER), 200);
    browser_call(&b, "POST", "/flows/{flow}/send", "{}");
    complete(&b, &p);
    phone_call(&old, "GET", "/app/events", NULL);
    json_array_foreach(json_object_get(old.at.json, "events"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "kind")), "number_changed") == 0) {
            snprintf(path, sizeof(path), "/app/events/%s/object",
                     json_string_value(json_object_get(row, "id")));
        }
    }
    assert_true(path[0]);
    phone_call(&old, "POST", path, "{}");
    assert_int_equal(old.at.status, 204);
    browser_call(&b, "GET", "/session", NULL);
    assert_int_equal(b.status, 401);
    assert_int_equal(browser_sign_in(&b, KNOWN, OLD), 401);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM moderation WHERE kind = 'objection'"
                                       " AND state = 'open'"),
                     1);
    /* recovery works through that app alone */
    browser_close(&other);
    journey_begin(g, &other, KNOWN);
    assert_string_equal(browser_state(&other), "code");
    assert_string_equal(journey_data(&other, "phone_masked"), "+777****9223");
    (void)account;
    phone_close(&old);
    phone_close(&p);
    browser_close(&b);
    browser_close(&other);
}

#define TEST(f) cmocka_unit_test_setup(f, alone_fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_whole_way),     TEST(what_is_refused),
        TEST(a_weak_app_waits),  TEST(another_numbers_code_is_worth_nothing),
        TEST(it_is_objected_to),
    };

    return cmocka_run_group_tests_name("phone", tests, alone_open, alone_close);
}

/* A signed-in person's cabinet: the feed, apps, children, activation of an app by session. */
#include "alone.h"

#define ACTIVATION "{\"kind\":\"activation\"}"

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

/* ---- the feed ---- */

/* The newest row with this value under this name; NULL: none. Borrowed from the last answer. */
static const json_t *row_of(browser_t *b, const char *list, const char *name, const char *value)
{
    const json_t *row;
    char path[32];
    size_t i;

    snprintf(path, sizeof(path), "/%s", list);
    browser_call(b, "GET", path, NULL);
    assert_int_equal(b->status, 200);
    json_array_foreach(json_object_get(b->json, list), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, name)), value) == 0) {
            return row;
        }
    }
    return NULL;
}

static const char *text_in(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));

    return text ? text : "";
}

static int object_to(browser_t *b, const char *id)
{
    char path[96];

    snprintf(path, sizeof(path), "/events/%s/object", id);
    browser_call(b, "POST", path, "{}");
    return b->status;
}

static void an_app_that_came_later_is_objected_away(void **state)
{
    browser_t early, late, b;
    phone_t p;
    char id[40];

    (void)state;
    signed_in(&early, KNOWN);
    g->ahead += KAB_MINUTE;
    journey_activate(g, &b, &p, KNOWN, NUMBER);
    g->ahead += KAB_MINUTE;
    signed_in(&late, KNOWN);
    assert_non_null(row_of(&late, "events", "kind", "sign_in"));
    const json_t *row = row_of(&late, "events", "kind", "device");
    snprintf(id, sizeof(id), "%s", text_in(row, "id"));
    assert_null(json_object_get(row, "object_until")); /* it was there first */
    assert_int_equal(object_to(&late, id), 409);

    assert_true(*text_in(row_of(&early, "events", "kind", "device"), "object_until"));
    assert_int_equal(object_to(&early, id), 204);
    phone_call(&p, "GET", "/app/challenges", NULL);
    assert_string_equal(browser_code(&p.at), "device_unknown");
    browser_call(&early, "GET", "/events", NULL);
    assert_int_equal(early.status, 401); /* whoever it was may have a session too */
    phone_close(&p);
    browser_close(&early);
    browser_close(&late);
    browser_close(&b);
}

static void of_strangers_events_there_are_none(void **state)
{
    browser_t mine, theirs, b;
    char id[40];

    (void)state;
    gateway_account(g, OTHER, OTHER_NUMBER, OLD);
    signed_in(&mine, KNOWN);
    signed_in(&theirs, OTHER);
    snprintf(id, sizeof(id), "%s", text_in(row_of(&theirs, "events", "kind", "sign_in"), "id"));
    assert_null(row_of(&mine, "events", "id", id));
    assert_int_equal(object_to(&mine, id), 404);
    assert_int_equal(object_to(&mine, "no-uuid"), 404);
    assert_int_equal(object_to(&theirs, id), 409); /* a sign-in is nothing to take back */
    browser_open(&b, g);
    browser_call(&b, "GET", "/events", NULL);
    assert_int_equal(b.status, 401);
    assert_int_equal(object_to(&b, id), 401);
    browser_close(&mine);
    browser_close(&theirs);
    browser_close(&b);
}

/* ---- apps ---- */

static int remove_device(browser_t *b, const char *id, const char *password)
{
    char path[96], body[64];

    snprintf(path, sizeof(path), "/devices/%s", id);
    snprintf(body, sizeof(body), "{\"current_password\":\"%s\"}", password);
    browser_call(b, "DELETE", path, body);
    return b->status;
}

static void an_app_is_removed(void **state)
{
    browser_t b;
    phone_t p;
    int pushes;

    (void)state;
    signed_in(&b, KNOWN);
    activated(&b, &p);
    const json_t *row = row_of(&b, "devices", "id", p.device);
    assert_string_equal(text_in(row, "platform"), "cli");
    assert_string_equal(text_in(row, "phone_masked"), "+777****9223");
    assert_string_equal(text_in(row, "state"), "active");
    assert_true(*text_in(row, "active_at") && *text_in(row, "created_at"));
    assert_int_equal(json_object_size(row), 6);

    gateway_timer(g, KAB_TIMER_OUTBOX);
    pushes = (int)g->script.pushes;
    assert_int_equal(remove_device(&b, p.device, OLD), 204);
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_int_equal(g->script.pushes, pushes + 1);
    row = row_of(&b, "devices", "id", p.device);
    assert_string_equal(text_in(row, "state"), "removed");
    assert_true(*text_in(row, "removed_at"));
    assert_non_null(row_of(&b, "events", "kind", "device_removed"));
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM audit WHERE kind = 'device_removed' "
                                       "AND account IN (SELECT id FROM account)"),
                     1);
    phone_call(&p, "GET", "/app/challenges", NULL);
    assert_string_equal(browser_code(&p.at), "device_unknown");
    phone_call(&p, "GET", "/app/events", NULL);
    assert_int_equal(p.at.status, 200); /* for 30 days */
    assert_int_equal(remove_device(&b, p.device, OLD), 404);
    browser_close(&b);
    g->ahead += 31 * KAB_DAY;
    signed_in(&b, KNOWN);
    assert_null(row_of(&b, "devices", "id", p.device));
    phone_close(&p);
    browser_close(&b);
}

static void an_app_that_cannot_be_rung_is_written_to(void **state)
{
    browser_t b;
    phone_t p;

    (void)state;
    signed_in(&b, KNOWN);
    activated(&b, &p);
    gateway_sql(g, "UPDATE device SET push_token = NULL, push_token_at = NULL");
    assert_int_equal(remove_device(&b, p.device, OLD), 204);
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_string_equal(g->script.to, NUMBER);
    assert_non_null(strstr(g->script.text, "устройство удалено"));
    phone_close(&p);
    browser_close(&b);
}

static void removal_asks_the_current_password(void **state)
{
    browser_t b, other, nobody;
    phone_t p;

    (void)state;
    gateway_account(g, OTHER, OTHER_NUMBER, OLD);
    signed_in(&b, KNOWN);
    activated(&b, &p);
    signed_in(&other, OTHER);
    browser_open(&nobody, g);
    assert_int_equal(remove_device(&nobody, p.device, OLD), 401);
    assert_int_equal(remove_device(&other, p.device, OLD), 404);
    assert_int_equal(remove_device(&b, "no-uuid", OLD), 404);
    assert_int_equal(remove_device(&b, p.device, ""), 422);
    browser_call(&b, "DELETE", "/devices/00000000-0000-0000-0000-000000000000", NULL);
    assert_int_equal(b.status, 422);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(remove_device(&b, p.device, "Wrong!Password1"), 401);
        assert_string_equal(browser_code(&b), "invalid_credentials");
        assert_true(b.not_before > b.began && b.work.hashes == 1);
    }
    assert_int_equal(remove_device(&b, p.device, OLD), 429); /* the counters of sign-in */
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM event WHERE kind = 'sign_in_failed'"),
                     5);
    g->ahead += KAB_MINUTE;
    assert_int_equal(remove_device(&b, p.device, OLD), 204);
    phone_close(&p);
    browser_close(&b);
    browser_close(&other);
    browser_close(&nobody);
}

static void a_code_dies_with_its_removed_app(void **state)
{
    browser_t b, c;
    phone_t p;
    char code[9];

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    journey_open_code(&b, &p, code);
    signed_in(&c, KNOWN);
    assert_int_equal(remove_device(&c, p.device, OLD), 204);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM challenge WHERE ended_at IS NULL"), 0);
    journey_change(&b, code, NEW);
    assert_int_equal(b.status, 422);
    assert_string_equal(browser_code(&b), "code_wrong"); /* as if it had never been opened */
    phone_close(&p);
    browser_close(&b);
    browser_close(&c);
}

/* SECURITY 16: who knows the password cannot take away the app that would object. */
static void a_removed_one_counts_for_a_hold(void **state)
{
    browser_t b, c;
    phone_t old, stranger, mine;

    (void)state;
    signed_in(&b, KNOWN);
    activated(&b, &old);
    assert_int_equal(remove_device(&b, old.device, OLD), 204);
    journey_begin(g, &c, KNOWN);
    assert_int_equal(journey_bind(g, &c, &stranger, NUMBER), 200);
    assert_string_equal(journey_data(&c, "device"), "held");
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_string_equal(g->script.to, NUMBER);
    const json_t *row = row_of(&b, "devices", "id", stranger.device);
    assert_string_equal(text_in(row, "state"), "held");
    assert_true(*text_in(row, "held_until"));
    assert_null(json_object_get(row, "active_at"));
    assert_int_equal(remove_device(&b, stranger.device, OLD), 204);
    activated(&b, &mine); /* a session speaks for it */
    assert_string_equal(browser_state(&b), "done");
    phone_close(&old);
    phone_close(&stranger);
    phone_close(&mine);
    browser_close(&b);
    browser_close(&c);
}

/* ---- children ---- */

static void children_are_those_that_are_held(void **state)
{
    browser_t b;
    kab_uuid_t other = gateway_account(g, OTHER, NULL, NULL);

    (void)state;
    gateway_child(g, "190901692284", "1904518", KNOWN, "", true, &account);
    gateway_child(g, "200115603398", "1904519", KNOWN, "", false, &account);
    gateway_child(g, "180320501115", "1904520", OTHER, "", false, &other);
    signed_in(&b, KNOWN);
    browser_call(&b, "GET", "/children", NULL);
    const json_t *rows = json_object_get(b.json, "children");
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(text_in(json_array_get(rows, 0), "iin_masked"), "19********84");
    assert_string_equal(text_in(json_array_get(rows, 0), "attendance"), "kindergarten");
    assert_true(*text_in(json_array_get(rows, 0), "since"));
    assert_string_equal(text_in(json_array_get(rows, 1), "attendance"), "queue");

    gateway_sql(g, "UPDATE guardianship SET frozen_at = now() WHERE since ="
                   " (SELECT max(since) FROM guardianship WHERE account = (SELECT account FROM"
                   "  guardianship ORDER BY since LIMIT 1))");
    browser_call(&b, "GET", "/children", NULL);
    rows = json_object_get(b.json, "children");
    assert_null(json_object_get(json_array_get(rows, 0), "disputed"));
    assert_true(json_is_true(json_object_get(json_array_get(rows, 1), "disputed")));

    /* moved by hand: neither shown nor kept quiet */
    gateway_sql(g, "UPDATE guardianship SET account = (SELECT account FROM guardianship"
                   " ORDER BY since LIMIT 1)");
    browser_call(&b, "GET", "/children", NULL);
    assert_int_equal(json_array_size(json_object_get(b.json, "children")), 2);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM audit WHERE kind = 'tampered' AND "
                                       "account IN (SELECT id FROM account)"),
                     1);
    gateway_sql(g, "UPDATE guardianship SET ended_at = now()");
    browser_call(&b, "GET", "/children", NULL);
    assert_int_equal(json_array_size(json_object_get(b.json, "children")), 0);
    browser_close(&b);
}

#define TEST(f) cmocka_unit_test_setup(f, alone_fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_app_is_activated_by_session),
        TEST(it_counts_at_once_unless_a_weak_one_came_first),
        TEST(without_a_session_there_is_none),
        TEST(without_a_number_it_is_refused),
        TEST(it_is_shown_so_many_times_an_hour),
        TEST(an_app_that_came_later_is_objected_away),
        TEST(of_strangers_events_there_are_none),
        TEST(an_app_is_removed),
        TEST(an_app_that_cannot_be_rung_is_written_to),
        TEST(removal_asks_the_current_password),
        TEST(a_code_dies_with_its_removed_app),
        TEST(a_removed_one_counts_for_a_hold),
        TEST(children_are_those_that_are_held),
    };

    return cmocka_run_group_tests_name("cabinet", tests, alone_open, alone_close);
}

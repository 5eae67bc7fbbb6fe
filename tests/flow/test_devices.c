/* Devices of one account, and of two: who counts at once, who waits, who may object, who loses a
 * number. */
#include "alone.h"

/* A browser that leads a further phone of the known account to the end of its activation. */
static void further(browser_t *b, phone_t *p, const char *password)
{
    char body[128];

    journey_begin(g, b, KNOWN);
    assert_string_equal(browser_state(b), "code");
    snprintf(body, sizeof(body), password ? "{\"current_password\":\"%s\"}" : "{}", password);
    browser_call(b, "POST", "/flows/{flow}/new_device", body);
    assert_int_equal(b->status, 200);
    assert_string_equal(browser_state(b), "activate");
    assert_int_equal(journey_bind(g, b, p, NUMBER), 200);
}

/* The newest event of this kind in the phone's feed; NULL: none. Borrowed from the last answer. */
static const json_t *event(phone_t *p, const char *kind)
{
    const json_t *row;
    size_t i;

    phone_call(p, "GET", "/app/events", NULL);
    assert_int_equal(p->at.status, 200);
    json_array_foreach(json_object_get(p->at.json, "events"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "kind")), kind) == 0) {
            return row;
        }
    }
    return NULL;
}

static int object_to(phone_t *p, const char *kind)
{
    const json_t *row = event(p, kind);
    char path[96];

    assert_non_null(row);
    snprintf(path, sizeof(path), "/app/events/%s/object",
             json_string_value(json_object_get(row, "id")));
    g->ahead += KAB_SECOND; /* another signature than a moment ago */
    phone_call(p, "POST", path, "{}");
    return p->at.status;
}

/* Objected away: not even the feed, in which it could object to what its victim does next. */
static void nothing_for(phone_t *p)
{
    static const char *const path[] = {"/app/challenges", "/app/events"};

    for (int i = 0; i < 2; i++) {
        phone_call(p, "GET", path[i], NULL);
        assert_string_equal(browser_code(&p->at), "device_unknown");
    }
}

static void a_held_one_is_objected_away(void **state)
{
    browser_t b, c;
    phone_t old, thief;

    (void)state;
    journey_activate(g, &b, &old, KNOWN, NUMBER);
    g->ahead += 2 * KAB_DAY; /* the first one is no longer weak */
    further(&c, &thief, NULL);
    assert_string_equal(journey_data(&c, "device"), "held");
    assert_true(*journey_data(&c, "held_until"));
    phone_call(&thief, "GET", "/app/challenges", NULL);
    assert_string_equal(browser_code(&thief.at), "device_held");
    assert_string_equal(json_string_value(json_object_get(thief.at.json, "held_until")),
                        journey_data(&c, "held_until"));
    phone_call(&thief, "GET", "/app/events", NULL);
    assert_string_equal(browser_code(&thief.at), "device_held");

    journey_look(&c);
    json_int_t version = json_integer_value(json_object_get(c.json, "version"));
    assert_non_null(json_object_get(event(&old, "device"), "object_until"));
    assert_int_equal(object_to(&old, "device"), 204);
    assert_int_equal(object_to(&old, "device"), 204); /* a repeat */
    assert_true(json_is_true(json_object_get(event(&old, "device"), "objected")));
    assert_non_null(event(&old, "objected"));
    nothing_for(&thief);
    journey_look(&c);
    assert_string_equal(journey_data(&c, "device"), "none");
    assert_true(json_integer_value(json_object_get(c.json, "version")) > version);
    nothing_for(&thief);
    g->ahead += 2 * KAB_DAY; /* when its hold would have been over */
    nothing_for(&thief);
    phone_close(&old);
    phone_close(&thief);
    browser_close(&b);
    browser_close(&c);
}

/* What it did itself is nothing for it to take back. */
static void nobody_objects_to_itself(void **state)
{
    browser_t b;
    phone_t p;

    (void)state;
    journey_activate(g, &b, &p, KNOWN, NUMBER);
    assert_null(json_object_get(event(&p, "device"), "object_until"));
    assert_int_equal(object_to(&p, "device"), 409);
    phone_call(&p, "GET", "/app/challenges", NULL);
    assert_int_equal(p.at.status, 200);
    phone_close(&p);
    browser_close(&b);
}

static void nobody_objected_and_it_counts(void **state)
{
    browser_t b, c;
    phone_t old, new;

    (void)state;
    journey_activate(g, &b, &old, KNOWN, NUMBER);
    g->ahead += 2 * KAB_DAY;
    further(&c, &new, NULL);
    g->ahead += KAB_DAY + KAB_MINUTE;
    phone_call(&new, "GET", "/app/challenges", NULL);
    assert_int_equal(new.at.status, 200);
    /* the younger one cannot turn on the older one */
    assert_null(json_object_get(event(&new, "device"), "object_until"));
    assert_int_equal(object_to(&new, "device"), 409);
    /* but the older one may still, and everything ends with it */
    assert_int_equal(object_to(&old, "device"), 204);
    nothing_for(&new);
    phone_close(&old);
    phone_close(&new);
    browser_close(&b);
    browser_close(&c);
}

static void the_current_password_speaks_for_it(void **state)
{
    browser_t b, c;
    phone_t old, new;

    (void)state;
    journey_activate(g, &b, &old, KNOWN, NUMBER);
    g->ahead += 2 * KAB_DAY;
    journey_begin(g, &c, KNOWN);
    browser_call(&c, "POST", "/flows/{flow}/new_device", "{\"current_password\":\"Wrong\"}");
    assert_int_equal(c.status, 401);
    assert_string_equal(browser_code(&c), "invalid_credentials");
    browser_close(&c);
    further(&c, &new, OLD);
    assert_string_equal(journey_data(&c, "device"), "active");
    assert_int_equal(object_to(&old, "device"), 409); /* SECURITY 13 */
    phone_call(&new, "GET", "/app/challenges", NULL);
    assert_int_equal(new.at.status, 200);
    phone_close(&old);
    phone_close(&new);
    browser_close(&b);
    browser_close(&c);
}

static void after_a_weak_one_everybody_waits(void **state)
{
    browser_t b, c;
    phone_t weak, new;

    (void)state;
    journey_activate(g, &b, &weak, KNOWN, NUMBER);
    g->ahead += KAB_HOUR;
    further(&c, &new, OLD);
    assert_string_equal(journey_data(&c, "device"), "held");
    g->ahead += 24 * KAB_HOUR;
    phone_call(&new, "GET", "/app/challenges", NULL);
    assert_int_equal(new.at.status, 200);
    phone_close(&weak);
    phone_close(&new);
    browser_close(&b);
    browser_close(&c);
}

/* Wrong passwords at new_device: known and unknown people, the same work and bytes. */
static void a_decoy_costs_the_same(void **state)
{
    browser_t real, decoy, one;
    phone_t p;

    (void)state;
    journey_activate(g, &one, &p, KNOWN, NUMBER);
    journey_begin(g, &real, KNOWN);
    journey_begin_nobody(g, &decoy, "code");
    browser_t *both[] = {&real, &decoy};
    for (int i = 0; i < 2; i++) {
        browser_call(both[i], "POST", "/flows/{flow}/new_device",
                     "{\"current_password\":\"Never-Mind#2026x\"}");
        assert_int_equal(both[i]->status, 401);
    }
    assert_string_equal(real.body, decoy.body);
    assert_memory_equal(&real.work, &decoy.work, sizeof(real.work));
    assert_true(real.not_before > real.began && decoy.not_before > decoy.began);
    for (int i = 0; i < 2; i++) {
        browser_call(both[i], "POST", "/flows/{flow}/new_device", "{}");
        assert_int_equal(both[i]->status, 200);
        assert_string_equal(browser_state(both[i]), "activate");
    }
    assert_int_equal(strlen(real.body), strlen(decoy.body));
    assert_memory_equal(&real.work, &decoy.work, sizeof(real.work));
    browser_close(&real);
    browser_close(&decoy);
    browser_close(&one);
    phone_close(&p);
}

static void a_number_moves_on(void **state)
{
    browser_t b, c;
    phone_t first, second;

    (void)state;
    journey_activate(g, &b, &first, KNOWN, NUMBER);
    gateway_account(g, OTHER, NUMBER, NULL);
    journey_activate(g, &c, &second, OTHER, NUMBER);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM account WHERE phone IS NULL"), 1);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM event WHERE kind = 'phone_lost'"), 1);
    phone_call(&first, "GET", "/app/challenges", NULL);
    assert_string_equal(browser_code(&first.at), "device_unknown");
    phone_call(&second, "GET", "/app/challenges", NULL);
    assert_int_equal(second.at.status, 200);
    assert_non_null(event(&first, "phone_lost")); /* the feed stays open for 30 days */
    phone_close(&first);
    phone_close(&second);
    browser_close(&b);
    browser_close(&c);
}

/* The SMS came in time, but the number is somebody else's by the time it is typed. */
static void a_number_that_moved_on_binds_nothing(void **state)
{
    browser_t b, c;
    phone_t late, second;
    char code[7];

    (void)state;
    journey_begin(g, &b, KNOWN);
    phone_open(&late, g);
    assert_int_equal(phone_activate(&late, journey_data(&b, "one_time_password"), NUMBER), 202);
    gateway_timer(g, KAB_TIMER_OUTBOX);
    snprintf(code, sizeof(code), "%.6s", g->script.text);
    gateway_account(g, OTHER, NUMBER, NULL);
    journey_activate(g, &c, &second, OTHER, NUMBER);
    assert_int_equal(phone_prove(&late, code), 422);
    assert_string_equal(browser_code(&late.at), "proof_wrong");
    phone_call(&second, "GET", "/app/challenges", NULL);
    assert_int_equal(second.at.status, 200);
    phone_close(&late);
    phone_close(&second);
    browser_close(&b);
    browser_close(&c);
}

static void what_waits_does_not_go_to_the_next_holder(void **state)
{
    browser_t b, c;
    phone_t first, second;

    (void)state;
    journey_begin(g, &b, KNOWN);
    phone_open(&first, g);
    assert_int_equal(phone_activate(&first, journey_data(&b, "one_time_password"), NUMBER), 202);
    g->script.sms_answer.result = KAB_SEND_LATER;
    gateway_timer(g, KAB_TIMER_OUTBOX);
    g->script.sms_answer.result = KAB_SEND_OK;
    gateway_account(g, OTHER, NUMBER, NULL);
    journey_activate(g, &c, &second, OTHER, NUMBER);
    unsigned sent = g->script.texts;
    g->ahead += 3 * KAB_MINUTE;
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_int_equal(g->script.texts, sent);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM outbox WHERE state = 'waiting'"), 0);
    phone_close(&first);
    phone_close(&second);
    browser_close(&b);
    browser_close(&c);
}

/* The app that made the code lost the number before the code was typed. */
static void a_code_dies_with_its_app(void **state)
{
    browser_t b, c;
    phone_t first, second;
    char code[9];

    (void)state;
    journey_to_code(g, &b, &first, KNOWN, NUMBER);
    journey_open_code(&b, &first, code);
    gateway_account(g, OTHER, NUMBER, NULL);
    journey_activate(g, &c, &second, OTHER, NUMBER);
    gateway_sql(g, "UPDATE challenge SET ended_at = NULL"); /* as if that had not ended it */
    journey_change(&b, code, NEW);
    assert_true(b.status == 410 || b.status == 422);
    browser_close(&c);
    browser_open(&c, g);
    assert_int_equal(browser_sign_in(&c, KNOWN, OLD), 200); /* nothing changed */
    phone_close(&first);
    phone_close(&second);
    browser_close(&b);
    browser_close(&c);
}

/* The person is blocked while the new password is being hashed. */
static void a_code_dies_while_it_is_hashed(void **state)
{
    browser_t b;
    phone_t p;
    char code[9];
    kab_todo_t todo;

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    journey_open_code(&b, &p, code);
    kab_call_t *call = journey_change_half(&b, code, NEW, &todo);
    assert_non_null(call);
    gateway_block(g, account, true);
    browser_rest(&b, call, todo);
    assert_int_equal(b.status, 410);
    assert_string_equal(browser_code(&b), "challenge_burned");
    gateway_block(g, account, false);
    browser_close(&b);
    browser_open(&b, g);
    assert_int_equal(browser_sign_in(&b, KNOWN, OLD), 200); /* nothing changed */
    phone_close(&p);
    browser_close(&b);
}

/* Taken away before it counted: it never spoke for anybody, and has no say. */
static void what_never_counted_has_no_feed(void **state)
{
    browser_t b, c, d;
    phone_t first, held, second;

    (void)state;
    journey_activate(g, &b, &first, KNOWN, NUMBER);
    g->ahead += 2 * KAB_DAY;
    further(&c, &held, NULL);
    assert_string_equal(journey_data(&c, "device"), "held");
    gateway_account(g, OTHER, NUMBER, NULL);
    journey_activate(g, &d, &second, OTHER, NUMBER);
    nothing_for(&held);
    assert_non_null(event(&first, "phone_lost"));
    phone_close(&first);
    phone_close(&held);
    phone_close(&second);
    browser_close(&b);
    browser_close(&c);
    browser_close(&d);
}

static void a_changed_password_is_taken_back(void **state)
{
    browser_t b, signed_in, again;
    phone_t p, late;
    char code[9];

    (void)state;
    journey_activate(g, &b, &p, KNOWN, NUMBER);
    g->ahead += 2 * KAB_DAY;
    browser_close(&b);
    journey_begin(g, &b, KNOWN);
    journey_open_code(&b, &p, code);
    journey_change(&b, code, NEW);
    assert_int_equal(b.status, 200);
    browser_open(&signed_in, g);
    assert_int_equal(browser_sign_in(&signed_in, KNOWN, NEW), 200);

    /* an app that came after it has no say */
    further(&again, &late, NEW);
    assert_string_equal(journey_data(&again, "device"), "active");
    assert_int_equal(object_to(&late, "password_changed"), 409);

    assert_int_equal(object_to(&p, "password_changed"), 204);
    browser_call(&signed_in, "GET", "/session", NULL);
    assert_int_equal(signed_in.status, 401);
    assert_int_equal(browser_sign_in(&signed_in, KNOWN, NEW), 401);
    g->ahead += 4 * KAB_DAY;
    assert_int_equal(object_to(&p, "objected"), 409);
    browser_close(&b);
    browser_close(&signed_in);
    browser_close(&again);
    phone_close(&p);
    phone_close(&late);
}

/* SECURITY 18: until operators have decided. */
static void only_the_objectors_app_speaks(void **state)
{
    browser_t b, c;
    phone_t old, other;
    char code[9], id[40];

    (void)state;
    journey_activate(g, &b, &old, KNOWN, NUMBER);
    g->ahead += 2 * KAB_DAY;
    further(&c, &other, OLD);
    assert_string_equal(journey_data(&c, "device"), "active");
    g->ahead += 6 * KAB_MINUTE; /* its confirmation waits no more */
    browser_close(&b);
    journey_begin(g, &b, KNOWN);
    journey_open_code(&b, &other, code);
    journey_change(&b, code, NEW);
    assert_int_equal(b.status, 200);
    assert_int_equal(object_to(&old, "password_changed"), 204);

    browser_close(&b);
    journey_begin(g, &b, KNOWN);
    assert_string_equal(browser_state(&b), "code");
    assert_false(phone_challenge(&other, id));
    assert_true(phone_challenge(&old, id));
    assert_int_equal(phone_open_code(&other, id, journey_data(&b, "sign")), 404);
    journey_open_code(&b, &old, code);

    assert_int_equal(gateway_decide(g, account), 1);
    g->ahead += 2 * KAB_SECOND; /* in the same second it would be the same request, replayed */
    assert_true(phone_challenge(&other, id));
    assert_int_equal(phone_open_code(&other, id, journey_data(&b, "sign")), 200);
    phone_close(&old);
    phone_close(&other);
    browser_close(&b);
    browser_close(&c);
}

static void of_another_account_there_is_nothing(void **state)
{
    browser_t b, c;
    phone_t mine, theirs;
    char path[96];

    (void)state;
    gateway_account(g, OTHER, OTHER_NUMBER, NULL);
    journey_activate(g, &b, &mine, KNOWN, NUMBER);
    journey_activate(g, &c, &theirs, OTHER, OTHER_NUMBER);
    const json_t *row = event(&theirs, "device");
    snprintf(path, sizeof(path), "/app/events/%s/object",
             json_string_value(json_object_get(row, "id")));
    phone_call(&mine, "POST", path, "{}");
    assert_int_equal(mine.at.status, 404);
    phone_call(&mine, "POST", "/app/events/no-uuid/object", "{}");
    assert_int_equal(mine.at.status, 404);
    assert_null(event(&mine, "recovery") == NULL
                    ? NULL
                    : json_object_get(event(&mine, "recovery"), "object_until"));
    phone_close(&mine);
    phone_close(&theirs);
    browser_close(&b);
    browser_close(&c);
}

/* The app waits for a confirmation; a version waits for another list. */
static void an_app_waits_for_a_challenge(void **state)
{
    browser_t b;
    phone_t p;
    kab_poll_t poll;
    kab_todo_t todo;
    char path[64];

    (void)state;
    journey_activate(g, &b, &p, KNOWN, NUMBER);
    kab_call_t *call = browser_begin(&p.at, "/app/challenges?wait=25", false, &todo);
    assert_true(kab_call_poll(call, &poll));
    assert_int_equal(poll.wait, 25);
    assert_int_equal(browser_run(&p.at, call), KAB_TODO_PARK);

    browser_call(&b, "POST", "/flows/{flow}/send", "{}");
    call = browser_begin(&p.at, "/app/challenges?wait=25", false, &todo);
    assert_int_equal(browser_run(&p.at, call), KAB_TODO_REPLY);
    assert_int_equal(json_array_size(json_object_get(p.at.json, "challenges")), 1);
    long long version = json_integer_value(json_object_get(p.at.json, "version"));
    assert_true(version > 0);

    snprintf(path, sizeof(path), "/app/challenges?wait=25&version=%lld", version);
    call = browser_begin(&p.at, path, false, &todo);
    assert_int_equal(browser_run(&p.at, call), KAB_TODO_PARK);
    call = browser_begin(&p.at, path, true, &todo); /* its wait is over */
    assert_int_equal(browser_run(&p.at, call), KAB_TODO_REPLY);

    /* signed when the wait began: a minute and the wait is still in time */
    p.wrong_clock = -80 * KAB_SECOND;
    call = browser_begin(&p.at, path, true, &todo);
    assert_int_equal(browser_run(&p.at, call), KAB_TODO_REPLY);
    assert_int_equal(p.at.status, 200);
    phone_call(&p, "GET", "/app/challenges", NULL);
    assert_string_equal(browser_code(&p.at), "clock_skew");
    phone_close(&p);
    browser_close(&b);
}

#define TEST(f) cmocka_unit_test_setup(f, alone_fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_held_one_is_objected_away),
        TEST(nobody_objects_to_itself),
        TEST(nobody_objected_and_it_counts),
        TEST(the_current_password_speaks_for_it),
        TEST(after_a_weak_one_everybody_waits),
        TEST(a_decoy_costs_the_same),
        TEST(a_number_moves_on),
        TEST(a_number_that_moved_on_binds_nothing),
        TEST(what_waits_does_not_go_to_the_next_holder),
        TEST(a_code_dies_with_its_app),
        TEST(a_code_dies_while_it_is_hashed),
        TEST(what_never_counted_has_no_feed),
        TEST(a_changed_password_is_taken_back),
        TEST(only_the_objectors_app_speaks),
        TEST(of_another_account_there_is_nothing),
        TEST(an_app_waits_for_a_challenge),
    };

    return cmocka_run_group_tests_name("devices", tests, alone_open, alone_close);
}

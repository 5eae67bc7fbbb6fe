/*
 * Sign in, whole, without nginx (FLOWS 1): every transition and refusal, and the
 * proof that a stranger cannot tell a known IIN from an unknown one.
 */
#include "gateway.h"

#define KNOWN "880314493312"
#define OTHER "860922390740"
#define BARE "920705493744" /* no password */
#define BLOCKED "790130392190"
#define UNKNOWN "830611390604"
#define PASSWORD "Kabinet!Demo2026"

static gateway_t *g;

static int open_all(void **state)
{
    (void)state;
    g = gateway_open(NULL);
    gateway_account(g, KNOWN, "+77015559223", PASSWORD);
    gateway_account(g, OTHER, "+77055550740", PASSWORD);
    gateway_account(g, BARE, "+77475553744", NULL);
    gateway_block(g, gateway_account(g, BLOCKED, "+77015550190", PASSWORD), true);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    gateway_close(g);
    return 0;
}

static const kab_redis_reply_t *redis(kab_arena_t *arena, const kab_span_t *argv, size_t n)
{
    static kab_log_t log;
    kab_cache_t cache = {g->thread[KAB_LANE_DB]->redis, arena, &log};
    const kab_redis_reply_t *reply;

    assert_int_equal(kab_redis_command(&cache, argv, n, &reply), KAB_OK);
    return reply;
}

/* Counters must not travel from test to test. */
static int forget_tries(void **state)
{
    kab_arena_t *arena = kab_arena_open();
    const kab_span_t argv[] = {KAB_SPAN("FLUSHALL")};

    (void)state;
    redis(arena, argv, 1);
    kab_arena_close(arena);
    g->ahead = 0;
    return 0;
}

static void a_person_signs_in(void **state)
{
    browser_t b;

    (void)state;
    browser_open(&b, g);
    assert_int_equal(browser_identify(&b, KNOWN), 200);
    assert_string_equal(browser_state(&b), "password");
    browser_call(&b, "POST", "/flows/{flow}/password", "{\"password\":\"" PASSWORD "\"}");
    assert_int_equal(b.status, 200);
    assert_string_equal(browser_state(&b), "done");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(b.json, "data"), "redirect")), "/");
    assert_non_null(browser_cookie(&b, KAB_SESSION_COOKIE));
    assert_non_null(browser_cookie(&b, KAB_BROWSER_COOKIE));

    browser_call(&b, "GET", "/session", NULL);
    assert_int_equal(b.status, 200);
    assert_non_null(strstr(b.body, "88********12"));
    assert_non_null(strstr(b.body, "+770****9223"));
    assert_null(strstr(b.body, KNOWN));

    browser_call(&b, "GET", "/consents", NULL);
    assert_int_equal(json_array_size(json_object_get(b.json, "consents")), 2);
    browser_call(&b, "DELETE", "/session", NULL);
    assert_int_equal(b.status, 204);
    browser_call(&b, "GET", "/session", NULL);
    assert_int_equal(b.status, 401);
    browser_close(&b);
}

static void a_new_session_each_time(void **state)
{
    browser_t b;
    char first[256];

    (void)state;
    browser_open(&b, g);
    assert_int_equal(browser_sign_in(&b, OTHER, PASSWORD), 200);
    snprintf(first, sizeof(first), "%s", browser_cookie(&b, KAB_SESSION_COOKIE));
    assert_int_equal(browser_sign_in(&b, OTHER, PASSWORD), 200);
    assert_string_not_equal(first, browser_cookie(&b, KAB_SESSION_COOKIE));
    browser_close(&b);
}

static void fields_are_named(void **state)
{
    browser_t b;

    (void)state;
    browser_open(&b, g);
    browser_call(&b, "POST", "/flows", "{\"kind\":\"login\"}");
    browser_call(&b, "POST", "/flows/{flow}/identify",
                 "{\"iin\":\"880314493311\",\"consents\":{\"notifications\":true}}");
    assert_int_equal(b.status, 422);
    assert_string_equal(browser_code(&b), "validation_failed");
    assert_non_null(strstr(b.body, "iin_check_digit"));
    assert_non_null(strstr(b.body, "consent_required"));
    assert_null(strstr(b.body, "880314493311"));
    browser_call(&b, "POST", "/flows/{flow}/identify",
                 "{\"iin\":\"" KNOWN "\",\"consents\":{\"terms\":true,\"sms\":true}}");
    assert_int_equal(b.status, 422);
    browser_call(&b, "POST", "/flows/{flow}/identify",
                 "{\"iin\":\"" KNOWN "\",\"consents\":{\"terms\":1}}");
    assert_int_equal(b.status, 422);
    browser_call(&b, "POST", "/flows/{flow}/identify",
                 "{\"iin\":\"" KNOWN "\",\"consents\":{\"terms\":true}}");
    assert_int_equal(b.status, 200); /* the optional one may stay open */
    browser_close(&b);
}

static void steps_need_their_state(void **state)
{
    browser_t b;

    (void)state;
    browser_open(&b, g);
    browser_call(&b, "POST", "/flows", "{\"kind\":\"login\"}");
    browser_call(&b, "POST", "/flows/{flow}/password", "{\"password\":\"x\"}");
    assert_int_equal(b.status, 409);
    assert_string_equal(browser_code(&b), "wrong_state");
    browser_call(&b, "POST", "/flows/{flow}/dance", "{}");
    assert_int_equal(b.status, 404);
    assert_int_equal(browser_identify(&b, KNOWN), 200);
    browser_call(&b, "POST", "/flows/{flow}/back", "{}");
    assert_string_equal(browser_state(&b), "identify");
    browser_call(&b, "DELETE", "/flows/{flow}", NULL);
    assert_int_equal(b.status, 204);
    browser_call(&b, "GET", "/flows/{flow}", NULL);
    assert_int_equal(b.status, 404);
    browser_close(&b);
}

static void a_flow_belongs_to_its_browser(void **state)
{
    browser_t mine, other;

    (void)state;
    browser_open(&mine, g);
    browser_open(&other, g);
    assert_int_equal(browser_identify(&mine, KNOWN), 200);
    assert_int_equal(browser_identify(&other, KNOWN), 200);
    snprintf(other.flow, sizeof(other.flow), "%s", mine.flow);
    browser_call(&other, "GET", "/flows/{flow}", NULL);
    assert_int_equal(other.status, 404);
    browser_call(&other, "POST", "/flows/{flow}/password", "{\"password\":\"" PASSWORD "\"}");
    assert_int_equal(other.status, 404);
    assert_string_equal(browser_code(&other), "flow_not_found");
    browser_close(&mine);
    browser_close(&other);
}

static void a_flow_expires(void **state)
{
    browser_t b;

    (void)state;
    browser_open(&b, g);
    assert_int_equal(browser_identify(&b, KNOWN), 200);
    g->ahead = 10 * KAB_MINUTE + KAB_SECOND;
    browser_call(&b, "POST", "/flows/{flow}/password", "{\"password\":\"" PASSWORD "\"}");
    assert_int_equal(b.status, 410);
    assert_string_equal(browser_code(&b), "flow_expired");
    browser_close(&b);
}

static void nine_flows_leave_eight(void **state)
{
    browser_t b;
    char first[64];

    (void)state;
    browser_open(&b, g);
    browser_call(&b, "POST", "/flows", "{\"kind\":\"login\"}");
    snprintf(first, sizeof(first), "%s", b.flow);
    for (int i = 0; i < KAB_FLOWS_A_BROWSER; i++) {
        g->ahead += KAB_MS;
        browser_call(&b, "POST", "/flows", "{\"kind\":\"login\"}");
    }
    browser_call(&b, "GET", "/flows/{flow}", NULL);
    assert_int_equal(b.status, 200);
    snprintf(b.flow, sizeof(b.flow), "%s", first);
    browser_call(&b, "GET", "/flows/{flow}", NULL);
    assert_int_equal(b.status, 404);
    browser_close(&b);
}

static void only_paths_of_this_host(void **state)
{
    static const struct {
        const char *to, *redirect;
    } cases[] = {
        {"/queue?child=1", "/queue?child=1"},
        {"https://evil.example/", "/"},
        {"//evil.example", "/"},
        {"/\\\\evil.example", "/"},
        {"/%5Cevil", "/"},
        {"/%2Fevil", "/"},
        {"/kabinet/cabinet?lang=kk", "/kabinet/cabinet?lang=kk"},
        {"/kabinet/cabinets", "/"},
        {"/kabinet/login", "/"},
        {"/%6babinet/x", "/"},
        {"queue", "/"},
        {"/a%0d%0aSet-Cookie:x", "/"},
        {"/kabinets", "/kabinets"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        browser_t b;
        char body[256];

        browser_open(&b, g);
        snprintf(body, sizeof(body), "{\"kind\":\"login\",\"return_to\":\"%s\"}", cases[i].to);
        browser_call(&b, "POST", "/flows", body);
        assert_int_equal(b.status, 201);
        browser_call(&b, "POST", "/flows/{flow}/identify",
                     "{\"iin\":\"" KNOWN "\",\"consents\":{\"terms\":true}}");
        browser_call(&b, "POST", "/flows/{flow}/password", "{\"password\":\"" PASSWORD "\"}");
        assert_int_equal(b.status, 200);
        assert_string_equal(
            json_string_value(json_object_get(json_object_get(b.json, "data"), "redirect")),
            cases[i].redirect);
        browser_close(&b);
    }
}

/* ---- nobody is told apart ---- */

static void strangers_see_one_answer(void **state)
{
    static const char *const iins[] = {KNOWN, UNKNOWN, BARE, BLOCKED};
    browser_t b[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        browser_open(&b[i], g);
        browser_sign_in(&b[i], iins[i], "Wrong!Password1");
        assert_int_equal(b[i].status, 401);
        assert_string_equal(b[i].body, b[0].body);
        assert_int_equal(b[i].work.statements, b[0].work.statements);
        assert_int_equal(b[i].work.commands, b[0].work.commands);
        assert_int_equal(b[i].work.hashes, 1);
        /* the answer leaves on a line of the grid, counted from the call's beginning */
        assert_true(b[i].not_before >= b[i].began + 250 * KAB_MS);
        assert_in_range(b[i].n, b[0].n, b[0].n); /* the same cookies */
    }
    /* the right password of a blocked account is no different */
    browser_sign_in(&b[3], BLOCKED, PASSWORD);
    assert_int_equal(b[3].status, 401);
    assert_string_equal(b[3].body, b[0].body);
    for (int i = 0; i < 4; i++) {
        browser_close(&b[i]);
    }
}

static void identify_costs_the_same(void **state)
{
    browser_t a, b;

    (void)state;
    browser_open(&a, g);
    browser_open(&b, g);
    browser_identify(&a, KNOWN);
    browser_identify(&b, UNKNOWN);
    assert_int_equal(a.status, b.status);
    assert_int_equal(a.work.statements, 0);
    assert_int_equal(b.work.statements, 0);
    assert_int_equal(a.work.commands, b.work.commands);
    assert_int_equal(strlen(a.body), strlen(b.body));
    browser_close(&a);
    browser_close(&b);
}

static void waits_are_the_same_for_everybody(void **state)
{
    static const char *const iins[] = {KNOWN, UNKNOWN};
    static const unsigned waits[] = {5, 15, 60, 300, 900, 900};

    (void)state;
    for (int who = 0; who < 2; who++) {
        browser_t b;

        g->ahead = 0;
        browser_open(&b, g);
        for (int i = 0; i < 5; i++) {
            assert_int_equal(browser_sign_in(&b, iins[who], "Wrong!Password1"), 401);
        }
        for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
            assert_int_equal(browser_sign_in(&b, iins[who], "Wrong!Password1"), 429);
            assert_string_equal(browser_code(&b), "throttled");
            assert_int_equal(b.work.hashes, 0);
            assert_in_range(b.retry_after, waits[i] > 2 ? waits[i] - 2 : 1, waits[i]);
            /* even the right password waits */
            assert_int_equal(browser_sign_in(&b, iins[who], PASSWORD), 429);
            g->ahead += waits[i] * KAB_SECOND;
            assert_int_equal(browser_sign_in(&b, iins[who], "Wrong!Password1"), 401);
        }
        browser_close(&b);
    }
}

static void a_stranger_cannot_lock_the_owner_out(void **state)
{
    browser_t owner, stranger;

    (void)state;
    browser_open(&owner, g);
    browser_open(&stranger, g);
    stranger.address_last = 7;
    assert_int_equal(browser_sign_in(&owner, KNOWN, PASSWORD), 200);
    for (int i = 0; i < 7; i++) {
        browser_sign_in(&stranger, KNOWN, "Wrong!Password1");
    }
    assert_int_equal(stranger.status, 429);
    assert_int_equal(browser_sign_in(&owner, KNOWN, PASSWORD), 200);
    /* and the owner's success does not clear the strangers' lane */
    assert_int_equal(browser_sign_in(&stranger, KNOWN, PASSWORD), 429);
    browser_close(&owner);
    browser_close(&stranger);
}

/* ---- changes ---- */

/* PostgreSQL committed, Redis never heard of it: as if the server had died between. */
static void a_lost_answer_is_repeated(void **state)
{
    kab_arena_t *arena = kab_arena_open();
    browser_t b, copy;
    int64_t sessions;

    (void)state;
    browser_open(&b, g);
    assert_int_equal(browser_identify(&b, KNOWN), 200);
    copy = b;
    copy.json = NULL;

    const kab_span_t keys[] = {KAB_SPAN("KEYS"),
                               kab_span_of(kab_format(arena, "kabinet:*:f:%s", b.flow))};
    kab_span_t key = redis(arena, keys, 2)->item[0].text;
    const kab_span_t get[] = {KAB_SPAN("HMGET"), key, KAB_SPAN("v"), KAB_SPAN("d")};
    const kab_redis_reply_t *before = redis(arena, get, 4);

    browser_call(&b, "POST", "/flows/{flow}/password", "{\"password\":\"" PASSWORD "\"}");
    assert_int_equal(b.status, 200);
    sessions = gateway_number(g, "SELECT count(*) FROM session");
    const kab_span_t set[] = {KAB_SPAN("HSET"),     key,           KAB_SPAN("v"),
                              before->item[0].text, KAB_SPAN("d"), before->item[1].text};
    redis(arena, set, 6);

    browser_call(&copy, "POST", "/flows/{flow}/password", "{\"password\":\"" PASSWORD "\"}");
    assert_int_equal(copy.status, 200);
    assert_string_equal(browser_cookie(&copy, KAB_SESSION_COOKIE),
                        browser_cookie(&b, KAB_SESSION_COOKIE));
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM session"), sessions);
    kab_arena_close(arena);
    browser_close(&b);
    browser_close(&copy);
}

static void at_most_five_sessions(void **state)
{
    browser_t b[6];

    (void)state;
    for (int i = 0; i < 6; i++) {
        browser_open(&b[i], g);
        g->ahead += KAB_SECOND;
        assert_int_equal(browser_sign_in(&b[i], OTHER, PASSWORD), 200);
    }
    browser_call(&b[0], "GET", "/session", NULL);
    assert_int_equal(b[0].status, 401);
    browser_call(&b[5], "GET", "/sessions", NULL);
    assert_int_equal(json_array_size(json_object_get(b[5].json, "sessions")), 5);
    browser_call(&b[5], "DELETE", "/sessions", NULL);
    assert_int_equal(b[5].status, 204);
    browser_call(&b[4], "GET", "/session", NULL);
    assert_int_equal(b[4].status, 401);
    browser_call(&b[5], "GET", "/session", NULL);
    assert_int_equal(b[5].status, 200);
    for (int i = 0; i < 6; i++) {
        browser_close(&b[i]);
    }
}

#define CHANGE(old, new, again)                                                                    \
    "{\"current_password\":\"" old "\",\"password\":\"" new "\",\"password_repeat\":\"" again "\"" \
                                                            "}"

static void a_password_is_changed(void **state)
{
    browser_t b, other;

    (void)state;
    browser_open(&b, g);
    browser_open(&other, g);
    assert_int_equal(browser_sign_in(&b, OTHER, PASSWORD), 200);
    assert_int_equal(browser_sign_in(&other, OTHER, PASSWORD), 200);

    browser_call(&b, "POST", "/password", CHANGE(PASSWORD, "short", "shorter"));
    assert_int_equal(b.status, 422);
    assert_int_equal(b.work.hashes, 0);
    assert_non_null(strstr(b.body, "password_length"));
    assert_non_null(strstr(b.body, "password_upper"));
    assert_non_null(strstr(b.body, "password_repeat_differs"));
    browser_call(&b, "POST", "/password", CHANGE(PASSWORD, "Aa!860922390740", "Aa!860922390740"));
    assert_non_null(strstr(b.body, "password_personal"));
    browser_call(&b, "POST", "/password", CHANGE(PASSWORD, "Aa!x7055550740", "Aa!x7055550740"));
    assert_int_equal(b.status, 422);
    assert_non_null(strstr(b.body, "password_personal"));
    browser_call(&b, "POST", "/password",
                 CHANGE("Wrong!Password1", "Another!Pass2026", "Another!Pass2026"));
    assert_int_equal(b.status, 401);
    assert_string_equal(browser_code(&b), "invalid_credentials");
    browser_call(&b, "POST", "/password", CHANGE(PASSWORD, PASSWORD, PASSWORD));
    assert_int_equal(b.status, 422);
    assert_non_null(strstr(b.body, "password_reused"));

    browser_call(&b, "POST", "/password", CHANGE(PASSWORD, "Another!Pass2026", "Another!Pass2026"));
    assert_int_equal(b.status, 204);
    browser_call(&other, "GET", "/session", NULL);
    assert_int_equal(other.status, 401);
    browser_call(&b, "GET", "/session", NULL);
    assert_int_equal(b.status, 200);
    assert_int_equal(browser_sign_in(&other, OTHER, PASSWORD), 401);
    assert_int_equal(browser_sign_in(&other, OTHER, "Another!Pass2026"), 200);
    browser_close(&b);
    browser_close(&other);
}

static void consents_are_records(void **state)
{
    browser_t b;
    int64_t before;

    (void)state;
    browser_open(&b, g);
    assert_int_equal(browser_sign_in(&b, KNOWN, PASSWORD), 200);
    before = gateway_number(g, "SELECT count(*) FROM consent");
    assert_int_equal(browser_sign_in(&b, KNOWN, PASSWORD), 200);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM consent"), before);
    browser_call(&b, "DELETE", "/consents/notifications", NULL);
    assert_int_equal(b.status, 204);
    browser_call(&b, "DELETE", "/consents/notifications", NULL);
    assert_int_equal(b.status, 404);
    assert_int_equal(browser_sign_in(&b, KNOWN, PASSWORD), 200);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM consent"), before + 1);
    /* a wrong password records nothing */
    browser_sign_in(&b, BARE, "Wrong!Password1");
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM consent"), before + 1);
    browser_close(&b);
}

static void strangers_bodies_are_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"", 422},
        {"[]", 400},
        {"{\"kind\":\"login\"", 400},
        {"{\"kind\":\"login\",\"kind\":\"login\"}", 400},
        {"{\"kind\":\"lo\\u0000gin\"}", 400},
        {"{\"kind\":\"\xff\"}", 400},
        {"{\"kind\":1}", 422},
        {"{\"kind\":\"dance\"}", 422},
        {"{\"kind\":\"login\",\"x\":1}", 422},
        {"{\"kind\":\"login\",\"lang\":\"de\"}", 422},
        {"{\"kind\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}}", 400},
    };
    browser_t b;

    (void)state;
    browser_open(&b, g);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        browser_call(&b, "POST", "/flows", cases[i].body);
        assert_int_equal(b.status, cases[i].status);
    }
    browser_call(&b, "PATCH", "/flows", "{}");
    assert_int_equal(b.status, 405);
    browser_call(&b, "GET", "/nowhere", NULL);
    assert_int_equal(b.status, 404);
    browser_close(&b);
}

#define CASE(name) cmocka_unit_test_setup(name, forget_tries)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_person_signs_in),
        CASE(a_new_session_each_time),
        CASE(fields_are_named),
        CASE(steps_need_their_state),
        CASE(a_flow_belongs_to_its_browser),
        CASE(a_flow_expires),
        CASE(nine_flows_leave_eight),
        CASE(only_paths_of_this_host),
        CASE(strangers_see_one_answer),
        CASE(identify_costs_the_same),
        CASE(waits_are_the_same_for_everybody),
        CASE(a_stranger_cannot_lock_the_owner_out),
        CASE(a_lost_answer_is_repeated),
        CASE(consents_are_records),
        CASE(strangers_bodies_are_refused),
        CASE(at_most_five_sessions),
        CASE(a_password_is_changed),
    };

    return cmocka_run_group_tests_name("login", tests, open_all, close_all);
}

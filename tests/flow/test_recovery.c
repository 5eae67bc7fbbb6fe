/* Recovery and activation over kab_handle: every step, and what each refusal costs. */
#include "alone.h"
#include "identity/app/proof.h"

#define NOBODY "790130392190"
#define CHANGE(code)                                                                               \
    "{\"code\":\"" code "\",\"password\":\"" NEW "\",\"password_repeat\":\"" NEW "\"}"

/* ---- the way ---- */

static void the_whole_way(void **state)
{
    browser_t b, signed_in;
    phone_t p;
    char code[9];

    (void)state;
    browser_open(&signed_in, g);
    assert_int_equal(browser_sign_in(&signed_in, KNOWN, OLD), 200);
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    assert_string_equal(journey_data(&b, "phone_masked"), "+777****9223");
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_int_equal(g->script.pushes, 1);
    journey_open_code(&b, &p, code);
    journey_change(&b, code, NEW);
    assert_int_equal(b.status, 200);
    assert_string_equal(browser_state(&b), "done");
    assert_null(browser_cookie(&b, KAB_SESSION_COOKIE));

    browser_call(&signed_in, "GET", "/session", NULL);
    assert_int_equal(signed_in.status, 401);
    assert_int_equal(browser_sign_in(&signed_in, KNOWN, OLD), 401);
    assert_int_equal(browser_sign_in(&signed_in, KNOWN, NEW), 200);
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_int_equal(g->script.pushes, 2); /* told of the change */

    browser_call(&b, "POST", "/flows/{flow}/update", CHANGE("0000"));
    assert_int_equal(b.status, 409);
    browser_close(&signed_in);
    browser_close(&b);
    phone_close(&p);
}

/* With the app at hand there is nothing to activate. */
static void straight_to_the_code(void **state)
{
    browser_t b, second;
    phone_t p;

    (void)state;
    journey_activate(g, &b, &p, KNOWN, NUMBER);
    journey_begin(g, &second, KNOWN);
    assert_string_equal(browser_state(&second), "code");
    browser_call(&second, "POST", "/flows/{flow}/new_device", "{}");
    assert_string_equal(browser_state(&second), "activate");
    browser_call(&second, "POST", "/flows/{flow}/back", "{}");
    assert_string_equal(browser_state(&second), "identify");
    browser_close(&b);
    browser_close(&second);
    phone_close(&p);
}

static void forgotten_at_sign_in(void **state)
{
    browser_t b;

    (void)state;
    browser_open(&b, g);
    assert_int_equal(browser_identify(&b, KNOWN), 200);
    browser_call(&b, "POST", "/flows/{flow}/forgot", "{}");
    assert_int_equal(b.status, 200);
    assert_string_equal(json_string_value(json_object_get(b.json, "kind")), "recovery");
    assert_string_equal(browser_state(&b), "activate");
    browser_call(&b, "POST", "/flows/{flow}/back", "{}");
    assert_string_equal(browser_state(&b), "password");
    assert_string_equal(json_string_value(json_object_get(b.json, "kind")), "login");
    browser_call(&b, "POST", "/flows/{flow}/password", "{\"password\":\"" OLD "\"}");
    assert_int_equal(b.status, 200);
    browser_close(&b);
}

/* kabinet_code arm=off, with kabinet_unsafe: the guide's bare behaviour. */
static void unarmed_the_code_is_sent(void **state)
{
    browser_t b;
    phone_t p;
    char code[9];

    (void)state;
    kab_config_t *config = g->config;
    config->code.arm = false;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    gateway_timer(g, KAB_TIMER_OUTBOX);
    const char *at = strstr(g->script.data, "\"code\":\"");
    assert_non_null(at);
    snprintf(code, sizeof(code), "%.4s", at + strlen("\"code\":\""));
    journey_change(&b, code, NEW);
    assert_int_equal(b.status, 200);
    config->code.arm = true;
    browser_close(&b);
    phone_close(&p);
}

/* The app opens the last of several confirmations with the sign of the page. */
static void open_newest(browser_t *b, phone_t *p, char code[9])
{
    char id[40];

    phone_call(p, "GET", "/app/challenges", NULL);
    const json_t *rows = json_object_get(p->at.json, "challenges");
    const json_t *row = json_array_get(rows, json_array_size(rows) - 1);
    snprintf(id, sizeof(id), "%s", json_string_value(json_object_get(row, "id")));
    assert_int_equal(phone_open_code(p, id, journey_data(b, "sign")), 200);
    snprintf(code, 9, "%s", json_string_value(json_object_get(p->at.json, "code")));
}

/* Codes come to be no faster than phones ring; what does not ring is opened in the app. */
static void unarmed_only_what_rings_has_a_code(void **state)
{
    browser_t b[5];
    phone_t p;
    char code[9];

    (void)state;
    kab_config_t *config = g->config;
    config->code.arm = false;
    journey_activate(g, &b[0], &p, KNOWN, NUMBER);
    for (int i = 1; i < 5; i++) {
        journey_begin(g, &b[i], KNOWN);
        assert_string_equal(browser_state(&b[i]), "code");
    }
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM challenge WHERE state = 'armed'"), 3);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM challenge WHERE state = 'open'"), 1);
    open_newest(&b[4], &p, code);
    journey_change(&b[4], code, NEW);
    assert_int_equal(b[4].status, 200);
    config->code.arm = true;
    for (int i = 0; i < 5; i++) {
        browser_close(&b[i]);
    }
    phone_close(&p);
}

/* ---- the app on the same phone ---- */

static const char *link_secret(const browser_t *b)
{
    static const char at[] = "https://cabinet.example/kabinet/app/#";
    const char *link = journey_data(b, "app_link");

    assert_memory_equal(link, at, sizeof(at) - 1);
    assert_int_equal(strlen(link), sizeof(at) - 1 + KAB_QR_SECRET);
    return link + sizeof(at) - 1;
}

/* The link is worth as much as the QR code: each showing has its own, one that is over opens
 * nothing, and no other browser is given it. */
static void a_link_for_the_app_on_the_same_phone(void **state)
{
    browser_t b, other_browser;
    phone_t p;
    char first[32], second[32], body[64], path[96];

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    snprintf(first, sizeof(first), "%s", link_secret(&b));
    snprintf(body, sizeof(body), "{\"qr\":\"%s\"}", first);
    phone_call(&p, "POST", "/app/challenges/claim", body);
    assert_int_equal(p.at.status, 200);
    browser_open(&other_browser, g);
    snprintf(path, sizeof(path), "/flows/%s", b.flow);
    browser_call(&other_browser, "GET", path, NULL);
    assert_int_equal(other_browser.status, 404);
    assert_null(strstr(other_browser.body, first));

    browser_call(&b, "POST", "/flows/{flow}/new_device", "{}");
    assert_string_equal(browser_state(&b), "activate");
    snprintf(second, sizeof(second), "%s", link_secret(&b));
    assert_string_not_equal(first, second);
    browser_call(&b, "POST", "/flows/{flow}/new_device", "{}");
    assert_string_not_equal(link_secret(&b), second);
    browser_call(&b, "POST", "/flows/{flow}/back", "{}");
    assert_string_equal(journey_data(&b, "app_link"), "");
    browser_close(&other_browser);
    browser_close(&b);
    phone_close(&p);
}

/* ---- one address ---- */

/* Sixty an hour from one address; behind a mobile operator's are thousands of people. */
static void an_address_has_a_budget(void **state)
{
    static kab_network_t operators = {{[10] = 0xff, [11] = 0xff, 192, 0, 2, 0}, 96 + 24};
    static const char identify[] = "{\"iin\":\"" NOBODY "\"}";
    browser_t b;

    (void)state;
    kab_config_t *config = g->config;
    for (int i = 0; i < 60; i++) {
        journey_begin(g, &b, NOBODY);
        browser_close(&b);
    }
    browser_open(&b, g);
    browser_call(&b, "POST", "/flows", "{\"kind\":\"recovery\"}");
    browser_call(&b, "POST", "/flows/{flow}/identify", identify);
    assert_int_equal(b.status, 429);
    assert_in_range(b.retry_after, 1, 3600);
    config->carrier = &operators;
    config->carrier_n = 1;
    browser_call(&b, "POST", "/flows/{flow}/identify", identify);
    assert_int_equal(b.status, 200);
    config->carrier_n = 0;
    browser_close(&b);
}

/* ---- what a code costs ---- */

static void three_wrong_codes_burn_it(void **state)
{
    browser_t b;
    phone_t p;
    char code[9];

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    journey_open_code(&b, &p, code);
    for (int left = 2; left > 0; left--) {
        journey_change(&b, journey_other(code), NEW);
        assert_int_equal(b.status, 422);
        assert_string_equal(browser_code(&b), "code_wrong");
        assert_int_equal(json_integer_value(json_object_get(b.json, "attempts_left")), left);
    }
    journey_change(&b, journey_other(code), NEW);
    assert_int_equal(b.status, 410);
    assert_string_equal(browser_code(&b), "challenge_burned");
    journey_change(&b, code, NEW);
    assert_int_equal(b.status, 410);
    browser_close(&b);
    phone_close(&p);
}

static void rules_of_the_text_cost_nothing(void **state)
{
    browser_t b;
    phone_t p;
    char code[9];

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    journey_open_code(&b, &p, code);
    for (int i = 0; i < 5; i++) {
        browser_call(&b, "POST", "/flows/{flow}/update",
                     "{\"code\":\"0000\",\"password\":\"short\",\"password_repeat\":\"other\"}");
        assert_int_equal(b.status, 422);
        assert_string_equal(browser_code(&b), "validation_failed");
        assert_int_equal(b.work.hashes, 0);
    }
    journey_change(&b, code, NEW);
    assert_int_equal(b.status, 200);
    browser_close(&b);
    phone_close(&p);
}

/* The old password again: told only because the code was right, which is remembered. */
static void a_right_code_is_remembered(void **state)
{
    browser_t b;
    phone_t p;
    char code[9], body[256];

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    journey_open_code(&b, &p, code);
    snprintf(body, sizeof(body),
             "{\"code\":\"%s\",\"password\":\"" OLD "\",\"password_repeat\":\"" OLD "\"}", code);
    for (int i = 0; i < 4; i++) {
        browser_call(&b, "POST", "/flows/{flow}/update", body);
        assert_int_equal(b.status, 422);
        assert_non_null(strstr(b.body, "password_reused"));
    }
    journey_change(&b, code, NEW);
    assert_int_equal(b.status, 200);
    browser_close(&b);
    phone_close(&p);
}

static void no_code_before_the_app_has_opened_it(void **state)
{
    browser_t b;
    phone_t p;

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    journey_change(&b, "0000", NEW);
    assert_string_equal(browser_code(&b), "code_wrong");
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM challenge WHERE state <> 'open'"), 0);
    browser_close(&b);
    phone_close(&p);
}

/* Its wrong codes stay counted, and the code that was opened before is worth nothing. */
static void sent_again_after_its_time(void **state)
{
    browser_t b;
    phone_t p;
    char code[9], old[9];

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    journey_open_code(&b, &p, old);
    journey_change(&b, journey_other(old), NEW);
    assert_int_equal(b.status, 422);
    g->ahead += 6 * KAB_MINUTE;
    journey_change(&b, old, NEW);
    assert_int_equal(b.status, 410);
    browser_call(&b, "POST", "/flows/{flow}/resend", "{}");
    assert_int_equal(b.status, 200);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(b.json, "data"), "attempts_left")), 2);
    journey_open_code(&b, &p, code);
    if (strcmp(code, old) != 0) {
        journey_change(&b, old, NEW);
        assert_string_equal(browser_code(&b), "code_wrong");
    }
    journey_change(&b, code, NEW);
    assert_int_equal(b.status, 200);
    browser_close(&b);
    phone_close(&p);
}

/* What the app said last counts, though the code had been right before. */
static void a_denial_takes_a_right_code_back(void **state)
{
    browser_t b;
    phone_t p;
    char code[9], id[40], path[96];

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    journey_open_code(&b, &p, code);
    journey_change(&b, code, OLD);
    assert_non_null(strstr(b.body, "password_reused"));
    assert_true(phone_challenge(&p, id));
    snprintf(path, sizeof(path), "/app/challenges/%s/deny", id);
    phone_call(&p, "POST", path, "{}");
    assert_int_equal(p.at.status, 204);
    journey_change(&b, code, OLD);
    assert_string_equal(browser_code(&b), "code_wrong");
    journey_change(&b, code, NEW);
    assert_string_equal(browser_code(&b), "code_wrong");
    browser_close(&b);
    phone_close(&p);
}

/* The browser is told nothing of a wrong sign or a denial (SECURITY 1). */
static void a_wrong_sign_burns_it_silently(void **state)
{
    browser_t b;
    phone_t p;
    char id[40], sign[3];

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    snprintf(sign, sizeof(sign), "%s", strcmp(journey_data(&b, "sign"), "55") ? "55" : "66");
    assert_true(phone_challenge(&p, id));
    assert_int_equal(phone_open_code(&p, id, sign), 410);
    assert_int_equal(phone_open_code(&p, id, journey_data(&b, "sign")), 410);
    journey_look(&b);
    assert_string_equal(browser_state(&b), "code");
    for (int left = 2; left > 0; left--) {
        journey_change(&b, "1234", NEW);
        assert_string_equal(browser_code(&b), "code_wrong");
        assert_int_equal(json_integer_value(json_object_get(b.json, "attempts_left")), left);
    }
    journey_change(&b, "1234", NEW);
    assert_string_equal(browser_code(&b), "challenge_burned");
    browser_close(&b);
    phone_close(&p);
}

static void the_same_sign_gives_the_same_code(void **state)
{
    browser_t b;
    phone_t p;
    char code[9], again[9], id[40];

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    journey_open_code(&b, &p, code);
    g->ahead += 2 * KAB_SECOND; /* in the same second it would be the same request, replayed */
    journey_open_code(&b, &p, again);
    assert_string_equal(code, again);
    assert_true(phone_challenge(&p, id));
    g->ahead += 6 * KAB_MINUTE;
    assert_int_equal(phone_open_code(&p, id, "55"), 410);
    g->ahead -= 6 * KAB_MINUTE;
    browser_close(&b);
    phone_close(&p);
}

static void rings_have_a_budget(void **state)
{
    browser_t b;
    phone_t p;

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    browser_call(&b, "POST", "/flows/{flow}/resend", "{}");
    assert_int_equal(b.status, 429);
    assert_in_range(b.retry_after, 1, 60);
    for (int i = 0; i < 4; i++) {
        g->ahead += 61 * KAB_SECOND;
        browser_call(&b, "POST", "/flows/{flow}/resend", "{}");
        assert_int_equal(b.status, 200);
    }
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_int_equal(g->script.pushes, 3); /* the rest waits silently in the app */
    browser_close(&b);
    phone_close(&p);
}

/* ---- devices ---- */

static void a_wrong_number_is_not_told(void **state)
{
    browser_t b;
    phone_t p;
    char otp[16];

    (void)state;
    journey_begin(g, &b, KNOWN);
    snprintf(otp, sizeof(otp), "%s", journey_data(&b, "one_time_password"));
    phone_open(&p, g);
    assert_int_equal(phone_activate(&p, otp, "+77011112233"), 202);
    kab_work_t wrong = p.at.work;
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_int_equal(g->script.texts, 0);
    assert_int_equal(phone_prove(&p, "123456"), 422);
    assert_string_equal(browser_code(&p.at), "proof_wrong");
    phone_t second;
    phone_open(&second, g);
    assert_int_equal(phone_activate(&second, otp, NUMBER), 202);
    assert_int_equal(second.at.work.statements, wrong.statements);
    assert_int_equal(second.at.work.commands, wrong.commands);
    phone_close(&second);
    phone_close(&p);
    browser_close(&b);
}

static void bmg_is_asked_after_the_sms_code(void **state)
{
    static const struct {
        kab_bmg_result_t result;
        int status;
        const char *code;
    } cases[] = {
        {KAB_BMG_UNAVAILABLE, 503, "service_unavailable"},
        {KAB_BMG_MISMATCH, 422, "bmg_mismatch"},
        {KAB_BMG_NOT_REGISTERED, 422, "bmg_not_registered"},
        {KAB_BMG_CONSENT_REQUIRED, 422, "bmg_consent_required"},
        {KAB_BMG_CONSENT_DENIED, 422, "bmg_consent_denied"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        browser_t b;
        phone_t p;
        char code[7];

        journey_begin(g, &b, KNOWN);
        phone_open(&p, g);
        assert_int_equal(phone_activate(&p, journey_data(&b, "one_time_password"), NUMBER), 202);
        gateway_timer(g, KAB_TIMER_OUTBOX);
        snprintf(code, sizeof(code), "%.6s", g->script.text);
        unsigned asked = g->script.questions;
        assert_int_equal(phone_prove(&p, strcmp(code, "000000") ? "000000" : "111111"), 422);
        assert_int_equal(g->script.questions, asked);
        g->script.bmg_answer = cases[i].result;
        assert_int_equal(phone_prove(&p, code), cases[i].status);
        assert_string_equal(browser_code(&p.at), cases[i].code);
        assert_int_equal(g->script.questions, asked + 1);
        journey_look(&b);
        assert_string_equal(journey_data(&b, "device"), "proving");
        phone_close(&p);
        browser_close(&b);
    }
}

static void a_second_device_is_held(void **state)
{
    browser_t b, again;
    phone_t first, second;
    char code[7], otp[16];

    (void)state;
    journey_activate(g, &b, &first, KNOWN, NUMBER);
    journey_begin(g, &again, KNOWN);
    browser_call(&again, "POST", "/flows/{flow}/new_device", "{}");
    snprintf(otp, sizeof(otp), "%s", journey_data(&again, "one_time_password"));
    phone_open(&second, g);
    assert_int_equal(phone_activate(&second, otp, NUMBER), 202);
    gateway_timer(g, KAB_TIMER_OUTBOX);
    snprintf(code, sizeof(code), "%.6s", g->script.text);
    assert_int_equal(phone_prove(&second, code), 200);
    assert_non_null(strstr(second.at.body, "\"held\""));
    phone_call(&second, "GET", "/app/challenges", NULL);
    assert_int_equal(second.at.status, 403);
    assert_string_equal(browser_code(&second.at), "device_held");
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_true(g->script.pushes > 0); /* the old one is told */
    g->ahead += 25 * KAB_HOUR;
    phone_call(&second, "GET", "/app/challenges", NULL);
    assert_int_equal(second.at.status, 200);
    g->ahead -= 25 * KAB_HOUR;
    phone_close(&first);
    phone_close(&second);
    browser_close(&b);
    browser_close(&again);
}

static void signatures_are_checked(void **state)
{
    browser_t b;
    phone_t p, thief;
    char id[40], path[96];

    (void)state;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    p.wrong_clock = -2 * KAB_MINUTE;
    phone_call(&p, "GET", "/app/challenges", NULL);
    assert_int_equal(p.at.status, 401);
    assert_string_equal(browser_code(&p.at), "clock_skew");
    p.wrong_clock = 0;

    phone_open(&thief, g);
    snprintf(thief.keyid, sizeof(thief.keyid), "%s", p.device);
    thief.wrong_clock = -2 * KAB_MINUTE; /* whose signature is wrong is not told of clocks */
    phone_call(&thief, "GET", "/app/challenges", NULL);
    assert_int_equal(thief.at.status, 401);
    assert_string_equal(browser_code(&thief.at), "signature_invalid");

    assert_true(phone_challenge(&p, id));
    snprintf(path, sizeof(path), "/app/challenges/%s/deny", id);
    phone_call(&p, "POST", path, "{}");
    assert_int_equal(p.at.status, 204);
    p.replay = true;
    phone_call(&p, "POST", path, "{}");
    assert_int_equal(p.at.status, 401);
    assert_string_equal(browser_code(&p.at), "signature_replayed");
    p.replay = false;

    snprintf(p.keyid, sizeof(p.keyid), "00000000-0000-4000-8000-000000000000");
    phone_call(&p, "GET", "/app/challenges", NULL);
    assert_int_equal(p.at.status, 404);
    assert_string_equal(browser_code(&p.at), "device_unknown");
    phone_close(&thief);
    phone_close(&p);
    browser_close(&b);
}

#define TEST(f) cmocka_unit_test_setup(f, alone_fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_whole_way),
        TEST(straight_to_the_code),
        TEST(forgotten_at_sign_in),
        TEST(unarmed_the_code_is_sent),
        TEST(unarmed_only_what_rings_has_a_code),
        TEST(a_link_for_the_app_on_the_same_phone),
        TEST(an_address_has_a_budget),
        TEST(three_wrong_codes_burn_it),
        TEST(rules_of_the_text_cost_nothing),
        TEST(a_right_code_is_remembered),
        TEST(no_code_before_the_app_has_opened_it),
        TEST(sent_again_after_its_time),
        TEST(a_denial_takes_a_right_code_back),
        TEST(a_wrong_sign_burns_it_silently),
        TEST(the_same_sign_gives_the_same_code),
        TEST(rings_have_a_budget),
        TEST(a_wrong_number_is_not_told),
        TEST(bmg_is_asked_after_the_sms_code),
        TEST(a_second_device_is_held),
        TEST(signatures_are_checked),
    };

    return cmocka_run_group_tests_name("recovery", tests, alone_open, alone_close);
}

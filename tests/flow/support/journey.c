#include "journey.h"

const char *journey_data(const browser_t *b, const char *name)
{
    const char *text = json_string_value(json_object_get(json_object_get(b->json, "data"), name));

    return text ? text : "";
}

void journey_look(browser_t *b)
{
    browser_call(b, "GET", "/flows/{flow}", NULL);
    assert_int_equal(b->status, 200);
}

void journey_begin(gateway_t *g, browser_t *b, const char *iin)
{
    char body[64];

    browser_open(b, g);
    browser_call(b, "POST", "/flows", "{\"kind\":\"recovery\"}");
    assert_int_equal(b->status, 201);
    snprintf(body, sizeof(body), "{\"iin\":\"%s\"}", iin);
    browser_call(b, "POST", "/flows/{flow}/identify", body);
    assert_int_equal(b->status, 200);
}

/* The n-th IIN of nobody: whichever last digit is right. */
static bool nobody(unsigned n, char iin[13])
{
    kab_iin_t parsed;

    for (unsigned last = 0; last < 10; last++) {
        snprintf(iin, 13, "6501013%04u%u", n % 10000, last);
        if (!kab_iin_parse(KAB_IIN_STRICT, kab_span_of(iin), &parsed)) {
            return true;
        }
    }
    return false;
}

void journey_begin_nobody(gateway_t *g, browser_t *b, const char *state)
{
    char iin[13];

    for (unsigned n = 1; n < 100; n++) {
        if (nobody(n, iin)) {
            journey_begin(g, b, iin);
            if (strcmp(browser_state(b), state) == 0) {
                return;
            }
            browser_close(b);
        }
    }
    fail_msg("no decoy came to %s", state);
}

int journey_bind(gateway_t *g, browser_t *b, phone_t *p, const char *number)
{
    char otp[16], code[7] = "";

    snprintf(otp, sizeof(otp), "%s", journey_data(b, "one_time_password"));
    assert_int_equal(strlen(otp), 13);
    phone_open(p, g);
    assert_int_equal(phone_activate(p, otp, number), 202);
    journey_look(b);
    assert_string_equal(journey_data(b, "device"), "proving");
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_string_equal(g->script.to, number);
    snprintf(code, sizeof(code), "%.6s", g->script.text);
    int status = phone_prove(p, code);
    journey_look(b);
    return status;
}

void journey_activate(gateway_t *g, browser_t *b, phone_t *p, const char *iin, const char *number)
{
    journey_begin(g, b, iin);
    assert_string_equal(browser_state(b), "activate");
    assert_string_equal(journey_data(b, "device"), "none");
    assert_int_equal(journey_bind(g, b, p, number), 200);
    assert_string_equal(journey_data(b, "device"), "active");
}

void journey_to_code(gateway_t *g, browser_t *b, phone_t *p, const char *iin, const char *number)
{
    journey_activate(g, b, p, iin, number);
    browser_call(b, "POST", "/flows/{flow}/send", "{}");
    assert_int_equal(b->status, 200);
    assert_string_equal(browser_state(b), "code");
}

static void write_change(char body[256], const char *code, const char *password)
{
    snprintf(body, 256, "{\"code\":\"%s\",\"password\":\"%s\",\"password_repeat\":\"%s\"}", code,
             password, password);
}

void journey_change(browser_t *b, const char *code, const char *password)
{
    char body[256];

    write_change(body, code, password);
    browser_call(b, "POST", "/flows/{flow}/update", body);
}

kab_call_t *journey_change_half(browser_t *b, const char *code, const char *password,
                                kab_todo_t *todo)
{
    char body[256];

    write_change(body, code, password);
    return browser_half(b, "POST", "/flows/{flow}/update", body, todo);
}

/* Some code that is not this one. */
const char *journey_other(const char *code)
{
    return code[0] == '0' ? "1111" : "0000";
}

void journey_open_code(browser_t *b, phone_t *p, char code[9])
{
    char id[40], sign[3];

    snprintf(sign, sizeof(sign), "%s", journey_data(b, "sign"));
    assert_true(phone_challenge(p, id));
    assert_int_equal(phone_open_code(p, id, sign), 200);
    snprintf(code, 9, "%s", json_string_value(json_object_get(p->at.json, "code")));
    assert_int_equal(strlen(code), 4);
}

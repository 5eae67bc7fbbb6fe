#include "applicant.h"

void applicant_step(browser_t *b, const char *name, const char *body, int status)
{
    char path[64];

    snprintf(path, sizeof(path), "/flows/{flow}/%s", name);
    browser_call(b, "POST", path, body);
    if (b->status != status) {
        print_error("%s: %s\n", name, b->body);
    }
    assert_int_equal(b->status, status);
}

void applicant_begins(gateway_t *g, browser_t *b)
{
    browser_open(b, g);
    browser_call(b, "POST", "/flows", "{\"kind\":\"reregistration\"}");
    assert_int_equal(b->status, 201);
    assert_string_equal(browser_state(b), "explain");
    applicant_step(b, "begin", "{}", 200);
    assert_string_equal(browser_state(b), "evidence");
}

void applicant_proves(gateway_t *g, browser_t *b, const char *evidence)
{
    applicant_begins(g, b);
    applicant_step(b, "evidence", evidence, 200);
    assert_string_equal(browser_state(b), "confirm");
    applicant_step(b, "confirm", "{}", 200);
    assert_string_equal(browser_state(b), "contact");
}

int applicant_contact(browser_t *b, const char *iin, const char *phone)
{
    char body[96];

    snprintf(body, sizeof(body), "{\"iin\":\"%s\",\"phone\":\"%s\"}", iin, phone);
    browser_call(b, "POST", "/flows/{flow}/contact", body);
    return b->status;
}

void applicant_completes(browser_t *b, const char *code)
{
    char body[256];

    snprintf(body, sizeof(body),
             "{\"code\":\"%s\",\"password\":\"" APPLICANT_PASSWORD
             "\",\"password_repeat\":\"" APPLICANT_PASSWORD "\"}",
             code);
    browser_call(b, "POST", "/flows/{flow}/complete", body);
}

void applicant_finishes(gateway_t *g, browser_t *b, phone_t *p, const char *number)
{
    char code[9];

    if (strcmp(browser_state(b), "activate") == 0) {
        assert_int_equal(journey_bind(g, b, p, number), 200);
        assert_string_equal(journey_data(b, "device"), "active");
        applicant_step(b, "send", "{}", 200);
    }
    assert_string_equal(browser_state(b), "code");
    journey_open_code(b, p, code);
    applicant_completes(b, code);
}

void applicant_app(gateway_t *g, browser_t *b, phone_t *p, const char *iin, const char *number)
{
    journey_activate(g, b, p, iin, number);
    browser_close(b);
    g->ahead += 2 * KAB_DAY;
}

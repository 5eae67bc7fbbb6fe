/* Recovery of who is nobody, or blocked: as far as a stranger sees it is like anybody's. */
#include "alone.h"

#define NOBODY "790130392190"

static void same_work(const browser_t *a, const browser_t *b)
{
    assert_int_equal(a->work.statements, b->work.statements);
    assert_int_equal(a->work.commands, b->work.commands);
    assert_int_equal(a->work.hashes, b->work.hashes);
    assert_int_equal(strlen(a->body), strlen(b->body));
}

static void a_decoy_with_the_app_costs_the_same(void **state)
{
    browser_t real, decoy;
    phone_t p;

    (void)state;
    journey_activate(g, &real, &p, KNOWN, NUMBER);
    browser_close(&real);
    journey_begin(g, &real, KNOWN);
    journey_begin_nobody(g, &decoy, "code");
    same_work(&real, &decoy);
    journey_look(&real);
    journey_look(&decoy);
    same_work(&real, &decoy);
    for (int i = 0; i < 3; i++) {
        journey_change(&real, "1234", NEW);
        journey_change(&decoy, "1234", NEW);
        assert_string_equal(browser_code(&decoy), i < 2 ? "code_wrong" : "challenge_burned");
        assert_string_equal(decoy.body, real.body);
        same_work(&real, &decoy);
    }
    g->ahead += 61 * KAB_SECOND;
    browser_call(&real, "POST", "/flows/{flow}/resend", "{}");
    browser_call(&decoy, "POST", "/flows/{flow}/resend", "{}");
    assert_int_equal(real.status, decoy.status);
    same_work(&real, &decoy);
    browser_close(&real);
    browser_close(&decoy);
    phone_close(&p);
}

/* A device that was there before must not be seen by a page that did not bind it. */
static void a_page_sends_only_by_its_own_device(void **state)
{
    browser_t real, decoy;
    phone_t p;

    (void)state;
    journey_activate(g, &real, &p, KNOWN, NUMBER);
    browser_close(&real);
    journey_begin(g, &real, KNOWN);
    journey_begin_nobody(g, &decoy, "code");
    browser_t *both[] = {&real, &decoy};
    for (int i = 0; i < 2; i++) {
        browser_call(both[i], "POST", "/flows/{flow}/new_device", "{}");
        assert_int_equal(both[i]->status, 200);
        browser_call(both[i], "POST", "/flows/{flow}/send", "{}");
        assert_int_equal(both[i]->status, 409);
    }
    same_work(&real, &decoy);
    browser_close(&real);
    browser_close(&decoy);
    phone_close(&p);
}

static void a_decoy_without_the_app_costs_the_same(void **state)
{
    browser_t real, decoy;
    phone_t p, q;

    (void)state;
    journey_begin(g, &real, KNOWN);
    journey_begin_nobody(g, &decoy, "activate");
    same_work(&real, &decoy);
    browser_call(&real, "POST", "/flows/{flow}/send", "{}");
    browser_call(&decoy, "POST", "/flows/{flow}/send", "{}");
    assert_int_equal(real.status, 409);
    assert_int_equal(decoy.status, 409);
    same_work(&real, &decoy);
    journey_look(&real);
    journey_look(&decoy);
    phone_open(&p, g);
    phone_open(&q, g);
    assert_int_equal(phone_activate(&p, journey_data(&real, "one_time_password"), NUMBER), 202);
    assert_int_equal(phone_activate(&q, journey_data(&decoy, "one_time_password"), NUMBER), 202);
    same_work(&p.at, &q.at);
    assert_int_equal(phone_prove(&p, "000000"), 422);
    assert_int_equal(phone_prove(&q, "000000"), 422);
    same_work(&p.at, &q.at);
    browser_close(&real);
    browser_close(&decoy);
    phone_close(&p);
    phone_close(&q);
}

static void a_decoy_is_always_the_same(void **state)
{
    browser_t b;
    char mask[32] = "", first[16] = "";

    (void)state;
    for (int i = 0; i < 3; i++) {
        journey_begin(g, &b, NOBODY);
        if (i == 0) {
            snprintf(first, sizeof(first), "%s", browser_state(&b));
            snprintf(mask, sizeof(mask), "%s", journey_data(&b, "phone_masked"));
        }
        assert_string_equal(browser_state(&b), first);
        assert_string_equal(journey_data(&b, "phone_masked"), mask);
        browser_close(&b);
    }
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM outbox WHERE kind <> 'void'"), 0);
}

static void the_blocked_get_a_decoy(void **state)
{
    browser_t b;
    phone_t p;

    (void)state;
    journey_activate(g, &b, &p, KNOWN, NUMBER);
    browser_close(&b);
    gateway_block(g, account, true);
    journey_begin(g, &b, KNOWN);
    if (strcmp(browser_state(&b), "code") == 0) {
        assert_string_not_equal(journey_data(&b, "phone_masked"), "+777****9223");
    }
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_int_equal(g->script.pushes, 0);
    browser_close(&b);
    phone_close(&p);
}

/* A flow that began when they were free goes on like anybody's. */
static void who_is_blocked_meanwhile_is_not_seen(void **state)
{
    browser_t b;
    phone_t p;
    kab_config_t *config = g->config;
    uint32_t share = config->mask.app;

    (void)state;
    journey_activate(g, &b, &p, KNOWN, NUMBER);
    browser_close(&b);
    journey_begin(g, &b, KNOWN);
    assert_string_equal(browser_state(&b), "code");
    gateway_block(g, account, true);
    config->mask.app = KAB_MASK_WHOLE - 1; /* nobody has the app in as good as every case */
    browser_call(&b, "POST", "/flows/{flow}/back", "{}");
    browser_call(&b, "POST", "/flows/{flow}/identify", "{\"iin\":\"" KNOWN "\"}");
    config->mask.app = share;
    assert_int_equal(b.status, 200);
    assert_string_equal(browser_state(&b), "code");
    browser_close(&b);
    phone_close(&p);
}

static void unarmed_codes_do_not_change_the_blocked(void **state)
{
    browser_t b;
    phone_t p;
    char code[9];
    kab_config_t *config = g->config;

    (void)state;
    config->code.arm = false;
    journey_to_code(g, &b, &p, KNOWN, NUMBER);
    gateway_timer(g, KAB_TIMER_OUTBOX);
    const char *at = strstr(g->script.data, "\"code\":\"");
    assert_non_null(at);
    snprintf(code, sizeof(code), "%.4s", at + strlen("\"code\":\""));
    gateway_block(g, account, true);
    journey_change(&b, code, NEW);
    config->code.arm = true;
    assert_int_equal(b.status, 410);
    assert_string_equal(browser_code(&b), "challenge_burned");
    browser_close(&b);
    phone_close(&p);
}

#define TEST(f) cmocka_unit_test_setup(f, alone_fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_decoy_with_the_app_costs_the_same),
        TEST(a_page_sends_only_by_its_own_device),
        TEST(a_decoy_without_the_app_costs_the_same),
        TEST(a_decoy_is_always_the_same),
        TEST(the_blocked_get_a_decoy),
        TEST(who_is_blocked_meanwhile_is_not_seen),
        TEST(unarmed_codes_do_not_change_the_blocked),
    };

    return cmocka_run_group_tests_name("decoys", tests, alone_open, alone_close);
}

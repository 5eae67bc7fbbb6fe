/* The adapters over HTTP against the sandbox: what each answer and each fault becomes, and that a
 * repeat is one message. */
#include <pthread.h>

#include "line.h"
#include "outside.h"

static void test_messages_arrive(void **state)
{
    (void)state;
    line_t line = line_up();

    assert_int_equal(line_sms(line, line_key(), "+77010000001").result, KAB_SEND_OK);
    assert_int_equal(line_push(line, line_key(), "+77010000001", "token").result, KAB_SEND_OK);
    assert_int_equal(line_push(line, line_key(), "+77010000001", "gone-1").result,
                     KAB_SEND_NOT_REGISTERED);
    json_t *list = sandbox("GET", "/sandbox/messages?to=%2B77010000001", "");
    assert_int_equal(json_array_size(list), 2);
    json_t *first = json_array_get(list, 0), *second = json_array_get(list, 1);
    assert_string_equal(json_string_value(json_object_get(first, "channel")), "sms");
    assert_string_equal(json_string_value(json_object_get(first, "text")),
                        "1234 — код для ed24.kz.");
    assert_string_equal(json_string_value(json_object_get(second, "channel")), "push");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(second, "data"), "challenge")), "c-1");
    json_decref(list);
    line_close(line);
}

static void test_bmg_answers(void **state)
{
    (void)state;
    static const char *const results[] = {"match", "mismatch", "not_registered", "consent_required",
                                          "consent_denied"};
    line_t line = line_up();
    char body[64];

    sandbox("PUT", "/sandbox/bmg/880314493312", "{\"phone\":\"+77010000002\"}");
    assert_int_equal(line_match(line, "880314493312", "+77010000002"), KAB_BMG_MATCH);
    assert_int_equal(line_match(line, "880314493312", "+77010000003"), KAB_BMG_MISMATCH);
    assert_int_equal(line_match(line, "000101500001", "+77010000002"), KAB_BMG_NOT_REGISTERED);
    for (unsigned i = 0; i < KAB_BMG_UNAVAILABLE; i++) {
        snprintf(body, sizeof body, "{\"phone\":null,\"result\":\"%s\"}", results[i]);
        sandbox("PUT", "/sandbox/bmg/880314493312", body);
        assert_int_equal(line_match(line, "880314493312", "+77010000002"), i);
    }
    line_close(line);
}

/* Each fault mode on each channel: its result, and never longer than the time-out. */
static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        unsigned ms;
        kab_send_result_t sent;
        kab_bmg_result_t answer;
    } modes[] = {{"ok", 0, KAB_SEND_OK, KAB_BMG_MATCH},
                 {"slow", 150, KAB_SEND_OK, KAB_BMG_MATCH},
                 {"slow", 5000, KAB_SEND_LATER, KAB_BMG_UNAVAILABLE},
                 {"error", 0, KAB_SEND_LATER, KAB_BMG_UNAVAILABLE},
                 {"timeout", 5000, KAB_SEND_LATER, KAB_BMG_UNAVAILABLE},
                 {"timeout", 100, KAB_SEND_LATER, KAB_BMG_UNAVAILABLE},
                 {"garbage", 0, KAB_SEND_LATER, KAB_BMG_UNAVAILABLE},
                 {"drop", 0, KAB_SEND_LATER, KAB_BMG_UNAVAILABLE}};

    sandbox("PUT", "/sandbox/bmg/880314493312", "{\"phone\":\"+77010000004\"}");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        line_t line = line_up();
        sandbox_fault("push", modes[i].mode, modes[i].ms);
        sandbox_fault("sms", modes[i].mode, modes[i].ms);
        sandbox_fault("bmg", modes[i].mode, modes[i].ms);
        kab_time_t begun = line_now();
        assert_int_equal(line_push(line, line_key(), "+77010000004", "token").result,
                         modes[i].sent);
        assert_true(line_took(begun) < LINE_TIMEOUT + LINE_SLACK);
        begun = line_now();
        kab_send_t sent = line_sms(line, line_key(), "+77010000004");
        assert_int_equal(sent.result, modes[i].sent);
        assert_int_equal(sent.why[0] == '\0', sent.result == KAB_SEND_OK);
        assert_true(line_took(begun) < LINE_TIMEOUT + LINE_SLACK);
        begun = line_now();
        assert_int_equal(line_match(line, "880314493312", "+77010000004"), modes[i].answer);
        assert_true(line_took(begun) < LINE_TIMEOUT + LINE_SLACK);
        line_close(line);
    }
}

/* The provider took it and hung up: the repeat with the same key is no second message. */
static void test_drop_then_repeat(void **state)
{
    (void)state;
    line_t line = line_up();
    kab_uuid_t one = line_key(), two = line_key();

    sandbox_fault("sms", "drop", 0);
    sandbox_fault("push", "drop", 0);
    assert_int_equal(line_sms(line, one, "+77010000005").result, KAB_SEND_LATER);
    assert_int_equal(line_push(line, two, "+77010000006", "token").result, KAB_SEND_LATER);
    line_setup(NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(line_sms(line, one, "+77010000005").result, KAB_SEND_OK);
        assert_int_equal(line_push(line, two, "+77010000006", "token").result, KAB_SEND_OK);
    }
    assert_int_equal(sandbox_count("+77010000005"), 1);
    assert_int_equal(sandbox_count("+77010000006"), 1);
    /* A key of another message is a mistake of ours, and no repeat mends it. */
    assert_int_equal(line_sms(line, one, "+77010000007").result, KAB_SEND_REFUSED);
    line_close(line);
}

/* After five failures nobody waits for the next; one trial after the pause mends it. */
static void test_breaker(void **state)
{
    (void)state;
    line_t line = line_up();
    kab_uuid_t key = line_key();

    sandbox_fault("sms", "error", 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(line_sms(line, key, "+77010000013").result, KAB_SEND_LATER);
    }
    sandbox_fault("sms", "ok", 0);
    kab_send_t sent = line_sms(line, key, "+77010000013");
    assert_int_equal(sent.result, KAB_SEND_LATER);
    assert_string_equal(sent.why, "the circuit is open");
    assert_true(sent.retry_after > 8 * KAB_SECOND && sent.retry_after <= 10 * KAB_SECOND);
    kab_time_t begun = line_now();
    assert_int_equal(line_match(line, "880314493312", "+77010000013"), KAB_BMG_UNAVAILABLE);
    assert_true(line_took(begun) < LINE_SLACK / 2);
    assert_int_equal(sandbox_count("+77010000013"), 0);
    line_ahead += 10 * KAB_SECOND;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(line_sms(line, key, "+77010000013").result, KAB_SEND_OK);
    }
    assert_int_equal(sandbox_count("+77010000013"), 1);
    line_close(line);
}

/* A refusal is an answer: the circuit stays closed. */
static void test_refusals_open_nothing(void **state)
{
    (void)state;
    line_t line = line_up();

    for (int i = 0; i < 12; i++) {
        assert_int_equal(line_push(line, line_key(), "+77010000014", "gone").result,
                         KAB_SEND_NOT_REGISTERED);
    }
    line_close(line);
}

static void *send_many(void *ctx)
{
    line_t line = {.provider = ctx, .link = kab_link_open(ctx)};
    intptr_t sent = 0;

    for (int i = 0; line.link && i < 25; i++) {
        sent += line_sms(line, line_key(), "+77010000015").result == KAB_SEND_OK;
    }
    kab_link_close(line.link);
    return (void *)sent;
}

static void test_threads_share_a_provider(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    line_t line = line_up();
    pthread_t thread[THREADS];
    void *sent;

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, send_many, line.provider), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], &sent);
        assert_int_equal((intptr_t)sent, 25);
    }
    assert_int_equal(sandbox_count("+77010000015"), THREADS * 25);
    line_close(line);
}

int main(void)
{
    kab_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_messages_arrive, line_setup),
        cmocka_unit_test_setup(test_bmg_answers, line_setup),
        cmocka_unit_test_setup(test_faults, line_setup),
        cmocka_unit_test_setup(test_drop_then_repeat, line_setup),
        cmocka_unit_test_setup(test_breaker, line_setup),
        cmocka_unit_test_setup(test_refusals_open_nothing, line_setup),
        cmocka_unit_test_setup(test_threads_share_a_provider, line_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

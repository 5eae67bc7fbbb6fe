/* Many messages at once over one link: each with its own answer, bounded in number and time, and
 * with a circuit that lets one go first. */
#include <pthread.h>
#include <time.h>

#include "line.h"
#include "outside.h"
#include "provider/http.h"

static kab_uuid_t key[LINE_MANY];
static kab_send_t sent[LINE_MANY];

static int setup(void **state)
{
    for (unsigned i = 0; i < LINE_MANY; i++) {
        key[i] = line_key();
        sent[i] = (kab_send_t){.why = NULL};
    }
    return line_setup(state);
}

static unsigned count(kab_send_result_t result, const char *why)
{
    unsigned n = 0;

    for (unsigned i = 0; i < LINE_MANY; i++) {
        n += sent[i].why && sent[i].result == result && strcmp(sent[i].why, why) == 0;
    }
    return n;
}

static void test_each_has_its_own_answer(void **state)
{
    (void)state;
    const char *token[LINE_MANY];
    line_t line = line_up();

    for (unsigned i = 0; i < LINE_MANY; i++) {
        token[i] = i % 3 == 1 ? "gone" : "token";
    }
    line_pushes(line, key, LINE_MANY, "+77010000021", token, sent);
    for (unsigned i = 0; i < LINE_MANY; i++) {
        assert_int_equal(sent[i].result, i % 3 == 1 ? KAB_SEND_NOT_REGISTERED : KAB_SEND_OK);
    }
    assert_int_equal(sandbox_count("+77010000021"), LINE_MANY - (LINE_MANY + 1) / 3);
    line_texts(line, key, 0, "+77010000021", 0, NULL); /* none at all */
    line_close(line);
}

/* As many as may be under way begin before the time is over, and nobody after that. */
static void test_bounded_in_number_and_time(void **state)
{
    (void)state;
    line_timeout = 10 * KAB_SECOND;
    line_t line = line_up();

    sandbox_fault("sms", "slow", 2000);
    line_texts(line, key, LINE_MANY, "+77010000022", line_now() + KAB_SECOND, sent);
    assert_int_equal(count(KAB_SEND_OK, ""), KAB_HTTP_AT_ONCE);
    assert_int_equal(count(KAB_SEND_LATER, "the provider is slow"), LINE_MANY - KAB_HTTP_AT_ONCE);
    assert_int_equal(sandbox_count("+77010000022"), KAB_HTTP_AT_ONCE);
    line_close(line);
}

/* Taken, and the line cut: the repeat of all makes each message once. */
static void test_all_cut_and_repeated(void **state)
{
    (void)state;
    line_t line = line_up();

    sandbox_fault("sms", "drop", 0);
    line_texts(line, key, KAB_HTTP_AT_ONCE, "+77010000023", 0, sent);
    assert_int_equal(count(KAB_SEND_OK, ""), 0);
    assert_int_equal(sandbox_count("+77010000023"), KAB_HTTP_AT_ONCE);
    line_close(line);
    line = line_up(); /* its circuit is closed */
    sandbox_fault("sms", "ok", 0);
    line_texts(line, key, LINE_MANY, "+77010000023", 0, sent);
    assert_int_equal(count(KAB_SEND_OK, ""), LINE_MANY);
    assert_int_equal(sandbox_count("+77010000023"), LINE_MANY);
    line_close(line);
}

/* What fails opens the circuit for the rest; later one tries it out, and the others follow or not.
 */
static void test_one_goes_first(void **state)
{
    (void)state;
    line_t line = line_up();

    sandbox_fault("sms", "error", 0);
    line_texts(line, key, LINE_MANY, "+77010000024", 0, sent);
    unsigned failed = count(KAB_SEND_LATER, "it failed");
    assert_in_range(failed, KAB_BREAKER_FAILURES, KAB_HTTP_AT_ONCE + KAB_BREAKER_FAILURES);
    assert_int_equal(count(KAB_SEND_LATER, "the circuit is open"), LINE_MANY - failed);
    line_ahead += KAB_BREAKER_PAUSE;
    line_texts(line, key, LINE_MANY, "+77010000024", 0, sent);
    assert_int_equal(count(KAB_SEND_LATER, "it failed"), 1);
    assert_int_equal(count(KAB_SEND_LATER, "the circuit is open"), LINE_MANY - 1);
    assert_true(sent[1].retry_after > 8 * KAB_SECOND);
    sandbox_fault("sms", "ok", 0);
    line_ahead += KAB_BREAKER_PAUSE;
    line_texts(line, key, LINE_MANY, "+77010000024", 0, sent);
    assert_int_equal(count(KAB_SEND_OK, ""), LINE_MANY);
    assert_int_equal(sandbox_count("+77010000024"), LINE_MANY);
    line_close(line);
}

static void *stop_soon(void *provider)
{
    struct timespec moment = {0, 300 * 1000 * 1000};

    nanosleep(&moment, NULL);
    kab_provider_stop(provider);
    return NULL;
}

/* What is under way is waited for, not for long; nothing else begins. */
static void test_a_stop(void **state)
{
    (void)state;
    static const struct {
        unsigned ms, taken;
    } slow[] = {{1500, KAB_HTTP_AT_ONCE}, {15000, 0}};

    line_timeout = 20 * KAB_SECOND;
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
        pthread_t thread;
        line_t line = line_up();
        kab_time_t begun = line_now();

        sandbox_fault("sms", "slow", slow[i].ms);
        assert_int_equal(pthread_create(&thread, NULL, stop_soon, line.provider), 0);
        line_texts(line, key, LINE_MANY, "+77010000025", 0, sent);
        assert_true(line_took(begun) < 10 * KAB_SECOND);
        pthread_join(thread, NULL);
        assert_int_equal(count(KAB_SEND_OK, ""), slow[i].taken);
        assert_int_equal(count(KAB_SEND_LATER, "the gateway stops"), LINE_MANY - KAB_HTTP_AT_ONCE);
        assert_int_equal(line_match(line, "880314493312", "+77010000025"), KAB_BMG_UNAVAILABLE);
        line_close(line);
    }
}

int main(void)
{
    kab_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_has_its_own_answer, setup),
        cmocka_unit_test_setup(test_bounded_in_number_and_time, setup),
        cmocka_unit_test_setup(test_all_cut_and_repeated, setup),
        cmocka_unit_test_setup(test_one_goes_first, setup),
        cmocka_unit_test_setup(test_a_stop, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

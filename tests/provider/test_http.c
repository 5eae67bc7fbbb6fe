/* What a provider says wrongly, too long or from elsewhere, and what is refused before anything is
 * sent. */
#include "line.h"
#include "outside.h"

static kab_send_t sms_to(const char *answer, unsigned *asked, char *heard, size_t size)
{
    canned_t *canned = canned_open(&answer, 1);
    line_t line = line_at("http", canned_port(canned));
    kab_send_t sent = line_sms(line, line_key(), "+77010000008");

    line_close(line);
    *asked = canned_close(canned, heard, size);
    return sent;
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        kab_send_result_t result;
        kab_time_t after;
    } said[] = {{"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", KAB_SEND_OK, 0},
                {"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", KAB_SEND_LATER,
                 7 * KAB_SECOND},
                {"HTTP/1.1 503 Down\r\nRetry-After: 99999999\r\nContent-Length: 0\r\n\r\n",
                 KAB_SEND_LATER, KAB_HOUR},
                {"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", KAB_SEND_REFUSED, 0},
                {"HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n", KAB_SEND_LATER, 0},
                {"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", KAB_SEND_LATER, 0},
                {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", KAB_SEND_LATER, 0},
                {"HTTP/1.1 202 OK\r\nContent-Length: 99\r\n\r\n{}", KAB_SEND_LATER, 0},
                {"SSH-2.0-OpenSSH\r\n", KAB_SEND_LATER, 0},
                {"", KAB_SEND_LATER, 0}};
    char heard[4096];
    unsigned asked;

    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        kab_send_t sent = sms_to(said[i].answer, &asked, heard, sizeof heard);
        if (sent.result != said[i].result || sent.retry_after != said[i].after || asked != 1) {
            fail_msg("\"%.20s\" became %d, %s", said[i].answer, (int)sent.result, sent.why);
        }
    }
    assert_non_null(strstr(heard, "POST /v1/messages HTTP/1.1\r\n"));
    assert_non_null(strstr(heard, "\r\nAuthorization: Bearer sandbox\r\n"));
    assert_non_null(strstr(heard, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(heard, "\r\nIdempotency-Key: "));
    assert_null(strstr(heard, "Expect:"));
}

/* A 404 without its word is a wrong address: no reason to forget a device. */
static void test_wrong_address_of_push(void **state)
{
    (void)state;
    line_t line = line_to("http://127.0.0.1:1/");
    char url[64];

    assert_int_equal(line_push(line, line_key(), "+77010000009", "token").result, KAB_SEND_LATER);
    line_close(line);
    snprintf(url, sizeof url, "http://localhost:%u/elsewhere", outside_port("KAB_TEST_SANDBOX"));
    line = line_to(url);
    assert_int_equal(line_push(line, line_key(), "+77010000009", "gone").result, KAB_SEND_LATER);
    line_close(line);
}

/* An answer may be as long as it likes; what is kept of it is not. */
static void test_bounded(void **state)
{
    (void)state;
    enum { LONG = 4 * 1024 * 1024, LEAST = 16 * 1024 };
    static char text[LONG];
    static const char *const heads[] = {"HTTP/1.1 202 Accepted\r\nContent-Length: 4000000\r\n\r\n",
                                        "HTTP/1.1 202 Accepted\r\n\r\n", /* until it hangs up */
                                        "HTTP/1.1 202 Accepted\r\nLong: "};
    unsigned asked;

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        memset(text, 'x', LONG - 1);
        memcpy(text, heads[i], strlen(heads[i]));
        kab_send_t sent = sms_to(text, &asked, NULL, 0);
        assert_int_equal(sent.result, KAB_SEND_LATER);
        assert_true(i == 2 || strcmp(sent.why, "the answer is too large") == 0);
    }
    int n = snprintf(text, LONG, "HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n", LEAST);
    memset(text + n, 'x', LEAST + 1);
    text[n + LEAST] = '\0';
    assert_int_equal(sms_to(text, &asked, NULL, 0).result, KAB_SEND_OK);
    /* One byte more. */
    n = snprintf(text, LONG, "HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n", LEAST + 1);
    memset(text + n, 'x', LEAST + 1);
    text[n + LEAST + 1] = '\0';
    assert_int_equal(sms_to(text, &asked, NULL, 0).result, KAB_SEND_LATER);
}

/* Whoever answers cannot send a person's number elsewhere. */
static void test_no_redirects(void **state)
{
    (void)state;
    static const char *const codes[] = {"301", "302", "307", "308"};
    char answer[160];
    unsigned asked;

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 %s Go\r\nLocation: http://127.0.0.1:%u/v1/messages\r\n"
                 "Content-Length: 0\r\n\r\n",
                 codes[i], outside_port("KAB_TEST_SANDBOX"));
        assert_int_equal(sms_to(answer, &asked, NULL, 0).result, KAB_SEND_LATER);
    }
    assert_int_equal(sandbox_count("+77010000008"), 0);
}

/* The environment of whoever starts the gateway sends nothing anywhere. */
static void test_no_proxy(void **state)
{
    (void)state;
    line_t line = line_up();

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    assert_int_equal(line_sms(line, line_key(), "+77010000010").result, KAB_SEND_OK);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    line_close(line);
}

static void test_bad_tls(void **state)
{
    (void)state;
    line_timeout = 10 * KAB_SECOND; /* the first one reads all authorities of the system */
    line_t line = line_at("https", outside_port("KAB_TEST_TLS"));
    kab_send_t sent = line_sms(line, line_key(), "+77010000011");

    assert_int_equal(sent.result, KAB_SEND_LATER);
    if (!strstr(sent.why, "certificate")) {
        fail_msg("said \"%s\"", sent.why);
    }
    assert_int_equal(line_match(line, "880314493312", "+77010000011"), KAB_BMG_UNAVAILABLE);
    line_close(line);
    /* One that speaks no TLS at all. */
    line = line_at("https", outside_port("KAB_TEST_SANDBOX"));
    assert_int_equal(line_sms(line, line_key(), "+77010000011").result, KAB_SEND_LATER);
    line_close(line);
    assert_int_equal(sandbox_count("+77010000011"), 0);
}

/* The state base is asked again within one question, but not for nonsense. */
static void test_bmg_repeats(void **state)
{
    (void)state;
    static const char down[] = "HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n";
    static const char match_text[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{\"result\":\"match\"}";
    static const char word[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{\"result\":\"maybe\"}";
    static const char list[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[\"match\"]";
    static const char twice[] = "HTTP/1.1 200 OK\r\nContent-Length: "
                                "37\r\n\r\n{\"result\":\"denied\",\"result\":\"match\"}\r\n";
    static const char later[] = "HTTP/1.1 429 Slow\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n";
    static const struct {
        const char *answer[2];
        kab_bmg_result_t result;
        unsigned asked;
    } said[] = {{{down, match_text}, KAB_BMG_MATCH, 2},
                {{"", match_text}, KAB_BMG_MATCH, 2},
                {{word, match_text}, KAB_BMG_UNAVAILABLE, 1},
                {{list, match_text}, KAB_BMG_UNAVAILABLE, 1},
                {{twice, match_text}, KAB_BMG_UNAVAILABLE, 1},
                {{later, match_text}, KAB_BMG_UNAVAILABLE, 1}};

    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        canned_t *canned = canned_open(said[i].answer, 2);
        line_t line = line_at("http", canned_port(canned));
        assert_int_equal(line_match(line, "880314493312", "+77010000012"), said[i].result);
        line_close(line);
        assert_int_equal(canned_close(canned, NULL, 0), said[i].asked);
    }
}

static void refused(const char *url, kab_span_t token, const char *must_say)
{
    char why[160] = "";
    kab_env_t world = line_env();
    kab_provider_options_t options = {url, token, LINE_TIMEOUT};

    assert_null(kab_provider_open(&options, &world, why, sizeof why));
    if (!strstr(why, must_say)) {
        fail_msg("%s: said \"%s\"", url, why);
    }
}

static void test_refused_at_start(void **state)
{
    (void)state;
    static char longest[5000];

    memset(longest, 'x', sizeof longest - 1);
    refused("http://push.example.kz", KAB_SPAN("t"), "not encrypted");
    refused("http://127.example.kz", KAB_SPAN("t"), "not encrypted");
    refused("http://localhost.example.kz", KAB_SPAN("t"), "not encrypted");
    refused("ftp://127.0.0.1", KAB_SPAN("t"), "https://");
    refused("file:///etc/passwd", KAB_SPAN("t"), "https://");
    refused("push.example.kz", KAB_SPAN("t"), "https://");
    refused("https://name:word@push.example.kz", KAB_SPAN("t"), "https://");
    refused("https://push.example.kz/?a=b", KAB_SPAN("t"), "https://");
    refused("", KAB_SPAN("t"), "https://");
    refused(longest, KAB_SPAN("t"), "https://");
    refused("https://push.example.kz", KAB_NONE, "visible");
    refused("https://push.example.kz", KAB_SPAN("a\r\nX: y"), "visible");
    refused("https://push.example.kz", kab_span_of(longest), "visible");
}

int main(void)
{
    kab_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_statuses, line_setup),
        cmocka_unit_test_setup(test_wrong_address_of_push, line_setup),
        cmocka_unit_test_setup(test_bounded, line_setup),
        cmocka_unit_test_setup(test_no_redirects, line_setup),
        cmocka_unit_test_setup(test_no_proxy, line_setup),
        cmocka_unit_test_setup(test_bad_tls, line_setup),
        cmocka_unit_test_setup(test_bmg_repeats, line_setup),
        cmocka_unit_test_setup(test_refused_at_start, line_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Directives about phones, proofs and services: values, mistakes, what is dangerous together. */
#include "directive.h"

static void test_defaults(void **state)
{
    (void)state;
    kab_config_t *config = kab_config_new();

    assert_int_equal(config->code.length, 4);
    assert_int_equal(config->code.ttl, 300);
    assert_int_equal(config->code.attempts, 3);
    assert_true(config->code.arm);
    assert_true(config->activation_sms);
    assert_int_equal(config->device_hold, 86400);
    assert_int_equal(config->reregistration_hold, 86400);
    assert_null(config->push.url);
    assert_int_equal(config->push.timeout, 5 * KAB_SECOND);
    assert_int_equal(config->bmg.timeout, 20 * KAB_SECOND);
    assert_false(config->web_app);
    kab_config_free(config);
}

static void test_values(void **state)
{
    (void)state;
    kab_config_t *config = kab_config_new();

    assert_null(set(config, "kabinet_code length=8 ttl=2m attempts=5 arm=off"));
    assert_null(set(config, "kabinet_activation_proof none"));
    assert_null(set(config, "kabinet_device_hold 0s"));
    assert_null(set(config, "kabinet_reregistration_hold 30d"));
    assert_null(set(config, "kabinet_web_app on"));
    assert_null(set(config, "kabinet_push ed24 url=https://push.example.kz/a/b/ token_file=/t"));
    assert_null(set(config, "kabinet_sms rest timeout=1s token_file=/s url=http://localhost:1/"));
    assert_null(set(config, "kabinet_bmg rest url=http://[::1]:8080 token_file=/b timeout=250ms"));
    assert_int_equal(config->code.length, 8);
    assert_int_equal(config->code.ttl, 120);
    assert_false(config->code.arm);
    assert_false(config->activation_sms);
    assert_int_equal(config->device_hold, 0);
    assert_int_equal(config->reregistration_hold, 30 * 86400);
    assert_true(config->web_app);
    assert_string_equal(config->push.url, "https://push.example.kz/a/b");
    assert_string_equal(config->push.token_path, "/t");
    assert_string_equal(config->sms.url, "http://localhost:1");
    assert_int_equal(config->sms.timeout, KAB_SECOND);
    assert_string_equal(config->bmg.url, "http://[::1]:8080");
    assert_int_equal(config->bmg.timeout, 250 * KAB_MS);
    kab_config_free(config);
}

static void test_proofs(void **state)
{
    (void)state;
    bad("kabinet_code", "[length=4|6|8]");
    bad("kabinet_code length=5", "give 4, 6 or 8");
    bad("kabinet_code length=2", "give 4 to 8");
    bad("kabinet_code length=10", "give 4 to 8");
    bad("kabinet_code ttl=11m", "give 30s to 10m");
    bad("kabinet_code ttl=5", "s, m, h or d");
    bad("kabinet_code attempts=0", "give 1 to 5");
    bad("kabinet_code arm=yes", "give on or off");
    bad("kabinet_code arm", "length=, ttl=, attempts=, arm=");
    bad("kabinet_activation_proof email", "give sms or none");
    bad("kabinet_device_hold 1", "s, m, h or d");
    bad("kabinet_device_hold 31d", "give 0s to 30d");
    bad("kabinet_reregistration_hold soon", "s, m, h or d");
    bad("kabinet_web_app maybe", "give on or off");
}

static void test_services(void **state)
{
    (void)state;
    static const char *const no_address[] = {"push.kz",
                                             "ftp://push.kz",
                                             "https://",
                                             "https:///v1",
                                             "https://a@push.kz",
                                             "https://push.kz?a",
                                             "https://push.kz/#a",
                                             "https://push.kz:0",
                                             "https://push.kz:",
                                             "https://a\\b",
                                             "https://push.kz/\x7f",
                                             ""};
    static const char *const plain[] = {"http://push.kz", "http://127.push.kz", "http://10.0.0.1",
                                        "http://localhost.push.kz"};
    char line[160];

    bad("kabinet_push rest url=https://a token_file=t", "give ed24");
    bad("kabinet_sms ed24 url=https://a token_file=t", "give rest");
    bad("kabinet_bmg soap url=https://a token_file=t", "give rest");
    bad("kabinet_sms rest url=https://a", "rest url=URL token_file=FILE");
    bad("kabinet_sms rest url=https://a timeout=1s", "token_file= is missing");
    bad("kabinet_sms rest token_file=t timeout=1s", "url= is missing");
    bad("kabinet_sms rest url=https://a token=geheim", "url=, token_file=, timeout=");
    bad("kabinet_sms rest url=https://a token_file=", "token_file=FILE");
    bad("kabinet_sms rest url=https://a token_file=t timeout=31s", "give 100ms to 30s");
    for (size_t i = 0; i < sizeof no_address / sizeof no_address[0]; i++) {
        snprintf(line, sizeof line, "kabinet_sms rest url=%s token_file=t", no_address[i]);
        bad(line, "give https://HOST[:PORT][/PATH]");
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        snprintf(line, sizeof line, "kabinet_bmg rest url=%s token_file=t", plain[i]);
        bad(line, "is not encrypted");
    }
}

static void test_stores(void **state)
{
    (void)state;
    static const char *const none[] = {"http://play.google.com/a",
                                       "javascript:alert(1)",
                                       "//play.google.com/a",
                                       "https://",
                                       "https:///a",
                                       "https://a@play.google.com/",
                                       "https://play.google.com/#a",
                                       "https://a\"b/",
                                       "https://a/<b>",
                                       ""};
    kab_config_t *config = kab_config_new();
    char line[160];

    assert_null(config->store.google);
    assert_null(set(
        config, "kabinet_store google=https://play.google.com/store/apps/details?id=a.b&hl=kk"));
    assert_string_equal(config->store.google,
                        "https://play.google.com/store/apps/details?id=a.b&hl=kk");
    assert_null(config->store.apple);
    kab_config_free(config);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        snprintf(line, sizeof line, "kabinet_store apple=%s", none[i]);
        bad(line, "give https://HOST[:PORT][/PATH][?QUERY]");
    }
    bad("kabinet_store", "[google=URL] [apple=URL]");
    bad("kabinet_store huawei=https://a", "google=, apple=");
    bad("kabinet_store google=https://a google=https://b", "stands twice");
}

/* A whole configuration with these lines (up to 3) more: what its end says, NULL for nothing. */
static kab_config_t *finish(const char *const *lines, const char **words)
{
    kab_config_t *config = kab_config_new();
    unit_path_t ring = unit_file(UNIT_RING, strlen(UNIT_RING), 0600);
    char line[96];

    snprintf(line, sizeof line, "kabinet_keyring %s", ring.name);
    assert_null(set(config, "kabinet_database dbname=kabinet"));
    assert_null(set(config, "kabinet_redis unix:/run/r.sock"));
    assert_null(set(config, line));
    for (size_t i = 0; i < 3 && lines[i]; i++) {
        assert_null(set(config, lines[i]));
    }
    *words = kab_config_finish(config);
    unlink(ring.name);
    return config;
}

static void end(const char *first, const char *second, const char *must_say)
{
    const char *lines[3] = {first, second}, *words;
    kab_config_t *config = finish(lines, &words);

    if (must_say ? !words || !strstr(words, must_say) : words != NULL) {
        fail_msg("%s: said \"%s\"", first, words ? words : "nothing");
    }
    kab_config_free(config);
}

/* SECURITY 20. Past these, a configuration in earnest lacks but its breach list. */
static void test_dangerous(void **state)
{
    (void)state;
    static const char *const weak[] = {"kabinet_code arm=off", "kabinet_code arm=off length=6",
                                       "kabinet_device_hold 0s", "kabinet_reregistration_hold 0m",
                                       "kabinet_activation_proof none"};

    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s: ", (int)strcspn(weak[i], " "), weak[i]);
        end(weak[i], NULL, name);
        end(weak[i], NULL, "or kabinet_unsafe on");
        end(weak[i], "kabinet_unsafe off", "or kabinet_unsafe on");
        end(weak[i], "kabinet_unsafe on", NULL);
    }
    end("kabinet_code arm=off length=8", NULL, "breach_list= is missing");
    end("kabinet_code length=4 attempts=5", "kabinet_device_hold 1s", "breach_list= is missing");
}

static void token(const char *content, size_t n, unsigned mode, const char *must_say)
{
    unit_path_t path = unit_file(content, n, mode);
    char line[160];

    snprintf(line, sizeof line, "kabinet_sms rest url=https://a token_file=%s", path.name);
    end(line, "kabinet_unsafe on", must_say);
    unlink(path.name);
}

static void test_tokens(void **state)
{
    (void)state;
    static char longest[5000];
    const char *words;

    memset(longest, 'x', sizeof longest);
    token("geheim\n", 7, 0600, NULL);
    token(" geheim \r\n", 10, 0640, NULL);
    token("geheim\n", 7, 0644, "kabinet_sms: /tmp/");
    token("geheim\n", 7, 0644, "others may read it: chmod 600 or 640");
    token("geheim\n", 7, 0660, "others may read it");
    token("", 0, 0600, "holds no token");
    token("\n", 1, 0600, "holds no token");
    token("two words", 9, 0600, "holds no token");
    token("two\nlines", 9, 0600, "holds no token");
    token("ключ", 8, 0600, "holds no token");
    token(longest, sizeof longest, 0600, "is too large");
    end("kabinet_push ed24 url=https://a token_file=/none/t", "kabinet_unsafe on",
        "kabinet_push: /none/t: no such file");
    end("kabinet_bmg rest url=https://a token_file=/tmp", "kabinet_unsafe on",
        "kabinet_bmg: /tmp: is not a regular file");

    unit_path_t path = unit_file("geheim\n", 7, 0600);
    char line[160];
    snprintf(line, sizeof line, "kabinet_push ed24 url=https://a token_file=%s", path.name);
    const char *lines[3] = {"kabinet_unsafe on", line};
    kab_config_t *config = finish(lines, &words);
    assert_null(words);
    assert_true(kab_span_is(config->push.token, "geheim"));
    kab_config_free(config);
    unlink(path.name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
        cmocka_unit_test(test_proofs),   cmocka_unit_test(test_services),
        cmocka_unit_test(test_stores),   cmocka_unit_test(test_dangerous),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

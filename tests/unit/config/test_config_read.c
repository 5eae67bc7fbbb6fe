/* A configuration file, and the files that it names. */
#include "unit.h"

#include <arpa/inet.h>

#include "engine/settings.h"
#include "kabinet.h"

static char dir[64];

/* A file in the test's own directory. */
static void put(const char *name, const char *text, unsigned mode)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fchmod(fileno(file), mode), 0);
    fclose(file);
}

#define BASE                                                                                       \
    "kabinet_database 'dbname=kabinet';\nkabinet_redis unix:/run/r.sock;\n"                        \
    "kabinet_keyring keyring;\n"
#define UNSAFE "kabinet_unsafe on;\n"

static kab_config_t *read_conf(const char *text, const char **words)
{
    char path[128];
    kab_config_t *config = kab_config_new();

    put("kabinet.conf", text, 0644);
    snprintf(path, sizeof path, "%s/kabinet.conf", dir);
    *words = kab_config_read(config, path);
    return config;
}

static void good(const char *text)
{
    const char *words;
    kab_config_t *config = read_conf(text, &words);

    if (words) {
        fail_msg("%s", words);
    }
    assert_null(kab_config_finish(config)); /* a second time changes nothing */
    kab_config_free(config);
}

static void bad(const char *text, const char *must_say)
{
    const char *words;
    kab_config_t *config = read_conf(text, &words);

    if (!words || !strstr(words, must_say)) {
        fail_msg("%s\nsaid \"%s\", not \"%s\"", text, words ? words : "nothing", must_say);
    }
    assert_non_null(strstr(words, "kabinet.conf"));
    kab_config_free(config);
}

static void test_syntax(void **state)
{
    (void)state;
    good("# a comment; with {words}\n" BASE UNSAFE "kabinet_zone\n  \"a\" # here\n  4m ;");
    bad(BASE "kabinet_unsafe on", "kabinet.conf:4: kabinet_unsafe: is not ended; put \";\"");
    bad("server { }", "kabinet.conf:1: server: has a block");
    bad("kabinet_consent a required version=1 file=t.{lang};", "in quotes");
    bad("kabinet_zone \"a;\n", "close them");
    bad("kabinet_zone \"a\"b;\n", "put a space");
    bad(";", "has no name");
    bad("\n\nkabinet_zone a\n9x;", "kabinet.conf:3: kabinet_zone: \"9x\" is not a size");
    bad("include other.conf;", "known are kabinet_zone");
    bad("kabinet_protect on;", "unknown here");
    bad("kabinet_zone \xff;", "not text in UTF-8");
    bad("kabinet_redis a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a;",
        "too many words");
}

static void test_escapes(void **state)
{
    (void)state;
    const char *words;
    kab_config_t *config =
        read_conf("kabinet_database \"dbname=\\\"a\\\" user='x y' service=a\\\\b\";kabinet_redis "
                  "unix:/run/r.sock;kabinet_keyring keyring;" UNSAFE,
                  &words);

    assert_null(words);
    assert_string_equal(config->conninfo, "dbname=\"a\" user='x y' service=a\\b");
    kab_config_free(config);
}

static void test_missing(void **state)
{
    (void)state;
    bad(UNSAFE, "kabinet_database is missing");
    bad(UNSAFE "kabinet_database dbname=a;", "kabinet_redis is missing");
    bad(UNSAFE "kabinet_database dbname=a; kabinet_redis unix:/a;", "kabinet_keyring is missing");
    bad(BASE, "breach_list= is missing");
    bad(BASE "kabinet_password_policy breach_list=none.kbf;", "none.kbf: no such file");
    bad("kabinet_database dbname=a; kabinet_redis unix:/a; kabinet_keyring none;" UNSAFE,
        "no such file");
    put("open", UNIT_RING, 0644);
    bad("kabinet_database dbname=a; kabinet_redis unix:/a; kabinet_keyring open;" UNSAFE,
        "others may read it");
    kab_config_t *config = kab_config_new();
    assert_non_null(strstr(kab_config_read(config, "/nonexistent/k.conf"), "no such file"));
    kab_config_free(config);
}

static void test_weak(void **state)
{
    (void)state;
    static const char *const weak[] = {"m=19456 t=1", "m=19455 t=2", "m=12287 t=3",
                                       "m=9215 t=4",  "m=7167 t=9",  "m=8 t=1"};
    static const char *const strong[] = {"m=47104 t=1", "m=19456 t=2", "m=12288 t=3", "m=9216 t=4",
                                         "m=7168 t=5"};
    char text[512];

    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        snprintf(text, sizeof text, BASE "kabinet_password_hash argon2id %s;", weak[i]);
        bad(text, "m=47104 t=1, m=19456 t=2");
        strcat(text, UNSAFE);
        good(text);
    }
    for (size_t i = 0; i < sizeof strong / sizeof strong[0]; i++) {
        snprintf(text, sizeof text, BASE "kabinet_password_hash argon2id %s;", strong[i]);
        bad(text, "breach_list="); /* the next thing that is missing */
    }
    bad(BASE "kabinet_password_hash argon2id grid=49ms;", "50ms or more");
    good(BASE UNSAFE "kabinet_password_hash argon2id grid=1ms;");
}

static void test_consents(void **state)
{
    (void)state;
    const char *line =
        BASE UNSAFE "kabinet_consent terms required version=2026-09 \"file=terms.{lang}.txt\";";
    const char *words;

    put("terms.ru.txt", "Согласен.\n", 0644);
    put("terms.kk.txt", "Келісемін.\n", 0644);
    bad(line, "terms.en.txt: no such file");
    bad(line, "ru, kk and en");
    put("terms.en.txt", " ", 0644);
    bad(line, "give a text in UTF-8");
    put("terms.en.txt", "\xC3(", 0644);
    bad(line, "give a text in UTF-8");
    char *big = calloc(1, 66000);
    memset(big, 'a', 65537);
    put("terms.en.txt", big, 0644);
    bad(line, "at most 64 KiB");
    big[65536] = '\0';
    put("terms.en.txt", big, 0644);
    good(line);
    free(big);
    put("terms.en.txt", "abc", 0644);
    kab_config_t *config = read_conf(line, &words);
    assert_null(words);
    assert_int_equal(config->consent_n, 1);
    assert_string_equal(config->consent[0].version, "2026-09");
    assert_true(config->consent[0].required);
    assert_true(kab_span_is(config->consent[0].text[0], "Согласен.\n"));
    static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf}; /* FIPS 180-4 */
    assert_memory_equal(config->consent[0].sha256[2], abc, sizeof abc);
    assert_non_null(kab_config_set(config, KAB_SPAN("kabinet_unsafe"), NULL, 0)); /* closed */
    kab_config_free(config);
}

static bool carrier(const kab_config_t *config, const char *text)
{
    uint8_t address[16] = {[10] = 0xFF, [11] = 0xFF};

    assert_true(inet_pton(AF_INET, text, address + 12) == 1 ||
                inet_pton(AF_INET6, text, address) == 1);
    return kab_settings_carrier(config, address);
}

static void test_networks(void **state)
{
    (void)state;
    const char *line = BASE UNSAFE "kabinet_networks carrier file=carriers;", *words;

    bad(line, "carriers: no such file");
    put("carriers", "10.0.0.0/8\n10.0.0.1/8\n", 0644);
    bad(line, "line 2: \"10.0.0.1/8\" is not a network; give ADDRESS/BITS");
    static const char *const wrong[] = {"10.0.0.0/33\n", "a/8\n",         "::/129\n", "10.0.0.0/\n",
                                        "10.0.0/8\n",    "10.0.0.0/-1\n", "::1/64\n", "/8\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put("carriers", wrong[i], 0644);
        bad(line, "line 1: ");
    }
    put("carriers", "# mobile\n 37.150.0.0/15 # a\r\n\n2a00:1450::/29\n1.2.3.4\n", 0644);
    kab_config_t *config = read_conf(line, &words);
    assert_null(words);
    assert_int_equal(config->carrier_n, 3);
    assert_true(carrier(config, "37.151.255.255"));
    assert_true(carrier(config, "37.150.0.0"));
    assert_false(carrier(config, "37.152.0.0"));
    assert_false(carrier(config, "37.149.255.255"));
    assert_true(carrier(config, "2a00:1457:ffff::1"));
    assert_false(carrier(config, "2a00:1458::"));
    assert_true(carrier(config, "1.2.3.4"));
    assert_false(carrier(config, "1.2.3.5"));
    kab_config_free(config);
}

static void test_mask(void **state)
{
    (void)state;
    const char *line = BASE UNSAFE "kabinet_mask file=mask;", *words;
    static const char *const wrong[][2] = {
        {"app 5000\n799 1\n", "mask: line 2: \"799\" is no prefix; give app or one of 700, 701"},
        {"7011 5\n", "line 1: \"7011\" is no prefix"},
        {"# a\n\n701\n", "line 3: \"701\" is not a share; give PREFIX NUMBER or app NUMBER"},
        {"701 5%\n", "not a share"},
        {"701 -5\n", "not a share"},
        {"701 0\n", "line 1: \"701 0\" is out of range; give 1 to 1000000"},
        {"701 1000001\n", "give 1 to 1000000"},
        {"701 99999999999999999999\n", "not a share"},
        {"app 0\n", "give how many of 10000 have the app, 1 to 9999"},
        {"app 10000\n", "1 to 9999"},
        {"app 1\n701 1\napp 1\n", "line 3: \"app 1\" stands twice; give it once"},
        {"app 1\n701 1\n701 2\n", "line 3: \"701 2\" stands twice; give each prefix once"},
        {"701 1\n", "mask: has no line \"app NUMBER\"; make it by `kabinetctl mask`"},
        {"app 1\n", "mask: has no prefix; make it by `kabinetctl mask`"},
        {"", "mask: has no line"},
        {"\xff\x01 1\n", "is no prefix"},
    };

    bad(line, "kabinet_mask: ");
    bad(line, "mask: no such file");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put("mask", wrong[i][0], 0644);
        bad(line, wrong[i][1]);
    }
    put("mask", "# made by hand\r\n 778  7 # few\r\napp 6012\n701 1480", 0644);
    kab_config_t *config = read_conf(line, &words);
    assert_null(words);
    assert_int_equal(config->mask.app, 6012);
    assert_int_equal(config->mask.n, 2);
    assert_string_equal(config->mask.row[0].prefix, "701");
    assert_int_equal(config->mask.row[0].share, 1480);
    assert_string_equal(config->mask.row[1].prefix, "778");
    assert_int_equal(config->mask.row[1].share, 7);
    kab_config_free(config);
    config = read_conf(BASE UNSAFE, &words);
    assert_null(words);
    assert_memory_equal(&config->mask, &kab_mask_default, sizeof kab_mask_default);
    kab_config_free(config);
}

static void test_operators(void **state)
{
    (void)state;
    const char *line = BASE UNSAFE "kabinet_operators file=operators;", *words;
    static const char *const wrong[][2] = {
        {"aigul\n", "operators: line 1: no IIN behind the login (iin_length)"},
        {"# a\n\naigul 88031449331\n", "operators: line 3: no IIN behind the login (iin_length)"},
        {"aigul 880314493313\n", "line 1: no IIN behind the login (iin_check_digit)"},
        {"aigul 880314493312 x\n", "line 1: no IIN behind the login (iin_length)"},
        {"root 880314493312\n", "line 1: root is nobody's name; give people's own logins"},
        {"ai@gul 880314493312\n", "line 1: the first word is no login; give LOGIN IIN"},
        {"\xd0\xb0 880314493312\n", "line 1: the first word is no login"},
        {"aigul 880314493312\nberik 860922390740\naigul 950418490715\n",
         "line 3: this login stands in line 1 already; give each person one line"},
        {"aigul 880314493312\n\nberik 880314493312\n",
         "line 3: this IIN stands in line 1 already; give each person one line"},
    };

    bad(line, "kabinet_operators: ");
    bad(line, "operators: no such file");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put("operators", wrong[i][0], 0600);
        bad(line, wrong[i][1]);
    }
    put("operators", "880314493312 aigul\n", 0600); /* the other way round */
    kab_config_t *config = read_conf(line, &words);
    assert_non_null(words);
    assert_null(strstr(words, "880314493312"));
    kab_config_free(config);
    static const unsigned open_modes[] = {0644, 0660, 0604, 0602};
    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        put("operators", "aigul 880314493312\n", open_modes[i]);
        bad(line, "operators: others may read it: chmod 600 or 640");
    }
}

static void test_an_operator_is_found(void **state)
{
    (void)state;
    const char *line = BASE UNSAFE "kabinet_operators file=operators;", *words;
    char longest[128] = "", many[32 * (KAB_OPERATORS + 1)] = "";

    put("operators", "# who decides\r\n aigul\t 880314493312 # night\nberik.s-1_ 860922390740",
        0640);
    kab_config_t *config = read_conf(line, &words);
    assert_null(words);
    assert_int_equal(config->operator_n, 2);
    assert_string_equal(kab_settings_operator(config, KAB_SPAN("aigul"))->iin.digits,
                        "880314493312");
    assert_string_equal(kab_settings_operator(config, KAB_SPAN("berik.s-1_"))->iin.digits,
                        "860922390740");
    assert_null(kab_settings_operator(config, KAB_SPAN("aigu")));
    assert_null(kab_settings_operator(config, KAB_SPAN("aigull")));
    assert_null(kab_settings_operator(config, KAB_SPAN("Aigul")));
    assert_null(kab_settings_operator(config, KAB_NONE));
    kab_config_free(config);
    config = read_conf(BASE UNSAFE, &words);
    assert_null(kab_settings_operator(config, KAB_SPAN("aigul"))); /* no file: nobody */
    kab_config_free(config);
    memset(longest, 'a', KAB_LOGIN);
    strcat(longest, " 880314493312");
    put("operators", longest, 0600);
    bad(line, "the first word is no login");
    put("operators", longest + 1, 0600);
    good(line);
    for (unsigned i = 0; i <= KAB_OPERATORS; i++) { /* numbers of any kind: only how many counts */
        sprintf(many + strlen(many), "o%u %012u\n", i, 801010000U + i);
    }
    put("operators", many, 0600);
    bad(BASE UNSAFE "kabinet_iin_check warn; kabinet_operators file=operators;",
        "line 257: too many; give up to 256");
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/kab-config-XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    put("keyring", UNIT_RING, 0600);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"kabinet.conf", "keyring",      "open",
                                        "carriers",     "terms.ru.txt", "terms.kk.txt",
                                        "terms.en.txt", "mask",         "operators"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_weak),
        cmocka_unit_test(test_consents),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_an_operator_is_found),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

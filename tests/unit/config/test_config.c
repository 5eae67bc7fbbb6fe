/* The directives: what is taken, and what words each mistake gets. */
#include "directive.h"

static void test_names(void **state)
{
    (void)state;
    bool found = false;
    unsigned n = 0;

    for (const char *const *name = kab_config_names(); *name; name++, n++) {
        found = found || strcmp(*name, "kabinet_session") == 0;
    }
    assert_true(found);
    assert_int_equal(n, 27);
    bad("listen 80", "known are kabinet_zone, kabinet_database");
    bad("listen 80", ", kabinet_unsafe"); /* none was left out for want of room */
}

static void test_defaults(void **state)
{
    (void)state;
    kab_config_t *config = kab_config_new();
    kab_config_facts_t facts;

    kab_config_facts(config, &facts);
    assert_true(kab_span_is(facts.zone_name, "kabinet"));
    assert_int_equal(facts.zone_size, 4 << 20);
    assert_int_equal(facts.db_threads, 32);
    assert_int_equal(facts.session_idle, 1200);
    assert_int_equal(facts.session_stale, 60);
    assert_int_equal(config->session.total, 8 * 3600);
    assert_int_equal(config->session.max, 5);
    assert_int_equal(config->policy.min_length, 12);
    assert_int_equal(config->grid, 250 * KAB_MS);
    assert_int_equal(config->throttle.address_carrier, 10000);
    assert_true(config->phones.n > 0);
    kab_config_free(config);
    kab_config_free(NULL);
}

static void test_values(void **state)
{
    (void)state;
    kab_config_t *config = kab_config_new();

    assert_null(set(config, "kabinet_zone city 16m"));
    assert_null(set(config, "kabinet_threads hash=3 db=7"));
    assert_null(set(config, "kabinet_password_hash argon2id m=47104 t=1 p=1 grid=1s"));
    assert_null(set(config, "kabinet_session idle=1h total=2d max=9 stale=30s"));
    assert_null(set(config, "kabinet_throttle login free=3 off=50 address=10 carrier=20"));
    assert_null(set(config, "kabinet_password_policy min_length=16"));
    assert_null(set(config, "kabinet_redis unix:/run/redis.sock redis://[::1]:6379 redis://h:1"));
    assert_null(set(config, "kabinet_origin HTTPS://Sad.Example.KZ:443 https://b.kz:8443 "
                            "http://127.0.0.1:8080 http://localhost http://[::1]:80"));
    assert_string_equal(config->zone_name, "city");
    assert_int_equal(config->zone_size, 16 << 20);
    assert_int_equal(config->db_threads, 7);
    assert_int_equal(config->hash_threads, 3);
    assert_int_equal(config->hash.m, 47104);
    assert_int_equal(config->grid, KAB_SECOND);
    assert_int_equal(config->session.total, 2 * 86400);
    assert_int_equal(config->stale, 30);
    assert_int_equal(config->throttle.off, 50);
    assert_int_equal(config->redis_n, 3);
    assert_string_equal(config->redis[1], "redis://[::1]:6379");
    assert_int_equal(config->origin_n, 5);
    assert_string_equal(config->origin[0], "https://sad.example.kz");
    assert_string_equal(config->origin[1], "https://b.kz:8443");
    assert_string_equal(config->origin[2], "http://127.0.0.1:8080");
    assert_string_equal(config->origin[4], "http://[::1]");
    kab_config_free(config);
}

static void test_counts(void **state)
{
    (void)state;
    bad("kabinet_zone", "NAME [SIZE]");
    bad("kabinet_zone a 4m b", "NAME [SIZE]");
    bad("kabinet_redis", "up to 8");
    bad("kabinet_unsafe", "on|off");
    bad("kabinet_consent terms required version=1", "required|optional version=V");
    kab_config_t *config = kab_config_new();
    assert_null(set(config, "kabinet_unsafe on"));
    assert_non_null(strstr(set(config, "kabinet_unsafe on"), "may stand once: on|off"));
    kab_config_free(config);
}

static void test_zone_and_threads(void **state)
{
    (void)state;
    bad("kabinet_zone a/b 4m", "letters, digits");
    bad("kabinet_zone a 4x", "k, m or g");
    bad("kabinet_zone a 512k", "1m to 4g");
    bad("kabinet_zone a 99999999999999999999g", "k, m or g");
    bad("kabinet_threads db=0", "1 to 512");
    bad("kabinet_threads db=many", "1 to 512");
    bad("kabinet_threads db=-1", "1 to 512");
    bad("kabinet_threads db=4 db=5", "give it once");
    bad("kabinet_threads cores=4", "db=, hash=");
    bad("kabinet_threads db", "db=, hash=");
}

static void test_times(void **state)
{
    (void)state;
    bad("kabinet_session idle=5x", "\"idle=5x\" is not a time; give a number with s, m, h or d");
    bad("kabinet_session idle=5", "s, m, h or d");
    bad("kabinet_session idle=", "s, m, h or d");
    bad("kabinet_session idle=500ms", "s, m, h or d");
    bad("kabinet_session idle=2d", "give 1s to 1d");
    bad("kabinet_session total=99999999999h", "s, m, h or d");
    bad("kabinet_session total=99999h", "give 1s to 30d");
    bad("kabinet_session max=0", "1 to 100");
    bad("kabinet_session stale=11m", "give 1s to 10m");
    bad("kabinet_session idle=2h total=1h", "at most total=");
    bad("kabinet_session lazy=5m", "idle=, total=, max=, stale=");
    bad("kabinet_password_hash argon2id grid=6s", "give 1ms to 5s");
    good("kabinet_session idle=0090s");
}

static void test_retention(void **state)
{
    (void)state;
    kab_config_t *config = kab_config_new();

    assert_true(config->retention.events == 366 * KAB_DAY);
    assert_true(config->retention.audit == 3 * 366 * KAB_DAY);
    assert_true(config->retention.challenges == 30 * KAB_DAY);
    assert_true(config->retention.consents == 3 * 366 * KAB_DAY);
    assert_true(config->retention.devices == 3 * 366 * KAB_DAY);
    assert_null(set(config, "kabinet_retention devices=90d events=2y audit=1500d consents=20y "
                            "challenges=60d"));
    assert_true(config->retention.events == 2 * 366 * KAB_DAY);
    assert_true(config->retention.audit == 1500 * KAB_DAY);
    assert_true(config->retention.challenges == 60 * KAB_DAY);
    assert_true(config->retention.consents == 20 * 366 * KAB_DAY);
    assert_true(config->retention.devices == 90 * KAB_DAY);
    kab_config_free(config);
    bad("kabinet_retention audit=2y", "\"audit=2y\" is out of range; give 3y to 20y");
    bad("kabinet_retention audit=1095d", "give 3y to 20y");
    bad("kabinet_retention audit=99999y", "give 3y to 20y");
    bad("kabinet_retention events=89d", "give 90d to 10y");
    bad("kabinet_retention challenges=29d", "give 30d to 2y");
    bad("kabinet_retention consents=365d", "give 1y to 20y");
    bad("kabinet_retention devices=21y", "give 90d to 20y");
    bad("kabinet_retention events=400h",
        "\"events=400h\" is not an age; give a number with d or y");
    bad("kabinet_retention events=1", "with d or y");
    bad("kabinet_retention events=y", "with d or y");
    bad("kabinet_retention events=99999999999999999999y", "with d or y");
    bad("kabinet_retention outbox=30d", "events=, audit=, challenges=, consents=, devices=");
    bad("kabinet_retention", "[events=AGE]");
}

static void test_password(void **state)
{
    (void)state;
    bad("kabinet_password_policy min_length=8", "12 to 64");
    bad("kabinet_password_policy min_length=65", "12 to 64");
    bad("kabinet_password_policy breach_list=", "breach_list=FILE");
    bad("kabinet_password_policy classes=3", "min_length=, breach_list=");
    bad("kabinet_password_hash bcrypt", "give argon2id");
    bad("kabinet_password_hash argon2id m=4", "8 to 262144");
    bad("kabinet_password_hash argon2id t=17", "1 to 16");
    bad("kabinet_password_hash argon2id m=8 p=4", "m=32 or more");
    bad("kabinet_password_hash argon2id cost=4", "m=, t=, p=, grid=");
}

static void test_throttle(void **state)
{
    (void)state;
    bad("kabinet_throttle code free=5", "give login");
    bad("kabinet_throttle login free=0", "1 to 20");
    bad("kabinet_throttle login off=101", "2 to 100");
    bad("kabinet_throttle login free=9 off=9", "free= below off=");
    bad("kabinet_throttle login address=20000", "carrier= at least address=");
    bad("kabinet_throttle login x=1", "free=, off=, address=, carrier=");
}

static void test_database(void **state)
{
    (void)state;
    good("kabinet_database dbname=kabinet");
    good("kabinet_database postgresql://kabinet@db.local/kabinet?sslmode=verify-full");
    good("kabinet_database postgresql:///kabinet");
    bad("kabinet_database kabinet", "passfile=");
    bad("kabinet_database password=geheim", "passfile=");
    bad("kabinet_database postgresql://kabinet:geheim@db/kabinet", "passfile=");
    bad("kabinet_database postgresql://db/kabinet?password=geheim", "passfile=");
    bad("kabinet_database postgresql://db/kabinet?sslmode=x&PASSWORD=geheim", "passfile=");
    bad("kabinet_database postgresql://db/kabinet?p%61ssword=geheim", "passfile=");
    bad("kabinet_database postgresql:/", "passfile=");
    kab_config_t *config = kab_config_new();
    kab_span_t text = KAB_SPAN("host='a b\\' password=x' dbname = k password = 'geheim'");
    const char *words = kab_config_set(config, KAB_SPAN("kabinet_database"), &text, 1);
    assert_non_null(words);
    assert_null(strstr(words, "geheim"));
    kab_config_free(config);
    config = kab_config_new();
    text = KAB_SPAN("host='a b\\' password=x' dbname=k passfile=/etc/kabinet/pgpass");
    assert_null(kab_config_set(config, KAB_SPAN("kabinet_database"), &text, 1));
    kab_config_free(config);
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "kabinet_redis unix:run.sock",   "kabinet_redis redis://h",
        "kabinet_redis h:6379",          "kabinet_redis redis://h:0",
        "kabinet_redis redis://h:65536", "kabinet_redis redis://:1",
        "kabinet_redis redis://h:6379/0"};
    static const char *const no_origin[] = {"kabinet_origin sad.kz",
                                            "kabinet_origin https://",
                                            "kabinet_origin https://a.kz/",
                                            "kabinet_origin https://a.kz:",
                                            "kabinet_origin https://a@b",
                                            "kabinet_origin ftp://a.kz",
                                            "kabinet_origin https://a.kz:99999",
                                            "kabinet_origin https://[::1"};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bad(wrong[i], "unix:/PATH or redis://HOST:PORT");
    }
    bad("kabinet_redis redis://:geheim@h:6379", "unix:/PATH or redis://HOST:PORT");
    for (size_t i = 0; i < sizeof no_origin / sizeof no_origin[0]; i++) {
        bad(no_origin[i], "https://HOST[:PORT]");
    }
    bad("kabinet_origin http://sad.kz", "http:// only for this machine");
    bad("kabinet_origin http://127.sad.kz", "http:// only for this machine");
    good("kabinet_origin http://127.0.0.5:8080");
}

static void test_others(void **state)
{
    (void)state;
    good("kabinet_place $geoip_city");
    bad("kabinet_place geoip_city", "$VARIABLE");
    bad("kabinet_place $", "$VARIABLE");
    bad("kabinet_unsafe yes", "on or off");
    bad("kabinet_networks mobile file=x", "give carrier");
    bad("kabinet_networks carrier path=x", "file=");
    good("kabinet_operators file=operators");
    bad("kabinet_operators operators", "file=");
    bad("kabinet_operators file=a file=b", "file=FILE");
    good("kabinet_iin_check strict");
    bad("kabinet_iin_check on", "\"on\" is neither; give strict or warn");
    bad("kabinet_iin_check", "strict|warn");
    good("kabinet_mask file=mask");
    bad("kabinet_mask mask", "give file=");
    bad("kabinet_mask file=", "file=FILE");
    bad("kabinet_mask", "file=FILE, made by `kabinetctl mask`");
    good("kabinet_consent terms required version=2026-09 file=terms.{lang}.txt");
    bad("kabinet_consent Terms required version=1 file={lang}", "a to z");
    bad("kabinet_consent terms maybe version=1 file={lang}", "required or optional");
    bad("kabinet_consent terms optional version=1 file=terms.txt", "{lang}");
    bad("kabinet_consent terms optional version=a/b file={lang}", "letters, digits");
    bad("kabinet_consent terms optional version=1 text={lang}", "version=, file=");
    bad("kabinet_consent terms optional version=1 version=2", "give it once");
    kab_config_t *config = kab_config_new();
    assert_null(set(config, "kabinet_consent terms required version=1 file={lang}"));
    assert_non_null(strstr(set(config, "kabinet_consent terms required version=1 file={lang}"),
                           "each kind once"));
    for (int i = 1; i < KAB_CONSENT_KINDS; i++) {
        char line[96];
        snprintf(line, sizeof line, "kabinet_consent k%d optional version=1 file={lang}", i);
        assert_null(set(config, line));
    }
    assert_non_null(
        strstr(set(config, "kabinet_consent z required version=1 file={lang}"), "up to 8"));
    kab_config_free(config);
}

/* Whatever is typed, the words are words. */
static void test_garbage(void **state)
{
    (void)state;
    unit_dice_t dice = unit_dice();
    const char *const *names = kab_config_names();
    size_t known = 0;

    while (names[known]) {
        known++;
    }
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[48];
        kab_span_t args[8];
        size_t n = unit_roll(&dice) % 8;
        kab_config_t *config = kab_config_new();
        unit_random(&dice, bytes, sizeof bytes);
        for (size_t i = 0; i < n; i++) {
            args[i] = (kab_span_t){bytes + 6 * i, unit_roll(&dice) % 7};
        }
        const char *words =
            kab_config_set(config, kab_span_of(names[unit_roll(&dice) % known]), args, n);
        for (; words && *words; words++) {
            assert_true((unsigned char)*words >= 0x20);
        }
        kab_config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_zone_and_threads),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_retention),
        cmocka_unit_test(test_password),
        cmocka_unit_test(test_throttle),
        cmocka_unit_test(test_database),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The table of directives: what there is, how often it may stand, who reads it.
 * nginx and kabinetctl go through it, so they cannot disagree.
 */
#include "config/parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kabinet.h"

enum { ONCE = 0, MANY = 1 };

typedef struct {
    const char *name;
    const char *usage; /* what may stand behind the name, for complaints */
    size_t min, max;
    int often;
    config_setter_t set;
} directive_t;

#define DIRECTIVES(X)                                                                              \
    X("kabinet_zone", "NAME [SIZE]", 1, 2, ONCE, config_zone)                                      \
    X("kabinet_database", "\"CONNINFO\"", 1, 1, ONCE, config_database)                             \
    X("kabinet_redis", "unix:/PATH or redis://HOST:PORT, up to 8", 1, KAB_URLS, ONCE,              \
      config_redis)                                                                                \
    X("kabinet_keyring", "FILE", 1, 1, ONCE, config_keyring)                                       \
    X("kabinet_threads", "[db=N] [hash=N]", 1, 2, ONCE, config_threads)                            \
    X("kabinet_origin", "https://HOST[:PORT], up to 8", 1, KAB_URLS, ONCE, config_origin)          \
    X("kabinet_password_policy", "[min_length=N] [breach_list=FILE]", 1, 2, ONCE,                  \
      config_password_policy)                                                                      \
    X("kabinet_password_hash", "argon2id [m=KIB] [t=N] [p=N] [grid=TIME]", 1, 5, ONCE,             \
      config_password_hash)                                                                        \
    X("kabinet_consent", "KIND required|optional version=V \"file=PATH{lang}\"", 4, 4, MANY,       \
      config_consent)                                                                              \
    X("kabinet_session", "[idle=TIME] [total=TIME] [max=N] [stale=TIME]", 1, 4, ONCE,              \
      config_session)                                                                              \
    X("kabinet_throttle", "login [free=N] [off=N] [address=N] [carrier=N]", 2, 5, ONCE,            \
      config_throttle)                                                                             \
    X("kabinet_networks", "carrier file=FILE", 2, 2, ONCE, config_networks)                        \
    X("kabinet_operators", "file=FILE", 1, 1, ONCE, config_operators)                              \
    X("kabinet_code", "[length=4|6|8] [ttl=TIME] [attempts=N] [arm=on|off]", 1, 4, ONCE,           \
      config_code)                                                                                 \
    X("kabinet_activation_proof", "sms|none", 1, 1, ONCE, config_activation_proof)                 \
    X("kabinet_device_hold", "TIME", 1, 1, ONCE, config_device_hold)                               \
    X("kabinet_reregistration_hold", "TIME", 1, 1, ONCE, config_reregistration_hold)               \
    X("kabinet_push", "ed24 url=URL token_file=FILE [timeout=TIME]", 3, 4, ONCE, config_push)      \
    X("kabinet_sms", "rest url=URL token_file=FILE [timeout=TIME]", 3, 4, ONCE, config_sms)        \
    X("kabinet_bmg", "rest url=URL token_file=FILE [timeout=TIME]", 3, 4, ONCE, config_bmg)        \
    X("kabinet_web_app", "on|off", 1, 1, ONCE, config_web_app)                                     \
    X("kabinet_store", "[google=URL] [apple=URL]", 1, 2, ONCE, config_store)                       \
    X("kabinet_iin_check", "strict|warn", 1, 1, ONCE, config_iin_check)                            \
    X("kabinet_mask", "file=FILE, made by `kabinetctl mask`", 1, 1, ONCE, config_mask)             \
    X("kabinet_retention",                                                                         \
      "[events=AGE] [audit=AGE] [challenges=AGE] [consents=AGE] [devices=AGE]", 1, 5, ONCE,        \
      config_retention)                                                                            \
    X("kabinet_place", "$VARIABLE", 1, 1, ONCE, config_place)                                      \
    X("kabinet_unsafe", "on|off", 1, 1, ONCE, config_unsafe)

static const directive_t directives[] = {
#define DIRECTIVE_ROW(name, usage, min, max, often, set) {name, usage, min, max, often, set},
    DIRECTIVES(DIRECTIVE_ROW)
#undef DIRECTIVE_ROW
};
enum { DIRECTIVES_N = sizeof directives / sizeof directives[0] };
_Static_assert(DIRECTIVES_N <= 32, "`seen` has a bit for each");

const char *const *kab_config_names(void)
{
    static const char *const names[] = {
#define DIRECTIVE_NAME(name, usage, min, max, often, set) name,
        DIRECTIVES(DIRECTIVE_NAME)
#undef DIRECTIVE_NAME
            NULL,
    };
    return names;
}

static void set_defaults(config_t *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    memcpy(config->zone_name, "kabinet", sizeof "kabinet");
    config->zone_size = (size_t)4 * 1024 * 1024;
    config->db_threads = 32;
    config->hash_threads = cores > 0 && cores <= 64 ? (unsigned)cores : 2;
    config->policy.min_length = 12;
    config->hash = (kab_hash_params_t){.m = 19456, .t = 2, .p = 1};
    config->grid = 250 * KAB_MS;
    config->session = (kab_session_limits_t){.idle = 20 * 60, .total = 8 * 3600, .max = 5};
    config->stale = 60;
    config->throttle =
        (kab_throttle_limits_t){.free = 5, .off = 100, .address = 1000, .address_carrier = 10000};
    config->phones = kab_phone_plan_default;
    config->mask = kab_mask_default;
    config->retention = (kab_retention_t){.events = KAB_YEAR,
                                          .audit = 3 * KAB_YEAR,
                                          .challenges = 30 * KAB_DAY,
                                          .consents = 3 * KAB_YEAR,
                                          .devices = 3 * KAB_YEAR};
    config->code = (kab_code_settings_t){.length = 4, .ttl = 5 * 60, .attempts = 3, .arm = true};
    config->activation_sms = true;
    config->device_hold = config->reregistration_hold = 24 * 3600;
    config->push.timeout = config->sms.timeout = 5 * KAB_SECOND;
    config->bmg.timeout = 20 * KAB_SECOND;
}

kab_config_t *kab_config_new(void)
{
    config_t *config = calloc(1, sizeof *config);

    if (!config) {
        return NULL;
    }
    config->arena = kab_arena_open();
    if (!config->arena) {
        free(config);
        return NULL;
    }
    set_defaults(config);
    return config;
}

void kab_config_free(kab_config_t *config)
{
    if (!config) {
        return;
    }
    kab_keyring_close(config->ring);
    kab_breach_close(config->breach);
    kab_arena_close(config->arena);
    kab_wipe(config, sizeof *config);
    free(config);
}

static const char *say_unknown(config_t *config, kab_span_t name)
{
    char known[560] = "";
    size_t n = 0;

    for (size_t i = 0; i < DIRECTIVES_N; i++) {
        size_t length = strlen(directives[i].name);
        if (n + length + 3 < sizeof known) {
            memcpy(known + n, i ? ", " : "", i ? 2 : 0);
            n += i ? 2 : 0;
            memcpy(known + n, directives[i].name, length + 1);
            n += length;
        }
    }
    return config_say(config, "\"%.*s\" is unknown here; known are %s", CONFIG_SHOW(name), known);
}

const char *kab_config_set(kab_config_t *config, kab_span_t name, const kab_span_t *args, size_t n)
{
    size_t i = 0;

    if (config->finished) {
        return config_say(config, "the configuration is closed");
    }
    while (i < DIRECTIVES_N && !kab_span_is(name, directives[i].name)) {
        i++;
    }
    if (i == DIRECTIVES_N) {
        return say_unknown(config, name);
    }
    const directive_t *directive = &directives[i];
    if (n < directive->min || n > directive->max) {
        return config_say(config, "has %zu argument%s; give %s", n, n == 1 ? "" : "s",
                          directive->usage);
    }
    if (directive->often == ONCE && (config->seen & 1U << i)) {
        return config_say(config, "stands twice; it may stand once: %s", directive->usage);
    }
    config->seen |= 1U << i;
    return directive->set(config, args, n);
}

void kab_config_facts(const kab_config_t *config, kab_config_facts_t *out)
{
    *out = (kab_config_facts_t){
        .zone_name = kab_span_of(config->zone_name),
        .zone_size = config->zone_size,
        .db_threads = config->db_threads,
        .hash_threads = config->hash_threads,
        .redis_url = kab_span_of(config->redis[0]),
        .session_idle = config->session.idle,
        .session_touch = kab_session_touch(&config->session),
        .session_stale = config->stale,
        .web_app = config->web_app,
    };
}

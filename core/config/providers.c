/* The setters about phones, proofs and the services outside. */
#include "config/parts.h"

#include "kabinet.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { TOKEN_MAX = 4096 };

/* NIST SP 800-63B section 5.1.3.2: ten minutes at most. */
const char *config_code(config_t *config, const kab_span_t *args, size_t n)
{
    kab_code_settings_t *code = &config->code;
    const option_t options[] = {
        {"length", OPTION_COUNT, &code->length, 4, 8},
        {"ttl", OPTION_SECONDS, &code->ttl, 30 * KAB_SECOND, 10 * KAB_MINUTE},
        {"attempts", OPTION_COUNT, &code->attempts, 1, 5},
        {"arm", OPTION_FLAG, &code->arm, 0, 0}};
    const char *words = config_options(config, args, n, options, COUNT_OF(options));

    if (!words && code->length % 2 != 0) {
        return config_say(config, "length=%u is odd; give 4, 6 or 8", code->length);
    }
    return words;
}

const char *config_activation_proof(config_t *config, const kab_span_t *args, size_t n)
{
    (void)n;
    config->activation_sms = kab_span_is(args[0], "sms");
    if (!config->activation_sms && !kab_span_is(args[0], "none")) {
        return config_say(config, "\"%.*s\" proves nothing; give sms or none",
                          CONFIG_SHOW(args[0]));
    }
    return NULL;
}

static const char *set_hold(config_t *config, kab_span_t arg, unsigned *to)
{
    const option_t option = {"", OPTION_SECONDS, to, 0, 30 * KAB_DAY};

    return config_value(config, arg, &option);
}

const char *config_device_hold(config_t *config, const kab_span_t *args, size_t n)
{
    (void)n;
    return set_hold(config, args[0], &config->device_hold);
}

const char *config_reregistration_hold(config_t *config, const kab_span_t *args, size_t n)
{
    (void)n;
    return set_hold(config, args[0], &config->reregistration_hold);
}

/* A time-out stays well below the minute for which a message is leased to one sender. */
static const char *set_provider(config_t *config, const kab_span_t *args, size_t n,
                                const char *kind, kab_provider_settings_t *provider)
{
    const option_t options[] = {
        {"url", OPTION_URL, (void *)&provider->url, 0, 0},
        {"token_file", OPTION_FILE, (void *)&provider->token_path, 0, 0},
        {"timeout", OPTION_TIME, &provider->timeout, 100 * KAB_MS, 30 * KAB_SECOND}};

    if (!kab_span_is(args[0], kind)) {
        return config_say(config, "\"%.*s\" is not a kind of service; give %s",
                          CONFIG_SHOW(args[0]), kind);
    }
    const char *words = config_options(config, args + 1, n - 1, options, COUNT_OF(options));
    if (!words && !(provider->url && provider->token_path)) {
        return config_say(config, "%s= is missing; give url=URL token_file=FILE",
                          provider->url ? "token_file" : "url");
    }
    return words;
}

const char *config_push(config_t *config, const kab_span_t *args, size_t n)
{
    return set_provider(config, args, n, "ed24", &config->push);
}

const char *config_sms(config_t *config, const kab_span_t *args, size_t n)
{
    return set_provider(config, args, n, "rest", &config->sms);
}

const char *config_bmg(config_t *config, const kab_span_t *args, size_t n)
{
    return set_provider(config, args, n, "rest", &config->bmg);
}

const char *config_web_app(config_t *config, const kab_span_t *args, size_t n)
{
    const option_t option = {"", OPTION_FLAG, &config->web_app, 0, 0};

    (void)n;
    return config_value(config, args[0], &option);
}

/* ---- tokens ------------------------------------------------------------------- */

/* What is not visible ASCII could begin another header. */
static bool token_ok(kab_span_t token)
{
    for (size_t i = 0; i < token.n; i++) {
        if (token.p[i] <= 0x20 || token.p[i] >= 0x7F) {
            return false;
        }
    }
    return token.n > 0;
}

static const char *read_token(config_t *config, const char *directive,
                              kab_provider_settings_t *provider)
{
    kab_span_t token = KAB_NONE;

    if (!provider->token_path) {
        return NULL;
    }
    const char *words = config_slurp_secret(config, provider->token_path, TOKEN_MAX, &token);
    if (words) {
        const char *copy = kab_text(config->arena, kab_span_of(words));
        return config_say(config, "%s: %s", directive, copy ? copy : "out of memory");
    }
    while (token.n > 0 && (token.p[token.n - 1] == '\n' || token.p[token.n - 1] == '\r')) {
        token.n--;
    }
    token = kab_span_trim(token);
    if (!token_ok(token)) {
        return config_say(config, "%s: %s: holds no token; give one line of visible characters",
                          directive, provider->token_path);
    }
    provider->token = token;
    return NULL;
}

const char *config_read_tokens(config_t *config)
{
    const char *words = read_token(config, "kabinet_push", &config->push);

    words = words ? words : read_token(config, "kabinet_sms", &config->sms);
    return words ? words : read_token(config, "kabinet_bmg", &config->bmg);
}

/* key=value arguments, read after a declaration of their types and bounds. */
#include "config/parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *config_say(config_t *config, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(config->words, sizeof config->words, format, args);
    va_end(args);
    for (char *c = config->words; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            *c = '?';
        }
    }
    return config->words;
}

const char *config_say_of(config_t *config, const char *who)
{
    char why[sizeof config->words];

    memcpy(why, config->words, sizeof why);
    return config_say(config, "%s: %s", who, why);
}

/* Digits at the front; false if there are none or too many. */
static bool digits(kab_span_t *text, int64_t *out)
{
    size_t n = 0;

    *out = 0;
    while (n < text->n && text->p[n] >= '0' && text->p[n] <= '9') {
        *out = *out * 10 + (text->p[n++] - '0');
        if (n > 12) {
            return false;
        }
    }
    text->p += n;
    text->n -= n;
    return n > 0;
}

bool config_count(kab_span_t text, int64_t *out)
{
    return text.n > 0 && digits(&text, out) && text.n == 0;
}

bool config_size(kab_span_t text, size_t *out)
{
    int64_t value;
    unsigned shift = 0;

    if (text.n == 0 || !digits(&text, &value) || text.n > 1) {
        return false;
    }
    if (text.n == 1) {
        uint8_t unit = text.p[0] | 0x20;
        shift = unit == 'k' ? 10 : unit == 'm' ? 20 : unit == 'g' ? 30 : 0;
        if (shift == 0) {
            return false;
        }
    }
    if ((uint64_t)value > SIZE_MAX >> shift) {
        return false;
    }
    *out = (size_t)value << shift;
    return true;
}

static const struct {
    const char *unit;
    kab_time_t length;
} units[] = {{"d", KAB_DAY}, {"h", KAB_HOUR}, {"m", KAB_MINUTE}, {"s", KAB_SECOND}, {"ms", KAB_MS}};
enum { UNITS = sizeof units / sizeof units[0] };

static bool read_time(kab_span_t text, kab_time_t *out)
{
    int64_t value;

    if (text.n == 0 || !digits(&text, &value) || value > 1000000000) {
        return false;
    }
    for (size_t i = 0; i < UNITS; i++) {
        if (kab_span_is(text, units[i].unit)) {
            *out =
                value > KAB_DAY * 3650 / units[i].length ? KAB_DAY * 3650 : value * units[i].length;
            return true;
        }
    }
    return false;
}

static bool read_age(kab_span_t text, kab_time_t *out)
{
    int64_t value;

    if (text.n == 0 || !digits(&text, &value) || value > 100000) {
        return false;
    }
    *out = value * (kab_span_is(text, "y") ? KAB_YEAR : KAB_DAY);
    return kab_span_is(text, "y") || kab_span_is(text, "d");
}

static void age_text(kab_time_t t, char *out, size_t size)
{
    bool years = t % KAB_YEAR == 0;

    snprintf(out, size, "%lld%s", (long long)(t / (years ? KAB_YEAR : KAB_DAY)), years ? "y" : "d");
}

/* "20m" rather than "1200s": as people write it. */
static void time_text(kab_time_t t, char *out, size_t size)
{
    size_t i = t == 0 ? 3 : 0;

    while (i + 1 < UNITS && t % units[i].length != 0) {
        i++;
    }
    snprintf(out, size, "%lld%s", (long long)(t / units[i].length), units[i].unit);
}

static const char *say_range(config_t *config, kab_span_t arg, const option_t *option)
{
    char min[32], max[32];

    if (option->type == OPTION_COUNT) {
        snprintf(min, sizeof min, "%lld", (long long)option->min);
        snprintf(max, sizeof max, "%lld", (long long)option->max);
    } else {
        void (*text)(kab_time_t, char *, size_t) =
            option->type == OPTION_AGE ? age_text : time_text;
        text(option->min, min, sizeof min);
        text(option->max, max, sizeof max);
    }
    return config_say(config, "\"%.*s\" is out of range; give %s to %s", CONFIG_SHOW(arg), min,
                      max);
}

static const char *set_count(config_t *config, kab_span_t arg, kab_span_t value,
                             const option_t *option)
{
    int64_t count;

    if (!config_count(value, &count)) {
        return config_say(config, "\"%.*s\" is not a number; give %lld to %lld", CONFIG_SHOW(arg),
                          (long long)option->min, (long long)option->max);
    }
    if (count < option->min || count > option->max) {
        return say_range(config, arg, option);
    }
    *(unsigned *)option->to = (unsigned)count;
    return NULL;
}

static const char *set_time(config_t *config, kab_span_t arg, kab_span_t value,
                            const option_t *option)
{
    bool whole = option->type == OPTION_SECONDS;
    kab_time_t t;

    if (!read_time(value, &t) || (whole && t % KAB_SECOND != 0)) {
        return config_say(config, "\"%.*s\" is not a time; give a number with %s", CONFIG_SHOW(arg),
                          whole ? "s, m, h or d" : "ms or s");
    }
    if (t < option->min || t > option->max) {
        return say_range(config, arg, option);
    }
    if (whole) {
        *(unsigned *)option->to = (unsigned)(t / KAB_SECOND);
    } else {
        *(kab_time_t *)option->to = t;
    }
    return NULL;
}

static const char *set_age(config_t *config, kab_span_t arg, kab_span_t value,
                           const option_t *option)
{
    kab_time_t age;

    if (!read_age(value, &age)) {
        return config_say(config, "\"%.*s\" is not an age; give a number with d or y",
                          CONFIG_SHOW(arg));
    }
    if (age < option->min || age > option->max) {
        return say_range(config, arg, option);
    }
    *(kab_time_t *)option->to = age;
    return NULL;
}

static const char *set_flag(config_t *config, kab_span_t arg, kab_span_t value,
                            const option_t *option)
{
    bool on = kab_span_is(value, "on");

    if (!on && !kab_span_is(value, "off")) {
        return config_say(config, "\"%.*s\" is neither; give on or off", CONFIG_SHOW(arg));
    }
    *(bool *)option->to = on;
    return NULL;
}

bool config_is_name(kab_span_t value, size_t max)
{
    for (size_t i = 0; i < value.n; i++) {
        uint8_t c = value.p[i];
        if (!(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && c != '.' &&
            c != '_' && c != '-') {
            return false;
        }
    }
    return value.n > 0 && value.n <= max;
}

static const char *set_name(config_t *config, kab_span_t arg, kab_span_t value,
                            const option_t *option)
{
    if (!config_is_name(value, (size_t)option->max)) {
        return config_say(config,
                          "\"%.*s\" is not a name; give 1 to %lld of letters, digits, "
                          "\".\", \"_\" and \"-\"",
                          CONFIG_SHOW(arg), (long long)option->max);
    }
    memcpy(option->to, value.p, value.n);
    ((char *)option->to)[value.n] = '\0';
    return NULL;
}

static const char *set_file(config_t *config, kab_span_t arg, kab_span_t value,
                            const option_t *option)
{
    const char *path = config_path(config, value);

    if (!path) {
        return config_say(config, "\"%.*s\" names no file; give %s=FILE", CONFIG_SHOW(arg),
                          option->name);
    }
    *(const char **)option->to = path;
    return NULL;
}

static const char *set_one(config_t *config, kab_span_t arg, kab_span_t value,
                           const option_t *option)
{
    switch (option->type) {
    case OPTION_COUNT:
        return set_count(config, arg, value, option);
    case OPTION_SECONDS:
    case OPTION_TIME:
        return set_time(config, arg, value, option);
    case OPTION_AGE:
        return set_age(config, arg, value, option);
    case OPTION_FLAG:
        return set_flag(config, arg, value, option);
    case OPTION_NAME:
        return set_name(config, arg, value, option);
    case OPTION_URL:
        return config_url(config, value, option->to);
    case OPTION_LINK:
        return config_link(config, value, option->to);
    case OPTION_FILE:
        break;
    }
    return set_file(config, arg, value, option);
}

const char *config_value(config_t *config, kab_span_t arg, const option_t *option)
{
    return set_one(config, arg, arg, option);
}

static const char *say_options(config_t *config, kab_span_t arg, const option_t *options, size_t n)
{
    char known[160] = "";
    size_t used = 0;

    for (size_t i = 0; i < n && used < sizeof known; i++) {
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s=", i ? ", " : "",
                                 options[i].name);
    }
    return config_say(config, "\"%.*s\" is not known here; give %s", CONFIG_SHOW(arg), known);
}

const char *config_options(config_t *config, const kab_span_t *args, size_t n,
                           const option_t *options, size_t options_n)
{
    unsigned seen = 0;

    for (size_t a = 0; a < n; a++) {
        kab_span_t value = args[a], name = kab_span_cut(&value, '=');
        size_t i = 0;

        while (i < options_n && !kab_span_is(name, options[i].name)) {
            i++;
        }
        if (i == options_n || name.n == args[a].n) {
            return say_options(config, args[a], options, options_n);
        }
        if (seen & 1U << i) {
            return config_say(config, "\"%s=\" stands twice; give it once", options[i].name);
        }
        seen |= 1U << i;
        const char *words = set_one(config, args[a], value, &options[i]);
        if (words) {
            return words;
        }
    }
    return NULL;
}

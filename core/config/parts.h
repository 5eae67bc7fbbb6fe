/*
 * What the files that read the configuration share. Nothing in here is for the
 * rest of the core: it sees struct kab_config_s alone (engine/settings.h).
 */
#ifndef KAB_CONFIG_PARTS_H
#define KAB_CONFIG_PARTS_H

#include "engine/settings.h"

typedef struct kab_config_s config_t;

/* ---- complaints (options.c) ----------------------------------------------- */

/* Puts words into the config and returns them; control bytes become '?'. */
const char *config_say(config_t *config, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts `who`, a directive, before the words that stand in the config. */
const char *config_say_of(config_t *config, const char *who);
/* A span as two arguments of "%.*s", cut to what fits a complaint. */
#define CONFIG_SHOW(span)                                                                          \
    (int)((span).n < 96 ? (span).n : 96), (const char *)((span).n ? (span).p : (const uint8_t *)"")

/* ---- key=value (options.c) ----------------------------------------------- */

typedef enum {
    OPTION_COUNT,   /* unsigned */
    OPTION_SECONDS, /* unsigned */
    OPTION_TIME,    /* kab_time_t */
    OPTION_AGE,     /* kab_time_t: whole days or years */
    OPTION_FLAG,    /* bool: on or off */
    OPTION_NAME,    /* char[max + 1]: letters, digits, '.', '_', '-' */
    OPTION_URL,     /* const char *, in the arena: of a service */
    OPTION_LINK,    /* const char *, in the arena: for people to follow */
    OPTION_FILE     /* const char *, in the arena */
} option_type_t;

typedef struct {
    const char *name;
    option_type_t type;
    void *to;
    int64_t min, max; /* COUNT; SECONDS, TIME and AGE in microseconds; NAME: bytes */
} option_t;

/* Each of `args` must be one of `options` and none may stand twice. NULL, or words. */
const char *config_options(config_t *config, const kab_span_t *args, size_t n,
                           const option_t *options, size_t options_n);
/* One argument that is a value alone. */
const char *config_value(config_t *config, kab_span_t arg, const option_t *option);
/* A number of bytes with k, m or g. False: not a size. */
bool config_size(kab_span_t text, size_t *out);
/* Letters, digits, '.', '_', '-'. */
bool config_is_name(kab_span_t text, size_t max);
bool config_count(kab_span_t text, int64_t *out);
/* The name of a file, with a NUL; NULL: out of memory or a NUL byte within. */
const char *config_path(config_t *config, kab_span_t name);

/* ---- the directives ------------------------------------------------------- */

typedef const char *(*config_setter_t)(config_t *config, const kab_span_t *args, size_t n);

const char *config_zone(config_t *config, const kab_span_t *args, size_t n);
const char *config_database(config_t *config, const kab_span_t *args, size_t n);
const char *config_redis(config_t *config, const kab_span_t *args, size_t n);
const char *config_keyring(config_t *config, const kab_span_t *args, size_t n);
const char *config_threads(config_t *config, const kab_span_t *args, size_t n);
const char *config_origin(config_t *config, const kab_span_t *args, size_t n);
const char *config_password_policy(config_t *config, const kab_span_t *args, size_t n);
const char *config_password_hash(config_t *config, const kab_span_t *args, size_t n);
const char *config_consent(config_t *config, const kab_span_t *args, size_t n);
const char *config_session(config_t *config, const kab_span_t *args, size_t n);
const char *config_throttle(config_t *config, const kab_span_t *args, size_t n);
const char *config_networks(config_t *config, const kab_span_t *args, size_t n);
const char *config_operators(config_t *config, const kab_span_t *args, size_t n);
const char *config_code(config_t *config, const kab_span_t *args, size_t n);
const char *config_activation_proof(config_t *config, const kab_span_t *args, size_t n);
const char *config_device_hold(config_t *config, const kab_span_t *args, size_t n);
const char *config_reregistration_hold(config_t *config, const kab_span_t *args, size_t n);
const char *config_push(config_t *config, const kab_span_t *args, size_t n);
const char *config_sms(config_t *config, const kab_span_t *args, size_t n);
const char *config_bmg(config_t *config, const kab_span_t *args, size_t n);
const char *config_retention(config_t *config, const kab_span_t *args, size_t n);
const char *config_iin_check(config_t *config, const kab_span_t *args, size_t n);
const char *config_mask(config_t *config, const kab_span_t *args, size_t n);
const char *config_web_app(config_t *config, const kab_span_t *args, size_t n);
const char *config_store(config_t *config, const kab_span_t *args, size_t n);
const char *config_place(config_t *config, const kab_span_t *args, size_t n);
const char *config_unsafe(config_t *config, const kab_span_t *args, size_t n);

/* The address of a service, as settings keep it. NULL, or words. */
const char *config_url(config_t *config, kab_span_t text, const char **out);
/* The address of a page for people: https, with a query if there is one. NULL, or words. */
const char *config_link(config_t *config, kab_span_t text, const char **out);

/* ---- files (files.c, networks.c, mask.c, operators.c) ----------------------- */

/* Whole content in the arena, with a NUL behind it. NULL, or words. */
const char *config_slurp(config_t *config, const char *path, size_t max, kab_span_t *out);
/* The same of a file that only its owner may change and others may not read. */
const char *config_slurp_secret(config_t *config, const char *path, size_t max, kab_span_t *out);
/* The next line of a list that says something, without comment and blanks; counts in *number.
 * False: the list is over. */
bool config_line(kab_span_t *list, unsigned *number, kab_span_t *line);
const char *config_read_tokens(config_t *config);
const char *config_read_consents(config_t *config);
const char *config_read_networks(config_t *config);
const char *config_read_mask(config_t *config);
const char *config_read_operators(config_t *config);

#endif

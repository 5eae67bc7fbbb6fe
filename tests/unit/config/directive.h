/* One directive at a time. */
#ifndef KAB_DIRECTIVE_H
#define KAB_DIRECTIVE_H

#include "unit.h"

#include "engine/settings.h"
#include "kabinet.h"

enum { WORDS_MAX = 12 };

/* Splits at spaces; quotes are not needed here. */
static inline const char *set(kab_config_t *config, const char *line)
{
    kab_span_t rest = kab_span_of(line), name = kab_span_cut(&rest, ' '), args[WORDS_MAX];
    size_t n = 0;

    while (rest.n > 0 && n < WORDS_MAX) {
        args[n++] = kab_span_cut(&rest, ' ');
    }
    return kab_config_set(config, name, args, n);
}

static inline void good(const char *line)
{
    kab_config_t *config = kab_config_new();
    const char *words = set(config, line);

    if (words) {
        fail_msg("%s: %s", line, words);
    }
    kab_config_free(config);
}

/* Each mistake is answered with what would be allowed. */
static inline void bad(const char *line, const char *must_say)
{
    kab_config_t *config = kab_config_new();
    const char *words = set(config, line);

    if (!words || !strstr(words, must_say)) {
        fail_msg("%s: said \"%s\", not \"%s\"", line, words ? words : "nothing", must_say);
    }
    kab_config_free(config);
}

#endif

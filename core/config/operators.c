/* Who may decide cases, and the IIN of each, so that nobody decides about themselves (SECURITY 21).
 * No complaint repeats what stands in the file: a slip puts an IIN where the login belongs. */
#include "config/parts.h"

#include <string.h>

enum { LIST_MAX = 64 * 1024 };

typedef struct {
    config_t *config;
    unsigned line;
    unsigned line_of[KAB_OPERATORS]; /* where each stands */
} list_t;

static const char *say(list_t *list, const char *wrong)
{
    return config_say(list->config, "kabinet_operators: %s: line %u: %s",
                      list->config->operators_path, list->line, wrong);
}

static const char *say_twice(list_t *list, const char *what, unsigned before)
{
    return config_say(list->config,
                      "kabinet_operators: %s: line %u: this %s stands in line %u already; give "
                      "each person one line",
                      list->config->operators_path, list->line, what, list->line_of[before]);
}

/* root is whoever has its password, and two words of root are one person's. */
static const char *login_is_wrong(kab_span_t login)
{
    if (!config_is_name(login, KAB_LOGIN - 1)) {
        return "the first word is no login; give LOGIN IIN, the login of letters, digits, \".\", "
               "\"_\" and \"-\"";
    }
    return kab_span_is(login, "root") ? "root is nobody's name; give people's own logins" : NULL;
}

static const char *read_line(list_t *list, kab_span_t line)
{
    config_t *config = list->config;
    kab_operator_t *to = &config->operator[config->operator_n];
    size_t n = 0;

    while (n < line.n && line.p[n] != ' ' && line.p[n] != '\t') {
        n++;
    }
    kab_span_t login = {line.p, n}, iin = kab_span_trim((kab_span_t){line.p + n, line.n - n});
    const char *wrong = login_is_wrong(login);

    if (wrong) {
        return say(list, wrong);
    }
    wrong = kab_iin_parse(config->iin_check, iin, &to->iin);
    if (wrong) {
        return config_say(config,
                          "kabinet_operators: %s: line %u: no IIN behind the login (%s); "
                          "give LOGIN IIN",
                          config->operators_path, list->line, wrong);
    }
    for (unsigned i = 0; i < config->operator_n; i++) {
        if (kab_span_is(login, config->operator[i].login)) {
            return say_twice(list, "login", i);
        }
        if (strcmp(to->iin.digits, config->operator[i].iin.digits) == 0) {
            return say_twice(list, "IIN", i);
        }
    }
    memcpy(to->login, login.p, login.n);
    list->line_of[config->operator_n++] = list->line;
    return NULL;
}

const char *config_read_operators(config_t *config)
{
    list_t list = {.config = config};
    kab_span_t file, line;

    if (!config->operators_path) {
        return NULL;
    }
    if (config_slurp_secret(config, config->operators_path, LIST_MAX, &file)) {
        return config_say_of(config, "kabinet_operators");
    }
    config->operator_n = 0;
    config->operator= kab_alloc(config->arena, KAB_OPERATORS * sizeof *config->operator);
    while (config->operator&& config_line(&file, &list.line, &line)) {
        if (config->operator_n == KAB_OPERATORS) {
            return config_say(config, "kabinet_operators: %s: line %u: too many; give up to %d",
                              config->operators_path, list.line, KAB_OPERATORS);
        }
        const char *words = read_line(&list, line);
        if (words) {
            return words;
        }
    }
    return config->operator? NULL : config_say(config, "kabinet_operators: out of memory");
}

const kab_operator_t *kab_settings_operator(const struct kab_config_s *config, kab_span_t login)
{
    for (unsigned i = 0; i < config->operator_n; i++) {
        if (kab_span_is(login, config->operator[i].login)) {
            return &config->operator[i];
        }
    }
    return NULL;
}

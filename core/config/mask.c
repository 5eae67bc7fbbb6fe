/* How real people's numbers begin, for the masks of people who are not there (SECURITY 2). */
#include "config/parts.h"

#include <stdio.h>
#include <string.h>

enum { LIST_MAX = 64 * 1024 };

typedef struct {
    config_t *config;
    kab_mask_t mask;
    unsigned line;
} list_t;

static const char *say(list_t *list, kab_span_t what, const char *wrong)
{
    return config_say(list->config, "kabinet_mask: %s: line %u: \"%.*s\" %s",
                      list->config->mask_path, list->line, CONFIG_SHOW(what), wrong);
}

static bool in_plan(const kab_phone_plan_t *plan, kab_span_t prefix)
{
    for (unsigned i = 0; i < plan->n; i++) {
        if (kab_span_is(prefix, plan->prefix[i])) {
            return true;
        }
    }
    return false;
}

/* Anything else than an operator's prefix would be a mask that no person can have. */
static const char *say_prefix(list_t *list, kab_span_t prefix)
{
    const kab_phone_plan_t *plan = &list->config->phones;
    char wrong[64 + 5 * KAB_PHONE_PREFIXES] = "is no prefix; give app or one of";
    size_t n = strlen(wrong);

    for (unsigned i = 0; i < plan->n; i++) {
        n += (size_t)snprintf(wrong + n, sizeof wrong - n, "%s %s", i ? "," : "", plan->prefix[i]);
    }
    return say(list, prefix, wrong);
}

static const char *read_app(list_t *list, kab_span_t line, int64_t share)
{
    if (list->mask.app) {
        return say(list, line, "stands twice; give it once");
    }
    if (share < 1 || share >= KAB_MASK_WHOLE) {
        return say(list, line, "is out of range; give how many of 10000 have the app, 1 to 9999");
    }
    list->mask.app = (uint32_t)share;
    return NULL;
}

static const char *read_line(list_t *list, kab_span_t line)
{
    kab_span_t rest = line, name = kab_span_cut(&rest, ' ');
    int64_t share;

    if (!config_count(kab_span_trim(rest), &share)) {
        return say(list, line, "is not a share; give PREFIX NUMBER or app NUMBER");
    }
    if (kab_span_is(name, "app")) {
        return read_app(list, line, share);
    }
    if (!in_plan(&list->config->phones, name)) {
        return say_prefix(list, name);
    }
    if (share < 1 || share > KAB_MASK_SHARE) {
        return say(list, line, "is out of range; give 1 to 1000000");
    }
    return kab_mask_put(&list->mask, (const char *)name.p, (uint32_t)share)
               ? NULL
               : say(list, line, "stands twice; give each prefix once");
}

const char *config_read_mask(config_t *config)
{
    list_t list = {.config = config};
    kab_span_t file, line;

    if (!config->mask_path) {
        return NULL;
    }
    if (config_slurp(config, config->mask_path, LIST_MAX, &file)) {
        return config_say_of(config, "kabinet_mask");
    }
    while (config_line(&file, &list.line, &line)) {
        const char *words = read_line(&list, line);
        if (words) {
            return words;
        }
    }
    if (!list.mask.app || list.mask.n == 0) {
        return config_say(config, "kabinet_mask: %s: has no %s; make it by `kabinetctl mask`",
                          config->mask_path, list.mask.app ? "prefix" : "line \"app NUMBER\"");
    }
    config->mask = list.mask;
    return NULL;
}

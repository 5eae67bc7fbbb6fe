#include "identity/user_agent.h"

#include <string.h>

typedef struct {
    const char *mark;
    const char *name;
} mark_t;

/* The order matters: most browsers also call themselves Chrome and Safari. */
static const mark_t browsers[] = {
    {"YaBrowser/", "Yandex Browser"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"Edg", "Edge"},
    {"OPR/", "Opera"},
    {"Firefox/", "Firefox"},
    {"FxiOS/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"Chrome/", "Chrome"},
    {"Safari/", "Safari"},
    {NULL, NULL},
};

static const mark_t systems[] = {
    {"Android", "Android"}, {"iPhone", "iPhone"},  {"iPad", "iPad"},   {"Windows", "Windows"},
    {"CrOS", "ChromeOS"},   {"Mac OS X", "macOS"}, {"Linux", "Linux"}, {NULL, NULL},
};

static const char *find(const mark_t *marks, kab_span_t text)
{
    for (; marks->mark; marks++) {
        if (text.n && memmem(text.p, text.n, marks->mark, strlen(marks->mark))) {
            return marks->name;
        }
    }
    return NULL;
}

const char *kab_user_agent_name(kab_arena_t *arena, kab_span_t user_agent)
{
    const char *browser = find(browsers, user_agent);
    const char *system = find(systems, user_agent);
    const char *name;

    if (!browser || !system) {
        return browser ? browser : system ? system : "";
    }
    name = kab_format(arena, "%s, %s", browser, system);
    return name ? name : "";
}

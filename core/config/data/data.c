#include "config/data/data.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { URL_MAX = 256 };

const char *const data_languages[] = {"kk", "ru", "en", NULL};
const char *const data_none[] = {NULL};

const char *data_say(data_words_t *words, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(words->text, sizeof words->text, format, args);
    va_end(args);
    for (char *c = words->text; *c; c++) {
        *c = (unsigned char)*c < 0x20 || *c == 0x7F ? '?' : *c;
    }
    return words->text;
}

static bool is_one_of(const char *const *names, const char *name)
{
    for (; *names; names++) {
        if (strcmp(*names, name) == 0) {
            return true;
        }
    }
    return false;
}

const char *data_members(data_words_t *words, const char *where, const json_t *object,
                         const char *const *needed, const char *const *allowed)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object)) {
        return data_say(words, "%s: an object is needed", where);
    }
    for (unsigned i = 0; needed[i]; i++) {
        if (!json_object_get(object, needed[i])) {
            return data_say(words, "%s: \"%s\" is missing", where, needed[i]);
        }
    }
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (!is_one_of(needed, key) && !is_one_of(allowed, key)) {
            return data_say(words, "%s: \"%.60s\" is not known", where, key);
        }
    }
    return NULL;
}

const char *data_three(data_words_t *words, const char *where, const json_t *object, size_t max)
{
    const char *wrong = data_members(words, where, object, data_languages, data_none);

    for (unsigned l = 0; data_languages[l] && !wrong; l++) {
        if (!data_plain(json_object_get(object, data_languages[l]), max)) {
            wrong = data_say(words, "%s.%s: a text of 1 to %zu bytes is needed", where,
                             data_languages[l], max);
        }
    }
    return wrong;
}

bool data_plain(const json_t *value, size_t max)
{
    const char *text = json_string_value(value);
    size_t n = json_string_length(value);

    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F) {
            return false;
        }
    }
    return n > 0 && n <= max && text[0] != ' ' && text[n - 1] != ' ';
}

static bool fits_attribute(const char *url)
{
    for (const char *c = url; *c; c++) {
        if (*c <= 0x20 || *c >= 0x7F || strchr("\"'<>\\`", *c)) {
            return false;
        }
    }
    return strlen(url) <= URL_MAX;
}

bool data_is_url(const char *url)
{
    return url && strncmp(url, "https://", 8) == 0 && url[8] && url[8] != '/' &&
           fits_attribute(url);
}

bool data_is_path(const char *url)
{
    return url && url[0] == '/' && url[1] != '/' && fits_attribute(url);
}

/*
 * Data that an organisation writes (brands, the help tree): what every reader of them asks, and
 * how a mistake is named.
 */
#ifndef KAB_CONFIG_DATA_H
#define KAB_CONFIG_DATA_H

#include "base/json.h"

typedef struct {
    char text[320];
} data_words_t;

/* Each of these returns NULL, or words that stand in `words`; control bytes become '?'. */
const char *data_say(data_words_t *words, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An object that holds all of `needed` and nothing but them and `allowed`; both end with NULL. */
const char *data_members(data_words_t *words, const char *where, const json_t *object,
                         const char *const *needed, const char *const *allowed);
/* A text in the three languages, each of at most `max` bytes, and nothing else. */
const char *data_three(data_words_t *words, const char *where, const json_t *object, size_t max);

extern const char *const data_languages[]; /* "kk", "ru", "en", NULL */
extern const char *const data_none[];      /* no members */

/* A text of 1 to `max` bytes without control bytes and without spaces at its ends. */
bool data_plain(const json_t *value, size_t max);
/* "https://HOST…" of at most 256 bytes that stands in an attribute as it is. */
bool data_is_url(const char *url);
/* The same of "/PATH" on this host. */
bool data_is_path(const char *url);

#endif

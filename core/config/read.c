/*
 * A file of directives in nginx's syntax, for those who are not nginx. Words
 * are split as nginx splits them (ngx_conf_file.c): a file that reads here
 * reads there.
 */
#include "config/parts.h"

#include <string.h>

#include "kabinet.h"

enum { FILE_MAX_BYTES = 1024 * 1024, WORDS_MAX = 32, WORD_MAX_BYTES = 4096 };

typedef struct {
    config_t *config;
    kab_span_t rest;
    unsigned line;
    unsigned begin; /* line of the directive's first word */
    unsigned n;
    kab_span_t word[WORDS_MAX];
} reader_t;

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static uint8_t take(reader_t *reader)
{
    uint8_t c = *reader->rest.p++;

    reader->rest.n--;
    reader->line += c == '\n';
    return c;
}

static void skip_blank(reader_t *reader)
{
    while (reader->rest.n > 0) {
        uint8_t c = reader->rest.p[0];
        if (c == '#') {
            while (reader->rest.n > 0 && reader->rest.p[0] != '\n') {
                take(reader);
            }
        } else if (is_space(c)) {
            take(reader);
        } else {
            return;
        }
    }
}

/* After a backslash: quote marks and itself stand for themselves, t r n for controls, and before
 * anything else the backslash stays. */
static size_t unescape(uint8_t c, uint8_t *out)
{
    static const char from[] = "\"'\\trn", to[] = "\"'\\\t\r\n";
    const char *found = c ? strchr(from, c) : NULL;

    if (found) {
        out[0] = (uint8_t)to[found - from];
        return 1;
    }
    out[0] = '\\';
    out[1] = c;
    return 2;
}

static const char *add_word(reader_t *reader, const uint8_t *bytes, size_t n)
{
    if (reader->n == WORDS_MAX) {
        return "has too many words; end it with \";\"";
    }
    kab_span_t copy = {(const uint8_t *)kab_text(reader->config->arena, (kab_span_t){bytes, n}), n};
    if (!copy.p) {
        return "out of memory";
    }
    reader->begin = reader->n == 0 ? reader->line : reader->begin;
    reader->word[reader->n++] = copy;
    return NULL;
}

static const char *read_quoted(reader_t *reader)
{
    uint8_t bytes[WORD_MAX_BYTES + 2], quote = take(reader);
    size_t n = 0;

    for (;;) {
        if (reader->rest.n == 0) {
            return "ends within quotes; close them";
        }
        if (n >= WORD_MAX_BYTES) {
            return "has too long a word; is a quote missing?";
        }
        uint8_t c = take(reader);
        if (c == quote) {
            break;
        }
        if (c == '\\' && reader->rest.n > 0) {
            n += unescape(take(reader), bytes + n);
        } else {
            bytes[n++] = c;
        }
    }
    if (reader->rest.n > 0 && !is_space(reader->rest.p[0]) && reader->rest.p[0] != ';') {
        return "goes on behind the closing quote; put a space or \";\" there";
    }
    return add_word(reader, bytes, n);
}

static const char *read_plain(reader_t *reader)
{
    uint8_t bytes[WORD_MAX_BYTES + 2];
    size_t n = 0;

    while (reader->rest.n > 0 && !is_space(reader->rest.p[0]) && reader->rest.p[0] != ';') {
        if (n >= WORD_MAX_BYTES) {
            return "has too long a word";
        }
        uint8_t c = take(reader);
        if (c == '{' && (n == 0 || bytes[n - 1] != '$')) {
            return "has \"{\", which begins a block; only directives stand here, so put a word "
                   "with {lang} in quotes";
        }
        if (c == '\\' && reader->rest.n > 0) {
            n += unescape(take(reader), bytes + n);
        } else {
            bytes[n++] = c;
        }
    }
    return add_word(reader, bytes, n);
}

/* One directive's words, up to its ';'. *end: nothing more in the file. */
static const char *read_directive(reader_t *reader, bool *end)
{
    const char *words = NULL;

    for (reader->n = 0;;) {
        skip_blank(reader);
        reader->begin = reader->n == 0 ? reader->line : reader->begin;
        if (reader->rest.n == 0) {
            *end = true;
            return reader->n == 0 ? NULL : "is not ended; put \";\" behind it";
        }
        uint8_t c = reader->rest.p[0];
        if (c == ';') {
            take(reader);
            return reader->n > 0 ? NULL : "has no name before \";\"";
        }
        if (c == '{' || c == '}') {
            return "has a block; only directives stand here";
        }
        words = c == '"' || c == '\'' ? read_quoted(reader) : read_plain(reader);
        if (words) {
            return words;
        }
    }
}

static const char *complain(reader_t *reader, const char *path, unsigned line, const char *what)
{
    char why[sizeof reader->config->words];
    size_t n = strnlen(what, sizeof why - 1);
    kab_span_t name = reader->n > 0 ? reader->word[0] : KAB_SPAN("a directive");

    memcpy(why, what, n); /* `what` may stand where the words are about to be written */
    why[n] = '\0';
    if (line == 0) {
        return config_say(reader->config, "%s: %s", path, why);
    }
    return config_say(reader->config, "%s:%u: %.*s: %s", path, line, CONFIG_SHOW(name), why);
}

static const char *read_directives(reader_t *reader, const char *path)
{
    bool end = false;

    for (;;) {
        const char *words = read_directive(reader, &end);
        if (!words && end) {
            return NULL;
        }
        if (!words) {
            words =
                kab_config_set(reader->config, reader->word[0], reader->word + 1, reader->n - 1);
        }
        if (words) {
            return complain(reader, path, reader->begin, words);
        }
    }
}

const char *kab_config_read(kab_config_t *config, const char *path)
{
    reader_t reader = {.config = config, .line = 1};
    const char *slash = strrchr(path, '/');
    const char *words = config_slurp(config, path, FILE_MAX_BYTES, &reader.rest);

    if (words) {
        return words;
    }
    if (!kab_utf8_ok(reader.rest)) {
        return config_say(config, "%s: is not text in UTF-8", path);
    }
    size_t n = slash ? (size_t)(slash - path) + (slash == path) : 1;
    config->beside =
        kab_text(config->arena, (kab_span_t){(const uint8_t *)(slash ? path : "."), n});
    if (!config->beside) {
        return config_say(config, "%s: out of memory", path);
    }
    words = read_directives(&reader, path);
    config->beside = NULL;
    if (words) {
        return words;
    }
    words = kab_config_finish(config);
    return words ? complain(&reader, path, 0, words) : NULL;
}

/* Files that directives name: read whole, bounded, into the configuration's arena. */
#include "config/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity/key/mac.h"
#include "kabinet.h"

enum { TEXT_MAX = 64 * 1024 };

static const char *read_all(int fd, uint8_t *to, size_t room, size_t *n)
{
    *n = 0;
    while (*n < room) {
        ssize_t got = read(fd, to + *n, room - *n);
        if (got == 0) {
            return NULL;
        }
        if (got < 0 && errno != EINTR) {
            return "cannot be read";
        }
        *n += got > 0 ? (size_t)got : 0;
    }
    return "is too large";
}

static const char *slurp(config_t *config, const char *path, size_t max, bool secret,
                         kab_span_t *out)
{
    struct stat st;
    const char *wrong = NULL;
    size_t n = 0;
    uint8_t *text = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        return config_say(config, "%s: %s", path,
                          errno == ENOENT ? "no such file" : "cannot be opened");
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        wrong = "is not a regular file";
    } else if (secret && st.st_mode & (S_IRWXO | S_IWGRP | S_IXGRP)) {
        close(fd);
        return config_say(config, "%s: others may read it: chmod 600 or 640", path);
    } else if ((uintmax_t)st.st_size > max) {
        wrong = "is too large";
    } else if (!(text = kab_alloc(config->arena, (size_t)st.st_size + 2))) {
        wrong = "out of memory";
    } else {
        wrong = read_all(fd, text, (size_t)st.st_size + 1, &n);
    }
    close(fd);
    if (wrong) {
        return config_say(config, "%s: %s; give a file of at most %zu KiB", path, wrong,
                          max / 1024);
    }
    *out = (kab_span_t){text, n};
    return NULL;
}

const char *config_slurp(config_t *config, const char *path, size_t max, kab_span_t *out)
{
    return slurp(config, path, max, false, out);
}

const char *config_slurp_secret(config_t *config, const char *path, size_t max, kab_span_t *out)
{
    return slurp(config, path, max, true, out);
}

bool config_line(kab_span_t *list, unsigned *number, kab_span_t *line)
{
    while (list->n > 0) {
        *line = kab_span_cut(list, '\n');
        *line = kab_span_cut(line, '#');
        line->n -= line->n > 0 && line->p[line->n - 1] == '\r';
        *line = kab_span_trim(*line);
        ++*number;
        if (line->n > 0) {
            return true;
        }
    }
    return false;
}

/* Every {lang} in the pattern becomes the language. */
static const char *path_for(config_t *config, const char *pattern, const char *lang)
{
    char path[1024];
    size_t n = 0;

    while (*pattern) {
        bool here = strncmp(pattern, "{lang}", 6) == 0;
        const char *piece = here ? lang : pattern;
        size_t length = here ? strlen(lang) : 1;
        if (n + length >= sizeof path) {
            return NULL;
        }
        memcpy(path + n, piece, length);
        n += length;
        pattern += here ? 6 : 1;
    }
    return kab_text(config->arena, (kab_span_t){(const uint8_t *)path, n});
}

static const char *read_text(config_t *config, unsigned at, unsigned lang)
{
    kab_consent_doc_t *doc = &config->consent[at];
    const char *path = path_for(config, config->consent_file[at], kab_languages[lang]);
    char why[400];
    size_t n;

    if (!path) {
        return config_say(config, "kabinet_consent %s: file= is too long; give up to 1000 bytes",
                          doc->kind);
    }
    if (config_slurp(config, path, TEXT_MAX, &doc->text[lang])) {
        n = strnlen(config->words, sizeof why - 1);
        memcpy(why, config->words, n);
        why[n] = '\0';
        return config_say(config, "kabinet_consent %s: %s (a text is needed for ru, kk and en)",
                          doc->kind, why);
    }
    if (kab_span_trim(doc->text[lang]).n == 0 || !kab_utf8_ok(doc->text[lang])) {
        return config_say(config, "kabinet_consent %s: %s: give a text in UTF-8", doc->kind, path);
    }
    kab_sha256(doc->text[lang], doc->sha256[lang]);
    return NULL;
}

const char *config_read_consents(config_t *config)
{
    for (unsigned i = 0; i < config->consent_n; i++) {
        for (unsigned lang = 0; kab_languages[lang]; lang++) {
            const char *words = read_text(config, i, lang);
            if (words) {
                return words;
            }
        }
    }
    return NULL;
}

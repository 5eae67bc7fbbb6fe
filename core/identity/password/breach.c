#include "identity/password/breach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unicode.h"
#include "identity/password/bloom.h"

struct kab_breach_s {
    kab_bloom_t bloom;
    const uint8_t *file;
    void *mapping; /* the same, for munmap */
    size_t size;
};

static void explain(char *why, size_t size, const char *path, const char *what)
{
    snprintf(why, size, "%s: %s", path, what);
}

static const char *map_file(const char *path, kab_breach_t *breach)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return errno == ENOENT ? "no such file" : "cannot be opened";
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= KAB_BLOOM_HEAD) {
        close(fd);
        return "not a breach file";
    }
    breach->size = (size_t)st.st_size;
    breach->mapping = mmap(NULL, breach->size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (breach->mapping == MAP_FAILED) {
        breach->mapping = NULL;
        return "cannot be mapped";
    }
    breach->file = breach->mapping;
    return NULL;
}

static const char *check_content(kab_breach_t *breach)
{
    uint8_t sum[32];

    if (!kab_bloom_read_head(breach->file, breach->size, &breach->bloom)) {
        return "not a breach file";
    }
    if (!kab_bloom_checksum(breach->file, breach->file + KAB_BLOOM_HEAD,
                            breach->size - KAB_BLOOM_HEAD, sum)) {
        return "cannot be checked";
    }
    return memcmp(sum, breach->file + KAB_BLOOM_COVERED, sizeof sum) == 0 ? NULL
                                                                          : "checksum differs";
}

kab_breach_t *kab_breach_open(const char *path, char *why, size_t why_size)
{
    kab_breach_t *breach = calloc(1, sizeof *breach);

    if (!breach) {
        explain(why, why_size, path, "out of memory");
        return NULL;
    }
    const char *wrong = map_file(path, breach);
    if (!wrong) {
        wrong = check_content(breach);
    }
    if (wrong) {
        explain(why, why_size, path, wrong);
        kab_breach_close(breach);
        return NULL;
    }
    return breach;
}

void kab_breach_close(kab_breach_t *breach)
{
    if (breach && breach->mapping) {
        munmap(breach->mapping, breach->size);
    }
    free(breach);
}

bool kab_breach_has(const kab_breach_t *breach, kab_span_t password)
{
    const uint8_t *bits = breach->file + KAB_BLOOM_HEAD;
    uint8_t folded[4 * KAB_UNICODE_MAX];
    size_t n = 0;

    bool found = kab_bloom_has(&breach->bloom, bits, password);
    if (!found && kab_unicode_normal(password, KAB_NFKC_FOLD, folded, sizeof folded, &n)) {
        found = kab_bloom_has(&breach->bloom, bits, (kab_span_t){folded, n});
    }
    kab_wipe(folded, sizeof folded);
    return found;
}

typedef struct {
    FILE *list;
    char *line;
    size_t room;
    uint8_t normal[KAB_UNICODE_MAX];
} reader_t;

/* The next line as a password would be looked up; lines that no password can be are passed by. */
static bool next_password(reader_t *reader, kab_span_t *password)
{
    ssize_t got;

    while ((got = getline(&reader->line, &reader->room, reader->list)) >= 0) {
        size_t n = (size_t)got;
        while (n > 0 && (reader->line[n - 1] == '\n' || reader->line[n - 1] == '\r')) {
            n--;
        }
        kab_span_t typed = {(const uint8_t *)reader->line, n};
        if (n > 0 && kab_unicode_normal(typed, KAB_NFKC, reader->normal, sizeof reader->normal,
                                        &password->n)) {
            password->p = reader->normal;
            return true;
        }
    }
    return false;
}

/* Twice over the list, because the filter's size must be known before the first password. */
static const char *fill(reader_t *reader, kab_bloom_t *bloom, uint8_t **bits)
{
    kab_span_t password;

    while (next_password(reader, &password)) {
        bloom->count++;
    }
    if (ferror(reader->list) || fseeko(reader->list, 0, SEEK_SET) != 0) {
        return "cannot be read twice";
    }
    if (bloom->count == 0) {
        return "no password in it";
    }
    bloom->probes = KAB_BLOOM_PROBES;
    bloom->bits = (bloom->count * KAB_BLOOM_BITS_EACH + 7) / 8 * 8;
    *bits = calloc(1, bloom->bits / 8);
    if (!*bits) {
        return "out of memory";
    }
    while (next_password(reader, &password)) {
        kab_bloom_add(bloom, *bits, password);
    }
    return ferror(reader->list) ? "cannot be read twice" : NULL;
}

static bool write_all(int fd, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

/* Beside the target and renamed: whoever has the old file mapped keeps it whole. */
static const char *store(const kab_bloom_t *bloom, const uint8_t *bits, const char *out)
{
    uint8_t head[KAB_BLOOM_HEAD];
    char temporary[4096];
    size_t bytes = bloom->bits / 8;

    int n = snprintf(temporary, sizeof temporary, "%s.XXXXXX", out);
    if (n < 0 || (size_t)n >= sizeof temporary) {
        return "name too long";
    }
    kab_bloom_write_head(bloom, head);
    if (!kab_bloom_checksum(head, bits, bytes, head + KAB_BLOOM_COVERED)) {
        return "no checksum";
    }
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return "cannot be made";
    }
    bool ok = write_all(fd, head, sizeof head) && write_all(fd, bits, bytes) &&
              fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    if (!ok || rename(temporary, out) != 0) {
        unlink(temporary);
        return "cannot be written";
    }
    return NULL;
}

int64_t kab_breach_build(const char *list, const char *out, char *why, size_t why_size)
{
    reader_t reader = {.list = fopen(list, "re")};
    kab_bloom_t bloom = {0};
    uint8_t *bits = NULL;

    if (!reader.list) {
        explain(why, why_size, list, "cannot be opened");
        return -1;
    }
    const char *wrong = fill(&reader, &bloom, &bits);
    const char *where = list;
    if (!wrong) {
        where = out;
        wrong = store(&bloom, bits, out);
    }
    if (wrong) {
        explain(why, why_size, where, wrong);
    }
    free(bits);
    free(reader.line);
    fclose(reader.list);
    return wrong ? -1 : (int64_t)bloom.count;
}

#include "identity/key/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEYS_A_PURPOSE = 32, FILE_MAX = 32 * 1024 };

static const char *const purpose_names[KAB_KEY_PURPOSES] = {
    [KAB_KEY_INDEX] = "index",       [KAB_KEY_SEAL] = "seal",   [KAB_KEY_PEPPER] = "pepper",
    [KAB_KEY_TOKEN] = "token",       [KAB_KEY_DECOY] = "decoy", [KAB_KEY_AUDIT] = "audit",
    [KAB_KEY_THROTTLE] = "throttle",
};

/* By id, ascending: the last is the one to write with. */
typedef struct {
    unsigned n;
    kab_key_t key[KEYS_A_PURPOSE];
} keys_t;

struct kab_keyring_s {
    uint32_t generation;
    keys_t purpose[KAB_KEY_PURPOSES];
    uint8_t file[FILE_MAX]; /* in the same guarded pages while it is being read */
};

static atomic_uint_fast32_t generations;

static void explain(char *why, size_t size, const char *path, const char *what)
{
    snprintf(why, size, "%s: %s", path, what);
}

static kab_keyring_t *guarded_pages(void)
{
    kab_keyring_t *ring =
        mmap(NULL, sizeof *ring, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (ring == MAP_FAILED) {
        return NULL;
    }
    if (madvise(ring, sizeof *ring, MADV_DONTDUMP) != 0) {
        munmap(ring, sizeof *ring);
        return NULL;
    }
    /* Out of swap as well where the limit allows; small containers often allow nothing. */
    (void)mlock(ring, sizeof *ring);
    ring->generation = (uint32_t)atomic_fetch_add(&generations, 1) + 1;
    return ring;
}

void kab_keyring_close(kab_keyring_t *ring)
{
    if (!ring) {
        return;
    }
    if (mprotect(ring, sizeof *ring, PROT_READ | PROT_WRITE) == 0) {
        kab_wipe(ring, sizeof *ring);
    }
    munmap(ring, sizeof *ring);
}

/* Others must have no access and the group at most read it: a service's own group is how a file
 * of root's is given to it. */
static const char *check_file(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return "not a regular file";
    }
    if (st.st_mode & (S_IRWXO | S_IWGRP | S_IXGRP)) {
        return "others may read it: chmod 600 or 640";
    }
    return st.st_size >= FILE_MAX ? "too large" : NULL;
}

static const char *read_file(const char *path, uint8_t *to, size_t *n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    *n = 0;
    if (fd < 0) {
        return errno == ENOENT ? "no such file" : "cannot be opened";
    }
    const char *why = check_file(fd);
    ssize_t got = 1;
    while (!why && got > 0) {
        got = *n < FILE_MAX ? read(fd, to + *n, FILE_MAX - *n) : 0;
        if (got > 0) {
            *n += (size_t)got;
        } else if (got < 0 && errno == EINTR) {
            got = 1;
        }
    }
    close(fd);
    if (!why && got < 0) {
        why = "cannot be read";
    }
    return !why && *n >= FILE_MAX ? "too large" : why;
}

static bool parse_id(kab_span_t text, uint16_t *id)
{
    unsigned value = 0;

    if (text.n == 0 || text.n > 5 || text.p[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        value = value * 10 + (text.p[i] - '0');
    }
    *id = (uint16_t)value;
    return value <= UINT16_MAX;
}

static bool parse_purpose(kab_span_t text, kab_purpose_t *purpose)
{
    for (unsigned i = 0; i < KAB_KEY_PURPOSES; i++) {
        if (kab_span_is(text, purpose_names[i])) {
            *purpose = (kab_purpose_t)i;
            return true;
        }
    }
    return false;
}

static kab_span_t next_word(kab_span_t *line)
{
    size_t n = 0;

    *line = kab_span_trim(*line);
    while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t') {
        n++;
    }
    kab_span_t word = {line->p, n};
    *line = (kab_span_t){line->p ? line->p + n : NULL, line->n - n};
    return word;
}

/* Two lines with one id would leave it to chance which key a value can be read with. */
static const char *insert(keys_t *keys, const kab_key_t *key)
{
    unsigned at = keys->n;

    if (keys->n == KEYS_A_PURPOSE) {
        return "too many keys of one purpose";
    }
    while (at > 0 && keys->key[at - 1].id >= key->id) {
        at--;
        if (keys->key[at].id == key->id) {
            return "this id stands twice";
        }
    }
    memmove(&keys->key[at + 1], &keys->key[at], (keys->n - at) * sizeof *key);
    keys->key[at] = *key;
    keys->n++;
    return NULL;
}

static const char *parse_line(kab_keyring_t *ring, kab_span_t line)
{
    kab_purpose_t purpose;
    uint16_t id;
    uint8_t bytes[KAB_KEY_BYTES];
    kab_key_t key;
    const char *why = NULL;

    if (line.n > 0 && line.p[line.n - 1] == '\r') {
        line.n--;
    }
    line = kab_span_trim(kab_span_cut(&line, '#'));
    if (line.n == 0) {
        return NULL;
    }
    if (!parse_purpose(next_word(&line), &purpose)) {
        return "unknown purpose";
    }
    if (!parse_id(next_word(&line), &id)) {
        return "the id must be 1 to 65535";
    }
    if (!kab_unb64url(next_word(&line), bytes, sizeof bytes)) {
        why = "the key must be 32 bytes in base64url";
    } else if (kab_span_trim(line).n > 0) {
        why = "too many words";
    } else {
        kab_key_make(&key, id, bytes);
        why = insert(&ring->purpose[purpose], &key);
        kab_wipe(&key, sizeof key);
    }
    kab_wipe(bytes, sizeof bytes);
    return why;
}

static bool parse_file(kab_keyring_t *ring, kab_span_t file, const char *path, char *why,
                       size_t size)
{
    for (unsigned number = 1; file.n > 0; number++) {
        const char *wrong = parse_line(ring, kab_span_cut(&file, '\n'));
        if (wrong) {
            snprintf(why, size, "%s: line %u: %s", path, number, wrong);
            return false;
        }
    }
    for (unsigned i = 0; i < KAB_KEY_PURPOSES; i++) {
        if (ring->purpose[i].n == 0) {
            snprintf(why, size, "%s: no key for %s", path, purpose_names[i]);
            return false;
        }
    }
    return true;
}

kab_keyring_t *kab_keyring_open(const char *path, char *why, size_t why_size)
{
    kab_keyring_t *ring = guarded_pages();
    size_t n = 0;
    bool ok = false;

    if (!ring) {
        explain(why, why_size, path, "no memory that stays out of core dumps");
        return NULL;
    }
    const char *wrong = read_file(path, ring->file, &n);
    if (wrong) {
        explain(why, why_size, path, wrong);
    } else {
        ok = parse_file(ring, (kab_span_t){ring->file, n}, path, why, why_size);
    }
    kab_wipe(ring->file, sizeof ring->file);
    if (ok && mprotect(ring, sizeof *ring, PROT_READ) != 0) {
        explain(why, why_size, path, "memory cannot be made read-only");
        ok = false;
    }
    if (!ok) {
        kab_keyring_close(ring);
        ring = NULL;
    }
    return ring;
}

static size_t write_keys(const kab_env_t *env, char *text, size_t size)
{
    uint8_t key[KAB_KEY_BYTES];
    char b64[KAB_B64_SIZE(KAB_KEY_BYTES)];
    int n = snprintf(text, size, "# purpose id key; keep it out of the database's backups\n");

    for (unsigned i = 0; i < KAB_KEY_PURPOSES; i++) {
        env->random(env->ctx, key, sizeof key);
        kab_b64url(key, sizeof key, b64);
        n += snprintf(text + n, size - (size_t)n, "%s 1 %s\n", purpose_names[i], b64);
    }
    kab_wipe(key, sizeof key);
    kab_wipe(b64, sizeof b64);
    return (size_t)n;
}

bool kab_keyring_create(const char *path, const kab_env_t *env, char *why, size_t why_size)
{
    char text[1024];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0) {
        explain(why, why_size, path, errno == EEXIST ? "exists already" : "cannot be made");
        return false;
    }
    size_t n = write_keys(env, text, sizeof text);
    /* The umask may only have taken rights away; a key that never reached the disk may already
     * have sealed something. */
    bool ok = fchmod(fd, 0600) == 0 && write(fd, text, n) == (ssize_t)n && fsync(fd) == 0;
    kab_wipe(text, sizeof text);
    ok = close(fd) == 0 && ok;
    if (!ok) {
        unlink(path);
        explain(why, why_size, path, "cannot be written");
    }
    return ok;
}

const kab_key_t *kab_key_current(const kab_keyring_t *ring, kab_purpose_t purpose)
{
    const keys_t *keys = &ring->purpose[purpose];
    return &keys->key[keys->n - 1];
}

const kab_key_t *kab_key_find(const kab_keyring_t *ring, kab_purpose_t purpose, uint16_t id)
{
    const keys_t *keys = &ring->purpose[purpose];

    for (unsigned i = keys->n; i-- > 0;) {
        if (keys->key[i].id == id) {
            return &keys->key[i];
        }
    }
    return NULL;
}

uint32_t kab_keyring_generation(const kab_keyring_t *ring)
{
    return ring->generation;
}

/* Spans, secrets, the real clock and dice. */
#include "base/base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <openssl/crypto.h>

kab_span_t kab_span_of(const char *text)
{
    return text ? (kab_span_t){(const uint8_t *)text, strlen(text)} : KAB_NONE;
}

bool kab_span_eq(kab_span_t a, kab_span_t b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool kab_span_is(kab_span_t a, const char *literal)
{
    return kab_span_eq(a, kab_span_of(literal));
}

bool kab_span_starts(kab_span_t a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.n >= n && (n == 0 || memcmp(a.p, prefix, n) == 0);
}

kab_span_t kab_span_cut(kab_span_t *from, uint8_t separator)
{
    kab_span_t whole = *from;
    const uint8_t *at = whole.n ? memchr(whole.p, separator, whole.n) : NULL;

    if (!at) {
        *from = KAB_NONE;
        return whole;
    }
    size_t before = (size_t)(at - whole.p);
    *from = (kab_span_t){at + 1, whole.n - before - 1};
    return (kab_span_t){whole.p, before};
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

kab_span_t kab_span_trim(kab_span_t a)
{
    while (a.n > 0 && is_blank(a.p[0])) {
        a.p++;
        a.n--;
    }
    while (a.n > 0 && is_blank(a.p[a.n - 1])) {
        a.n--;
    }
    return a;
}

bool kab_same(const void *a, const void *b, size_t n)
{
    return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}

static kab_time_t system_now(void *ctx)
{
    struct timespec ts;

    (void)ctx;
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0) {
        abort(); /* no clock: every expiry would be wrong */
    }
    return (kab_time_t)ts.tv_sec * KAB_SECOND + ts.tv_nsec / 1000;
}

static void system_random(void *ctx, uint8_t *out, size_t n)
{
    (void)ctx;
    while (n > 0) {
        ssize_t got = getrandom(out, n, 0);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            abort(); /* weak bytes are worse than no service */
        }
        out += got;
        n -= (size_t)got;
    }
}

const kab_env_t kab_env_system = {system_now, system_random, NULL};

#include "api/return_to.h"

#include <string.h>

enum { RETURN_TO_MAX = 1024 };

/* Of our own pages only the cabinet is a place to come back to; the others would go in circles. */
static bool ours(kab_span_t path)
{
    static const char cabinet[] = "/kabinet/cabinet";
    size_t n = sizeof cabinet - 1;

    if (!kab_span_starts(path, "/kabinet/") && !kab_span_is(path, "/kabinet")) {
        return false;
    }
    return !(kab_span_starts(path, cabinet) && (path.n == n || path.p[n] == '?'));
}

static bool plain(kab_span_t path)
{
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] < 0x20 || path.p[i] == 0x7f || path.p[i] == '\\') {
            return false;
        }
    }
    return path.n > 0 && path.p[0] == '/' && !(path.n > 1 && path.p[1] == '/') && !ours(path);
}

static size_t decode(kab_span_t path, uint8_t *out)
{
    size_t n = 0;

    for (size_t i = 0; i < path.n; i++) {
        uint8_t byte;

        if (path.p[i] == '%' && path.n - i > 2 &&
            kab_unhex((kab_span_t){path.p + i + 1, 2}, &byte, 1)) {
            out[n++] = byte;
            i += 2;
        } else {
            out[n++] = path.p[i];
        }
    }
    return n;
}

bool kab_return_to_ok(kab_span_t path)
{
    uint8_t decoded[RETURN_TO_MAX];

    if (path.n > RETURN_TO_MAX || !plain(path)) {
        return false;
    }
    return plain((kab_span_t){decoded, decode(path, decoded)});
}

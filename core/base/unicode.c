#include "base/unicode.h"

#include <string.h>
#include <utf8proc.h>

/* The longest compatibility decomposition is U+FDFA: 3 bytes become 18 code points. */
enum { CODE_POINTS = KAB_UNICODE_MAX * 6 };

bool kab_unicode_normal(kab_span_t in, kab_unicode_form_t form, uint8_t *out, size_t size,
                        size_t *n)
{
    int32_t work[CODE_POINTS + 1]; /* re-encoded in place, with a NUL */
    int options = UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE;
    bool ok = false;

    if (in.n > KAB_UNICODE_MAX || !kab_utf8_ok(in)) {
        return false;
    }
    if (form == KAB_NFKC_FOLD) {
        options |= UTF8PROC_CASEFOLD;
    }
    utf8proc_ssize_t count =
        utf8proc_decompose(in.p, (utf8proc_ssize_t)in.n, work, CODE_POINTS, options);
    if (count >= 0 && count <= CODE_POINTS) {
        utf8proc_ssize_t bytes = utf8proc_reencode(work, count, options);
        ok = bytes >= 0 && (size_t)bytes <= size;
        if (ok) {
            memcpy(out, work, (size_t)bytes);
            *n = (size_t)bytes;
        }
    }
    kab_wipe(work, sizeof work);
    return ok;
}

int32_t kab_unicode_next(kab_span_t *text)
{
    int32_t code = -1;
    utf8proc_ssize_t step = utf8proc_iterate(text->p, (utf8proc_ssize_t)text->n, &code);

    if (step <= 0) {
        step = (utf8proc_ssize_t)text->n; /* not well-formed: the caller's mistake, but no loop */
    }
    text->p += step;
    text->n -= (size_t)step;
    return code;
}

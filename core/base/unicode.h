/*
 * Unicode normalisation (UAX 15) by utf8proc, without the heap: what passes
 * through here is mostly passwords.
 */
#ifndef KAB_UNICODE_H
#define KAB_UNICODE_H

#include "base/base.h"

typedef enum { KAB_NFKC, KAB_NFKC_FOLD /* and case folded */ } kab_unicode_form_t;

enum { KAB_UNICODE_MAX = 256 /* bytes in */ };

/* Writes at most `size` bytes, no NUL, and sets *n. False: bad UTF-8, a NUL, more than
 * KAB_UNICODE_MAX bytes in or more than `size` out. Any thread. */
bool kab_unicode_normal(kab_span_t in, kab_unicode_form_t form, uint8_t *out, size_t size,
                        size_t *n);

/* Takes the first code point off well-formed text. `text` must not be empty. */
int32_t kab_unicode_next(kab_span_t *text);

#endif

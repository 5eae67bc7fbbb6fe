/*
 * Readers of structured fields (RFC 8941), as much as signatures need, and stricter: one text for
 * one value. Each takes what it read off the front of `left`; after false the field is refused and
 * nothing in `left` or in what was read means anything. Any thread.
 */
#ifndef KAB_STRUCTURED_FIELD_H
#define KAB_STRUCTURED_FIELD_H

#include "base/base.h"

bool kab_sf_take(kab_span_t *left, uint8_t c);
void kab_sf_blanks(kab_span_t *left);
/* Lower case, digits and "_-.*", not beginning with a digit or a mark other than '*'. */
bool kab_sf_key(kab_span_t *left, kab_span_t *key);
/* What stands between the quotes, borrowed. Refuses escapes. */
bool kab_sf_string(kab_span_t *left, kab_span_t *text);
/* Up to 15 digits, no sign; a decimal's point is left behind. */
bool kab_sf_integer(kab_span_t *left, int64_t *number);
/* Exactly n bytes, at most KAB_SF_BYTES: padded base64 between colons, canonical only. */
enum { KAB_SF_BYTES = 64 };
bool kab_sf_bytes(kab_span_t *left, uint8_t *out, size_t n);

#endif

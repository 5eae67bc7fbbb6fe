/*
 * IIN, individual identification number of Kazakhstan: 12 digits, the last a
 * check digit (Programme of 11.06.2003 No. 565). A birth date that does not fit
 * is not an error (Decree 26.08.2013 No. 853). A good check digit proves nothing.
 */
#ifndef KAB_IIN_H
#define KAB_IIN_H

#include "base/base.h"

enum { KAB_IIN_DIGITS = 12 };
typedef struct {
    char digits[KAB_IIN_DIGITS + 1];
} kab_iin_t;

/* IINs with a wrong check digit were issued, and not all of them replaced: who serves such people
 * takes them (WARN) and tells of the digit, because a slip of the finger is likelier. */
typedef enum { KAB_IIN_STRICT, KAB_IIN_WARN } kab_iin_check_t;

/* NULL if `text` is an IIN (then *out is set), else the stable reason:
 * "iin_length" (not 12 digits), "iin_is_bin" (an organisation's number),
 * "iin_check_digit" (STRICT only). Spaces around are not tolerated here. */
const char *kab_iin_parse(kab_iin_check_t check, kab_span_t text, kab_iin_t *out);
/* False: it was taken in spite of its check digit. */
bool kab_iin_fits(const kab_iin_t *iin);
/* "88********12" */
void kab_iin_mask(const kab_iin_t *iin, char out[KAB_IIN_DIGITS + 1]);

#endif

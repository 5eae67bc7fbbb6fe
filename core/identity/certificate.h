/*
 * Number of a birth certificate. There is no format in force (order 29.06.2023
 * No. 429): normalised and compared, never validated beyond its length.
 */
#ifndef KAB_CERTIFICATE_H
#define KAB_CERTIFICATE_H

#include "base/base.h"

enum { KAB_CERTIFICATE_SIZE = 64 };
typedef struct {
    char text[KAB_CERTIFICATE_SIZE];
} kab_certificate_t;

/* NFKC, upper case, separators and the number sign dropped, Latin and Cyrillic
 * look-alikes folded, Roman numerals typed in Cyrillic folded. NULL and *out,
 * else "certificate_length" (not 5 to 20 characters after normalising) or
 * "certificate_format" (bad UTF-8 or a character that no certificate has). */
const char *kab_certificate_parse(kab_span_t text, kab_certificate_t *out);

#endif

/*
 * A mobile number of Kazakhstan as E.164 (ITU-T E.164; prefixes after
 * libphonenumber's metadata for KZ, the list is configuration).
 */
#ifndef KAB_PHONE_H
#define KAB_PHONE_H

#include "base/base.h"

enum { KAB_PHONE_SIZE = 13 }; /* "+7" 10 digits NUL */
typedef struct {
    char e164[KAB_PHONE_SIZE];
} kab_phone_t;

enum { KAB_PHONE_PREFIXES = 64 };
typedef struct {
    unsigned n;
    char prefix[KAB_PHONE_PREFIXES][4]; /* "701" */
} kab_phone_plan_t;

extern const kab_phone_plan_t kab_phone_plan_default;

/* Accepts 8 7xx…, +7 7xx…, 7 7xx…, 7xx… with spaces, dashes, brackets. NULL and
 * *out, else "phone_format", "phone_fixed_line", "phone_foreign" or
 * "phone_prefix" (mobile, but not one of the plan). */
const char *kab_phone_parse(const kab_phone_plan_t *plan, kab_span_t text, kab_phone_t *out);
/* "+770****9223": plus, first 3 digits, four stars, last 4. */
void kab_phone_mask(const kab_phone_t *phone, char out[KAB_PHONE_SIZE]);

#endif

#include "identity/phone.h"

#include <stdio.h>
#include <string.h>

#include "base/unicode.h"

/* Mobile prefixes of libphonenumber's metadata for KZ: 7(0[0-25-8]|47|6[0-4]|7[15-8]|85). */
const kab_phone_plan_t kab_phone_plan_default = {19,
                                                 {"700", "701", "702", "705", "706", "707", "708",
                                                  "747", "760", "761", "762", "763", "764", "771",
                                                  "775", "776", "777", "778", "785"}};

/* E.164 allows 15 digits; no other country has fewer than 7 with its code. */
enum { NATIONAL = 10, E164_MAX = 15, E164_MIN = 7, TYPED_MAX = 64 };

typedef struct {
    bool plus;
    unsigned n;
    char digits[E164_MAX + 1];
} typed_t;

/* Brackets and dashes are decoration; pasted numbers bring typographic ones along. */
static bool is_decoration(int32_t c)
{
    return c == ' ' || c == '\t' || c == '-' || c == '(' || c == ')' || c == 0xA0 ||
           (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0x202F;
}

static bool collect(kab_span_t text, typed_t *typed)
{
    if (text.n > TYPED_MAX || !kab_utf8_ok(text)) {
        return false;
    }
    while (text.n > 0) {
        int32_t c = kab_unicode_next(&text);
        if (c == '+' && typed->n == 0 && !typed->plus) {
            typed->plus = true;
        } else if (c >= '0' && c <= '9' && typed->n < E164_MAX) {
            typed->digits[typed->n++] = (char)c;
        } else if (!is_decoration(c)) {
            return false;
        }
    }
    return true;
}

/* The ten digits after the country's 7, or why not. */
static const char *national_of(const typed_t *typed, const char **national)
{
    const char *d = typed->digits;

    if (typed->plus) {
        if (d[0] != '7') {
            return typed->n >= E164_MIN ? "phone_foreign" : "phone_format";
        }
        *national = d + 1;
        return typed->n == NATIONAL + 1 ? NULL : "phone_format";
    }
    if (typed->n == NATIONAL + 1 && (d[0] == '7' || d[0] == '8')) {
        *national = d + 1;
        return NULL;
    }
    *national = d;
    return typed->n == NATIONAL ? NULL : "phone_format";
}

static bool in_plan(const kab_phone_plan_t *plan, const char *national)
{
    for (unsigned i = 0; i < plan->n; i++) {
        if (memcmp(plan->prefix[i], national, 3) == 0) {
            return true;
        }
    }
    return false;
}

static const char *refusal(const kab_phone_plan_t *plan, const char *national)
{
    if (strchr("3489", national[0])) {
        return "phone_foreign"; /* Russia shares the country code and has these */
    }
    if (national[0] != '7' && national[0] != '6') {
        return "phone_format"; /* nobody's */
    }
    if (national[0] == '7' && (national[1] == '1' || national[1] == '2')) {
        return "phone_fixed_line";
    }
    return in_plan(plan, national) ? NULL : "phone_prefix";
}

const char *kab_phone_parse(const kab_phone_plan_t *plan, kab_span_t text, kab_phone_t *out)
{
    typed_t typed = {0};
    const char *national = NULL;

    if (!collect(text, &typed)) {
        return "phone_format";
    }
    const char *why = national_of(&typed, &national);
    if (!why) {
        why = refusal(plan, national);
    }
    if (!why) {
        memcpy(out->e164, "+7", 2);
        memcpy(out->e164 + 2, national, NATIONAL + 1);
        out->e164[KAB_PHONE_SIZE - 1] = '\0';
    }
    kab_wipe(&typed, sizeof typed);
    return why;
}

void kab_phone_mask(const kab_phone_t *phone, char out[KAB_PHONE_SIZE])
{
    memcpy(out, phone->e164, KAB_PHONE_SIZE);
    memset(out + 4, '*', 4);
    out[KAB_PHONE_SIZE - 1] = '\0';
}

#include "identity/password/password_policy.h"

#include <stdio.h>
#include <string.h>

#include "base/unicode.h"

enum { LENGTH, LOWER, UPPER, DIGIT, SPECIAL };

/* FLOWS 2 names the classes: Latin letters, digits, and one of these eight. The pattern and
 * class_of() say the same in two languages. */
#define SPECIALS "!@#$%&*?"

const kab_password_rule_t kab_password_rules[] = {
    [LENGTH] = {"password_length", ""},
    [LOWER] = {"password_lower", "[a-z]"},
    [UPPER] = {"password_upper", "[A-Z]"},
    [DIGIT] = {"password_digit", "[0-9]"},
    [SPECIAL] = {"password_special", "[" SPECIALS "]"},
    {NULL, NULL},
};

kab_span_t kab_password_normal(kab_arena_t *arena, kab_span_t typed)
{
    _Static_assert((int)KAB_PASSWORD_MAX <= (int)KAB_UNICODE_MAX, "the normaliser's bound");
    uint8_t normal[KAB_PASSWORD_MAX];
    kab_span_t copy = KAB_NONE;
    size_t n = 0;

    if (typed.n <= KAB_PASSWORD_MAX &&
        kab_unicode_normal(typed, KAB_NFKC, normal, sizeof normal, &n)) {
        copy = kab_copy(arena, (kab_span_t){normal, n});
    }
    kab_wipe(normal, sizeof normal);
    return copy;
}

static unsigned class_of(int32_t c)
{
    if (c >= 'a' && c <= 'z') {
        return 1U << LOWER;
    }
    if (c >= 'A' && c <= 'Z') {
        return 1U << UPPER;
    }
    if (c >= '0' && c <= '9') {
        return 1U << DIGIT;
    }
    return c > 0 && c < 0x80 && strchr(SPECIALS, c) ? 1U << SPECIAL : 0;
}

unsigned kab_password_missing(const kab_password_policy_t *policy, kab_span_t normal)
{
    unsigned seen = 0, length = 0;

    while (normal.n > 0) {
        seen |= class_of(kab_unicode_next(&normal));
        length++;
    }
    if (length >= policy->min_length) {
        seen |= 1U << LENGTH;
    }
    return ~seen & ((1U << (SPECIAL + 1)) - 1);
}

static bool holds(kab_span_t text, const char *digits)
{
    return text.n > 0 && memmem(text.p, text.n, digits, strlen(digits)) != NULL;
}

/* a7 tells the century; 0, 7, 8 and 9 are reserved, so both likely ones are tried. */
static const char *centuries_of(const kab_iin_t *iin)
{
    switch (iin->digits[6]) {
    case '1':
    case '2':
        return "18";
    case '3':
    case '4':
        return "19";
    case '5':
    case '6':
        return "20";
    default:
        return "1920";
    }
}

static bool holds_personal(kab_span_t text, const kab_iin_t *iin)
{
    const char *d = iin->digits;
    char form[16];

    /* Neither the IIN nor YYYYMMDD needs a look of its own: both have YYMMDD in them. */
    snprintf(form, sizeof form, "%.6s", d);
    if (holds(text, form)) {
        return true;
    }
    snprintf(form, sizeof form, "%.2s%.2s%.2s", d + 4, d + 2, d);
    if (holds(text, form)) {
        return true;
    }
    for (const char *century = centuries_of(iin); *century; century += 2) {
        snprintf(form, sizeof form, "%.2s%.2s%.2s%.2s", d + 4, d + 2, century, d);
        if (holds(text, form)) {
            return true;
        }
    }
    return false;
}

/* 14.03.1988 is the same date as 14031988. */
static bool is_personal(kab_span_t normal, const kab_iin_t *iin)
{
    uint8_t bare[KAB_PASSWORD_MAX];
    size_t n = 0;

    for (size_t i = 0; i < normal.n && n < sizeof bare; i++) {
        if (!strchr(".-/", normal.p[i])) {
            bare[n++] = normal.p[i];
        }
    }
    bool yes = holds_personal(normal, iin) || holds_personal((kab_span_t){bare, n}, iin);
    kab_wipe(bare, sizeof bare);
    return yes;
}

const char *kab_password_text_rules(const kab_breach_t *breach, const kab_iin_t *iin,
                                    kab_span_t normal)
{
    if (iin && is_personal(normal, iin)) {
        return "password_personal";
    }
    return breach && kab_breach_has(breach, normal) ? "password_breached" : NULL;
}

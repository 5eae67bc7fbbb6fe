#include "identity/iin.h"

#include <string.h>

enum { CHECKED = KAB_IIN_DIGITS - 1, MODULUS = 11 };

static unsigned weighted(const char *digits, unsigned first_weight)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < CHECKED; i++) {
        unsigned weight = (first_weight - 1 + i) % CHECKED + 1;
        sum += weight * (unsigned)(digits[i] - '0');
    }
    return sum % MODULUS;
}

/* Programme of 11.06.2003 No. 565: weights 1…11; a remainder of 10 asks for a second pass that
 * begins with weight 3; 10 again means that such a number is never issued. */
static bool check_digit_ok(const char *digits)
{
    unsigned control = weighted(digits, 1);

    if (control == 10) {
        control = weighted(digits, 3);
    }
    return control < 10 && control == (unsigned)(digits[CHECKED] - '0');
}

const char *kab_iin_parse(kab_iin_check_t check, kab_span_t text, kab_iin_t *out)
{
    char digits[KAB_IIN_DIGITS + 1] = "";

    if (text.n != KAB_IIN_DIGITS) {
        return "iin_length";
    }
    for (size_t i = 0; i < KAB_IIN_DIGITS; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return "iin_length";
        }
        digits[i] = (char)text.p[i];
    }
    if (digits[4] >= '4') {
        return "iin_is_bin"; /* a month has no such tens, an organisation's kind does */
    }
    if (check == KAB_IIN_STRICT && !check_digit_ok(digits)) {
        return "iin_check_digit";
    }
    memcpy(out->digits, digits, sizeof digits);
    return NULL;
}

bool kab_iin_fits(const kab_iin_t *iin)
{
    return check_digit_ok(iin->digits);
}

void kab_iin_mask(const kab_iin_t *iin, char out[KAB_IIN_DIGITS + 1])
{
    memcpy(out, iin->digits, KAB_IIN_DIGITS);
    memset(out + 2, '*', KAB_IIN_DIGITS - 4);
    out[KAB_IIN_DIGITS] = '\0';
}

#include "identity/app/structured_field.h"

enum { INTEGER_MAX = 15 };

bool kab_sf_take(kab_span_t *left, uint8_t c)
{
    if (left->n == 0 || left->p[0] != c) {
        return false;
    }
    left->p++;
    left->n--;
    return true;
}

static kab_span_t take_first(kab_span_t *left, size_t n)
{
    kab_span_t first = {left->p, n};

    left->p += n;
    left->n -= n;
    return first;
}

void kab_sf_blanks(kab_span_t *left)
{
    while (kab_sf_take(left, ' ')) {
    }
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool in_key(uint8_t c)
{
    return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}

/* RFC 8941 4.2.3.3 */
bool kab_sf_key(kab_span_t *left, kab_span_t *key)
{
    size_t n = 0;

    if (left->n == 0 || (!is_lower(left->p[0]) && left->p[0] != '*')) {
        return false;
    }
    while (n < left->n && in_key(left->p[n])) {
        n++;
    }
    *key = take_first(left, n);
    return true;
}

/* RFC 8941 4.2.5. An escape is refused, though it may be sent: nothing that we or the app put into
 * a string needs one. */
bool kab_sf_string(kab_span_t *left, kab_span_t *text)
{
    size_t n = 0;

    if (!kab_sf_take(left, '"')) {
        return false;
    }
    while (n < left->n && left->p[n] != '"') {
        if (left->p[n] < 0x20 || left->p[n] > 0x7e || left->p[n] == '\\') {
            return false;
        }
        n++;
    }
    *text = take_first(left, n);
    return kab_sf_take(left, '"');
}

/* RFC 8941 4.2.4. No sign: there is no time before 1970. */
bool kab_sf_integer(kab_span_t *left, int64_t *number)
{
    size_t n = 0;

    *number = 0;
    while (n < left->n && is_digit(left->p[n])) {
        if (n == INTEGER_MAX) {
            return false;
        }
        *number = *number * 10 + (left->p[n++] - '0');
    }
    take_first(left, n);
    return n > 0;
}

/* RFC 8941 4.2.7 */
bool kab_sf_bytes(kab_span_t *left, uint8_t *out, size_t n)
{
    char text[KAB_B64_SIZE(KAB_SF_BYTES)];
    size_t digits = KAB_B64_SIZE(n) - 1, padding = (4 - digits % 4) % 4;

    if (n > KAB_SF_BYTES || left->n < 1 + digits + padding + 1 || !kab_sf_take(left, ':')) {
        return false;
    }
    kab_span_t sent = take_first(left, digits);
    for (size_t i = 0; i < digits; i++) {
        char c = (char)sent.p[i];
        if (c == '-' || c == '_') {
            return false;
        }
        text[i] = (char)(c == '+' ? '-' : c == '/' ? '_' : c);
    }
    while (padding-- > 0) {
        if (!kab_sf_take(left, '=')) {
            return false;
        }
    }
    return kab_sf_take(left, ':') &&
           kab_unb64url((kab_span_t){(const uint8_t *)text, digits}, out, n);
}

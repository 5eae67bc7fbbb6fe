/* Text forms of bytes, and what counts as text. */
#include "base/base.h"

#include <endian.h>
#include <string.h>

void kab_hex(const uint8_t *in, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    out[2 * n] = '\0';
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool kab_unhex(kab_span_t in, uint8_t *out, size_t n)
{
    if (in.n % 2 != 0 || in.n / 2 != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int high = hex_value(in.p[2 * i]), low = hex_value(in.p[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void kab_b64url(const uint8_t *in, size_t n, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned held = 0;

    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | in[i];
        for (held += 8; held >= 6; held -= 6) {
            *out++ = digits[bits >> (held - 6) & 63];
        }
    }
    if (held > 0) {
        *out++ = digits[bits << (6 - held) & 63];
    }
    *out = '\0';
}

/* `value` + 1 for a character of the range, else 0. No branch: a random text makes them dear. */
static int b64_within(int c, int from, int to, int value)
{
    return -(int)((unsigned)(c - from) <= (unsigned)(to - from)) & (value + 1);
}

static int b64_value(int c)
{
    return b64_within(c, 'A', 'Z', c - 'A') + b64_within(c, 'a', 'z', c - 'a' + 26) +
           b64_within(c, '0', '9', c - '0' + 52) + b64_within(c, '-', '-', 62) +
           b64_within(c, '_', '_', 63) - 1;
}

enum { B64_STEP = 16, B64_HALF = 6, B64_STEP_BYTES = 2 * B64_HALF };

typedef uint8_t b64_chars_t __attribute__((vector_size(B64_STEP)));
typedef uint64_t b64_halves_t __attribute__((vector_size(B64_STEP)));

static b64_chars_t b64_chars_within(b64_chars_t c, uint8_t from, uint8_t to, uint8_t value)
{
    return (b64_chars_t)(c >= from) & (b64_chars_t)(c <= to) & (c + (uint8_t)(value + 1 - from));
}

/* Two sixes of bits to a twelve, two of those to 24, two of those to 48; the first byte was the
 * lowest. */
static void b64_pack(b64_halves_t x, uint8_t out[B64_STEP_BYTES])
{
    x = (x & UINT64_C(0x003f003f003f003f)) << 6 | (x >> 8 & UINT64_C(0x003f003f003f003f));
    x = (x & UINT64_C(0x00000fff00000fff)) << 12 | (x >> 16 & UINT64_C(0x00000fff00000fff));
    x = (x << 40) | (x >> 32 << 16);
    for (int half = 0; half < 2; half++) {
        uint64_t bytes = htobe64(x[half]);
        memcpy(out + half * B64_HALF, &bytes, B64_HALF);
    }
}

/* As b64_value(), so many characters at once: every guarded request reads 64. */
static bool b64_step(const uint8_t in[B64_STEP], uint8_t out[B64_STEP_BYTES])
{
    b64_chars_t c, value;

    memcpy(&c, in, sizeof c);
    value = b64_chars_within(c, 'A', 'Z', 0) | b64_chars_within(c, 'a', 'z', 26) |
            b64_chars_within(c, '0', '9', 52) | ((b64_chars_t)(c == '-') & (62 + 1)) |
            ((b64_chars_t)(c == '_') & (63 + 1));
    b64_halves_t wrong = (b64_halves_t)(value == 0), sixes = (b64_halves_t)(value - 1);
    b64_pack((b64_halves_t){le64toh(sixes[0]), le64toh(sixes[1])}, out);
    return (wrong[0] | wrong[1]) == 0;
}

bool kab_unb64url(kab_span_t in, uint8_t *out, size_t n)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t i = 0;
    bool good = true;

    if (in.n != n / 3 * 4 + (n % 3 == 0 ? 0 : n % 3 + 1)) {
        return false;
    }
    for (; in.n - i >= B64_STEP; i += B64_STEP, out += B64_STEP_BYTES) {
        good &= b64_step(in.p + i, out);
    }
    for (; i < in.n; i++) {
        int value = b64_value(in.p[i]);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *out++ = (uint8_t)(bits >> held);
        }
    }
    /* Bits that carry nothing must be zero, or two texts would mean the same bytes. */
    return good && (bits & ((1U << held) - 1)) == 0;
}

/* Length of the well-formed sequence at `p`, or 0: RFC 3629 section 4. */
static size_t utf8_sequence(const uint8_t *p, size_t n)
{
    uint8_t c = p[0], low = 0x80, high = 0xBF;
    size_t length;

    if (c < 0x80) {
        return c != 0;
    }
    if (c >= 0xC2 && c <= 0xDF) {
        length = 2;
    } else if ((c & 0xF0) == 0xE0) {
        length = 3;
        low = c == 0xE0 ? 0xA0 : low;   /* not overlong */
        high = c == 0xED ? 0x9F : high; /* no surrogates */
    } else if (c >= 0xF0 && c <= 0xF4) {
        length = 4;
        low = c == 0xF0 ? 0x90 : low;
        high = c == 0xF4 ? 0x8F : high; /* not above U+10FFFF */
    } else {
        return 0;
    }
    if (length > n || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return length;
}

bool kab_utf8_ok(kab_span_t in)
{
    while (in.n > 0) {
        size_t step = utf8_sequence(in.p, in.n);
        if (step == 0) {
            return false;
        }
        in.p += step;
        in.n -= step;
    }
    return true;
}

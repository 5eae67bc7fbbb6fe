/* Text forms of bytes, and what counts as text. */
#include "base/base.h"

#include <string.h>

#if defined(__x86_64__)
#include <tmmintrin.h>
#endif

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

#if defined(__x86_64__)
enum { B64_STEP = 16, B64_STEP_BYTES = 12 };

/*
 * As b64_value(), so many characters at once: every guarded request reads 64. A character is looked
 * up by its upper half and by its lower half: an upper half is a class of characters (a bit), a
 * lower half is the set of classes where it is wrong (W. Mula, D. Lemire, "Faster Base64 Encoding
 * and Decoding Using AVX2 Instructions", 2018). SSSE3 is all it asks for; without it, or on another
 * processor, b64_value() does all.
 */
__attribute__((target("ssse3"))) static bool b64_step(const uint8_t *in, uint8_t *out)
{
    enum { DASH = 1, DIGIT = 2, LETTER = 4, LETTER_P = 8, SMALL_P = 16, NONE = 32 };
    enum { FIRST = NONE | DASH, TAIL = NONE | DASH | DIGIT | LETTER_P | SMALL_P };
    const __m128i classes = _mm_setr_epi8(NONE, NONE, DASH, DIGIT, LETTER, LETTER_P, LETTER,
                                          SMALL_P, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE);
    const __m128i wrong_in =
        _mm_setr_epi8(FIRST | LETTER, FIRST, FIRST, FIRST, FIRST, FIRST, FIRST, FIRST, FIRST, FIRST,
                      FIRST | DIGIT, TAIL, TAIL, TAIL ^ DASH, TAIL, TAIL ^ LETTER_P);
    const __m128i shifts = _mm_setr_epi8(0, 0, 62 - '-', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a',
                                         0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i half = _mm_set1_epi8(15), low_line = _mm_set1_epi8('_');
    const __m128i bytes = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    __m128i c = _mm_loadu_si128((const __m128i *)in),
            upper = _mm_and_si128(_mm_srli_epi16(c, 4), half);
    __m128i wrong = _mm_and_si128(_mm_shuffle_epi8(classes, upper),
                                  _mm_shuffle_epi8(wrong_in, _mm_and_si128(c, half)));
    __m128i value = _mm_add_epi8(c, _mm_shuffle_epi8(shifts, upper));

    /* The one character that is not as far from its value as the others of its upper half. */
    value = _mm_add_epi8(value,
                         _mm_and_si128(_mm_cmpeq_epi8(c, low_line), _mm_set1_epi8(63 - '_' + 'A')));
    /* Sixes of bits to twelves, those to 24, of which three bytes each are kept. */
    value = _mm_madd_epi16(_mm_maddubs_epi16(value, _mm_set1_epi32(0x01400140)),
                           _mm_set1_epi32(0x00011000));
    value = _mm_shuffle_epi8(value, bytes);
    _mm_storel_epi64((__m128i *)out, value);
    int last = _mm_cvtsi128_si32(_mm_srli_si128(value, 8));
    memcpy(out + 8, &last, sizeof last);
    return _mm_movemask_epi8(_mm_cmpeq_epi8(wrong, _mm_setzero_si128())) == 0xffff;
}

/* The whole steps of a text; how many characters they were. */
__attribute__((target("ssse3"))) static size_t b64_steps(kab_span_t in, uint8_t *out, bool *good)
{
    size_t i = 0;

    for (; in.n - i >= B64_STEP; i += B64_STEP, out += B64_STEP_BYTES) {
        *good &= b64_step(in.p + i, out);
    }
    return i;
}
#endif

bool kab_unb64url(kab_span_t in, uint8_t *out, size_t n)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t i = 0;
    bool good = true;

    if (in.n != n / 3 * 4 + (n % 3 == 0 ? 0 : n % 3 + 1)) {
        return false;
    }
#if defined(__x86_64__)
    if (__builtin_cpu_supports("ssse3")) {
        i = b64_steps(in, out, &good);
        out += i / 4 * 3;
    }
#endif
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

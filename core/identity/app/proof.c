#include "identity/app/proof.h"

#include <string.h>

#include "base/unicode.h"
#include "identity/key/mac.h"

enum { NUMBER = 8, DRAWN = 32, TYPED_MAX = 64 };

/* What a proof is derived from, every part of fixed length, so that no two of them read alike. */
typedef struct {
    uint8_t purpose[KAB_MAC_BYTES], of[KAB_MAC_BYTES]; /* digests of texts of any length */
    uint8_t number[NUMBER];
    uint8_t drawn[DRAWN];
    uint8_t round;
} source_t;

_Static_assert(sizeof(source_t) == 2 * KAB_MAC_BYTES + NUMBER + DRAWN + 1,
               "padding would be MACed");

static void put_number(uint8_t out[NUMBER], uint64_t number)
{
    for (unsigned i = 0; i < NUMBER; i++) {
        out[i] = (uint8_t)(number >> (8 * (NUMBER - 1 - i)));
    }
}

static source_t source_of(const char *purpose, kab_span_t of, uint64_t number)
{
    source_t source = {0};

    kab_sha256(kab_span_of(purpose), source.purpose);
    kab_sha256(of, source.of);
    put_number(source.number, number);
    return source;
}

/*
 * Under the index key: the rows that find these proofs are indexed with it, so it already guards
 * them, and it alone never changes while a proof that was derived a minute ago is still good.
 */
static void derive(const kab_keyring_t *ring, const char *domain, const source_t *source,
                   uint8_t mac[KAB_MAC_BYTES])
{
    kab_mac(kab_key_current(ring, KAB_KEY_INDEX), domain,
            (kab_span_t){(const uint8_t *)source, sizeof *source}, mac);
}

static uint64_t number_at(const uint8_t p[NUMBER])
{
    uint64_t number = 0;

    for (unsigned i = 0; i < NUMBER; i++) {
        number = number << 8 | p[i];
    }
    return number;
}

/* Below `limit`, each value as likely as any other: what lies beyond its last whole multiple is
 * thrown away. Seldom more than one round; 255 fail together about never. */
static uint64_t derive_below(const kab_keyring_t *ring, const char *domain, source_t *source,
                             uint64_t limit)
{
    uint64_t whole = UINT64_MAX - UINT64_MAX % limit, number = UINT64_MAX;
    uint8_t mac[KAB_MAC_BYTES];

    while (number >= whole && source->round < UINT8_MAX) {
        derive(ring, domain, source, mac);
        for (size_t at = 0; at < sizeof mac && number >= whole; at += NUMBER) {
            number = number_at(mac + at);
        }
        source->round++;
    }
    kab_wipe(mac, sizeof mac);
    return number % limit;
}

static void put_digits(char *out, unsigned n, uint64_t number)
{
    out[n] = '\0';
    while (n-- > 0) {
        out[n] = (char)('0' + number % 10);
        number /= 10;
    }
}

static uint64_t ten_to(unsigned n)
{
    return n == 0 ? 1 : 10 * ten_to(n - 1);
}

char kab_check_digit(const char *digits, size_t n)
{
    unsigned product = 10;

    for (size_t i = 0; i < n; i++) {
        unsigned sum = (product + (unsigned)(digits[i] - '0')) % 10;
        product = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    return (char)('0' + (11 - product) % 10);
}

void kab_otp_make(const kab_keyring_t *ring, kab_span_t flow, int64_t generation,
                  char out[KAB_OTP_DIGITS + 1])
{
    source_t source = source_of("", flow, (uint64_t)generation);

    put_digits(out, KAB_OTP_DIGITS - 1,
               derive_below(ring, "one-time password", &source, ten_to(KAB_OTP_DIGITS - 1)));
    out[KAB_OTP_DIGITS - 1] = kab_check_digit(out, KAB_OTP_DIGITS - 1);
    out[KAB_OTP_DIGITS] = '\0';
}

/* The page shows it as 4 4 5; what is pasted brings typographic blanks and dashes along. */
static bool is_decoration(int32_t c)
{
    return c == ' ' || c == '\t' || c == '-' || c == 0xA0 || (c >= 0x2009 && c <= 0x2015) ||
           c == 0x202F || c == 0x2212;
}

bool kab_otp_parse(kab_span_t typed, char out[KAB_OTP_DIGITS + 1])
{
    char digits[KAB_OTP_DIGITS + 1] = "";
    size_t n = 0;
    bool ok = typed.n <= TYPED_MAX && kab_utf8_ok(typed);

    while (ok && typed.n > 0) {
        int32_t c = kab_unicode_next(&typed);
        bool digit = c >= '0' && c <= '9';
        ok = digit ? n < KAB_OTP_DIGITS : is_decoration(c);
        if (ok && digit) {
            digits[n++] = (char)c;
        }
    }
    ok = ok && n == KAB_OTP_DIGITS &&
         digits[KAB_OTP_DIGITS - 1] == kab_check_digit(digits, KAB_OTP_DIGITS - 1);
    if (ok) {
        memcpy(out, digits, sizeof digits);
    }
    kab_wipe(digits, sizeof digits);
    return ok;
}

void kab_qr_secret(const kab_keyring_t *ring, const char *purpose, kab_span_t flow,
                   int64_t generation, char out[KAB_QR_SECRET + 1])
{
    source_t source = source_of(purpose, flow, (uint64_t)generation);
    uint8_t mac[KAB_MAC_BYTES];

    derive(ring, "qr", &source, mac);
    kab_b64url(mac, 16, out);
    kab_wipe(mac, sizeof mac);
}

void kab_code_make(const kab_keyring_t *ring, const char *purpose, kab_span_t id,
                   const uint8_t drawn[32], unsigned length, char out[KAB_CODE_MAX + 1])
{
    unsigned n = length == 4 || length == 6 ? length : KAB_CODE_MAX;
    source_t source = source_of(purpose, id, n);

    memcpy(source.drawn, drawn, DRAWN);
    put_digits(out, n, derive_below(ring, "code", &source, ten_to(n)));
    kab_wipe(&source, sizeof source);
}

/* 64 bits modulo a small number: the bias is below 2⁻⁵⁷, and no draw can go on for ever. */
static unsigned draw_below(const kab_env_t *env, unsigned limit)
{
    uint8_t bytes[NUMBER];

    env->random(env->ctx, bytes, sizeof bytes);
    unsigned drawn = (unsigned)(number_at(bytes) % limit);
    kab_wipe(bytes, sizeof bytes);
    return drawn;
}

void kab_signs_draw(const kab_env_t *env, kab_signs_t *out)
{
    enum { FIRST = 10, LAST = 99 };
    uint8_t left[LAST - FIRST + 1];
    unsigned n = sizeof left;

    for (unsigned i = 0; i < n; i++) {
        left[i] = (uint8_t)(FIRST + i);
    }
    for (unsigned i = 0; i < KAB_SIGNS; i++) {
        unsigned drawn = draw_below(env, n);
        put_digits(out->sign[i], KAB_SIGN, left[drawn]);
        left[drawn] = left[--n];
    }
    out->right = draw_below(env, KAB_SIGNS);
    kab_wipe(left, sizeof left);
}

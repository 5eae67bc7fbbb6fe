/*
 * What a person types, scans or taps to prove something, all derived with a purpose key and
 * never stored (SECURITY 24): one-time password, QR secret, code, signs. Pure functions over an
 * immutable keyring: any thread. What is written to `out` is a secret: the caller wipes it.
 */
#ifndef KAB_PROOF_H
#define KAB_PROOF_H

#include "identity/key/keyring.h"

enum { KAB_OTP_DIGITS = 13, KAB_QR_SECRET = 22, KAB_CODE_MAX = 8, KAB_SIGNS = 3, KAB_SIGN = 2 };

/* Twelve digits and a check digit (ISO/IEC 7064 MOD 11,10) of (flow, generation), and a NUL. */
void kab_otp_make(const kab_keyring_t *ring, kab_span_t flow, int64_t generation,
                  char out[KAB_OTP_DIGITS + 1]);
/* Typed text, blanks and dashes allowed → digits. False: not 13 digits, or the check digit is
 * wrong; that costs the person nothing (SECURITY 12). `out` is written only if it is right. */
bool kab_otp_parse(kab_span_t typed, char out[KAB_OTP_DIGITS + 1]);
/* The check digit of ASCII digits. */
char kab_check_digit(const char *digits, size_t n);

/* base64url of 128 bits of (purpose, flow, generation), and a NUL: the fragment of a QR's link. */
void kab_qr_secret(const kab_keyring_t *ring, const char *purpose, kab_span_t flow,
                   int64_t generation, char out[KAB_QR_SECRET + 1]);

/* `length` (4, 6 or 8; any other gives 8) decimal digits of (purpose, id, drawn), without modulo
 * bias, and a NUL. `drawn` are the random bytes that came to be when the code did. */
void kab_code_make(const kab_keyring_t *ring, const char *purpose, kab_span_t id,
                   const uint8_t drawn[32], unsigned length, char out[KAB_CODE_MAX + 1]);

/* KAB_SIGNS different two-digit signs ("17"; none begins with a zero), drawn from env. The page
 * shows one of them, the app all. */
typedef struct {
    char sign[KAB_SIGNS][KAB_SIGN + 1]; /* in the app's order */
    unsigned right;                     /* which of them the page shows */
} kab_signs_t;
void kab_signs_draw(const kab_env_t *env, kab_signs_t *out);

#endif

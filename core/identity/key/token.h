/*
 * Opaque tokens of cookies: 256 random bits with a MAC under the token key, so
 * that a forged one costs a stranger's request one HMAC and nothing else. Only
 * the SHA-256 of the random part is ever stored.
 *
 *     base64url( key id (2, big-endian) ‖ random (32) ‖ HMAC-SHA-256(random)[0..14) )
 *
 * 48 bytes, so 64 characters.
 */
#ifndef KAB_TOKEN_H
#define KAB_TOKEN_H

#include "identity/key/keyring.h"

enum { KAB_TOKEN_TEXT = 64 };

/* `domain` parts the cookies from one another ("session", "flow", "browser").
 * Writes the text and a NUL, and the id. */
void kab_token_make(const kab_keyring_t *ring, const char *domain, const uint8_t secret[32],
                    char text[KAB_TOKEN_TEXT + 1], uint8_t id[KAB_TOKEN_ID]);
/* False: not one of ours. `secret` may be NULL. */
bool kab_token_read(const kab_keyring_t *ring, const char *domain, kab_span_t text,
                    uint8_t id[KAB_TOKEN_ID], uint8_t *secret);

/* The same in two steps, for who may know the proof already. False: not even the form of one. */
bool kab_token_parse(const kab_keyring_t *ring, kab_span_t text, kab_token_t *token);
bool kab_token_proven(const kab_keyring_t *ring, const char *domain, const kab_token_t *token);

#endif

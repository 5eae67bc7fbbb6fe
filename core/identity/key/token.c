/* On the path of every guarded request. */
#include "identity/key/token.h"

#include <string.h>

#include "identity/key/mac.h"

enum {
    KEY_ID = 2,
    RANDOM = sizeof((kab_token_t *)0)->random,
    CUT_MAC = sizeof((kab_token_t *)0)->proof - KEY_ID,
    RAW = KEY_ID + RANDOM + CUT_MAC
};

void kab_token_make(const kab_keyring_t *ring, const char *domain, const uint8_t secret[32],
                    char text[KAB_TOKEN_TEXT + 1], uint8_t id[KAB_TOKEN_ID])
{
    const kab_key_t *key = kab_key_current(ring, KAB_KEY_TOKEN);
    uint8_t raw[RAW], mac[KAB_MAC_BYTES];
    kab_span_t random = {secret, RANDOM};

    kab_mac(key, domain, random, mac);
    raw[0] = (uint8_t)(key->id >> 8);
    raw[1] = (uint8_t)key->id;
    memcpy(raw + KEY_ID, secret, RANDOM);
    memcpy(raw + KEY_ID + RANDOM, mac, CUT_MAC);
    kab_b64url(raw, RAW, text);
    kab_sha256(random, id);
    kab_wipe(raw, sizeof raw);
    kab_wipe(mac, sizeof mac);
}

bool kab_token_parse(const kab_keyring_t *ring, kab_span_t text, kab_token_t *token)
{
    uint8_t raw[RAW];
    bool ok = kab_unb64url(text, raw, RAW);

    if (ok) {
        memcpy(token->proof, raw, KEY_ID);
        memcpy(token->random, raw + KEY_ID, RANDOM);
        memcpy(token->proof + KEY_ID, raw + KEY_ID + RANDOM, CUT_MAC);
        token->generation = kab_keyring_generation(ring);
        kab_sha256((kab_span_t){token->random, RANDOM}, token->id);
    }
    kab_wipe(raw, sizeof raw);
    return ok;
}

bool kab_token_proven(const kab_keyring_t *ring, const char *domain, const kab_token_t *token)
{
    const uint8_t *proof = token->proof;
    const kab_key_t *key =
        kab_key_find(ring, KAB_KEY_TOKEN, (uint16_t)((unsigned)proof[0] << 8 | proof[1]));
    uint8_t mac[KAB_MAC_BYTES];
    bool same;

    if (!key) {
        return false;
    }
    kab_mac(key, domain, (kab_span_t){token->random, RANDOM}, mac);
    same = kab_same(mac, proof + KEY_ID, CUT_MAC);
    kab_wipe(mac, sizeof mac);
    return same;
}

bool kab_token_read(const kab_keyring_t *ring, const char *domain, kab_span_t text,
                    uint8_t id[KAB_TOKEN_ID], uint8_t *secret)
{
    kab_token_t token;
    bool ok = kab_token_parse(ring, text, &token) && kab_token_proven(ring, domain, &token);

    if (ok) {
        memcpy(id, token.id, KAB_TOKEN_ID);
    }
    if (ok && secret) {
        memcpy(secret, token.random, RANDOM);
    }
    kab_wipe(&token, sizeof token);
    return ok;
}

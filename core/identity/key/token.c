/* On the path of every guarded request. */
#include "identity/key/token.h"

#include <string.h>

#include "identity/key/mac.h"

enum { RANDOM = 32, CUT_MAC = 14, RAW = 2 + RANDOM + CUT_MAC };

void kab_token_make(const kab_keyring_t *ring, const char *domain, const uint8_t secret[32],
                    char text[KAB_TOKEN_TEXT + 1], uint8_t id[KAB_TOKEN_ID])
{
    const kab_key_t *key = kab_key_current(ring, KAB_KEY_TOKEN);
    uint8_t raw[RAW], mac[KAB_MAC_BYTES];
    kab_span_t random = {secret, RANDOM};

    kab_mac_token(ring, key, domain, random, mac);
    raw[0] = (uint8_t)(key->id >> 8);
    raw[1] = (uint8_t)key->id;
    memcpy(raw + 2, secret, RANDOM);
    memcpy(raw + 2 + RANDOM, mac, CUT_MAC);
    kab_b64url(raw, RAW, text);
    kab_sha256(random, id);
    kab_wipe(raw, sizeof raw);
    kab_wipe(mac, sizeof mac);
}

bool kab_token_read(const kab_keyring_t *ring, const char *domain, kab_span_t text,
                    uint8_t id[KAB_TOKEN_ID], uint8_t *secret)
{
    uint8_t raw[RAW], mac[KAB_MAC_BYTES];
    kab_span_t random = {raw + 2, RANDOM};
    bool ok = false;

    if (!kab_unb64url(text, raw, RAW)) {
        goto done;
    }
    const kab_key_t *key =
        kab_key_find(ring, KAB_KEY_TOKEN, (uint16_t)((unsigned)raw[0] << 8 | raw[1]));
    if (!key) {
        goto done;
    }
    kab_mac_token(ring, key, domain, random, mac);
    ok = kab_same(mac, raw + 2 + RANDOM, CUT_MAC);
    if (ok) {
        kab_sha256(random, id);
    }
    if (ok && secret) {
        memcpy(secret, random.p, RANDOM);
    }
done:
    kab_wipe(raw, sizeof raw);
    kab_wipe(mac, sizeof mac);
    return ok;
}

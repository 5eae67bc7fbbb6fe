#include "identity/key/sealed.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "identity/key/mac.h"

enum { KEY_ID = 2, NONCE = 12, TAG = 16, OVERHEAD = KEY_ID + NONCE + TAG };

static EVP_CIPHER *aes;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
    aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (!aes) {
        abort();
    }
}

void kab_seal_prepare(void)
{
    pthread_once(&once, fetch);
}

/* key id ‖ table ‖ 0 ‖ column ‖ 0 ‖ row: names hold no NUL, so no two places read alike. */
static bool bind_place(EVP_CIPHER_CTX *ctx, const uint8_t key_id[KEY_ID], kab_place_t place)
{
    int n;
    size_t table = strlen(place.table) + 1, column = strlen(place.column) + 1;

    return place.row.n <= INT_MAX && EVP_CipherUpdate(ctx, NULL, &n, key_id, KEY_ID) == 1 &&
           EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)place.table, (int)table) == 1 &&
           EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)place.column, (int)column) == 1 &&
           (place.row.n == 0 ||
            EVP_CipherUpdate(ctx, NULL, &n, place.row.p, (int)place.row.n) == 1);
}

static EVP_CIPHER_CTX *begin(const kab_key_t *key, const uint8_t *sealed, kab_place_t place,
                             bool encrypt)
{
    kab_seal_prepare();
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    if (ctx && EVP_CipherInit_ex2(ctx, aes, key->key, sealed + KEY_ID, encrypt, NULL) == 1 &&
        bind_place(ctx, sealed, place)) {
        return ctx;
    }
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

kab_span_t kab_seal(kab_arena_t *arena, const kab_keyring_t *ring, const kab_env_t *env,
                    kab_place_t place, kab_span_t plain)
{
    const kab_key_t *key = kab_key_current(ring, KAB_KEY_SEAL);
    uint8_t *out = plain.n <= INT_MAX ? kab_alloc(arena, plain.n + OVERHEAD) : NULL;
    int n = 0;
    bool ok = false;

    if (!out) {
        return KAB_NONE;
    }
    uint8_t *body = out + KEY_ID + NONCE;
    out[0] = (uint8_t)(key->id >> 8);
    out[1] = (uint8_t)key->id;
    env->random(env->ctx, out + KEY_ID, NONCE);
    EVP_CIPHER_CTX *ctx = begin(key, out, place, true);
    if (ctx) {
        ok = (plain.n == 0 || EVP_CipherUpdate(ctx, body, &n, plain.p, (int)plain.n) == 1) &&
             EVP_CipherFinal_ex(ctx, body + plain.n, &n) == 1 &&
             EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, body + plain.n) == 1;
        EVP_CIPHER_CTX_free(ctx);
    }
    return ok ? (kab_span_t){out, plain.n + OVERHEAD} : KAB_NONE;
}

bool kab_unseal_into(const kab_keyring_t *ring, kab_place_t place, kab_span_t sealed, uint8_t *out,
                     size_t n)
{
    uint8_t tag[TAG];
    int done = 0;
    bool ok = false;

    if (sealed.n < OVERHEAD || sealed.n - OVERHEAD != n || n > INT_MAX) {
        return false;
    }
    const uint8_t *body = sealed.p + KEY_ID + NONCE;
    const kab_key_t *key =
        kab_key_find(ring, KAB_KEY_SEAL, (uint16_t)((unsigned)sealed.p[0] << 8 | sealed.p[1]));
    EVP_CIPHER_CTX *ctx = key ? begin(key, sealed.p, place, false) : NULL;
    if (!ctx) {
        return false;
    }
    memcpy(tag, body + n, TAG);
    ok = (n == 0 || EVP_CipherUpdate(ctx, out, &done, body, (int)n) == 1) &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
         EVP_CipherFinal_ex(ctx, out + n, &done) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!ok) {
        kab_wipe(out, n); /* decrypted, but nobody vouches for it */
    }
    return ok;
}

bool kab_unseal(kab_arena_t *arena, const kab_keyring_t *ring, kab_place_t place, kab_span_t sealed,
                kab_span_t *plain)
{
    size_t n = sealed.n < OVERHEAD ? 0 : sealed.n - OVERHEAD;
    uint8_t *out = kab_alloc(arena, n);

    if (!out || !kab_unseal_into(ring, place, sealed, out, n)) {
        return false;
    }
    *plain = (kab_span_t){out, n};
    return true;
}

void kab_index(const kab_keyring_t *ring, kab_purpose_t purpose, const char *domain,
               kab_span_t value, uint8_t out[KAB_INDEX_BYTES])
{
    kab_mac(kab_key_current(ring, purpose), domain, value, out);
}

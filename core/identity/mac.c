#include "identity/mac.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

/* A rotation has two keys in use; another ring may be about while a configuration is reloaded. */
enum { KEYED = 4 };

typedef struct {
    uint64_t generation; /* 0: free */
    uint16_t id;
    EVP_MAC_CTX *mac;
} keyed_t;

typedef struct {
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *mac;
    keyed_t keyed[KEYED];
    unsigned oldest;
} contexts_t;

/* Fetched once a process: a fetch takes a lock and a look-up by name. */
static EVP_MD *sha256;
static EVP_MAC *hmac;
static pthread_key_t at_thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local contexts_t *mine;

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void release(void *p)
{
    contexts_t *contexts = p;

    EVP_MD_CTX_free(contexts->digest);
    EVP_MAC_CTX_free(contexts->mac);
    for (size_t i = 0; i < KEYED; i++) {
        EVP_MAC_CTX_free(contexts->keyed[i].mac);
    }
    free(contexts);
    mine = NULL;
}

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    must(sha256 && hmac && pthread_key_create(&at_thread_end, release) == 0);
}

static EVP_MAC_CTX *new_mac(void)
{
    char name[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);

    must(mac && EVP_MAC_CTX_set_params(mac, params) == 1);
    return mac;
}

static contexts_t *contexts_of_thread(void)
{
    if (mine) {
        return mine;
    }
    must(pthread_once(&once, fetch) == 0);
    contexts_t *contexts = calloc(1, sizeof *contexts);
    must(contexts != NULL);
    contexts->digest = EVP_MD_CTX_new();
    contexts->mac = new_mac();
    must(contexts->digest && pthread_setspecific(at_thread_end, contexts) == 0);
    mine = contexts;
    /* cppcheck-suppress memleak ; the thread keeps it */
    return contexts;
}

void kab_sha256(kab_span_t in, uint8_t out[KAB_MAC_BYTES])
{
    EVP_MD_CTX *digest = contexts_of_thread()->digest;

    must(EVP_DigestInit_ex2(digest, sha256, NULL) == 1 &&
         EVP_DigestUpdate(digest, in.p, in.n) == 1 && EVP_DigestFinal_ex(digest, out, NULL) == 1);
}

static void finish(EVP_MAC_CTX *mac, const char *domain, kab_span_t value,
                   uint8_t out[KAB_MAC_BYTES])
{
    size_t n = 0;

    /* With its NUL, which is the 0x00 between the two. */
    must(EVP_MAC_update(mac, (const uint8_t *)domain, strlen(domain) + 1) == 1 &&
         EVP_MAC_update(mac, value.p, value.n) == 1 &&
         EVP_MAC_final(mac, out, &n, KAB_MAC_BYTES) == 1 && n == KAB_MAC_BYTES);
}

void kab_mac(const uint8_t key[KAB_KEY_BYTES], const char *domain, kab_span_t value,
             uint8_t out[KAB_MAC_BYTES])
{
    EVP_MAC_CTX *mac = contexts_of_thread()->mac;

    must(EVP_MAC_init(mac, key, KAB_KEY_BYTES, NULL) == 1);
    finish(mac, domain, value, out);
}

static EVP_MAC_CTX *keyed_mac(const kab_keyring_t *ring, const kab_key_t *key)
{
    contexts_t *contexts = contexts_of_thread();
    uint64_t generation = kab_keyring_generation(ring);

    for (size_t i = 0; i < KEYED; i++) {
        keyed_t *k = &contexts->keyed[i];
        if (k->generation == generation && k->id == key->id) {
            /* Without a key it begins anew under the one it has: less than half the price. */
            must(EVP_MAC_init(k->mac, NULL, 0, NULL) == 1);
            return k->mac;
        }
    }
    keyed_t *k = &contexts->keyed[contexts->oldest++ % KEYED];
    if (!k->mac) {
        k->mac = new_mac();
    }
    must(EVP_MAC_init(k->mac, key->key, KAB_KEY_BYTES, NULL) == 1);
    k->generation = generation;
    k->id = key->id;
    return k->mac;
}

void kab_mac_token(const kab_keyring_t *ring, const kab_key_t *key, const char *domain,
                   kab_span_t value, uint8_t out[KAB_MAC_BYTES])
{
    finish(keyed_mac(ring, key), domain, value, out);
}

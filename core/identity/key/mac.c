/*
 * By libcrypto's plain SHA-256 and not through its EVP layer: on the path of every guarded request
 * that layer costs several times the digest itself.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "identity/key/mac.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

/* What HMAC has taken in before the message: the key, padded to a block, twice. */
typedef struct {
    SHA256_CTX inner;
    SHA256_CTX outer;
} schedule_t;

/* Wiped together, by whoever began it. */
typedef struct {
    SHA256_CTX digest;
    uint8_t block[SHA256_CBLOCK];
} work_t;

/* A rotation has two keys in use; another ring may be about while a configuration is reloaded. */
enum { KEYED = 4 };

typedef struct {
    uint64_t generation; /* 0: free */
    uint16_t id;
    schedule_t schedule;
} keyed_t;

static _Thread_local keyed_t keyed[KEYED];
static _Thread_local unsigned oldest;

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void take(SHA256_CTX *digest, const void *p, size_t n)
{
    must(SHA256_Update(digest, p, n) == 1);
}

/*
 * What is left of a digest, `before` bytes of which were taken in as whole blocks. Where it fits
 * in one block, as in every guarded request, that block is made here: libcrypto's way to the same
 * end executes more than the digest itself on a processor that knows SHA-256.
 */
static void end_digest(work_t *work, size_t before, kab_span_t a, kab_span_t b,
                       uint8_t out[KAB_MAC_BYTES])
{
    uint8_t *block = work->block;
    uint64_t bits = htobe64((before + a.n + b.n) * 8);

    if (a.n + b.n >= SHA256_CBLOCK - sizeof bits) {
        take(&work->digest, a.p, a.n);
        take(&work->digest, b.p, b.n);
        must(SHA256_Final(out, &work->digest) == 1);
        return;
    }
    memset(block, 0, SHA256_CBLOCK);
    memcpy(block, a.n ? a.p : block, a.n);
    memcpy(block + a.n, b.n ? b.p : block, b.n);
    block[a.n + b.n] = 0x80;
    memcpy(block + SHA256_CBLOCK - sizeof bits, &bits, sizeof bits);
    SHA256_Transform(&work->digest, block);
    for (size_t i = 0; i < 8; i++) {
        uint32_t word = htobe32(work->digest.h[i]);
        memcpy(out + 4 * i, &word, sizeof word);
    }
}

void kab_sha256(kab_span_t in, uint8_t out[KAB_MAC_BYTES])
{
    work_t work;

    must(SHA256_Init(&work.digest) == 1);
    end_digest(&work, 0, in, KAB_NONE, out);
    kab_wipe(&work, sizeof work);
}

static void begin(SHA256_CTX *digest, const uint8_t key[KAB_KEY_BYTES], uint8_t pad)
{
    uint8_t block[SHA256_CBLOCK];

    memset(block, pad, sizeof block);
    for (size_t i = 0; i < KAB_KEY_BYTES; i++) {
        block[i] ^= key[i];
    }
    must(SHA256_Init(digest) == 1);
    take(digest, block, sizeof block);
    kab_wipe(block, sizeof block);
}

static void schedule(schedule_t *s, const uint8_t key[KAB_KEY_BYTES])
{
    begin(&s->inner, key, 0x36);
    begin(&s->outer, key, 0x5c);
}

static void finish(const schedule_t *s, const char *domain, kab_span_t value,
                   uint8_t out[KAB_MAC_BYTES])
{
    work_t work = {.digest = s->inner};

    /* With its NUL, which is the 0x00 between the two. */
    end_digest(&work, SHA256_CBLOCK, (kab_span_t){(const uint8_t *)domain, strlen(domain) + 1},
               value, out);
    work.digest = s->outer;
    end_digest(&work, SHA256_CBLOCK, (kab_span_t){out, KAB_MAC_BYTES}, KAB_NONE, out);
    kab_wipe(&work, sizeof work);
}

void kab_mac(const uint8_t key[KAB_KEY_BYTES], const char *domain, kab_span_t value,
             uint8_t out[KAB_MAC_BYTES])
{
    schedule_t s;

    schedule(&s, key);
    finish(&s, domain, value, out);
    kab_wipe(&s, sizeof s);
}

static const schedule_t *schedule_of(const kab_keyring_t *ring, const kab_key_t *key)
{
    uint64_t generation = kab_keyring_generation(ring);
    keyed_t *k;

    for (size_t i = 0; i < KEYED; i++) {
        if (keyed[i].generation == generation && keyed[i].id == key->id) {
            return &keyed[i].schedule;
        }
    }
    k = &keyed[oldest++ % KEYED];
    schedule(&k->schedule, key->key);
    k->generation = generation;
    k->id = key->id;
    return &k->schedule;
}

void kab_mac_token(const kab_keyring_t *ring, const kab_key_t *key, const char *domain,
                   kab_span_t value, uint8_t out[KAB_MAC_BYTES])
{
    finish(schedule_of(ring, key), domain, value, out);
}

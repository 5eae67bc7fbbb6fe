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

/* Wiped together. */
typedef struct {
    SHA256_CTX digest;
    uint8_t block[SHA256_CBLOCK];
} work_t;

/* Before any message: FIPS 180-4, 5.3.3. */
static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* All that SHA256_Transform() looks at. */
static void resume(SHA256_CTX *digest, const uint32_t state[8])
{
    memcpy(digest->h, state, sizeof digest->h);
}

/* Where a and b fit in one block, as in every guarded request: libcrypto's way to the same end
 * executes more than the digest itself on a processor that knows SHA-256. */
static void last_block(work_t *work, uint64_t bits, kab_span_t a, kab_span_t b)
{
    uint8_t *block = work->block;

    bits = htobe64(bits);
    memset(block, 0, SHA256_CBLOCK);
    memcpy(block, a.n ? a.p : block, a.n);
    memcpy(block + a.n, b.n ? b.p : block, b.n);
    block[a.n + b.n] = 0x80;
    memcpy(block + SHA256_CBLOCK - sizeof bits, &bits, sizeof bits);
    SHA256_Transform(&work->digest, block);
}

static void put_state(uint8_t out[KAB_MAC_BYTES], const uint32_t state[8])
{
    for (size_t i = 0; i < 8; i++) {
        uint32_t word = htobe32(state[i]);
        memcpy(out + i * sizeof word, &word, sizeof word);
    }
}

/* The digest of so many blocks, which led to this state, of a and of b. */
static void go_on(const uint32_t state[8], unsigned blocks, kab_span_t a, kab_span_t b,
                  uint8_t out[KAB_MAC_BYTES])
{
    work_t work;

    resume(&work.digest, state);
    if (a.n + b.n < SHA256_CBLOCK - sizeof(uint64_t)) {
        last_block(&work, (blocks * SHA256_CBLOCK + a.n + b.n) * 8, a, b);
        put_state(out, work.digest.h);
    } else {
        work.digest.Nl = blocks * SHA256_CBLOCK * 8;
        work.digest.Nh = 0;
        work.digest.num = 0;
        work.digest.md_len = SHA256_DIGEST_LENGTH;
        must(SHA256_Update(&work.digest, a.p, a.n) == 1);
        must(SHA256_Update(&work.digest, b.p, b.n) == 1);
        must(SHA256_Final(out, &work.digest) == 1);
    }
    kab_wipe(&work, sizeof work);
}

void kab_sha256(kab_span_t in, uint8_t out[KAB_MAC_BYTES])
{
    go_on(initial, 0, in, KAB_NONE, out);
}

/* The state after one block: the key, padded. */
static void take_key(uint32_t state[8], const uint8_t key[KAB_KEY_BYTES], uint8_t pad)
{
    work_t work;

    resume(&work.digest, initial);
    memset(work.block, pad, sizeof work.block);
    for (size_t i = 0; i < KAB_KEY_BYTES; i++) {
        work.block[i] ^= key[i];
    }
    SHA256_Transform(&work.digest, work.block);
    memcpy(state, work.digest.h, sizeof work.digest.h);
    kab_wipe(&work, sizeof work);
}

void kab_key_make(kab_key_t *key, uint16_t id, const uint8_t bytes[KAB_KEY_BYTES])
{
    key->id = id;
    memcpy(key->key, bytes, sizeof key->key);
    take_key(key->inner, bytes, 0x36);
    take_key(key->outer, bytes, 0x5c);
}

void kab_mac(const kab_key_t *key, const char *domain, kab_span_t value, uint8_t out[KAB_MAC_BYTES])
{
    /* With its NUL, which is the 0x00 between the two. */
    kab_span_t with_nul = {(const uint8_t *)domain, strlen(domain) + 1};

    go_on(key->inner, 1, with_nul, value, out);
    go_on(key->outer, 1, (kab_span_t){out, KAB_MAC_BYTES}, KAB_NONE, out);
}

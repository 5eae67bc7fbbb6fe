#include "identity/password/bloom.h"

#include <string.h>

#include <openssl/evp.h>

#include "identity/key/mac.h"

static void put(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint64_t get(const uint8_t *from, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = bytes; i-- > 0;) {
        value = value << 8 | from[i];
    }
    return value;
}

void kab_bloom_write_head(const kab_bloom_t *bloom, uint8_t head[KAB_BLOOM_HEAD])
{
    memset(head, 0, KAB_BLOOM_HEAD);
    memcpy(head, KAB_BLOOM_MAGIC, 8);
    put(head + 8, KAB_BLOOM_VERSION, 4);
    put(head + 12, bloom->probes, 4);
    put(head + 16, bloom->count, 8);
    put(head + 24, bloom->bits, 8);
}

bool kab_bloom_read_head(const uint8_t *head, size_t size, kab_bloom_t *bloom)
{
    if (size <= KAB_BLOOM_HEAD || memcmp(head, KAB_BLOOM_MAGIC, 8) != 0 ||
        get(head + 8, 4) != KAB_BLOOM_VERSION) {
        return false;
    }
    bloom->probes = (uint32_t)get(head + 12, 4);
    bloom->count = get(head + 16, 8);
    bloom->bits = get(head + 24, 8);
    return bloom->probes >= 1 && bloom->probes <= KAB_BLOOM_PROBES_MAX && bloom->bits % 8 == 0 &&
           bloom->bits / 8 == size - KAB_BLOOM_HEAD;
}

bool kab_bloom_checksum(const uint8_t *head, const uint8_t *bits, size_t bytes, uint8_t out[32])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex2(ctx, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(ctx, head, KAB_BLOOM_COVERED) == 1 &&
              EVP_DigestUpdate(ctx, bits, bytes) == 1 && EVP_DigestFinal_ex(ctx, out, NULL) == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

/* Enhanced double hashing (Dillinger and Manolios, 2004): one digest gives every probe. */
typedef struct {
    uint64_t at, step;
} probe_t;

static probe_t first_probe(kab_span_t item)
{
    uint8_t digest[KAB_MAC_BYTES];

    kab_sha256(item, digest);
    probe_t probe = {get(digest, 8), get(digest + 8, 8)};
    kab_wipe(digest, sizeof digest);
    return probe;
}

static uint64_t next_bit(const kab_bloom_t *bloom, probe_t *probe, uint32_t i)
{
    uint64_t bit = probe->at % bloom->bits;

    probe->at += probe->step;
    probe->step += i + 1;
    return bit;
}

void kab_bloom_add(const kab_bloom_t *bloom, uint8_t *bits, kab_span_t item)
{
    probe_t probe = first_probe(item);

    for (uint32_t i = 0; i < bloom->probes; i++) {
        uint64_t bit = next_bit(bloom, &probe, i);
        bits[bit / 8] |= (uint8_t)(1U << bit % 8);
    }
}

bool kab_bloom_has(const kab_bloom_t *bloom, const uint8_t *bits, kab_span_t item)
{
    probe_t probe = first_probe(item);

    for (uint32_t i = 0; i < bloom->probes; i++) {
        uint64_t bit = next_bit(bloom, &probe, i);
        if (!(bits[bit / 8] & 1U << bit % 8)) {
            return false;
        }
    }
    return true;
}

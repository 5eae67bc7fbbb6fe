/*
 * The Bloom filter of a breach file: which bits a password has, and the file's
 * layout, shared by the side that builds and the side that reads.
 */
#ifndef KAB_BLOOM_H
#define KAB_BLOOM_H

#include "base/base.h"

/* Sizes for 1 false alarm in a million: 29 bits a password, and 29 · ln 2 = 20 probes. */
enum { KAB_BLOOM_BITS_EACH = 29, KAB_BLOOM_PROBES = 20, KAB_BLOOM_PROBES_MAX = 64 };

/*
 * magic (8) ‖ version (4) ‖ probes (4) ‖ passwords (8) ‖ bits (8) ‖ SHA-256 of all else (32) ‖ bits
 * Numbers are little-endian.
 */
enum {
    KAB_BLOOM_COVERED = 32, /* bytes of the head that the checksum covers */
    KAB_BLOOM_HEAD = 64,
    KAB_BLOOM_VERSION = 1
};
#define KAB_BLOOM_MAGIC "KABBREA\n"

typedef struct {
    uint32_t probes;
    uint64_t count, bits;
} kab_bloom_t;

void kab_bloom_write_head(const kab_bloom_t *bloom, uint8_t head[KAB_BLOOM_HEAD]);
/* False: not such a file, or `size` is not what the head says. The checksum is not looked at. */
bool kab_bloom_read_head(const uint8_t *head, size_t size, kab_bloom_t *bloom);
bool kab_bloom_checksum(const uint8_t *head, const uint8_t *bits, size_t bytes, uint8_t out[32]);

void kab_bloom_add(const kab_bloom_t *bloom, uint8_t *bits, kab_span_t item);
bool kab_bloom_has(const kab_bloom_t *bloom, const uint8_t *bits, kab_span_t item);

#endif

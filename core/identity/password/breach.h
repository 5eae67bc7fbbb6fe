/*
 * Offline list of breached passwords, as a Bloom filter in a file: 1 false alarm
 * in a million, 29 bits a password. The file carries a SHA-256 of its content,
 * checked when it is opened. Immutable once open: any thread.
 */
#ifndef KAB_BREACH_H
#define KAB_BREACH_H

#include "base/base.h"

typedef struct kab_breach_s kab_breach_t;

/* NULL and words in `why` if the file is missing or damaged. */
kab_breach_t *kab_breach_open(const char *path, char *why, size_t why_size);
void kab_breach_close(kab_breach_t *breach);
/* `password` after NFKC; also true for its case-folded form being listed. */
bool kab_breach_has(const kab_breach_t *breach, kab_span_t password);
/* Builds a file from a list, one password a line (kabinetctl breach build). Returns the number
 * of passwords, or -1 and `why`. */
int64_t kab_breach_build(const char *list, const char *out, char *why, size_t why_size);

#endif

/*
 * A call's memory: allocated in growing blocks, released and wiped whole.
 * One thread at a time.
 */
#ifndef KAB_ARENA_H
#define KAB_ARENA_H

#include "base/base.h"

typedef struct kab_arena_s kab_arena_t;

kab_arena_t *kab_arena_open(void);        /* NULL: out of memory */
void kab_arena_close(kab_arena_t *arena); /* wipes; NULL is allowed */
/* Zeroed, aligned for any type; NULL: out of memory. */
void *kab_alloc(kab_arena_t *arena, size_t n);
char *kab_text(kab_arena_t *arena, kab_span_t span); /* a copy with a NUL */
kab_span_t kab_copy(kab_arena_t *arena, kab_span_t span);
char *kab_format(kab_arena_t *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most calls fit the first block; a call that does not is given bigger steps. */
enum { LARGEST_PIECE = 256 * 1024 * 1024 }; /* beyond it a size was miscounted */
enum { FIRST_BLOCK = 8 * 1024, LARGEST_STEP = 256 * 1024, ALIGNMENT = _Alignof(max_align_t) };

typedef struct block_s {
    struct block_s *next;
    size_t size, used;
    _Alignas(max_align_t) uint8_t bytes[];
} block_t;

struct kab_arena_s {
    block_t *newest;
};

static bool add_block(kab_arena_t *arena, size_t size)
{
    block_t *block = calloc(1, sizeof(block_t) + size);
    if (!block) {
        return false;
    }
    block->size = size;
    block->next = arena->newest;
    arena->newest = block;
    return true;
}

kab_arena_t *kab_arena_open(void)
{
    kab_arena_t *arena = calloc(1, sizeof *arena);

    if (arena && !add_block(arena, FIRST_BLOCK)) {
        free(arena);
        arena = NULL;
    }
    return arena;
}

void kab_arena_close(kab_arena_t *arena)
{
    if (!arena) {
        return;
    }
    while (arena->newest) {
        block_t *block = arena->newest;
        arena->newest = block->next;
        kab_wipe(block->bytes, block->used);
        free(block);
    }
    free(arena);
}

static size_t next_size(const block_t *newest, size_t wanted)
{
    size_t size = newest->size >= LARGEST_STEP / 2 ? LARGEST_STEP : 2 * newest->size;
    return size < wanted ? wanted : size;
}

void *kab_alloc(kab_arena_t *arena, size_t n)
{
    if (n > LARGEST_PIECE) {
        return NULL;
    }
    /* Nothing still takes a place of its own: NULL means only "out of memory". */
    size_t room = (n + (n == 0) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    if (arena->newest->size - arena->newest->used < room &&
        !add_block(arena, next_size(arena->newest, room))) {
        return NULL;
    }
    void *p = arena->newest->bytes + arena->newest->used;
    arena->newest->used += room;
    return p;
}

char *kab_text(kab_arena_t *arena, kab_span_t span)
{
    char *text = span.n < LARGEST_PIECE ? kab_alloc(arena, span.n + 1) : NULL;

    if (text && span.n > 0) {
        memcpy(text, span.p, span.n);
    }
    return text;
}

kab_span_t kab_copy(kab_arena_t *arena, kab_span_t span)
{
    const char *text = kab_text(arena, span);
    return text ? (kab_span_t){(const uint8_t *)text, span.n} : KAB_NONE;
}

char *kab_format(kab_arena_t *arena, const char *format, ...)
{
    va_list args, again;
    char *text = NULL;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n >= 0) {
        text = kab_alloc(arena, (size_t)n + 1);
    }
    if (text) {
        vsnprintf(text, (size_t)n + 1, format, again);
    }
    va_end(again);
    va_end(args);
    return text;
}

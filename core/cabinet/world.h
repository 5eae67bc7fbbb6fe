/*
 * What the things of this room need at hand: where they are stored, the keys,
 * the clock. Built by the engine for each call, by tools for themselves. One thread at a time.
 */
#ifndef KAB_WORLD_H
#define KAB_WORLD_H

#include "identity/key/keyring.h"
#include "identity/key/sealed.h"
#include "identity/iin.h"
#include "identity/phone.h"
#include "store/pg.h"
#include "store/redis.h"

typedef struct {
    kab_db_t db;
    kab_cache_t cache; /* cache.redis NULL: none at hand */
    const kab_keyring_t *ring;
    const kab_env_t *env;
    kab_arena_t *arena;
    kab_log_t *log;
} kab_world_t;

/* Where a request came from, for records. */
typedef struct {
    uint8_t address[16];
    kab_span_t user_agent; /* at most 256 bytes are kept */
    kab_span_t place;
} kab_origin_t;

#endif

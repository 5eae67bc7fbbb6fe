/*
 * Redis: one blocking connection, opened on demand. Every multi-key operation
 * is one script on keys of one hash tag. One thread at a time.
 */
#ifndef KAB_REDIS_H
#define KAB_REDIS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"

typedef struct kab_redis_s kab_redis_t;

/* urls: "unix:/path", "redis://host:port", asked in order until one answers as
 * a master. Time-outs: connect 1 s, command 1 s. No network yet. The strings must outlive it. */
kab_redis_t *kab_redis_open(const char *const *urls, unsigned n);
void kab_redis_close(kab_redis_t *redis);
uint64_t kab_redis_commands(const kab_redis_t *redis);

/* Scripts stand, named, beside their caller. Called by EVALSHA, loaded when unknown. */
typedef struct {
    const char *name;
    const char *lua;
} kab_script_t;

typedef enum { KAB_R_NIL, KAB_R_INT, KAB_R_TEXT, KAB_R_ARRAY } kab_redis_type_t;
typedef struct kab_redis_reply_s {
    kab_redis_type_t type;
    int64_t i;
    kab_span_t text;                      /* in the arena */
    const struct kab_redis_reply_s *item; /* ARRAY */
    size_t n;
} kab_redis_reply_t;

typedef struct {
    kab_redis_t *redis;
    kab_arena_t *arena;
    kab_log_t *log;
} kab_cache_t; /* what a caller of commands has at hand */

/* argv is binary-safe. KAB_OK, KAB_E_UNAVAILABLE (away, timed out, read-only, out of
 * memory), KAB_E_INTERNAL. */
kab_err_t kab_redis_command(const kab_cache_t *cache, const kab_span_t *argv, size_t n,
                            const kab_redis_reply_t **reply);
kab_err_t kab_redis_script(const kab_cache_t *cache, const kab_script_t *script,
                           const kab_span_t *keys, size_t keys_n, const kab_span_t *args,
                           size_t args_n, const kab_redis_reply_t **reply);

/* Several scripts in one round trip: all are tried, in any order, and the first error is the
 * result. */
typedef struct {
    const kab_script_t *script;
    const kab_span_t *keys;
    size_t keys_n;
    const kab_span_t *args;
    size_t args_n;
    const kab_redis_reply_t *reply; /* out; NULL if it failed */
} kab_run_t;
enum { KAB_RUNS = 4 };
kab_err_t kab_redis_scripts(const kab_cache_t *cache, kab_run_t *runs, size_t n);

#endif

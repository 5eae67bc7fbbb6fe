/* A gateway's stores at hand, for programs that fill them before something is measured. */
#ifndef KAB_BENCH_WORLD_H
#define KAB_BENCH_WORLD_H

#include <stdio.h>

#include "engine/call.h"

typedef struct {
    kab_config_t *config;
    kab_t *kab;
    kab_thread_t *thread;
    kab_log_t log;
    kab_world_t w;
} bench_t;

/* False: said why. Of what was opened nothing is closed then; the program ends. */
static inline bool bench_open(bench_t *b, const char *conf)
{
    kab_arena_t *arena = kab_arena_open();

    *b = (bench_t){.config = kab_config_new()};
    const char *words = kab_config_read(b->config, conf);
    if (words || kab_open(b->config, NULL, &b->kab) ||
        kab_thread_open(b->kab, KAB_LANE_DB, &b->thread)) {
        fprintf(stderr, "%s\n", words ? words : "cannot open the gateway");
        return false;
    }
    b->w = (kab_world_t){.db = {b->thread->pg, arena, &b->log},
                         .cache = {b->thread->redis, arena, &b->log},
                         .ring = b->kab->config->ring,
                         .env = &b->kab->env,
                         .arena = arena,
                         .log = &b->log};
    return true;
}

static inline void bench_close(bench_t *b)
{
    kab_arena_close(b->w.arena);
    kab_thread_close(b->thread);
    kab_close(b->kab);
    kab_config_free(b->config);
}

#endif

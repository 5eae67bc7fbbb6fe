/* What the store tests share: a world on the private servers with a clock and dice of its own. */
#ifndef KAB_STORE_WORLD_H
#define KAB_STORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "cabinet/retention.h"
#include "cabinet/world.h"
#include "store/migrate.h"

typedef struct {
    kab_world_t w;
    kab_env_t env;
    kab_log_t log;
    kab_time_t now;
    uint64_t dice;
    kab_keyring_t *ring;
    const char *urls[1];
    kab_pg_t *other; /* a second connection, to disturb the first */
} store_t;

static const kab_retention_t store_keep = {.events = KAB_YEAR,
                                           .audit = 3 * KAB_YEAR,
                                           .challenges = 30 * KAB_DAY,
                                           .consents = 3 * KAB_YEAR,
                                           .devices = 3 * KAB_YEAR};

static inline uint64_t store_roll(store_t *s)
{
    s->dice ^= s->dice >> 12;
    s->dice ^= s->dice << 25;
    s->dice ^= s->dice >> 27;
    return s->dice * 2685821657736338717ULL;
}

static inline kab_time_t store_now(void *ctx)
{
    return ((store_t *)ctx)->now;
}

static inline void store_random(void *ctx, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)(store_roll(ctx) >> 24);
    }
}

/* A statement from the side, as an administrator would. */
static inline kab_err_t store_other(store_t *s, const char *sql)
{
    kab_db_t db = {s->other, s->w.arena, NULL};
    return kab_pg_script(&db, sql);
}

static inline const kab_redis_reply_t *store_redis(store_t *s, const char *command)
{
    kab_span_t words[8], rest = kab_span_of(command);
    size_t n = 0;
    const kab_redis_reply_t *reply = NULL;
    while (rest.n > 0 && n < 8) {
        words[n++] = kab_span_cut(&rest, ' ');
    }
    assert_int_equal(kab_redis_command(&s->w.cache, words, n, &reply), KAB_OK);
    return reply;
}

static inline int store_setup(void **state)
{
    const char *conninfo = getenv("KAB_TEST_PG"), *redis = getenv("KAB_TEST_REDIS");
    char folder[] = "/tmp/kab-ring.XXXXXX", path[64], why[128];
    unsigned applied;
    if (conninfo == NULL || redis == NULL || mkdtemp(folder) == NULL) {
        fprintf(stderr, "run me by tests/with-servers.sh\n");
        return -1;
    }
    store_t *s = calloc(1, sizeof *s);
    snprintf(path, sizeof path, "%s/keys", folder);
    s->now = kab_env_system.now(kab_env_system.ctx);
    kab_env_system.random(kab_env_system.ctx, (uint8_t *)&s->dice, sizeof s->dice);
    s->dice |= 1;
    s->env = (kab_env_t){store_now, store_random, s};
    if (!kab_keyring_create(path, &kab_env_system, why, sizeof why)) {
        fprintf(stderr, "%s\n", why);
        return -1;
    }
    s->ring = kab_keyring_open(path, why, sizeof why);
    unlink(path);
    rmdir(folder);
    s->urls[0] = redis;
    s->other = kab_pg_open(conninfo);
    s->w.arena = kab_arena_open();
    s->w.log = &s->log;
    s->w.ring = s->ring;
    s->w.env = &s->env;
    s->w.db = (kab_db_t){kab_pg_open(conninfo), s->w.arena, &s->log};
    s->w.cache = (kab_cache_t){kab_redis_open(s->urls, 1), s->w.arena, &s->log};
    *state = s;
    return s->ring == NULL || kab_migrate(&s->w.db, &applied) != KAB_OK;
}

static inline int store_teardown(void **state)
{
    store_t *s = *state;
    kab_pg_close(s->w.db.pg);
    kab_pg_close(s->other);
    kab_redis_close(s->w.cache.redis);
    kab_keyring_close(s->ring);
    kab_arena_close(s->w.arena);
    free(s);
    return 0;
}

static inline kab_iin_t store_iin(store_t *s)
{
    kab_iin_t iin = {{0}};
    for (int i = 0; i < KAB_IIN_DIGITS; i++) {
        iin.digits[i] = (char)('0' + store_roll(s) % 10);
    }
    return iin;
}

static inline bool log_has(const store_t *s, const char *text)
{
    for (int i = 0; i < KAB_LOG_LINES; i++) {
        if (strstr(s->log.line[i], text) != NULL) {
            return true;
        }
    }
    return false;
}

#endif

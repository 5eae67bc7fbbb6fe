/*
 * The copy of a session and its idle clock in Redis.
 *
 * A clock that is not there has run out, or Redis lost it. kabinet:epoch, which is
 * lost with everything else, holds the time since when this Redis remembers: as
 * long as a whole idle time has not passed since then, nothing can have run out and
 * the clock begins anew. The same holds after the session was made and after this
 * process last found Redis away, when clocks could not be wound. So losing Redis
 * signs nobody out, and an idle session ends at most one idle time late.
 *
 * An ended session leaves a tombstone in place of its copy, so that a look-up which read
 * PostgreSQL before the end cannot put the copy back.
 */
#include "cabinet/session/session_cache.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COPY_LIFE = 60,
    TOUCH = 120,
    TOMBSTONE_LIFE = 120 /* s */,
    FORMAT = 1,
    PACKED = 1 + 16 + 16 + 12 + 4 + 4 + 2
};

static _Atomic kab_time_t redis_away;

static const kab_script_t script_put = {"session_put",
                                        "if redis.call('GET', KEYS[1]) == '-' then return 0 end "
                                        "redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) "
                                        "redis.call('SET', KEYS[2], '1', 'EX', ARGV[3]) return 1"};
static const kab_script_t script_forget = {"session_forget",
                                           "redis.call('SET', KEYS[1], '-', 'EX', ARGV[1]) "
                                           "redis.call('DEL', KEYS[2]) "
                                           "redis.call('PUBLISH', ARGV[2], ARGV[3]) return 1"};
static const kab_script_t script_epoch = {
    "epoch", "local e = redis.call('GET', KEYS[1]) if e then return e end "
             "redis.call('SET', KEYS[1], ARGV[1]) return ARGV[1]"};

void kab_session_keys(const uint8_t id[KAB_SESSION_ID], char copy[KAB_SESSION_KEY],
                      char idle[KAB_SESSION_KEY])
{
    char name[KAB_B64_SIZE(KAB_SESSION_ID)];
    kab_b64url(id, KAB_SESSION_ID, name);
    snprintf(copy, KAB_SESSION_KEY, "kabinet:{%s}:s", name);
    snprintf(idle, KAB_SESSION_KEY, "kabinet:{%s}:i", name);
}

static void put32(uint8_t *out, uint32_t v)
{
    for (int i = 3; i >= 0; i--, v >>= 8) {
        out[i] = (uint8_t)v;
    }
}

static uint32_t get32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

kab_span_t kab_session_pack(const kab_world_t *w, const kab_session_t *s)
{
    uint8_t plain[PACKED];
    char copy[KAB_SESSION_KEY], idle[KAB_SESSION_KEY];
    kab_session_keys(s->id, copy, idle);
    plain[0] = FORMAT;
    memcpy(plain + 1, s->account.b, 16);
    memcpy(plain + 17, s->public_id.b, 16);
    memcpy(plain + 33, s->iin, 12);
    put32(plain + 45, s->auth_time);
    put32(plain + 49, s->expires_at);
    plain[53] = (uint8_t)(s->methods >> 8);
    plain[54] = (uint8_t)s->methods;
    kab_place_t place = {"redis", "session", kab_span_of(copy)};
    kab_span_t sealed = kab_seal(w->arena, w->ring, w->env, place, (kab_span_t){plain, PACKED});
    kab_wipe(plain, sizeof plain);
    return sealed;
}

bool kab_session_unpack(const kab_keyring_t *ring, const uint8_t id[KAB_SESSION_ID],
                        kab_span_t value, kab_session_t *out)
{
    uint8_t plain[PACKED];
    char copy[KAB_SESSION_KEY], idle[KAB_SESSION_KEY];
    kab_session_keys(id, copy, idle);
    kab_place_t place = {"redis", "session", kab_span_of(copy)};
    if (!kab_unseal_into(ring, place, value, plain, PACKED) || plain[0] != FORMAT) {
        return false;
    }
    memset(out, 0, sizeof *out);
    memcpy(out->id, id, KAB_SESSION_ID);
    memcpy(out->account.b, plain + 1, 16);
    memcpy(out->public_id.b, plain + 17, 16);
    memcpy(out->iin, plain + 33, 12);
    out->auth_time = get32(plain + 45);
    out->expires_at = get32(plain + 49);
    out->methods = (uint16_t)(plain[53] << 8 | plain[54]);
    kab_wipe(plain, PACKED);
    return true;
}

static kab_span_t number(char out[24], int64_t n)
{
    snprintf(out, 24, "%" PRId64, n);
    return kab_span_of(out);
}

static const kab_span_t epoch_key = KAB_SPAN("kabinet:epoch");

/* The time since when this Redis remembers. */
static kab_err_t epoch(const kab_world_t *w, kab_time_t now, kab_time_t *since)
{
    const kab_redis_reply_t *reply = NULL;
    char text[24];
    kab_span_t arg = number(text, now);
    kab_err_t err = kab_redis_script(&w->cache, &script_epoch, &epoch_key, 1, &arg, 1, &reply);
    *since = 0;
    if (err == KAB_OK && reply->type == KAB_R_TEXT) {
        const char *digits = kab_text(w->arena, reply->text);
        *since = digits == NULL ? now : strtoll(digits, NULL, 10);
    }
    return err;
}

static kab_time_t later(kab_time_t a, kab_time_t b)
{
    return a > b ? a : b;
}

bool kab_session_idle_over(const kab_world_t *w, const kab_session_limits_t *limits,
                           const uint8_t id[KAB_SESSION_ID], kab_time_t created_at)
{
    const kab_redis_reply_t *reply = NULL;
    char copy[KAB_SESSION_KEY], idle[KAB_SESSION_KEY];
    kab_time_t now = w->env->now(w->env->ctx), since;
    kab_session_keys(id, copy, idle);
    kab_span_t argv[] = {KAB_SPAN("GET"), kab_span_of(idle)};
    kab_time_t idle_time = (kab_time_t)limits->idle * KAB_SECOND;
    if (w->cache.redis == NULL || now <= created_at + idle_time) {
        return false; /* a clock that began with the session cannot have run out yet */
    }
    kab_err_t err = kab_redis_command(&w->cache, argv, 2, &reply);
    if (err == KAB_OK && reply->type != KAB_R_NIL) {
        return false;
    }
    if (err == KAB_OK) {
        err = epoch(w, now, &since);
    }
    if (err != KAB_OK) {
        atomic_store(&redis_away, now);
        return false;
    }
    since = later(later(since, created_at), atomic_load(&redis_away));
    return now > since + idle_time;
}

unsigned kab_session_touch(const kab_session_limits_t *limits)
{
    unsigned tenth = limits->idle / 10 + 1;
    return tenth < TOUCH ? tenth : TOUCH;
}

void kab_session_cache(const kab_world_t *w, const kab_session_limits_t *limits,
                       const kab_session_t *s)
{
    char copy[KAB_SESSION_KEY], idle[KAB_SESSION_KEY];
    char life_text[24], idle_text[24], now_text[24];
    kab_time_t now = w->env->now(w->env->ctx);
    int64_t left = (int64_t)s->expires_at - now / KAB_SECOND;
    int64_t clock = (int64_t)limits->idle + kab_session_touch(limits);
    if (w->cache.redis == NULL || left <= 0) {
        return;
    }
    kab_session_keys(s->id, copy, idle);
    kab_span_t keys[] = {kab_span_of(copy), kab_span_of(idle)};
    kab_span_t args[] = {kab_session_pack(w, s),
                         number(life_text, left < COPY_LIFE ? left : COPY_LIFE),
                         number(idle_text, clock > 0 ? clock : 1)};
    kab_span_t epoch_arg = number(now_text, now);
    kab_run_t runs[] = {{&script_epoch, &epoch_key, 1, &epoch_arg, 1, NULL},
                        {&script_put, keys, 2, args, 3, NULL}};
    if (args[0].n == 0 || kab_redis_scripts(&w->cache, runs, 2) != KAB_OK) {
        atomic_store(&redis_away, now);
        kab_log(w->log, KAB_LOG_WARN, "session: no copy left in redis");
    }
}

void kab_session_forget(const kab_world_t *w, const kab_ended_t *ended)
{
    char copy[KAB_SESSION_KEY], idle[KAB_SESSION_KEY], life[24];
    for (unsigned i = 0; i < ended->n && w->cache.redis != NULL; i++) {
        kab_session_keys(ended->id[i], copy, idle);
        kab_span_t keys[] = {kab_span_of(copy), kab_span_of(idle)};
        kab_span_t args[] = {number(life, TOMBSTONE_LIFE),
                             kab_span_of(KAB_ENDED_CHANNEL),
                             {ended->id[i], KAB_SESSION_ID}};
        if (kab_redis_script(&w->cache, &script_forget, keys, 2, args, 3, NULL) != KAB_OK) {
            kab_log(w->log, KAB_LOG_WARN, "session: copies of %u ended ones stay in redis for %d s",
                    ended->n - i, COPY_LIFE);
            return;
        }
    }
}

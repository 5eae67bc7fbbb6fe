/*
 * The lanes. kab_lane_try is the rule; script_lane is the same rule where all
 * machines meet, and a test drives both. Lua's numbers are doubles, exact for
 * microseconds until the year 2255.
 */
#include "cabinet/throttle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const kab_throttle_limits_t kab_throttle_default = {5, 100, 1000, 10000};

static const kab_time_t waits[] = {5 * KAB_SECOND, 15 * KAB_SECOND, 60 * KAB_SECOND,
                                   300 * KAB_SECOND, 900 * KAB_SECOND};
enum { WAITS = sizeof waits / sizeof *waits };

static kab_time_t wait_after(const kab_throttle_limits_t *limits, int64_t failures)
{
    if (failures < limits->free) {
        return 0;
    }
    int64_t i = failures - limits->free;
    return waits[i < WAITS ? i : WAITS - 1];
}

kab_try_t kab_lane_try(const kab_throttle_limits_t *limits, kab_lane_state_t *state, kab_time_t now)
{
    if (now > state->last) {
        int64_t hours = (now - state->last) / KAB_HOUR;
        if (hours >= state->failures) {
            state->failures = 0;
            state->last = now;
        } else {
            state->failures -= hours;
            state->last += hours * KAB_HOUR;
        }
    }
    if (now < state->until) {
        /* A clock set back must not lengthen a wait. */
        kab_time_t wait = state->until - now, most = waits[WAITS - 1];
        return (kab_try_t){false, wait < most ? wait : most, state->failures};
    }
    state->failures++;
    state->until = now + wait_after(limits, state->failures);
    return (kab_try_t){true, 0, state->failures};
}

static const kab_script_t script_lane = {
    "lane_try",
    "local s = redis.call('HMGET', KEYS[1], 'f', 'l', 'u') "
    "local f, l, u = tonumber(s[1] or 0), tonumber(s[2] or 0), tonumber(s[3] or 0) "
    "local now, free, hour = tonumber(ARGV[1]), tonumber(ARGV[2]), 3600000000 "
    "local waits = {5, 15, 60, 300, 900} "
    "if now > l then "
    " local hours = math.floor((now - l) / hour) "
    " if hours >= f then f = 0 l = now else f = f - hours l = l + hours * hour end "
    "end "
    "local ok, wait = 0, 0 "
    "if now < u then wait = math.min(u - now, 900000000) "
    "else ok = 1 f = f + 1 u = now "
    " if f >= free then u = now + waits[math.min(f - free + 1, 5)] * 1000000 end "
    "end "
    "redis.call('HSET', KEYS[1], 'f', string.format('%.0f', f), 'l', string.format('%.0f', l),"
    " 'u', string.format('%.0f', u)) "
    "redis.call('EXPIRE', KEYS[1], (f + 1) * 3600) "
    "return {ok, wait, f}"};
/* A known browser's lane goes; the strangers' gets one try back. */
static const kab_script_t script_lane_back = {
    "lane_back", "if ARGV[1] == '1' then return redis.call('DEL', KEYS[1]) end "
                 "local f = tonumber(redis.call('HGET', KEYS[1], 'f') or 0) "
                 "if f > 0 then redis.call('HSET', KEYS[1], 'f', string.format('%.0f', f - 1),"
                 " 'u', '0') end return 1"};
/* Distinct IINs of the last hour, as a set ordered by time; it never outgrows the limit. */
static const kab_script_t script_address = {
    "address_try",
    "local now, limit = tonumber(ARGV[1]), tonumber(ARGV[3]) "
    "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - 3600000000)) "
    "if ARGV[4] == '1' then return 0 end "
    "if not redis.call('ZSCORE', KEYS[1], ARGV[2]) and redis.call('ZCARD', KEYS[1]) >= limit then "
    " local old = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES') "
    " return math.max(1, tonumber(old[2]) + 3600000000 - now) "
    "end "
    "redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2]) "
    "redis.call('EXPIRE', KEYS[1], 3600) return 0"};
static const kab_script_t script_address_back = {"address_back",
                                                 "return redis.call('ZREM', KEYS[1], ARGV[1])"};
static const kab_script_t script_count = {
    "count", "local n = redis.call('INCR', KEYS[1]) "
             "if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end "
             "if n > tonumber(ARGV[1]) then return math.max(1, redis.call('PTTL', KEYS[1])) end "
             "return 0"};

enum { KEY_SIZE = 64, NAME_BYTES = 16 };

/* kabinet:{HMAC of what it counts}:t */
static kab_span_t key_of(const kab_keyring_t *ring, const char *domain, kab_span_t value,
                         char out[KEY_SIZE])
{
    uint8_t mac[KAB_INDEX_BYTES];
    char name[KAB_B64_SIZE(NAME_BYTES)];
    kab_index(ring, KAB_KEY_THROTTLE, domain, value, mac);
    kab_b64url(mac, NAME_BYTES, name);
    snprintf(out, KEY_SIZE, "kabinet:{%s}:t", name);
    return kab_span_of(out);
}

static kab_span_t lane_key(const kab_world_t *w, const kab_iin_t *iin, const uint8_t *browser,
                           char out[KEY_SIZE])
{
    uint8_t value[KAB_IIN_DIGITS + 32];
    memcpy(value, iin->digits, KAB_IIN_DIGITS);
    if (browser == NULL) {
        return key_of(w->ring, "lane", (kab_span_t){value, KAB_IIN_DIGITS}, out);
    }
    memcpy(value + KAB_IIN_DIGITS, browser, 32);
    return key_of(w->ring, "browser lane", (kab_span_t){value, sizeof value}, out);
}

kab_span_t kab_throttle_network(const uint8_t address[16])
{
    static const uint8_t v4[12] = {[10] = 0xff, [11] = 0xff};
    return (kab_span_t){address, memcmp(address, v4, sizeof v4) == 0 ? 16 : 8};
}

static kab_span_t address_key(const kab_world_t *w, const uint8_t address[16], char out[KEY_SIZE])
{
    return key_of(w->ring, "address", kab_throttle_network(address), out);
}

static kab_span_t member_of(const kab_world_t *w, const kab_iin_t *iin,
                            uint8_t out[KAB_INDEX_BYTES])
{
    kab_index(w->ring, KAB_KEY_THROTTLE, "address iin",
              (kab_span_t){(const uint8_t *)iin->digits, KAB_IIN_DIGITS}, out);
    return (kab_span_t){out, 8};
}

static kab_span_t number(char out[24], int64_t n)
{
    snprintf(out, 24, "%" PRId64, n);
    return kab_span_of(out);
}

static kab_err_t reserve_address(const kab_world_t *w, const kab_throttle_limits_t *limits,
                                 const kab_iin_t *iin, bool known, const uint8_t address[16],
                                 bool carrier, kab_time_t *wait)
{
    const kab_redis_reply_t *reply = NULL;
    char key_text[KEY_SIZE], now_text[24], limit_text[24];
    uint8_t member[KAB_INDEX_BYTES];
    unsigned limit = carrier ? limits->address_carrier : limits->address;
    kab_span_t key = address_key(w, address, key_text);
    kab_span_t args[] = {number(now_text, w->env->now(w->env->ctx)), member_of(w, iin, member),
                         number(limit_text, limit), known ? KAB_SPAN("1") : KAB_SPAN("0")};
    kab_err_t err = kab_redis_script(&w->cache, &script_address, &key, 1, args, 4, &reply);
    if (err == KAB_OK && reply->type != KAB_R_INT) {
        err = KAB_E_UNAVAILABLE;
    }
    *wait = err == KAB_OK ? reply->i : 0;
    return err;
}

/* The address comes first, so that a refused one does not use up the IIN's tries. */
kab_err_t kab_throttle_reserve(const kab_world_t *w, const kab_throttle_limits_t *limits,
                               const kab_iin_t *iin, const uint8_t *browser,
                               const uint8_t address[16], bool carrier, kab_try_t *out)
{
    const kab_redis_reply_t *reply = NULL;
    char key_text[KEY_SIZE], now_text[24], free_text[24];
    *out = (kab_try_t){false, 0, 0};
    kab_err_t err = reserve_address(w, limits, iin, browser != NULL, address, carrier, &out->wait);
    if (err != KAB_OK || out->wait > 0) {
        return err == KAB_OK ? KAB_OK : KAB_E_UNAVAILABLE;
    }
    kab_span_t key = lane_key(w, iin, browser, key_text);
    kab_span_t args[] = {number(now_text, w->env->now(w->env->ctx)),
                         number(free_text, limits->free)};
    err = kab_redis_script(&w->cache, &script_lane, &key, 1, args, 2, &reply);
    if (err != KAB_OK || reply->type != KAB_R_ARRAY || reply->n != 3) {
        return KAB_E_UNAVAILABLE;
    }
    *out = (kab_try_t){reply->item[0].i == 1, reply->item[1].i, reply->item[2].i};
    return KAB_OK;
}

void kab_throttle_release(const kab_world_t *w, const kab_iin_t *iin, const uint8_t *browser,
                          const uint8_t address[16])
{
    char lane_text[KEY_SIZE], address_text[KEY_SIZE];
    uint8_t member[KAB_INDEX_BYTES];
    kab_span_t lane = lane_key(w, iin, browser, lane_text);
    kab_span_t known = browser != NULL ? KAB_SPAN("1") : KAB_SPAN("0");
    kab_span_t network = address_key(w, address, address_text), who = member_of(w, iin, member);
    kab_run_t runs[] = {{&script_lane_back, &lane, 1, &known, 1, NULL},
                        {&script_address_back, &network, 1, &who, 1, NULL}};
    if (kab_redis_scripts(&w->cache, runs, 2) != KAB_OK) {
        kab_log(w->log, KAB_LOG_WARN, "throttle: a try was not given back");
    }
}

kab_err_t kab_throttle_count(const kab_world_t *w, const char *what, kab_span_t key, unsigned limit,
                             unsigned seconds, kab_time_t *wait)
{
    const kab_redis_reply_t *reply = NULL;
    char key_text[KEY_SIZE], limit_text[24], seconds_text[24], domain[64];
    snprintf(domain, sizeof domain, "count %s", what);
    kab_span_t name = key_of(w->ring, domain, key, key_text);
    kab_span_t args[] = {number(limit_text, limit), number(seconds_text, seconds)};
    *wait = 0;
    kab_err_t err = kab_redis_script(&w->cache, &script_count, &name, 1, args, 2, &reply);
    if (err != KAB_OK || reply->type != KAB_R_INT) {
        return KAB_E_UNAVAILABLE;
    }
    *wait = reply->i * KAB_MS;
    return reply->i > 0 ? KAB_E_THROTTLED : KAB_OK;
}

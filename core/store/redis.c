/*
 * One connection. A command whose answer did not come is never sent again: a try
 * counted twice is a person made to wait, so the connection is looked at before sending.
 * Plain functions of hiredis only, which 0.14 and 1.2 share.
 */
#include "store/redis.h"

#include <hiredis/hiredis.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RETRY_PAUSE = 250 /* ms */, HOST_SIZE = 256, ARGS = 16 };

struct kab_redis_s {
    const char *const *urls;
    unsigned n;
    redisContext *ctx;
    int64_t retry_at; /* ms, monotonic */
    uint64_t commands;
};

static const struct timeval second = {1, 0};

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

kab_redis_t *kab_redis_open(const char *const *urls, unsigned n)
{
    kab_redis_t *redis = calloc(1, sizeof *redis);
    if (redis != NULL) {
        redis->urls = urls;
        redis->n = n;
    }
    return redis;
}

static void drop(kab_redis_t *redis)
{
    if (redis->ctx != NULL) {
        redisFree(redis->ctx);
        redis->ctx = NULL;
    }
}

void kab_redis_close(kab_redis_t *redis)
{
    if (redis != NULL) {
        drop(redis);
        free(redis);
    }
}

uint64_t kab_redis_commands(const kab_redis_t *redis)
{
    return redis->commands;
}

/* "unix:/path", "redis://host:port", "redis://[v6]:port" */
static redisContext *dial(const char *url)
{
    if (strncmp(url, "unix:", 5) == 0) {
        return redisConnectUnixWithTimeout(url + 5, second);
    }
    if (strncmp(url, "redis://", 8) != 0) {
        return NULL;
    }
    const char *start = url + 8, *colon = strrchr(start, ':');
    size_t n =
        colon == NULL || strchr(colon, ']') != NULL ? strlen(start) : (size_t)(colon - start);
    long port = start[n] == ':' ? strtol(start + n + 1, NULL, 10) : 6379;
    char host[HOST_SIZE];
    if (n >= 2 && start[0] == '[' && start[n - 1] == ']') {
        start++;
        n -= 2;
    }
    if (n == 0 || n >= sizeof host || port < 1 || port > 65535) {
        return NULL;
    }
    memcpy(host, start, n);
    host[n] = '\0';
    return redisConnectWithTimeout(host, (int)port, second);
}

static bool is_master(redisContext *ctx)
{
    redisReply *reply = redisCommand(ctx, "ROLE");
    bool ok = reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
              reply->element[0]->type == REDIS_REPLY_STRING &&
              strcmp(reply->element[0]->str, "master") == 0;
    if (reply != NULL) {
        freeReplyObject(reply);
    }
    return ok;
}

static bool ready(const kab_cache_t *cache)
{
    kab_redis_t *redis = cache->redis;
    if (redis->ctx != NULL) {
        /* Nothing is owed to us, so something to read can only be the end. */
        struct pollfd p = {.fd = redis->ctx->fd, .events = POLLIN};
        if (redis->ctx->err == 0 && poll(&p, 1, 0) == 0) {
            return true;
        }
        drop(redis);
    }
    if (clock_ms() < redis->retry_at) {
        return false;
    }
    for (unsigned i = 0; i < redis->n; i++) {
        redis->ctx = dial(redis->urls[i]);
        if (redis->ctx != NULL && redis->ctx->err == 0 &&
            redisSetTimeout(redis->ctx, second) == REDIS_OK && is_master(redis->ctx)) {
            return true;
        }
        drop(redis);
    }
    redis->retry_at = clock_ms() + RETRY_PAUSE;
    kab_log(cache->log, KAB_LOG_ERROR, "redis: no master answers");
    return false;
}

static bool fill(kab_arena_t *arena, const redisReply *from, kab_redis_reply_t *to)
{
    switch (from->type) {
    case REDIS_REPLY_INTEGER:
        to->type = KAB_R_INT;
        to->i = from->integer;
        return true;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        to->type = KAB_R_TEXT;
        to->text = kab_copy(arena, (kab_span_t){(const uint8_t *)from->str, (size_t)from->len});
        return to->text.p != NULL || from->len == 0;
    case REDIS_REPLY_ARRAY: {
        kab_redis_reply_t *item = kab_alloc(arena, (from->elements + 1) * sizeof *item);
        if (item == NULL) {
            return false;
        }
        to->type = KAB_R_ARRAY;
        to->n = from->elements;
        to->item = item;
        for (size_t i = 0; i < from->elements; i++) {
            if (!fill(arena, from->element[i], &item[i])) {
                return false;
            }
        }
        return true;
    }
    default:
        to->type = KAB_R_NIL;
        return true;
    }
}

/* What an error of the server means. Inside a script's error the cause may stand anywhere. */
static kab_err_t judge(const kab_cache_t *cache, const char *name, const char *text)
{
    static const struct {
        const char *word;
        bool lost; /* another server may do better */
    } later[] = {
        {"READONLY", true},  {"MASTERDOWN", true},
        {"LOADING", true},   {"CLUSTERDOWN", true},
        {"OOM ", false},     {"BUSY ", false},
        {"MISCONF", false},  {"NOREPLICAS", false},
        {"TRYAGAIN", false}, {"max number of clients", true},
    };
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        if (strstr(text, later[i].word) != NULL) {
            kab_log(cache->log, KAB_LOG_ERROR, "redis: %s: %s", name, later[i].word);
            if (later[i].lost) {
                drop(cache->redis);
            }
            return KAB_E_UNAVAILABLE;
        }
    }
    /* Only the first word: what follows may hold arguments. */
    kab_log(cache->log, KAB_LOG_ERROR, "redis: %s: %.*s", name, (int)strcspn(text, " "), text);
    return KAB_E_INTERNAL;
}

/* Reads one answer. *unknown (may be NULL) is set instead of failing for -NOSCRIPT. */
static kab_err_t take(const kab_cache_t *cache, const char *name, bool *unknown,
                      const kab_redis_reply_t **out)
{
    kab_redis_t *redis = cache->redis;
    kab_err_t err = KAB_OK;
    void *got = NULL;
    if (redis->ctx == NULL || redisGetReply(redis->ctx, &got) != REDIS_OK) {
        kab_log(cache->log, KAB_LOG_ERROR, "redis: %s: no answer", name);
        drop(redis);
        return KAB_E_UNAVAILABLE;
    }
    const redisReply *reply = got;
    if (reply->type == REDIS_REPLY_ERROR) {
        if (unknown != NULL && strncmp(reply->str, "NOSCRIPT", 8) == 0) {
            *unknown = true;
        } else {
            err = judge(cache, name, reply->str);
        }
    } else if (out != NULL) {
        kab_redis_reply_t *filled = kab_alloc(cache->arena, sizeof *filled);
        if (filled == NULL || !fill(cache->arena, reply, filled)) {
            err = KAB_E_INTERNAL;
        }
        *out = filled;
    }
    freeReplyObject(got);
    return err;
}

static const char *word(kab_span_t span)
{
    return span.n == 0 ? "" : (const char *)span.p;
}

kab_err_t kab_redis_command(const kab_cache_t *cache, const kab_span_t *argv, size_t n,
                            const kab_redis_reply_t **reply)
{
    const char *words[ARGS];
    size_t lengths[ARGS];
    char name[16] = "";
    if (n == 0 || n > ARGS || argv[0].n >= sizeof name) {
        return KAB_E_INTERNAL;
    }
    if (cache->redis == NULL || !ready(cache)) {
        return KAB_E_UNAVAILABLE;
    }
    memcpy(name, argv[0].p, argv[0].n);
    for (size_t i = 0; i < n; i++) {
        words[i] = word(argv[i]);
        lengths[i] = argv[i].n;
    }
    cache->redis->commands++;
    if (redisAppendCommandArgv(cache->redis->ctx, (int)n, words, lengths) != REDIS_OK) {
        drop(cache->redis);
        return KAB_E_UNAVAILABLE;
    }
    return take(cache, name, NULL, reply);
}

static bool digest_of(const kab_script_t *script, char out[KAB_HEX_SIZE(20)])
{
    uint8_t sha1[20]; /* the name that Redis gives a script */
    if (EVP_Digest(script->lua, strlen(script->lua), sha1, NULL, EVP_sha1(), NULL) != 1) {
        return false;
    }
    kab_hex(sha1, sizeof sha1, out);
    return true;
}

/* Puts it behind what is to be sent. By its digest, or whole, which makes Redis keep it. */
static bool append(const kab_cache_t *cache, const kab_run_t *run, bool whole)
{
    static const char *const counts[] = {"0", "1", "2", "3", "4"};
    char sha1[KAB_HEX_SIZE(20)];
    const char *words[3 + ARGS];
    size_t lengths[3 + ARGS], n = 3;
    if (run->keys_n > 4 || run->keys_n + run->args_n > ARGS || !digest_of(run->script, sha1)) {
        return false;
    }
    words[0] = whole ? "EVAL" : "EVALSHA";
    words[1] = whole ? run->script->lua : sha1;
    words[2] = counts[run->keys_n];
    for (size_t i = 0; i < 3; i++) {
        lengths[i] = strlen(words[i]);
    }
    for (size_t i = 0; i < run->keys_n + run->args_n; i++, n++) {
        kab_span_t span = i < run->keys_n ? run->keys[i] : run->args[i - run->keys_n];
        words[n] = word(span);
        lengths[n] = span.n;
    }
    return redisAppendCommandArgv(cache->redis->ctx, (int)n, words, lengths) == REDIS_OK;
}

/* A restarted Redis, which knows no script, costs one more round trip. */
static kab_err_t run_whole(const kab_cache_t *cache, kab_run_t *run)
{
    if (!append(cache, run, true)) {
        drop(cache->redis);
        return KAB_E_INTERNAL;
    }
    return take(cache, run->script->name, NULL, &run->reply);
}

kab_err_t kab_redis_scripts(const kab_cache_t *cache, kab_run_t *runs, size_t n)
{
    bool unknown[KAB_RUNS] = {false};
    kab_err_t err = KAB_OK;
    if (n > KAB_RUNS) {
        return KAB_E_INTERNAL;
    }
    if (cache->redis == NULL || !ready(cache)) {
        return KAB_E_UNAVAILABLE;
    }
    for (size_t i = 0; i < n; i++) {
        runs[i].reply = NULL;
        if (!append(cache, &runs[i], false)) {
            drop(cache->redis); /* nothing was sent */
            return KAB_E_INTERNAL;
        }
    }
    cache->redis->commands += n;
    for (size_t i = 0; i < n; i++) {
        kab_err_t one = take(cache, runs[i].script->name, &unknown[i], &runs[i].reply);
        err = err == KAB_OK ? one : err;
    }
    for (size_t i = 0; i < n && err == KAB_OK; i++) {
        err = unknown[i] ? run_whole(cache, &runs[i]) : KAB_OK;
    }
    return err;
}

kab_err_t kab_redis_script(const kab_cache_t *cache, const kab_script_t *script,
                           const kab_span_t *keys, size_t keys_n, const kab_span_t *args,
                           size_t args_n, const kab_redis_reply_t **reply)
{
    kab_run_t run = {script, keys, keys_n, args, args_n, NULL};
    kab_err_t err = kab_redis_scripts(cache, &run, 1);
    if (reply != NULL) {
        *reply = run.reply;
    }
    return err;
}

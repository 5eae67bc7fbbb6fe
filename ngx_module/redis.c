/*
 * Redis on the event loop: one pipelined connection a worker that asks for missed
 * sessions, touches idle clocks and tells other machines of ended sessions, and
 * one that hears: what long polls wait for, and on worker 0 ended sessions. All commands of a turn of the loop
 * leave together, at its end.
 */

#include "redis_events.h"


#define NGX_HTTP_KABINET_REDIS_RETRY    500   /* ms before the next try to connect */
#define NGX_HTTP_KABINET_REDIS_SILENCE  200   /* ms that an answer may take */
#define NGX_HTTP_KABINET_REDIS_BEAT     1000  /* ms between two signs of life, and for one */


static void ngx_http_kabinet_redis_connect(ngx_http_kabinet_redis_t *redis);


/* ---- up and down ---- */

static void
ngx_http_kabinet_redis_gone(ngx_http_kabinet_redis_t *redis)
{
    redis->ac = NULL;
    redis->up = 0;
    redis->in_flight = 0;
    redis->pinged = 0;

    if (redis->silence.timer_set) {
        ngx_del_timer(&redis->silence);
    }

    if (ngx_exiting || ngx_quit || ngx_terminate) {
        return;
    }

    if (!redis->told) {
        redis->told = 1;
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0, "kabinet: Redis is away from the event loop");
    }

    ngx_add_timer(&redis->beat, NGX_HTTP_KABINET_REDIS_RETRY);
}


static void
ngx_http_kabinet_redis_disconnected(const redisAsyncContext *ac, int status)
{
    ngx_http_kabinet_redis_gone(ac->data);
}


static void
ngx_http_kabinet_redis_came(ngx_http_kabinet_redis_t *redis)
{
    redis->up = 1;

    if (redis->told) {
        redis->told = 0;
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "kabinet: Redis is heard again");
    }
}


/* From now on: who is still waited for, and how long. */
static void
ngx_http_kabinet_redis_wait(ngx_http_kabinet_redis_t *redis)
{
    /* first away with it: nginx does not move a timer by less than 300 ms */
    if (redis->silence.timer_set) {
        ngx_del_timer(&redis->silence);
    }

    if (redis->in_flight) {
        ngx_add_timer(&redis->silence, NGX_HTTP_KABINET_REDIS_SILENCE);

    } else if (redis->pinged) {
        ngx_add_timer(&redis->silence, NGX_HTTP_KABINET_REDIS_BEAT);
    }
}


static void
ngx_http_kabinet_redis_pong(redisAsyncContext *ac, void *data, void *privdata)
{
    redisReply                *reply = data;
    ngx_http_kabinet_redis_t  *redis = ac->data;

    redis->pinged = 0;
    ngx_http_kabinet_redis_wait(redis);

    if (reply == NULL) {
        return;
    }

    if (reply->type == REDIS_REPLY_STATUS) {
        ngx_http_kabinet_redis_came(redis);
    } else {
        redis->up = 0;  /* it is loading, or wants a password */
    }

    ngx_add_timer(&redis->beat, NGX_HTTP_KABINET_REDIS_BEAT);
}


/* Budgets that were evicted would be budgets forgotten (SECURITY 11). Hosted ones hide their policy. */
static void
ngx_http_kabinet_redis_policy(redisAsyncContext *ac, void *data, void *privdata)
{
    redisReply                *reply = data;
    ngx_http_kabinet_redis_t  *redis = ac->data;

    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2
        && reply->element[1]->type == REDIS_REPLY_STRING)
    {
        redis->evicts = ngx_strcmp(reply->element[1]->str, "noeviction") != 0;
    }
}


/* A frozen one accepts connections too: only its answer counts. */
static void
ngx_http_kabinet_redis_ping(ngx_http_kabinet_redis_t *redis)
{
    if (!redis->pinged && redisAsyncCommand(redis->ac, ngx_http_kabinet_redis_pong, NULL, "PING") == REDIS_OK) {
        redis->pinged = 1;
        (void) redisAsyncCommand(redis->ac, ngx_http_kabinet_redis_policy, NULL, "CONFIG GET maxmemory-policy");
        if (!redis->silence.timer_set) {
            ngx_http_kabinet_redis_wait(redis);
        }
    }
}


static void
ngx_http_kabinet_redis_connected(const redisAsyncContext *ac, int status)
{
    ngx_http_kabinet_redis_t  *redis = ac->data;

    if (status != REDIS_OK) {
        ngx_http_kabinet_redis_gone(redis);

    } else if (redis->subscriber) {
        ngx_http_kabinet_redis_came(redis);

    } else {
        ngx_http_kabinet_redis_ping(redis);
    }
}


/* An answer that takes too long is no answer: everybody in flight goes to the db lane. */
static void
ngx_http_kabinet_redis_silent(ngx_event_t *ev)
{
    ngx_http_kabinet_redis_t  *redis;

    redis = (ngx_http_kabinet_redis_t *) ((u_char *) ev - offsetof(ngx_http_kabinet_redis_t, silence));

    if (redis->ac) {
        redisAsyncFree(redis->ac);
    }
}


static void
ngx_http_kabinet_redis_beat(ngx_event_t *ev)
{
    ngx_http_kabinet_redis_t  *redis;

    redis = (ngx_http_kabinet_redis_t *) ((u_char *) ev - offsetof(ngx_http_kabinet_redis_t, beat));

    if (redis->ac) {
        ngx_http_kabinet_redis_ping(redis);

    } else if (!ngx_exiting) {
        ngx_http_kabinet_redis_connect(redis);
    }
}


/* ---- what is heard ---- */

static void
ngx_http_kabinet_redis_heard(redisAsyncContext *ac, void *data, void *privdata)
{
    redisReply                 *reply = data;
    ngx_http_kabinet_redis_t   *redis = ac->data;
    ngx_http_kabinet_worker_t  *w = redis->worker;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3
        || reply->element[0]->type != REDIS_REPLY_STRING || reply->element[2]->type != REDIS_REPLY_STRING
        || ngx_strcmp(reply->element[0]->str, "message") != 0
        || reply->element[2]->len != KAB_SESSION_ID)
    {
        return;
    }

    ngx_http_kabinet_table_drop(w->table, (uint8_t *) reply->element[2]->str,
                                w->conf->facts.session_stale + 10);
}


/* What was told before the subscription stood was not heard. */
static void
ngx_http_kabinet_redis_woken(redisAsyncContext *ac, void *data, void *privdata)
{
    redisReply                *reply = data;
    ngx_http_kabinet_redis_t  *redis = ac->data;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3
        || reply->element[0]->type != REDIS_REPLY_STRING)
    {
        return;
    }

    if (ngx_strcmp(reply->element[0]->str, "subscribe") == 0) {
        ngx_http_kabinet_polls_wake_all(redis->worker);

    } else if (reply->element[2]->type == REDIS_REPLY_STRING) {
        ngx_http_kabinet_polls_wake(redis->worker, (u_char *) reply->element[2]->str, reply->element[2]->len);
    }
}


static void
ngx_http_kabinet_redis_connect(ngx_http_kabinet_redis_t *redis)
{
    redisAsyncContext  *ac;

    ac = redis->port ? redisAsyncConnect(redis->host, redis->port) : redisAsyncConnectUnix(redis->host);

    if (ac == NULL) {
        ngx_http_kabinet_redis_gone(redis);
        return;
    }

    redis->ac = ac;
    if (ac->err || ngx_http_kabinet_redis_attach(redis) != NGX_OK) {
        redisAsyncFree(ac);
        ngx_http_kabinet_redis_gone(redis);
        return;
    }
    redisAsyncSetDisconnectCallback(ac, ngx_http_kabinet_redis_disconnected);
    redisAsyncSetConnectCallback(ac, ngx_http_kabinet_redis_connected);

    if (redis->subscriber) {
        (void) redisAsyncCommand(ac, ngx_http_kabinet_redis_woken, NULL, "SUBSCRIBE %s", KAB_WAKE_CHANNEL);
    }

    /* the table is shared: one worker is enough */
    if (redis->subscriber && (ngx_process == NGX_PROCESS_SINGLE || ngx_worker == 0)) {
        (void) redisAsyncCommand(ac, ngx_http_kabinet_redis_heard, NULL, "SUBSCRIBE %s", KAB_ENDED_CHANNEL);
    }
}


/* "unix:/path" or "redis://1.2.3.4:6379": a name would have to be looked up, which blocks. */
static ngx_int_t
ngx_http_kabinet_redis_address(ngx_http_kabinet_redis_t *redis, kab_span_t url)
{
    u_char     *colon, *p;
    size_t      n;
    ngx_int_t   port;

    if (kab_span_starts(url, "unix:")) {
        p = (u_char *) url.p + 5;
        n = url.n - 5;
        port = 0;

    } else if (kab_span_starts(url, "redis://")) {
        p = (u_char *) url.p + 8;
        colon = ngx_strlchr(p, (u_char *) url.p + url.n, ':');
        if (colon == NULL || ngx_inet_addr(p, colon - p) == INADDR_NONE) {
            return NGX_ERROR;
        }
        n = colon - p;
        port = ngx_atoi(colon + 1, url.p + url.n - colon - 1);
        if (port < 1 || port > 65535) {
            return NGX_ERROR;
        }

    } else {
        return NGX_ERROR;
    }

    if (n >= sizeof(redis->host)) {
        return NGX_ERROR;
    }

    ngx_memcpy(redis->host, p, n);
    redis->host[n] = '\0';
    redis->port = (int) port;

    return NGX_OK;
}


ngx_http_kabinet_redis_t *
ngx_http_kabinet_redis_open(ngx_http_kabinet_worker_t *w, ngx_uint_t subscriber)
{
    ngx_http_kabinet_redis_t  *redis;

    redis = ngx_calloc(sizeof(ngx_http_kabinet_redis_t), ngx_cycle->log);
    if (redis == NULL) {
        return NULL;
    }

    redis->worker = w;
    redis->subscriber = subscriber;
    redis->dummy.fd = (ngx_socket_t) -1;

    redis->beat.handler = ngx_http_kabinet_redis_beat;
    redis->beat.data = &redis->dummy;
    redis->beat.log = ngx_cycle->log;
    redis->beat.cancelable = 1;

    redis->silence.handler = ngx_http_kabinet_redis_silent;
    redis->silence.data = &redis->dummy;
    redis->silence.log = ngx_cycle->log;

    if (ngx_http_kabinet_redis_address(redis, w->conf->facts.redis_url) != NGX_OK) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "kabinet: the event loop speaks to a Redis at a Unix socket or a numeric address only; "
                      "misses go to the db lane");
        return redis;
    }

    ngx_http_kabinet_redis_connect(redis);

    return redis;
}


void
ngx_http_kabinet_redis_close(ngx_http_kabinet_redis_t *redis)
{
    if (redis == NULL) {
        return;
    }

    if (redis->ac) {
        redisAsyncFree(redis->ac);
    }
    if (redis->beat.timer_set) {
        ngx_del_timer(&redis->beat);
    }

    ngx_free(redis);
}


ngx_uint_t
ngx_http_kabinet_redis_up(ngx_http_kabinet_redis_t *redis)
{
    return redis->up;
}


ngx_uint_t
ngx_http_kabinet_redis_evicts(ngx_http_kabinet_redis_t *redis)
{
    return redis->evicts;
}


/* ---- asking and telling ---- */

static void
ngx_http_kabinet_redis_answered(redisAsyncContext *ac, void *data, void *privdata)
{
    ngx_str_t                  copy = ngx_null_string;
    ngx_uint_t                 alive = 0;
    redisReply                *reply = data;
    ngx_http_kabinet_miss_t   *miss = privdata;
    ngx_http_kabinet_redis_t  *redis = ac->data;

    if (redis->in_flight) {
        redis->in_flight--;
    }
    ngx_http_kabinet_redis_wait(redis);

    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2
        && reply->element[0]->type == REDIS_REPLY_STRING)
    {
        copy.data = (u_char *) reply->element[0]->str;
        copy.len = reply->element[0]->len;
        alive = reply->element[1]->type == REDIS_REPLY_STRING;
    }

    ngx_http_kabinet_miss_answer(miss, &copy, alive);
}


ngx_int_t
ngx_http_kabinet_redis_ask(ngx_http_kabinet_redis_t *redis, ngx_http_kabinet_miss_t *miss)
{
    int          rc;
    char         copy[KAB_SESSION_KEY], idle[KAB_SESSION_KEY];
    const char  *argv[3];
    size_t       argvlen[3];

    if (!redis->up) {
        return NGX_DECLINED;
    }

    kab_session_keys(ngx_http_kabinet_miss_id(miss), copy, idle);
    argv[0] = "MGET";
    argvlen[0] = 4;
    argv[1] = copy;
    argvlen[1] = ngx_strlen(copy);
    argv[2] = idle;
    argvlen[2] = ngx_strlen(idle);

    rc = redisAsyncCommandArgv(redis->ac, ngx_http_kabinet_redis_answered, miss, 3, argv, argvlen);
    if (rc != REDIS_OK) {
        return NGX_DECLINED;
    }

    if (redis->in_flight++ == 0) {
        ngx_http_kabinet_redis_wait(redis);
    }

    return NGX_OK;
}


void
ngx_http_kabinet_redis_touch(ngx_http_kabinet_redis_t *redis, const uint8_t *id)
{
    char  copy[KAB_SESSION_KEY], idle[KAB_SESSION_KEY];

    if (redis->up) {
        kab_session_keys(id, copy, idle);
        (void) redisAsyncCommand(redis->ac, NULL, NULL, "SET %s 1 EX %u", idle,
                                 kab_session_idle_ttl(redis->worker->kab));
    }
}


void
ngx_http_kabinet_redis_tell_ended(ngx_http_kabinet_redis_t *redis, const uint8_t *id)
{
    if (redis->up) {
        (void) redisAsyncCommand(redis->ac, NULL, NULL, "PUBLISH %s %b", KAB_ENDED_CHANNEL, id,
                                 (size_t) KAB_SESSION_ID);
    }
}

/*
 * Redis on the event loop: one pipelined connection a worker that asks for missed
 * sessions, touches idle clocks and tells other machines of ended sessions, and
 * on worker 0 one that hears them. All commands of a turn leave together, because
 * hiredis writes when the loop says that it may.
 */

#include "ngx_http_kabinet.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>


#define NGX_HTTP_KABINET_REDIS_RETRY    500   /* ms before the next try to connect */
#define NGX_HTTP_KABINET_REDIS_SILENCE  200   /* ms that an answer may take */
#define NGX_HTTP_KABINET_REDIS_BEAT     1000  /* ms between two signs of life, and for one */


struct ngx_http_kabinet_redis_s {
    ngx_http_kabinet_worker_t  *worker;
    redisAsyncContext          *ac;
    ngx_connection_t           *c;
    ngx_event_t                 beat;          /* connects, or asks for a sign of life */
    ngx_event_t                 silence;
    ngx_connection_t            dummy;
    char                        host[128];     /* path, or numeric address */
    int                         port;          /* 0: a Unix socket */
    ngx_uint_t                  in_flight;
    unsigned                    subscriber:1;
    unsigned                    pinged:1;
    unsigned                    up:1;          /* it answers */
    unsigned                    told:1;        /* that it is away */
};


static void ngx_http_kabinet_redis_connect(ngx_http_kabinet_redis_t *redis);


/* ---- hiredis on nginx's events ---- */

static void
ngx_http_kabinet_redis_read(ngx_event_t *ev)
{
    ngx_connection_t          *c = ev->data;
    ngx_http_kabinet_redis_t  *redis = c->data;

    if (c->close) {
        redisAsyncFree(redis->ac);
        redis->ac = NULL;
        redis->up = 0;
        return;
    }

    redisAsyncHandleRead(redis->ac);
}


static void
ngx_http_kabinet_redis_write(ngx_event_t *ev)
{
    ngx_connection_t          *c = ev->data;
    ngx_http_kabinet_redis_t  *redis = c->data;

    redisAsyncHandleWrite(redis->ac);
}


static void
ngx_http_kabinet_redis_add_read(void *data)
{
    ngx_http_kabinet_redis_t  *redis = data;

    if (!redis->c->read->active) {
        (void) ngx_add_event(redis->c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT);
    }
}


static void
ngx_http_kabinet_redis_del_read(void *data)
{
    ngx_http_kabinet_redis_t  *redis = data;

    if (redis->c->read->active) {
        (void) ngx_del_event(redis->c->read, NGX_READ_EVENT, 0);
    }
}


static void
ngx_http_kabinet_redis_add_write(void *data)
{
    ngx_http_kabinet_redis_t  *redis = data;

    if (!redis->c->write->active) {
        (void) ngx_add_event(redis->c->write, NGX_WRITE_EVENT, NGX_LEVEL_EVENT);
    }
}


static void
ngx_http_kabinet_redis_del_write(void *data)
{
    ngx_http_kabinet_redis_t  *redis = data;

    if (redis->c->write->active) {
        (void) ngx_del_event(redis->c->write, NGX_WRITE_EVENT, 0);
    }
}


/* hiredis closes the socket itself, after this. */
static void
ngx_http_kabinet_redis_cleanup(void *data)
{
    ngx_connection_t          *c;
    ngx_http_kabinet_redis_t  *redis = data;

    c = redis->c;
    if (c == NULL) {
        return;
    }

    ngx_http_kabinet_redis_del_read(redis);
    ngx_http_kabinet_redis_del_write(redis);

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }
    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    redis->c = NULL;
    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;
}


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


/* A frozen one accepts connections too: only its answer counts. */
static void
ngx_http_kabinet_redis_ping(ngx_http_kabinet_redis_t *redis)
{
    if (!redis->pinged && redisAsyncCommand(redis->ac, ngx_http_kabinet_redis_pong, NULL, "PING") == REDIS_OK) {
        redis->pinged = 1;
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


static ngx_int_t
ngx_http_kabinet_redis_attach(ngx_http_kabinet_redis_t *redis)
{
    ngx_connection_t   *c;
    redisAsyncContext  *ac = redis->ac;

    c = ngx_get_connection(ac->c.fd, ngx_cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = redis;
    c->idle = 1;  /* a worker that quits need not wait for it */
    c->log = ngx_cycle->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_http_kabinet_redis_read;
    c->write->handler = ngx_http_kabinet_redis_write;
    redis->c = c;

    ac->data = redis;
    ac->ev.data = redis;
    ac->ev.addRead = ngx_http_kabinet_redis_add_read;
    ac->ev.delRead = ngx_http_kabinet_redis_del_read;
    ac->ev.addWrite = ngx_http_kabinet_redis_add_write;
    ac->ev.delWrite = ngx_http_kabinet_redis_del_write;
    ac->ev.cleanup = ngx_http_kabinet_redis_cleanup;

    redisAsyncSetDisconnectCallback(ac, ngx_http_kabinet_redis_disconnected);
    redisAsyncSetConnectCallback(ac, ngx_http_kabinet_redis_connected);

    return NGX_OK;
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

    if (redis->subscriber) {
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

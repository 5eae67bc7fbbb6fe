/* hiredis on nginx's events. */

#include "redis_events.h"


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

    redis->writing = 1;
    redisAsyncHandleWrite(redis->ac);
    redis->writing = 0;
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


/* All commands of a turn leave at its end; epoll is asked only about a connect, or what the socket did not take. */
static void
ngx_http_kabinet_redis_add_write(void *data)
{
    ngx_event_t               *wev;
    ngx_http_kabinet_redis_t  *redis = data;

    wev = redis->c->write;

    if (wev->active) {
        return;
    }

    if ((redis->ac->c.flags & REDIS_CONNECTED) && !redis->writing) {
        ngx_post_event(wev, &ngx_posted_events);
        return;
    }

    (void) ngx_add_event(wev, NGX_WRITE_EVENT, NGX_LEVEL_EVENT);
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


ngx_int_t
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

    return NGX_OK;
}

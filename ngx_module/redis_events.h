/* A connection of the loop to Redis: its state, and the events under it. */
#ifndef _NGX_HTTP_KABINET_REDIS_EVENTS_H_INCLUDED_
#define _NGX_HTTP_KABINET_REDIS_EVENTS_H_INCLUDED_

#include "ngx_http_kabinet.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>


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
    unsigned                    writing:1;     /* hiredis is at it */
    unsigned                    pinged:1;
    unsigned                    up:1;          /* it answers */
    unsigned                    evicts:1;      /* it may forget what must not be forgotten */
    unsigned                    told:1;        /* that it is away */
};


/* Puts the connection that redis->ac has just begun on the loop. */
ngx_int_t ngx_http_kabinet_redis_attach(ngx_http_kabinet_redis_t *redis);


#endif /* _NGX_HTTP_KABINET_REDIS_EVENTS_H_INCLUDED_ */

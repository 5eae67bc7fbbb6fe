/* kabinet_health and kabinet_metrics: loopback only, unless a location says otherwise by its own allow. */

#include "ngx_http_kabinet.h"


#define NGX_HTTP_KABINET_HEALTHY  10   /* seconds since PostgreSQL was heard */


ngx_int_t
ngx_http_kabinet_health_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_uint_t                  db, redis, keeps, healthy;
    u_char                     *p, *body;
    ngx_http_kabinet_worker_t  *w = ngx_http_kabinet_worker(r);

    static ngx_str_t  no_store = ngx_string("no-store");

    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    body = ngx_pnalloc(r->pool, 128);
    if (w == NULL || body == NULL || ngx_http_kabinet_add_header(r, "Cache-Control", &no_store) != NGX_OK) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    db = ngx_http_kabinet_table_silence(w->table) <= NGX_HTTP_KABINET_HEALTHY;
    redis = ngx_http_kabinet_redis_up(w->redis);
    keeps = !ngx_http_kabinet_redis_evicts(w->redis);
    healthy = db && redis && keeps;

    p = ngx_sprintf(body, "{\"healthy\":%s,\"postgresql\":%s,\"redis\":%s,\"noeviction\":%s}\n",
                    healthy ? "true" : "false", db ? "true" : "false", redis ? "true" : "false",
                    keeps ? "true" : "false");

    return ngx_http_kabinet_send_text(r, healthy ? NGX_HTTP_OK : NGX_HTTP_SERVICE_UNAVAILABLE,
                                      "application/json", body, p - body);
}


static ngx_uint_t
ngx_http_kabinet_from_here(ngx_connection_t *c)
{
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    switch (c->sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) c->sockaddr;
        return (ntohl(sin->sin_addr.s_addr) >> 24) == 127;

    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) c->sockaddr;
        return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr);

    default:
        return 1;
    }
}


/* Text form of Prometheus. No label tells known from unknown (SECURITY 6). */
ngx_int_t
ngx_http_kabinet_metrics_handler(ngx_http_request_t *r)
{
    u_char                       *p, *body;
    ngx_int_t                     rc;
    ngx_uint_t                    used, capacity;
    ngx_http_kabinet_worker_t    *w = ngx_http_kabinet_worker(r);
    ngx_http_kabinet_counters_t  *c;

    if (!ngx_http_kabinet_from_here(r->connection)) {
        return NGX_HTTP_FORBIDDEN;
    }
    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    body = ngx_pnalloc(r->pool, 2048);
    if (w == NULL || body == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    c = ngx_http_kabinet_counters(w->table);
    ngx_http_kabinet_table_usage(w->table, &used, &capacity);

    p = ngx_snprintf(body, 2048,
                     "# TYPE kabinet_guard_hits_total counter\nkabinet_guard_hits_total %uA\n"
                     "# TYPE kabinet_guard_misses_total counter\nkabinet_guard_misses_total %uA\n"
                     "# TYPE kabinet_guard_misses_lane_total counter\nkabinet_guard_misses_lane_total %uA\n"
                     "# TYPE kabinet_guard_refused_total counter\nkabinet_guard_refused_total %uA\n"
                     "# TYPE kabinet_guard_unavailable_total counter\nkabinet_guard_unavailable_total %uA\n"
                     "# TYPE kabinet_calls_total counter\nkabinet_calls_total %uA\n"
                     "# TYPE kabinet_shed_total counter\nkabinet_shed_total %uA\n"
                     "# TYPE kabinet_parked_total counter\nkabinet_parked_total %uA\n"
                     "# TYPE kabinet_sessions_evicted_total counter\nkabinet_sessions_evicted_total %uA\n"
                     "# TYPE kabinet_sessions_cached gauge\nkabinet_sessions_cached %ui\n"
                     "# TYPE kabinet_sessions_capacity gauge\nkabinet_sessions_capacity %ui\n"
                     "# TYPE kabinet_postgresql_silence_seconds gauge\nkabinet_postgresql_silence_seconds %T\n",
                     c->hits, c->misses, c->misses_lane, c->refused, c->unavailable, c->calls, c->shed, c->parked,
                     c->evicted, used, capacity, ngx_http_kabinet_table_silence(w->table));

    return ngx_http_kabinet_send_text(r, NGX_HTTP_OK, "text/plain; version=0.0.4", body, p - body);
}

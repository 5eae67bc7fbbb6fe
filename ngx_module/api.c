/*
 * /kabinet/api/: the body is read, a call is made of the request, the reply
 * is sent. What happens in between is call.c's.
 */

#include "ngx_http_kabinet.h"


#define NGX_HTTP_KABINET_COOKIE_LINES  16


/* Fields of a request that the core wants, by name. */
typedef struct {
    kab_span_t   cookies[NGX_HTTP_KABINET_COOKIE_LINES];
    ngx_uint_t   too_many_cookies;
    ngx_uint_t   early_data;
} ngx_http_kabinet_fields_t;


static kab_span_t
ngx_http_kabinet_span(ngx_str_t *s)
{
    return (kab_span_t) { s->data, s->len };
}


static ngx_uint_t
ngx_http_kabinet_named(ngx_table_elt_t *h, const char *name, size_t n)
{
    return h->key.len == n && ngx_strncasecmp(h->key.data, (u_char *) name, n) == 0;
}

#define ngx_http_kabinet_is(h, name)  ngx_http_kabinet_named(h, name, sizeof(name) - 1)


/* A field of a signature that stands twice is no field of a signature: it is emptied, and stays so. */
static void
ngx_http_kabinet_once(kab_span_t *field, ngx_str_t *value)
{
    static const uint8_t  twice;

    *field = field->p ? (kab_span_t) { &twice, 0 } : ngx_http_kabinet_span(value);
}


/* By our own walk: the same on every nginx, and no header that nginx merges or splits. */
static void
ngx_http_kabinet_read_headers(ngx_http_request_t *r, kab_request_t *in, ngx_http_kabinet_fields_t *f)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (ngx_http_kabinet_is(&h[i], "Cookie")) {
                if (in->cookies_n < NGX_HTTP_KABINET_COOKIE_LINES) {
                    f->cookies[in->cookies_n++] = ngx_http_kabinet_span(&h[i].value);
                } else {
                    f->too_many_cookies = 1;
                }

            } else if (ngx_http_kabinet_is(&h[i], "Origin")) {
                in->origin = ngx_http_kabinet_span(&h[i].value);

            } else if (ngx_http_kabinet_is(&h[i], "Sec-Fetch-Site")) {
                in->fetch_site = ngx_http_kabinet_span(&h[i].value);

            } else if (ngx_http_kabinet_is(&h[i], "Content-Digest")) {
                ngx_http_kabinet_once(&in->content_digest, &h[i].value);

            } else if (ngx_http_kabinet_is(&h[i], "Signature-Input")) {
                ngx_http_kabinet_once(&in->signature_input, &h[i].value);

            } else if (ngx_http_kabinet_is(&h[i], "Signature")) {
                ngx_http_kabinet_once(&in->signature, &h[i].value);

            } else if (ngx_http_kabinet_is(&h[i], "Accept-Language")) {
                in->accept_language = ngx_http_kabinet_span(&h[i].value);

            } else if (ngx_http_kabinet_is(&h[i], "Early-Data")) {
                f->early_data = 1;
            }
        }
    }

    in->target = ngx_http_kabinet_span(&r->unparsed_uri);
    in->cookies = f->cookies;
}


/* The connection's, after realip; never a header of ours. */
static void
ngx_http_kabinet_read_address(ngx_connection_t *c, kab_request_t *in)
{
    in_addr_t             v4;
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    in->address[10] = 0xff;
    in->address[11] = 0xff;

    switch (c->sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) c->sockaddr;
        v4 = sin->sin_addr.s_addr;
        ngx_memcpy(&in->address[12], &v4, 4);
        in->loopback = in->address[12] == 127;
        break;

    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) c->sockaddr;
        ngx_memcpy(in->address, sin6->sin6_addr.s6_addr, 16);
        in->loopback = IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr)
                       || (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr) && in->address[12] == 127);
        break;

    default: /* a Unix socket */
        in->address[12] = 127;
        in->address[15] = 1;
        in->loopback = 1;
    }
}


static void
ngx_http_kabinet_read_place(ngx_http_request_t *r, kab_request_t *in)
{
    ngx_http_variable_value_t     *v;
    ngx_http_kabinet_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_kabinet_module);

    if (mcf->place == NGX_CONF_UNSET) {
        return;
    }

    v = ngx_http_get_indexed_variable(r, mcf->place);
    if (v != NULL && !v->not_found) {
        in->place = (kab_span_t) { v->data, v->len };
    }
}


/* One buffer, or several when a part of the body came with the header. The
 * originals are wiped: they may hold a password. */
static ngx_int_t
ngx_http_kabinet_take_body(ngx_http_request_t *r, kab_span_t *body)
{
    u_char       *p;
    size_t        n = 0;
    ngx_chain_t  *cl;

    /* a subrequest shows the body of its main request, which is not ours to wipe */
    if (r != r->main || r->request_body == NULL || r->request_body->bufs == NULL) {
        return NGX_OK;
    }

    if (r->request_body->temp_file != NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "kabinet: a request body went to a file; it is refused");
        return NGX_ERROR;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        n += cl->buf->last - cl->buf->pos;
    }

    p = ngx_pnalloc(r->pool, n + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }
    *body = (kab_span_t) { p, n };

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
        kab_wipe(cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    return NGX_OK;
}


static void
ngx_http_kabinet_api_detach(void *data)
{
    ngx_http_kabinet_call_abandon(data);
}


static ngx_http_kabinet_asker_t *
ngx_http_kabinet_asker(ngx_http_request_t *r)
{
    ngx_http_cleanup_t        *cln;
    ngx_http_kabinet_asker_t  *asker;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_kabinet_asker_t));
    if (cln == NULL) {
        return NULL;
    }

    asker = cln->data;
    asker->request = r;
    asker->job = NULL;
    asker->poll = NULL;
    cln->handler = ngx_http_kabinet_api_detach;

    return asker;
}


/* All but the body. Borrowed from the request and from f. */
static void
ngx_http_kabinet_read_request(ngx_http_request_t *r, kab_request_t *request, ngx_http_kabinet_fields_t *f)
{
    kab_request_t                 in;
    ngx_http_kabinet_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_kabinet_module);

    ngx_memzero(&in, sizeof(in));
    ngx_memzero(f, sizeof(ngx_http_kabinet_fields_t));
    ngx_http_kabinet_read_headers(r, &in, f);

    in.method = ngx_http_kabinet_span(&r->method_name);
    in.path = ngx_http_kabinet_span(&r->uri);
    in.query = ngx_http_kabinet_span(&r->args);
    in.scheme = KAB_SPAN("http");
#if (NGX_HTTP_SSL)
    if (r->connection->ssl) {
        in.scheme = KAB_SPAN("https");
    }
#endif
    if (r->headers_in.host) {
        in.host = ngx_http_kabinet_span(&r->headers_in.host->value);
    }
    if (r->headers_in.content_type) {
        in.content_type = ngx_http_kabinet_span(&r->headers_in.content_type->value);
    }
    if (r->headers_in.user_agent) {
        in.user_agent = ngx_http_kabinet_span(&r->headers_in.user_agent->value);
    }
    in.has_body = r == r->main && r->headers_in.content_length_n >= 0;
    in.last_look = ngx_exiting;
    in.brand = ngx_http_kabinet_brand_meta(lcf->brand);
    ngx_http_kabinet_read_address(r->connection, &in);
    ngx_http_kabinet_read_place(r, &in);

    *request = in;
}


static ngx_http_kabinet_job_t *
ngx_http_kabinet_api_job(ngx_http_kabinet_worker_t *w, kab_request_t *in)
{
    ngx_http_kabinet_job_t  *job;

    job = ngx_http_kabinet_job_new(w);
    if (job == NULL) {
        return NULL;
    }

    job->call = kab_call_new(w->kab, in, &job->todo);
    if (job->call == NULL) {
        ngx_http_kabinet_job_free(job);
        return NULL;
    }

    return job;
}


static ngx_int_t
ngx_http_kabinet_api_call(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    kab_request_t               in;
    ngx_http_kabinet_job_t     *job;
    ngx_http_kabinet_asker_t   *asker;
    ngx_http_kabinet_fields_t   f;
    ngx_http_kabinet_worker_t  *w;

    w = ngx_http_kabinet_worker(r);
    asker = ngx_http_kabinet_asker(r);
    if (w == NULL || asker == NULL) {
        return ngx_http_kabinet_api_problem(r, KAB_E_INTERNAL);
    }

    ngx_http_kabinet_read_request(r, &in, &f);

    if (f.early_data) {
        return ngx_http_kabinet_api_problem(r, KAB_E_EARLY_DATA);
    }
    if (f.too_many_cookies) {
        return ngx_http_kabinet_api_problem(r, KAB_E_BAD_REQUEST);
    }

    if (ngx_http_kabinet_take_body(r, &in.body) != NGX_OK) {
        return ngx_http_kabinet_api_problem(r, KAB_E_INTERNAL);
    }

    job = ngx_http_kabinet_api_job(w, &in);
    kab_wipe((void *) (uintptr_t) in.body.p, in.body.n);

    if (job == NULL) {
        return ngx_http_kabinet_api_problem(r, KAB_E_INTERNAL);
    }

    (void) ngx_atomic_fetch_add(&ngx_http_kabinet_counters(w->table)->calls, 1);

    rc = ngx_http_kabinet_watch_client(r);
    if (rc == NGX_OK) {
        rc = ngx_http_kabinet_poll_listen(asker, job);
    }

    if (rc == NGX_ERROR || rc == NGX_AGAIN) {
        ngx_http_kabinet_job_free(job);
        return rc == NGX_AGAIN ? NGX_DONE : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    job->asker = asker;
    asker->job = job;
    ngx_http_kabinet_call_start(job);

    return NGX_DONE;
}


/* An answer without a call, to one that waits. */
void
ngx_http_kabinet_api_refuse(ngx_http_kabinet_asker_t *asker, kab_err_t err)
{
    ngx_http_request_t  *r = asker->request;
    ngx_connection_t    *c = r->connection;

    asker->job = NULL;
    ngx_http_kabinet_poll_leave(asker);
    ngx_http_set_log_request(c->log, r);

    r->read_event_handler = ngx_http_block_reading;
    ngx_http_finalize_request(r, ngx_http_kabinet_api_problem(r, err));
    ngx_http_run_posted_requests(c);
}


/* A long poll looks: all that it says stands in its header. */
void
ngx_http_kabinet_api_again(ngx_http_kabinet_asker_t *asker, ngx_uint_t last)
{
    kab_request_t               in;
    ngx_http_request_t         *r = asker->request;
    ngx_http_kabinet_job_t     *job;
    ngx_http_kabinet_fields_t   f;
    ngx_http_kabinet_worker_t  *w = ngx_http_kabinet_worker(r);

    ngx_http_set_log_request(r->connection->log, r);

    ngx_http_kabinet_read_request(r, &in, &f);
    in.last_look |= last;

    job = ngx_http_kabinet_api_job(w, &in);

    if (job == NULL) {
        ngx_http_kabinet_api_refuse(asker, KAB_E_INTERNAL);
        return;
    }

    ngx_http_kabinet_poll_look(job);
    job->asker = asker;
    asker->job = job;
    ngx_http_kabinet_call_start(job);
}


/* All of the body is here, so nothing is left to linger for: a client that does not hang up would hold
 * a worker that quits. */
static void
ngx_http_kabinet_api_body(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    r->lingering_close = 0;

    rc = ngx_http_kabinet_api_call(r);

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}


/* Refused with its body still on the way. */
static ngx_int_t
ngx_http_kabinet_api_unread(ngx_http_request_t *r, kab_err_t err)
{
    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    return ngx_http_kabinet_api_problem(r, err);
}


ngx_int_t
ngx_http_kabinet_api_handler(ngx_http_request_t *r)
{
    off_t                       limit;
    ngx_int_t                   rc;
    ngx_http_kabinet_worker_t  *w = ngx_http_kabinet_worker(r);

#if (NGX_HTTP_GZIP)
    /* secrets stand beside what was typed, and the length of their compressed text would tell them */
    r->gzip_tested = 1;
    r->gzip_ok = 0;
#endif

    if (w == NULL) {
        return ngx_http_kabinet_api_unread(r, KAB_E_UNAVAILABLE);
    }

    limit = (off_t) kab_body_limit(w->kab, ngx_http_kabinet_span(&r->method_name), ngx_http_kabinet_span(&r->uri));

    /* a subrequest has the fields of its main request, not its body */
    if (r == r->main && r->headers_in.content_length_n > limit) {
        return ngx_http_kabinet_api_unread(r, KAB_E_TOO_LARGE);
    }

    /* without a length it could grow past the buffer and into a file */
    if (r == r->main && r->headers_in.content_length_n < 0
        && (r->headers_in.chunked || r->headers_in.transfer_encoding))
    {
        return ngx_http_kabinet_api_unread(r, KAB_E_LENGTH_REQUIRED);
    }

    r->request_body_in_single_buf = 1;
    r->request_body_in_file_only = 0;
    r->request_body_file_log_level = 0;

    rc = ngx_http_read_client_request_body(r, ngx_http_kabinet_api_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}

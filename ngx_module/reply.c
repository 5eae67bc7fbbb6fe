/* What leaves: headers, texts, problem details. */

#include "ngx_http_kabinet.h"


ngx_int_t
ngx_http_kabinet_add_header(ngx_http_request_t *r, const char *name, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.data = (u_char *) (uintptr_t) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;
    h->lowcase_key = h->key.data;
    ngx_http_kabinet_header_end(h);

    return NGX_OK;
}


static ngx_int_t
ngx_http_kabinet_api_headers(ngx_http_request_t *r, const kab_reply_t *reply)
{
    u_char     *p;
    unsigned    i;
    ngx_str_t   value;

    static ngx_str_t  no_store = ngx_string("no-store");
    static ngx_str_t  nosniff = ngx_string("nosniff");

    if (!reply->cacheable && ngx_http_kabinet_add_header(r, "Cache-Control", &no_store) != NGX_OK) {
        return NGX_ERROR;
    }
    if (ngx_http_kabinet_add_header(r, "X-Content-Type-Options", &nosniff) != NGX_OK) {
        return NGX_ERROR;
    }

    if (reply->allow) {
        value.len = ngx_strlen(reply->allow);
        value.data = ngx_pnalloc(r->pool, value.len);
        if (value.data == NULL) {
            return NGX_ERROR;
        }
        ngx_memcpy(value.data, reply->allow, value.len);
        if (ngx_http_kabinet_add_header(r, "Allow", &value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (reply->retry_after) {
        p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }
        value.data = p;
        value.len = ngx_sprintf(p, "%ui", (ngx_uint_t) reply->retry_after) - p;
        if (ngx_http_kabinet_add_header(r, "Retry-After", &value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < reply->cookies_n; i++) {
        value.len = reply->cookies[i].n;
        value.data = ngx_pnalloc(r->pool, value.len);
        if (value.data == NULL) {
            return NGX_ERROR;
        }
        ngx_memcpy(value.data, reply->cookies[i].p, value.len);
        if (ngx_http_kabinet_add_header(r, "Set-Cookie", &value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_kabinet_send_text(ngx_http_request_t *r, ngx_uint_t status, const char *type, u_char *p, size_t n)
{
    ngx_buf_t    *b;
    ngx_int_t     rc;
    ngx_chain_t   out;

    r->headers_out.status = status;
    r->headers_out.content_length_n = n;

    if (type) {
        r->headers_out.content_type.data = (u_char *) (uintptr_t) type;
        r->headers_out.content_type.len = ngx_strlen(type);
        r->headers_out.content_type_len = strcspn(type, ";");  /* what gzip_types are compared with */
    }

    if (n == 0) {
        r->header_only = 1;
    }

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = p;
    b->last = p + n;
    b->memory = 1;
    b->last_buf = r == r->main;
    b->last_in_chain = 1;
    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
ngx_http_kabinet_api_reply(ngx_http_request_t *r, const kab_reply_t *reply)
{
    u_char  *p = NULL;

    if (ngx_http_kabinet_api_headers(r, reply) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (reply->body.n) {
        p = ngx_pnalloc(r->pool, reply->body.n);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        ngx_memcpy(p, reply->body.p, reply->body.n);
    }

    return ngx_http_kabinet_send_text(r, reply->status, reply->content_type, p, reply->body.n);
}


void
ngx_http_kabinet_api_send(ngx_http_request_t *r, const kab_reply_t *reply)
{
    r->read_event_handler = ngx_http_block_reading;
    ngx_http_finalize_request(r, ngx_http_kabinet_api_reply(r, reply));
}


/* The core's words of an error, without a call to say them. */
ngx_int_t
ngx_http_kabinet_api_problem(ngx_http_request_t *r, kab_err_t err)
{
    u_char              body[256], *p;
    kab_reply_t         reply;
    const kab_error_t  *e = kab_error(err);

    p = ngx_snprintf(body, sizeof(body),
                     "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\"}",
                     e->title, e->status, e->id);

    ngx_memzero(&reply, sizeof(reply));
    reply.status = e->status;
    reply.content_type = "application/problem+json";
    reply.body = (kab_span_t) { body, p - body };
    reply.retry_after = e->status == NGX_HTTP_SERVICE_UNAVAILABLE ? 2 : 0;

    return ngx_http_kabinet_api_reply(r, &reply);
}

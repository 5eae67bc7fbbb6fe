/*
 * kabinet_protect: cookie → digest → one look-up in shared memory → variables. Only
 * a cookie that was not proven yet costs a MAC as well, and a session that is not
 * there more (miss.c). Subrequests skip the access phase; they see the variables of
 * their main request.
 */

#include "ngx_http_kabinet.h"


static const char  ngx_http_kabinet_prefix[] = "x-kabinet-";

#define NGX_HTTP_KABINET_PREFIX  (sizeof(ngx_http_kabinet_prefix) - 1)
#define NGX_HTTP_KABINET_LINES   16


/* ---- identity headers from outside ---- */

/* As CGI sees names: '_' and '-' are one, case does not matter. */
static ngx_uint_t
ngx_http_kabinet_forged(ngx_str_t *name)
{
    u_char      ch;
    ngx_uint_t  i;

    if (name->len < NGX_HTTP_KABINET_PREFIX) {
        return 0;
    }

    for (i = 0; i < NGX_HTTP_KABINET_PREFIX; i++) {
        ch = name->data[i] == '_' ? '-' : ngx_tolower(name->data[i]);
        if (ch != (u_char) ngx_http_kabinet_prefix[i]) {
            return 0;
        }
    }

    return 1;
}


/*
 * Takes element i out of its part without moving any other: nginx keeps pointers to
 * elements. Only the first part may be left empty: nginx's own loops read the first
 * element of every later one. *next becomes the part to go on with, *prev the one before.
 */
static ngx_int_t
ngx_http_kabinet_cut_header(ngx_http_request_t *r, ngx_list_part_t **prev, ngx_list_part_t **next, ngx_uint_t i)
{
    ngx_list_t       *list = &r->headers_in.headers;
    ngx_list_part_t  *rest, *part = *next;

    if (part->nelts == 1 && *prev != NULL) {
        (*prev)->next = part->next;
        if (list->last == part) {
            list->last = *prev;
            /* a full part: whoever adds an element makes a new one */
            list->nalloc = ngx_max((*prev)->nelts, 1);
        }
        *next = part->next;
        return NGX_OK;
    }

    if (i == 0 && part->nelts > 1) {
        part->elts = (ngx_table_elt_t *) part->elts + 1;
        part->nelts--;
        if (list->last == part) {
            list->nalloc--;
        }
        return NGX_OK;
    }

    if (i + 1 == part->nelts) {
        part->nelts--;
        *prev = part;
        *next = part->next;
        return NGX_OK;
    }

    rest = ngx_palloc(r->pool, sizeof(ngx_list_part_t));
    if (rest == NULL) {
        return NGX_ERROR;
    }

    rest->elts = (ngx_table_elt_t *) part->elts + i + 1;
    rest->nelts = part->nelts - i - 1;
    rest->next = part->next;

    part->nelts = i;
    part->next = rest;

    if (list->last == part) {
        list->last = rest;
        /* the room behind the last element is smaller by what stands before it */
        list->nalloc -= i + 1;
    }

    *prev = part;
    *next = rest;
    return NGX_OK;
}


ngx_int_t
ngx_http_kabinet_drop_headers(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *prev = NULL, *part = &r->headers_in.headers.part;
    ngx_table_elt_t  *h;

    while (part != NULL) {
        h = part->elts;

        for (i = 0; i < part->nelts && !ngx_http_kabinet_forged(&h[i].key); i++) { /* void */ }

        if (i == part->nelts) {
            prev = part;
            part = part->next;

        } else if (ngx_http_kabinet_cut_header(r, &prev, &part, i) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return NGX_DECLINED;
}


/* ---- the answer to whoever has no session ---- */

static ngx_uint_t
ngx_http_kabinet_wants_page(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
        return 0;
    }

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == sizeof("Accept") - 1
                && ngx_strncasecmp(h[i].key.data, (u_char *) "Accept", h[i].key.len) == 0
                && ngx_strlcasestrn(h[i].value.data, h[i].value.data + h[i].value.len,
                                    (u_char *) "text/html", sizeof("text/html") - 2) != NULL)
            {
                return 1;
            }
        }
    }

    return 0;
}


/* login_uri?return_to=<the path asked for>, relative: no Host of the client's gets into it. */
static ngx_int_t
ngx_http_kabinet_redirect(ngx_http_request_t *r, ngx_str_t *login_uri)
{
    u_char     *p;
    size_t      n;
    uintptr_t   escape;
    ngx_str_t   value;

    static ngx_str_t  no_store = ngx_string("no-store");
    static const char  argument[] = "?return_to=";

    escape = ngx_escape_uri(NULL, r->unparsed_uri.data, r->unparsed_uri.len, NGX_ESCAPE_URI_COMPONENT);
    n = login_uri->len + sizeof(argument) - 1 + r->unparsed_uri.len + 2 * escape;

    p = ngx_pnalloc(r->pool, n);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    value.data = p;
    p = ngx_cpymem(p, login_uri->data, login_uri->len);
    p = ngx_cpymem(p, argument, sizeof(argument) - 1);
    p = (u_char *) ngx_escape_uri(p, r->unparsed_uri.data, r->unparsed_uri.len, NGX_ESCAPE_URI_COMPONENT);
    value.len = p - value.data;

    if (ngx_http_kabinet_add_header(r, "Location", &value) != NGX_OK
        || ngx_http_kabinet_add_header(r, "Cache-Control", &no_store) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_MOVED_TEMPORARILY;
}


static ngx_int_t
ngx_http_kabinet_refuse(ngx_http_request_t *r, ngx_http_kabinet_loc_conf_t *lcf, ngx_http_kabinet_worker_t *w)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    (void) ngx_atomic_fetch_add(&ngx_http_kabinet_counters(w->table)->refused, 1);

    /* under `satisfy any` somebody else may still let the request in: 302 would end it here */
    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY || !ngx_http_kabinet_wants_page(r)) {
        return NGX_HTTP_UNAUTHORIZED;
    }

    return ngx_http_kabinet_redirect(r, &lcf->login_uri);
}


static ngx_int_t
ngx_http_kabinet_unavailable(ngx_http_request_t *r, ngx_http_kabinet_worker_t *w)
{
    static ngx_str_t  seconds = ngx_string("2");

    if (w != NULL) {
        (void) ngx_atomic_fetch_add(&ngx_http_kabinet_counters(w->table)->unavailable, 1);
    }

    if (ngx_http_kabinet_add_header(r, "Retry-After", &seconds) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_SERVICE_UNAVAILABLE;
}


static ngx_int_t
ngx_http_kabinet_verdict(ngx_http_request_t *r, ngx_http_kabinet_ctx_t *ctx, ngx_http_kabinet_loc_conf_t *lcf,
    ngx_http_kabinet_worker_t *w)
{
    if (lcf->protect == NGX_HTTP_KABINET_OPTIONAL) {
        return NGX_DECLINED;  /* no opinion: whoever it is, others decide */
    }

    switch (ctx->verdict) {

    case KAB_OK:
        return NGX_OK;

    case KAB_E_NO_SESSION:
        return ngx_http_kabinet_refuse(r, lcf, w);

    default:
        return ngx_http_kabinet_unavailable(r, w);
    }
}


/* ---- the look ---- */

/* On the path of every guarded request; a byte that is no letter stays what it is, or is not one of these. */
static ngx_uint_t
ngx_http_kabinet_is_cookie(ngx_str_t *name)
{
    u_char  *p = name->data;

    return name->len == sizeof("Cookie") - 1
           && (p[0] | 0x20) == 'c' && (p[1] | 0x20) == 'o' && (p[2] | 0x20) == 'o'
           && (p[3] | 0x20) == 'k' && (p[4] | 0x20) == 'i' && (p[5] | 0x20) == 'e';
}


static ngx_uint_t
ngx_http_kabinet_token(ngx_http_request_t *r, kab_t *kab, kab_token_t *token)
{
    kab_span_t        lines[NGX_HTTP_KABINET_LINES], cookie;
    ngx_uint_t        i, n = 0;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (ngx_http_kabinet_is_cookie(&h[i].key)) {
                if (n == NGX_HTTP_KABINET_LINES) {
                    return 0;
                }
                lines[n++] = (kab_span_t) { h[i].value.data, h[i].value.len };
            }
        }
    }

    cookie = n ? kab_cookie(lines, n, KAB_SPAN(KAB_SESSION_COOKIE)) : KAB_NONE;

    return cookie.n && kab_session_token(kab, cookie, token);
}


/* Forged ones are worked out before anybody else is asked. */
static ngx_http_kabinet_found_t
ngx_http_kabinet_find(ngx_http_kabinet_worker_t *w, const kab_token_t *token, kab_session_t *session,
    ngx_uint_t *touch)
{
    ngx_http_kabinet_found_t  found;

    found = ngx_http_kabinet_table_find(w->table, token, 0, &w->conf->facts, session, touch);

    if (found == NGX_HTTP_KABINET_HIT || found == NGX_HTTP_KABINET_ENDED) {
        return found;
    }

    if (!kab_session_proven(w->kab, token)) {
        return NGX_HTTP_KABINET_FORGED;
    }

    return found == NGX_HTTP_KABINET_UNPROVEN
           ? ngx_http_kabinet_table_find(w->table, token, 1, &w->conf->facts, session, touch)
           : found;
}


/* token: NULL for whoever brought none. */
static ngx_int_t
ngx_http_kabinet_look(ngx_http_kabinet_ctx_t *ctx, ngx_http_kabinet_worker_t *w, const kab_token_t *token)
{
    ngx_uint_t                    touch;
    ngx_http_kabinet_found_t      found;
    ngx_http_kabinet_counters_t  *counters = ngx_http_kabinet_counters(w->table);

    found = token != NULL ? ngx_http_kabinet_find(w, token, &ctx->session, &touch) : NGX_HTTP_KABINET_FORGED;

    if (found == NGX_HTTP_KABINET_ENDED || found == NGX_HTTP_KABINET_FORGED) {
        ctx->looked = 1;
        ctx->verdict = KAB_E_NO_SESSION;
        return NGX_OK;
    }

    if (found == NGX_HTTP_KABINET_HIT
        && ngx_http_kabinet_table_silence(w->table) <= (time_t) w->conf->facts.session_stale)
    {
        (void) ngx_atomic_fetch_add(&counters->hits, 1);
        if (touch) {
            ngx_http_kabinet_redis_touch(w->redis, token->id);
        }
        ctx->looked = 1;
        ctx->verdict = KAB_OK;
        return NGX_OK;
    }

    (void) ngx_atomic_fetch_add(&counters->misses, 1);

    return ngx_http_kabinet_miss_wait(w, ctx, token->id);
}


/* What the token names is on its way from memory while the context is made. */
static ngx_int_t
ngx_http_kabinet_first_look(ngx_http_request_t *r, ngx_http_kabinet_loc_conf_t *lcf, ngx_http_kabinet_worker_t *w)
{
    ngx_int_t                rc = NGX_ERROR;
    ngx_uint_t               named;
    kab_token_t              token;
    ngx_http_kabinet_ctx_t  *ctx;

    named = ngx_http_kabinet_token(r, w->kab, &token);
    if (named) {
        ngx_http_kabinet_table_expect(w->table, &token);
    }

    ctx = ngx_http_kabinet_make_ctx(r);
    if (ctx != NULL) {
        rc = ngx_http_kabinet_look(ctx, w, named ? &token : NULL);
    }

    kab_wipe(token.random, sizeof(token.random));

    if (rc == NGX_OK) {
        return ngx_http_kabinet_verdict(r, ctx, lcf, w);
    }

    if (rc == NGX_AGAIN && ngx_http_kabinet_watch_client(r) == NGX_OK) {
        return NGX_AGAIN;
    }

    if (ctx != NULL) {
        ngx_http_kabinet_miss_leave(ctx);
    }

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


ngx_int_t
ngx_http_kabinet_access_handler(ngx_http_request_t *r)
{
    ngx_http_kabinet_ctx_t       *ctx;
    ngx_http_kabinet_worker_t    *w;
    ngx_http_kabinet_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_kabinet_module);

    if (lcf->protect == NGX_HTTP_KABINET_OFF || r != r->main) {
        return NGX_DECLINED;
    }

    w = ngx_http_kabinet_worker(r);
    if (w == NULL) {
        return ngx_http_kabinet_unavailable(r, NULL);
    }

    ctx = ngx_http_kabinet_ctx(r);

    if (ctx != NULL && ctx->miss) {
        return NGX_AGAIN;
    }

    if (ctx != NULL && ctx->looked) {
        if (r->read_event_handler == ngx_http_test_reading) {
            r->read_event_handler = ngx_http_block_reading;
        }
        return ngx_http_kabinet_verdict(r, ctx, lcf, w);
    }

    return ngx_http_kabinet_first_look(r, lcf, w);
}


/* ---- variables ---- */

enum {
    NGX_HTTP_KABINET_V_ACCOUNT,
    NGX_HTTP_KABINET_V_IIN,
    NGX_HTTP_KABINET_V_SESSION,
    NGX_HTTP_KABINET_V_AUTH_TIME,
    NGX_HTTP_KABINET_V_METHODS
};


static ngx_int_t
ngx_http_kabinet_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                  *p;
    ngx_http_kabinet_ctx_t  *ctx = ngx_http_kabinet_ctx(r);

    if (ctx == NULL || !ctx->looked || ctx->verdict != KAB_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, KAB_UUID_SIZE);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->data = p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    switch (data) {

    case NGX_HTTP_KABINET_V_ACCOUNT:
        kab_uuid_text(ctx->session.account, (char *) p);
        v->len = KAB_UUID_SIZE - 1;
        break;

    case NGX_HTTP_KABINET_V_SESSION:
        kab_uuid_text(ctx->session.public_id, (char *) p);
        v->len = KAB_UUID_SIZE - 1;
        break;

    case NGX_HTTP_KABINET_V_IIN:
        ngx_memcpy(p, ctx->session.iin, sizeof(ctx->session.iin));
        v->len = sizeof(ctx->session.iin);
        break;

    case NGX_HTTP_KABINET_V_AUTH_TIME:
        v->len = ngx_sprintf(p, "%uD", ctx->session.auth_time) - p;
        break;

    default: /* NGX_HTTP_KABINET_V_METHODS */
        ngx_memcpy(p, "pwd", 3);
        v->len = ctx->session.methods & KAB_METHOD_PASSWORD ? 3 : 0;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_kabinet_add_variables(ngx_conf_t *cf)
{
    ngx_uint_t            i;
    ngx_http_variable_t  *v;

    static ngx_str_t  names[] = {
        [NGX_HTTP_KABINET_V_ACCOUNT] = ngx_string("kabinet_account"),
        [NGX_HTTP_KABINET_V_IIN] = ngx_string("kabinet_iin"),
        [NGX_HTTP_KABINET_V_SESSION] = ngx_string("kabinet_session"),
        [NGX_HTTP_KABINET_V_AUTH_TIME] = ngx_string("kabinet_auth_time"),
        [NGX_HTTP_KABINET_V_METHODS] = ngx_string("kabinet_methods"),
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        v = ngx_http_add_variable(cf, &names[i], NGX_HTTP_VAR_NOCACHEABLE);
        if (v == NULL) {
            return NGX_ERROR;
        }
        v->get_handler = ngx_http_kabinet_variable;
        v->data = i;
    }

    return NGX_OK;
}

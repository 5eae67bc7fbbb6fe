/*
 * The pages under /kabinet/, answered from memory. What all pages share stands in
 * frame.html; a page says what goes into its head and into its body, a brand what
 * the frame looks like.
 */

#include "pages.h"


struct ngx_http_kabinet_pages_s {
    ngx_array_t               files;
    ngx_http_kabinet_file_t  *missing;   /* 404.html */
};


/* Up to the mark, which is skipped; all that is left if there is none. */
static ngx_str_t
ngx_http_kabinet_cut(ngx_str_t *rest, const char *mark)
{
    u_char     *at;
    ngx_str_t   part = *rest;

    at = ngx_strnstr(rest->data, (char *) mark, rest->len);
    if (at == NULL) {
        rest->len = 0;
        return part;
    }

    part.len = at - rest->data;
    rest->data = at + ngx_strlen(mark);
    rest->len -= part.len + ngx_strlen(mark);

    return part;
}


/* The frame, with the page's "head<!--body-->body" at its two marks. */
static ngx_int_t
ngx_http_kabinet_compose(ngx_conf_t *cf, ngx_str_t frame, ngx_str_t *page)
{
    u_char     *p;
    ngx_str_t   top, middle, head, whole;

    top = ngx_http_kabinet_cut(&frame, "<!--head-->");
    middle = ngx_http_kabinet_cut(&frame, "<!--body-->");
    head = ngx_http_kabinet_cut(page, "<!--body-->");

    p = ngx_pnalloc(cf->pool, top.len + head.len + middle.len + page->len + frame.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    whole.data = p;
    p = ngx_cpymem(p, top.data, top.len);
    p = ngx_cpymem(p, head.data, head.len);
    p = ngx_cpymem(p, middle.data, middle.len);
    p = ngx_cpymem(p, page->data, page->len);
    p = ngx_cpymem(p, frame.data, frame.len);
    whole.len = p - whole.data;
    *page = whole;

    return NGX_OK;
}


static ngx_int_t
ngx_http_kabinet_frame_pages(ngx_conf_t *cf, ngx_http_kabinet_brand_t *brand, ngx_array_t *files)
{
    ngx_str_t                 frame, name = ngx_string("/kabinet/frame");
    ngx_uint_t                i;
    ngx_http_kabinet_file_t  *found, *file = files->elts;

    found = ngx_http_kabinet_find_file(files, &name);
    if (found == NULL) {
        return NGX_OK;
    }
    found->uri.len = 0;  /* not a page itself */

    frame = found->body;
    if (ngx_http_kabinet_brand_frame(cf, brand, &frame) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < files->nelts; i++) {
        if (file[i].html && &file[i] != found && ngx_http_kabinet_compose(cf, frame, &file[i].body) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The folder's files in the brand's colours; bodies that stay as they are remain shared. */
char *
ngx_http_kabinet_pages_make(ngx_conf_t *cf, ngx_http_kabinet_web_t *web, ngx_http_kabinet_brand_t *brand,
    ngx_http_kabinet_pages_t **out)
{
    ngx_uint_t                 i;
    ngx_str_t                  missing = ngx_string("/kabinet/404");
    ngx_http_kabinet_file_t   *file;
    ngx_http_kabinet_pages_t  *pages;

    pages = ngx_pcalloc(cf->pool, sizeof(ngx_http_kabinet_pages_t));
    if (pages == NULL
        || ngx_array_init(&pages->files, cf->pool, web->files.nelts + 4, sizeof(ngx_http_kabinet_file_t)) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    file = ngx_array_push_n(&pages->files, web->files.nelts);
    if (file == NULL) {
        return NGX_CONF_ERROR;
    }
    ngx_memcpy(file, web->files.elts, web->files.nelts * sizeof(ngx_http_kabinet_file_t));

    if ((brand && ngx_http_kabinet_brand_files(cf, brand, &pages->files) != NGX_OK)
        || ngx_http_kabinet_frame_pages(cf, brand, &pages->files) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    file = pages->files.elts;
    for (i = 0; i < pages->files.nelts; i++) {
        if (ngx_http_kabinet_seal_file(cf, &file[i]) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    pages->missing = ngx_http_kabinet_find_file(&pages->files, &missing);
    *out = pages;

    return NGX_CONF_OK;
}


/* ---- answers ---- */

static ngx_int_t
ngx_http_kabinet_page_headers(ngx_http_request_t *r, ngx_http_kabinet_file_t *file)
{
    ngx_uint_t  i;
    ngx_str_t   cache;

    static struct {
        const char  *name;
        ngx_str_t    value;
    } headers[] = {
        { "Content-Security-Policy",
          ngx_string("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                     "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
                     "form-action 'self'; frame-ancestors 'none'") },
        { "Referrer-Policy", ngx_string("no-referrer") },
        { "X-Content-Type-Options", ngx_string("nosniff") },
        { "Cross-Origin-Opener-Policy", ngx_string("same-origin") },
        { "Cross-Origin-Resource-Policy", ngx_string("same-origin") },
        { "Permissions-Policy", ngx_string("camera=(), microphone=(), geolocation=()") },
    };

    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (ngx_http_kabinet_add_header(r, headers[i].name, &headers[i].value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (file == NULL || file->html) {
        ngx_str_set(&cache, "no-store");
    } else {
        ngx_str_set(&cache, "no-cache");
        if (ngx_http_kabinet_add_header(r, "ETag", &file->etag) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_http_kabinet_add_header(r, "Cache-Control", &cache);
}


static ngx_int_t
ngx_http_kabinet_send_file(ngx_http_request_t *r, ngx_http_kabinet_file_t *file, ngx_uint_t status)
{
    ngx_table_elt_t  *h;

    if (ngx_http_kabinet_page_headers(r, file) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    h = r->headers_in.if_none_match;
    if (!file->html && h && h->value.len == file->etag.len
        && ngx_memcmp(h->value.data, file->etag.data, file->etag.len) == 0)
    {
        r->headers_out.status = NGX_HTTP_NOT_MODIFIED;
        r->header_only = 1;
        return ngx_http_send_header(r);
    }

    return ngx_http_kabinet_send_text(r, status, file->type, file->body.data, file->body.len);
}


/* /kabinet/consents/{kind} is the page that shows it, …/{kind}.txt the text, ?lang= its language. */
static ngx_int_t
ngx_http_kabinet_consent(ngx_http_request_t *r, ngx_http_kabinet_pages_t *pages)
{
    u_char                     *p, *last;
    kab_span_t                  kind, text;
    ngx_str_t                   lang = ngx_null_string;
    ngx_str_t                   page = ngx_string("/kabinet/consent");
    ngx_http_kabinet_file_t    *file;
    ngx_http_kabinet_worker_t  *w = ngx_http_kabinet_worker(r);

    if (w == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    p = r->uri.data + sizeof("/kabinet/consents/") - 1;
    last = r->uri.data + r->uri.len;
    (void) ngx_http_arg(r, (u_char *) "lang", 4, &lang);

    kind = (kab_span_t) { p, last - p };
    if (kind.n <= 4 || ngx_memcmp(last - 4, ".txt", 4) != 0) {
        text = kab_consent_text(w->kab, kind, KAB_NONE);
        file = text.n ? ngx_http_kabinet_find_file(&pages->files, &page) : NULL;
        return file ? ngx_http_kabinet_send_file(r, file, NGX_HTTP_OK) : NGX_DECLINED;
    }

    kind.n -= 4;
    text = kab_consent_text(w->kab, kind, (kab_span_t) { lang.data, lang.len });
    if (text.n == 0) {
        return NGX_DECLINED;
    }

    if (ngx_http_kabinet_page_headers(r, NULL) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_kabinet_send_text(r, NGX_HTTP_OK, "text/plain; charset=utf-8",
                                      (u_char *) (uintptr_t) text.p, text.n);
}


/* The app's page is at "/kabinet/app/", where QR codes lead, and only if kabinet_web_app says so. */
static ngx_http_kabinet_file_t *
ngx_http_kabinet_page(ngx_http_request_t *r, ngx_http_kabinet_pages_t *pages)
{
    ngx_str_t                      name = ngx_string("/kabinet/app");
    ngx_http_kabinet_file_t       *file;
    ngx_http_kabinet_main_conf_t  *mcf;

    if (r->uri.len == name.len + 1 && r->uri.data[name.len] == '/'
        && ngx_memcmp(r->uri.data, name.data, name.len) == 0)
    {
        mcf = ngx_http_get_module_main_conf(r, ngx_http_kabinet_module);
        return mcf->facts.web_app ? ngx_http_kabinet_find_file(&pages->files, &name) : NULL;
    }

    file = ngx_http_kabinet_find_file(&pages->files, &r->uri);

    return file && file->uri.len == name.len && ngx_memcmp(file->uri.data, name.data, name.len) == 0
           ? NULL : file;
}


ngx_int_t
ngx_http_kabinet_pages_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_kabinet_file_t      *file;
    ngx_http_kabinet_pages_t     *pages;
    ngx_http_kabinet_loc_conf_t  *lcf;

    static const char  api[] = "/kabinet/api/";
    static const char  consents[] = "/kabinet/consents/";

    if (r->uri.len >= sizeof(api) - 1 && ngx_memcmp(r->uri.data, api, sizeof(api) - 1) == 0) {
        return ngx_http_kabinet_api_handler(r);
    }

    if (!(r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_kabinet_module);
    pages = lcf->pages;

    if (r->uri.len > sizeof(consents) - 1 && ngx_memcmp(r->uri.data, consents, sizeof(consents) - 1) == 0) {
        rc = ngx_http_kabinet_consent(r, pages);
        if (rc != NGX_DECLINED) {
            return rc;
        }
        file = NULL;

    } else {
        file = ngx_http_kabinet_page(r, pages);
    }

    if (file) {
        return ngx_http_kabinet_send_file(r, file, NGX_HTTP_OK);
    }

    return pages->missing ? ngx_http_kabinet_send_file(r, pages->missing, NGX_HTTP_NOT_FOUND) : NGX_HTTP_NOT_FOUND;
}

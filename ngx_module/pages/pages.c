/*
 * The pages under /kabinet/, answered from memory. What all pages share stands in
 * frame.html; a page says what goes into its head and into its body, a brand what
 * the frame looks like. What some pages share stands in part-NAME.html, and is put
 * where a page says <!--part NAME-->.
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


/* The whole may be one of the parts. */
static ngx_int_t
ngx_http_kabinet_join(ngx_conf_t *cf, const ngx_str_t *parts, ngx_uint_t n, ngx_str_t *whole)
{
    u_char      *p, *start;
    size_t       len = 0;
    ngx_uint_t   i;

    for (i = 0; i < n; i++) {
        len += parts[i].len;
    }

    start = ngx_pnalloc(cf->pool, len);
    if (start == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, p = start; i < n; i++) {
        p = ngx_cpymem(p, parts[i].data, parts[i].len);
    }
    whole->data = start;
    whole->len = len;

    return NGX_OK;
}


/* The frame, with the page's "head<!--body-->body" at its two marks. */
static ngx_int_t
ngx_http_kabinet_compose(ngx_conf_t *cf, ngx_str_t frame, ngx_str_t *page)
{
    ngx_str_t  parts[5];

    parts[0] = ngx_http_kabinet_cut(&frame, "<!--head-->");
    parts[1] = ngx_http_kabinet_cut(page, "<!--body-->");
    parts[2] = ngx_http_kabinet_cut(&frame, "<!--body-->");
    parts[3] = *page;
    parts[4] = frame;

    return ngx_http_kabinet_join(cf, parts, 5, page);
}


static const ngx_str_t  ngx_http_kabinet_part = ngx_string("/kabinet/part-");


static ngx_uint_t
ngx_http_kabinet_is_part(ngx_http_kabinet_file_t *file)
{
    return file->html && file->uri.len > ngx_http_kabinet_part.len
           && ngx_memcmp(file->uri.data, ngx_http_kabinet_part.data, ngx_http_kabinet_part.len) == 0;
}


static ngx_int_t
ngx_http_kabinet_put_parts(ngx_conf_t *cf, ngx_array_t *files, ngx_str_t *page)
{
    ngx_str_t                 uri[2], name, pieces[3], rest = *page;
    ngx_http_kabinet_file_t  *part;

    pieces[0] = ngx_http_kabinet_cut(&rest, "<!--part ");

    while (rest.len) {
        uri[0] = ngx_http_kabinet_part;
        uri[1] = ngx_http_kabinet_cut(&rest, "-->");
        if (ngx_http_kabinet_join(cf, uri, 2, &name) != NGX_OK) {
            return NGX_ERROR;
        }

        part = ngx_http_kabinet_find_file(files, &name);
        if (part == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "kabinet_gateway: a page needs \"%V.html\", which is not "
                               "there", &name);
            return NGX_ERROR;
        }

        pieces[1] = part->body;
        pieces[2] = ngx_http_kabinet_cut(&rest, "<!--part ");
        if (ngx_http_kabinet_join(cf, pieces, 3, &pieces[0]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    *page = pieces[0];

    return NGX_OK;
}


/* Parts are no pages: they go where they belong, and then have no address. */
static ngx_int_t
ngx_http_kabinet_part_pages(ngx_conf_t *cf, ngx_array_t *files)
{
    ngx_uint_t                i;
    ngx_http_kabinet_file_t  *file = files->elts;

    for (i = 0; i < files->nelts; i++) {
        if (file[i].html && !ngx_http_kabinet_is_part(&file[i])
            && ngx_http_kabinet_put_parts(cf, files, &file[i].body) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < files->nelts; i++) {
        if (ngx_http_kabinet_is_part(&file[i])) {
            file[i].uri.len = 0;
            file[i].html = 0;
        }
    }

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
        || ngx_http_kabinet_part_pages(cf, &pages->files) != NGX_OK
        || ngx_http_kabinet_frame_pages(cf, brand, &pages->files) != NGX_OK
        || ngx_http_kabinet_seal_files(cf, &pages->files) != NGX_OK)
    {
        return NGX_CONF_ERROR;
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

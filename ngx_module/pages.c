/*
 * The pages under /kabinet/: every file of the web folder is read while the
 * configuration is parsed and answered from memory, so no request reaches the
 * file system and there is no path to traverse. What all pages share stands in
 * frame.html; a page says what goes into its head and into its body.
 */

#include "ngx_http_kabinet.h"


#define NGX_HTTP_KABINET_FILE_MAX   (512 * 1024)
#define NGX_HTTP_KABINET_FILES_MAX  (4 * 1024 * 1024)


typedef struct {
    ngx_str_t     uri;      /* "/kabinet/login", "/kabinet/assets/kabinet.css" */
    ngx_str_t     body;
    const char   *type;
    ngx_str_t     etag;
    unsigned      html:1;
} ngx_http_kabinet_file_t;


struct ngx_http_kabinet_pages_s {
    ngx_array_t               files;
    ngx_http_kabinet_file_t  *missing;   /* 404.html */
    size_t                    total;
};


static const struct {
    const char  *suffix;
    const char  *type;
} ngx_http_kabinet_types[] = {
    { ".html", "text/html; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".json", "application/json" },
    { ".svg", "image/svg+xml" },
    { ".png", "image/png" },
    { ".ico", "image/x-icon" },
    { ".woff2", "font/woff2" },
    { ".txt", "text/plain; charset=utf-8" },
    { ".webmanifest", "application/manifest+json" },
    { NULL, NULL }
};


static const char *
ngx_http_kabinet_type(ngx_str_t *name)
{
    size_t      n;
    ngx_uint_t  i;

    for (i = 0; ngx_http_kabinet_types[i].suffix; i++) {
        n = ngx_strlen(ngx_http_kabinet_types[i].suffix);
        if (name->len > n && ngx_strncmp(name->data + name->len - n, ngx_http_kabinet_types[i].suffix, n) == 0) {
            return ngx_http_kabinet_types[i].type;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_kabinet_read_file(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *body)
{
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_int_t        rc = NGX_ERROR;
    ngx_file_info_t  fi;

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "kabinet_gateway: cannot open \"%V\"", path);
        return NGX_ERROR;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || ngx_file_size(&fi) > NGX_HTTP_KABINET_FILE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "kabinet_gateway: \"%V\" cannot be a page: at most %d bytes", path,
                           NGX_HTTP_KABINET_FILE_MAX);
        goto done;
    }

    body->len = ngx_file_size(&fi);
    body->data = ngx_palloc(cf->pool, body->len + 1);
    if (body->data == NULL) {
        goto done;
    }

    n = ngx_read_fd(fd, body->data, body->len);
    if (n < 0 || (size_t) n != body->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "kabinet_gateway: cannot read \"%V\"", path);
        goto done;
    }

    rc = NGX_OK;

done:

    ngx_close_file(fd);
    return rc;
}


static ngx_int_t
ngx_http_kabinet_add_file(ngx_conf_t *cf, ngx_http_kabinet_pages_t *pages, ngx_str_t *path, const char *prefix,
    ngx_str_t *name)
{
    u_char                   *p;
    ngx_http_kabinet_file_t  *file;

    file = ngx_array_push(&pages->files);
    if (file == NULL) {
        return NGX_ERROR;
    }
    ngx_memzero(file, sizeof(ngx_http_kabinet_file_t));

    file->type = ngx_http_kabinet_type(name);
    file->html = ngx_strncmp(file->type, "text/html", 9) == 0;

    if (ngx_http_kabinet_read_file(cf, path, &file->body) != NGX_OK) {
        return NGX_ERROR;
    }

    pages->total += file->body.len;
    if (pages->total > NGX_HTTP_KABINET_FILES_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "kabinet_gateway: the pages are larger than %d bytes together",
                           NGX_HTTP_KABINET_FILES_MAX);
        return NGX_ERROR;
    }

    p = ngx_pnalloc(cf->pool, sizeof("/kabinet/") + ngx_strlen(prefix) + name->len);
    if (p == NULL) {
        return NGX_ERROR;
    }
    file->uri.data = p;
    p = ngx_sprintf(p, "/kabinet/%s%V", prefix, name);
    file->uri.len = p - file->uri.data;
    if (file->html) {
        file->uri.len -= sizeof(".html") - 1;
    }

    p = ngx_pnalloc(cf->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }
    file->etag.data = p;
    file->etag.len = ngx_sprintf(p, "\"%08xD-%xz\"", ngx_crc32_long(file->body.data, file->body.len),
                                 file->body.len) - p;

    return NGX_OK;
}


static ngx_int_t
ngx_http_kabinet_load_dir(ngx_conf_t *cf, ngx_http_kabinet_pages_t *pages, u_char *dir, const char *prefix)
{
    u_char     *p;
    ngx_int_t   rc = NGX_OK;
    ngx_dir_t   d;
    ngx_str_t   name, path, folder;

    folder.data = dir;
    folder.len = ngx_strlen(dir);

    if (ngx_open_dir(&folder, &d) == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "kabinet_gateway: cannot read the folder \"%V\"", &folder);
        return NGX_ERROR;
    }

    for ( ;; ) {
        ngx_set_errno(0);
        if (ngx_read_dir(&d) == NGX_ERROR) {
            break;
        }

        name.len = ngx_de_namelen(&d);
        name.data = ngx_de_name(&d);
        if (name.data[0] == '.' || ngx_http_kabinet_type(&name) == NULL) {
            continue;
        }

        path.len = folder.len + 1 + name.len;
        path.data = ngx_pnalloc(cf->pool, path.len + 1);
        if (path.data == NULL) {
            rc = NGX_ERROR;
            break;
        }
        p = ngx_sprintf(path.data, "%V/%V", &folder, &name);
        *p = '\0';

        if (ngx_http_kabinet_add_file(cf, pages, &path, prefix, &name) != NGX_OK) {
            rc = NGX_ERROR;
            break;
        }
    }

    (void) ngx_close_dir(&d);
    return rc;
}


static ngx_http_kabinet_file_t *
ngx_http_kabinet_find_file(ngx_http_kabinet_pages_t *pages, ngx_str_t *uri)
{
    ngx_uint_t                i;
    ngx_http_kabinet_file_t  *file = pages->files.elts;

    for (i = 0; i < pages->files.nelts; i++) {
        if (file[i].uri.len == uri->len && ngx_memcmp(file[i].uri.data, uri->data, uri->len) == 0) {
            return &file[i];
        }
    }

    return NULL;
}


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
ngx_http_kabinet_frame_pages(ngx_conf_t *cf, ngx_http_kabinet_pages_t *pages)
{
    ngx_str_t                 name = ngx_string("/kabinet/frame");
    ngx_uint_t                i;
    ngx_http_kabinet_file_t  *frame, *file = pages->files.elts;

    frame = ngx_http_kabinet_find_file(pages, &name);
    if (frame == NULL) {
        return NGX_OK;
    }
    frame->uri.len = 0;  /* not a page itself */

    for (i = 0; i < pages->files.nelts; i++) {
        if (file[i].html && &file[i] != frame
            && ngx_http_kabinet_compose(cf, frame->body, &file[i].body) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* dir and dir/assets, and the texts of dir/../i18n. */
char *
ngx_http_kabinet_pages_load(ngx_conf_t *cf, ngx_str_t *dir, ngx_http_kabinet_pages_t **out)
{
    u_char                    *path;
    ngx_uint_t                 i;
    ngx_str_t                  missing = ngx_string("/kabinet/404");
    ngx_http_kabinet_pages_t  *pages;

    static const struct {
        const char  *folder;
        const char  *prefix;
    } parts[] = { { "", "" }, { "/assets", "assets/" }, { "/../i18n", "i18n/" } };

    pages = ngx_pcalloc(cf->pool, sizeof(ngx_http_kabinet_pages_t));
    if (pages == NULL
        || ngx_array_init(&pages->files, cf->pool, 32, sizeof(ngx_http_kabinet_file_t)) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        path = ngx_pnalloc(cf->pool, dir->len + sizeof("/../i18n"));
        if (path == NULL) {
            return NGX_CONF_ERROR;
        }
        *ngx_sprintf(path, "%V%s", dir, parts[i].folder) = '\0';

        if (ngx_http_kabinet_load_dir(cf, pages, path, parts[i].prefix) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_kabinet_frame_pages(cf, pages) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    pages->missing = ngx_http_kabinet_find_file(pages, &missing);
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
        file = text.n ? ngx_http_kabinet_find_file(pages, &page) : NULL;
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
        return mcf->facts.web_app ? ngx_http_kabinet_find_file(pages, &name) : NULL;
    }

    file = ngx_http_kabinet_find_file(pages, &r->uri);

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

/*
 * Reads the web folder while the configuration is parsed: afterwards no request
 * reaches the file system and there is no path to traverse.
 */

#include "pages.h"


#define NGX_HTTP_KABINET_FILE_MAX   (512 * 1024)
#define NGX_HTTP_KABINET_FILES_MAX  (4 * 1024 * 1024)


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


/* The name of the directive that is being read. */
static ngx_str_t *
ngx_http_kabinet_directive(ngx_conf_t *cf)
{
    return cf->args->elts;
}


/* The path ends with a NUL behind its length. */
ngx_int_t
ngx_http_kabinet_read_file(ngx_conf_t *cf, ngx_str_t *path, size_t max, ngx_str_t *body)
{
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_int_t        rc = NGX_ERROR;
    ngx_file_info_t  fi;

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "%V: cannot open \"%V\"", ngx_http_kabinet_directive(cf),
                           path);
        return NGX_ERROR;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi) || (size_t) ngx_file_size(&fi) > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V: \"%V\" is not a file of at most %uz bytes",
                           ngx_http_kabinet_directive(cf), path, max);
        goto done;
    }

    body->len = ngx_file_size(&fi);
    body->data = ngx_palloc(cf->pool, body->len + 1);
    if (body->data == NULL) {
        goto done;
    }

    n = ngx_read_fd(fd, body->data, body->len);
    if (n < 0 || (size_t) n != body->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "%V: cannot read \"%V\"", ngx_http_kabinet_directive(cf),
                           path);
        goto done;
    }

    rc = NGX_OK;

done:

    ngx_close_file(fd);
    return rc;
}


ngx_http_kabinet_file_t *
ngx_http_kabinet_find_file(ngx_array_t *files, ngx_str_t *uri)
{
    ngx_uint_t                i;
    ngx_http_kabinet_file_t  *file = files->elts;

    for (i = 0; i < files->nelts; i++) {
        if (file[i].uri.len == uri->len && ngx_memcmp(file[i].uri.data, uri->data, uri->len) == 0) {
            return &file[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_kabinet_put_file(ngx_array_t *files, ngx_str_t *uri, ngx_str_t *body)
{
    ngx_http_kabinet_file_t  *file;

    file = ngx_http_kabinet_find_file(files, uri);

    if (file == NULL) {
        file = ngx_array_push(files);
        if (file == NULL) {
            return NGX_ERROR;
        }
        ngx_memzero(file, sizeof(ngx_http_kabinet_file_t));
        file->uri = *uri;
        file->type = ngx_http_kabinet_type(uri);
    }

    file->body = *body;

    return NGX_OK;
}


/* Weak: gzip may stand between. */
static ngx_int_t
ngx_http_kabinet_seal_file(ngx_conf_t *cf, ngx_http_kabinet_file_t *file)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, sizeof("W/\"ffffffff-\"") + NGX_SIZE_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    file->sealed = file->body.data;
    file->etag.data = p;
    file->etag.len = ngx_sprintf(p, "W/\"%08xD-%xz\"", ngx_crc32_long(file->body.data, file->body.len),
                                 file->body.len) - p;

    return NGX_OK;
}


ngx_int_t
ngx_http_kabinet_seal_files(ngx_conf_t *cf, ngx_array_t *files)
{
    ngx_uint_t                i;
    ngx_http_kabinet_file_t  *file = files->elts;

    for (i = 0; i < files->nelts; i++) {
        if (file[i].sealed != file[i].body.data && ngx_http_kabinet_seal_file(cf, &file[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_kabinet_texts_free(void *data)
{
    kab_catalogue_free(data);
}


/* Of i18n/{lang}.json: read once for all brands. */
static ngx_int_t
ngx_http_kabinet_read_texts(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *name, ngx_http_kabinet_file_t *file)
{
    kab_span_t           lang = { name->data, 2 };
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    file->texts = kab_catalogue_read(lang, (kab_span_t) { file->body.data, file->body.len });
    if (file->texts == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V: \"%V\" is not a JSON object of texts",
                           ngx_http_kabinet_directive(cf), path);
        return NGX_ERROR;
    }

    cln->handler = ngx_http_kabinet_texts_free;
    cln->data = file->texts;

    return NGX_OK;
}


static ngx_int_t
ngx_http_kabinet_add_file(ngx_conf_t *cf, ngx_http_kabinet_web_t *web, ngx_str_t *path, const char *prefix,
    ngx_str_t *name)
{
    u_char                   *p;
    ngx_http_kabinet_file_t  *file;

    file = ngx_array_push(&web->files);
    if (file == NULL) {
        return NGX_ERROR;
    }
    ngx_memzero(file, sizeof(ngx_http_kabinet_file_t));

    file->type = ngx_http_kabinet_type(name);
    file->html = ngx_strncmp(file->type, "text/html", 9) == 0;

    if (ngx_http_kabinet_read_file(cf, path, NGX_HTTP_KABINET_FILE_MAX, &file->body) != NGX_OK) {
        return NGX_ERROR;
    }

    web->total += file->body.len;
    if (web->total > NGX_HTTP_KABINET_FILES_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V: the pages are larger than %d bytes together",
                           ngx_http_kabinet_directive(cf), NGX_HTTP_KABINET_FILES_MAX);
        return NGX_ERROR;
    }

    if (ngx_strcmp(prefix, "i18n/") == 0 && ngx_http_kabinet_read_texts(cf, path, name, file) != NGX_OK) {
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

    return NGX_OK;
}


static ngx_int_t
ngx_http_kabinet_load_dir(ngx_conf_t *cf, ngx_http_kabinet_web_t *web, u_char *dir, const char *prefix)
{
    u_char     *p;
    ngx_int_t   rc = NGX_OK;
    ngx_dir_t   d;
    ngx_str_t   name, path, folder;

    folder.data = dir;
    folder.len = ngx_strlen(dir);

    if (ngx_open_dir(&folder, &d) == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "%V: cannot read the folder \"%V\"",
                           ngx_http_kabinet_directive(cf), &folder);
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

        if (ngx_http_kabinet_add_file(cf, web, &path, prefix, &name) != NGX_OK) {
            rc = NGX_ERROR;
            break;
        }
    }

    (void) ngx_close_dir(&d);
    return rc;
}


/* The web folder that was read under this name before; a new one otherwise, *fresh set. */
static ngx_http_kabinet_web_t *
ngx_http_kabinet_web(ngx_conf_t *cf, ngx_str_t *dir, ngx_uint_t *fresh)
{
    ngx_uint_t                      i;
    ngx_http_kabinet_web_t         *web, **known;
    ngx_http_kabinet_main_conf_t   *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_kabinet_module);

    known = mcf->webs.elts;
    for (i = 0; i < mcf->webs.nelts; i++) {
        if (known[i]->dir.len == dir->len && ngx_memcmp(known[i]->dir.data, dir->data, dir->len) == 0) {
            *fresh = 0;
            return known[i];
        }
    }

    web = ngx_pcalloc(cf->pool, sizeof(ngx_http_kabinet_web_t));
    known = ngx_array_push(&mcf->webs);
    if (web == NULL || known == NULL
        || ngx_array_init(&web->files, cf->pool, 48, sizeof(ngx_http_kabinet_file_t)) != NGX_OK)
    {
        return NULL;
    }

    web->dir = *dir;
    *known = web;
    *fresh = 1;

    return web;
}


/* help.json gives way to the tree in each language. */
static ngx_int_t
ngx_http_kabinet_web_help(ngx_conf_t *cf, ngx_http_kabinet_web_t *web)
{
    ngx_str_t                 path, uri = ngx_string("/kabinet/help.json");
    ngx_http_kabinet_file_t  *file;
    ngx_http_kabinet_help_t   help;

    file = ngx_http_kabinet_find_file(&web->files, &uri);
    if (file == NULL) {
        return NGX_OK;
    }
    file->uri.len = 0;

    path.data = ngx_pnalloc(cf->pool, web->dir.len + sizeof("/help.json"));
    if (path.data == NULL) {
        return NGX_ERROR;
    }
    path.len = ngx_sprintf(path.data, "%V/help.json", &web->dir) - path.data;

    if (ngx_http_kabinet_help_read(cf, &path, &file->body, &help) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_kabinet_help_put(cf, &help, &web->files);
}


/* dir and dir/assets, and the texts of dir/../i18n. */
char *
ngx_http_kabinet_web_load(ngx_conf_t *cf, ngx_str_t *dir, ngx_http_kabinet_web_t **out)
{
    u_char                  *path;
    ngx_uint_t               i, fresh;
    ngx_http_kabinet_web_t  *web;

    static const struct {
        const char  *folder;
        const char  *prefix;
    } parts[] = { { "", "" }, { "/assets", "assets/" }, { "/../i18n", "i18n/" } };

    web = ngx_http_kabinet_web(cf, dir, &fresh);
    if (web == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; fresh && i < sizeof(parts) / sizeof(parts[0]); i++) {
        path = ngx_pnalloc(cf->pool, dir->len + sizeof("/../i18n"));
        if (path == NULL) {
            return NGX_CONF_ERROR;
        }
        *ngx_sprintf(path, "%V%s", dir, parts[i].folder) = '\0';

        if (ngx_http_kabinet_load_dir(cf, web, path, parts[i].prefix) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (fresh
        && (ngx_http_kabinet_web_help(cf, web) != NGX_OK
            || ngx_http_kabinet_seal_files(cf, &web->files) != NGX_OK))
    {
        return NGX_CONF_ERROR;
    }

    *out = web;

    return NGX_CONF_OK;
}

/*
 * help.json, of the web folder or of a brand: judged by the core, and served a
 * language at a time, because a page with all three would be too large.
 */

#include "pages.h"


static ngx_int_t
ngx_http_kabinet_help_keep(ngx_conf_t *cf, kab_help_t *help, ngx_http_kabinet_help_t *out)
{
    u_char      *p;
    kab_span_t   text;
    ngx_uint_t   i;

    for (i = 0; i < NGX_HTTP_KABINET_LANGUAGES; i++) {
        text = kab_help_text(help, i);

        p = ngx_pnalloc(cf->pool, text.n);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(p, text.p, text.n);
        out->body[i].data = p;
        out->body[i].len = text.n;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_kabinet_help_read(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *json, ngx_http_kabinet_help_t *out)
{
    ngx_int_t     rc = NGX_ERROR;
    ngx_str_t    *directive = cf->args->elts;
    kab_help_t   *help;
    const char   *words;

    help = kab_help_new();
    if (help == NULL) {
        return NGX_ERROR;
    }

    words = kab_help_read(help, (kab_span_t) { json->data, json->len });
    if (words != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V: \"%V\": %s", directive, path, words);

    } else {
        rc = ngx_http_kabinet_help_keep(cf, help, out);
    }

    kab_help_free(help);

    return rc;
}


ngx_int_t
ngx_http_kabinet_help_put(ngx_conf_t *cf, ngx_http_kabinet_help_t *help, ngx_array_t *files)
{
    ngx_str_t   uri;
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_KABINET_LANGUAGES; i++) {
        uri.data = ngx_pnalloc(cf->pool, sizeof("/kabinet/help/xx.json"));
        if (uri.data == NULL) {
            return NGX_ERROR;
        }
        uri.len = ngx_sprintf(uri.data, "/kabinet/help/%s.json", kab_languages[i]) - uri.data;

        if (ngx_http_kabinet_put_file(files, &uri, &help->body[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}

/*
 * What a brand changes in the pages: its colours become a style sheet, its name and
 * links stand in the frame, its words in the catalogues.
 */

#include "pages.h"


/* ---- the files that a brand changes ---- */

/* The catalogue of a language with the brand's own words. */
static ngx_int_t
ngx_http_kabinet_brand_words(ngx_conf_t *cf, ngx_http_kabinet_brand_t *brand, ngx_http_kabinet_file_t *file)
{
    kab_span_t   out;
    const char  *words;

    words = kab_brand_texts(brand->data, file->texts, &out);
    if (words != NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "kabinet_brand: \"%V\": %s in %V:%ui", &brand->path, words,
                      &brand->conf, brand->line);
        return NGX_ERROR;
    }

    file->body.data = (u_char *) (uintptr_t) out.p;
    file->body.len = out.n;

    return NGX_OK;
}


static u_char *
ngx_http_kabinet_brand_theme(u_char *p, const kab_brand_facts_t *facts, ngx_uint_t dark)
{
    ngx_uint_t         i;
    const kab_span_t  *colour;

    p = ngx_sprintf(p, ":root {\n");

    for (i = 0; i < KAB_BRAND_COLOURS; i++) {
        colour = dark ? &facts->colour[i].dark : &facts->colour[i].light;
        p = ngx_sprintf(p, "  --%s: %*s;\n", facts->colour[i].role, colour->n, colour->p);
    }

    return ngx_sprintf(p, "}\n");
}


/* The custom properties of kabinet.css that a brand has its own values for. */
static ngx_int_t
ngx_http_kabinet_brand_css(ngx_conf_t *cf, ngx_http_kabinet_brand_t *brand, ngx_str_t *css)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, 64 * (2 * KAB_BRAND_COLOURS + 4));
    if (p == NULL) {
        return NGX_ERROR;
    }

    css->data = p;
    p = ngx_http_kabinet_brand_theme(p, brand->facts, 0);
    p = ngx_sprintf(p, "@media (prefers-color-scheme: dark) {\n");
    p = ngx_http_kabinet_brand_theme(p, brand->facts, 1);
    p = ngx_sprintf(p, "}\n");
    css->len = p - css->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_kabinet_brand_files(ngx_conf_t *cf, ngx_http_kabinet_brand_t *brand, ngx_array_t *files)
{
    ngx_str_t                 css;
    ngx_uint_t                i;
    ngx_http_kabinet_file_t  *file = files->elts;

    static ngx_str_t  logo = ngx_string("/kabinet/assets/logo.svg");
    static ngx_str_t  icon = ngx_string("/kabinet/assets/icon.svg");
    static ngx_str_t  sheet = ngx_string("/kabinet/assets/brand.css");

    for (i = 0; i < files->nelts; i++) {
        if (file[i].texts && ngx_http_kabinet_brand_words(cf, brand, &file[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (ngx_http_kabinet_brand_css(cf, brand, &css) != NGX_OK
        || ngx_http_kabinet_put_file(files, &sheet, &css) != NGX_OK
        || ngx_http_kabinet_put_file(files, &logo, &brand->logo) != NGX_OK
        || ngx_http_kabinet_put_file(files, &icon, &brand->icon) != NGX_OK
        || (brand->help.body[0].len && ngx_http_kabinet_help_put(cf, &brand->help, files) != NGX_OK))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* ---- the frame ---- */

#define NGX_HTTP_KABINET_BRAND_HEAD                                           \
    "  <link rel=\"stylesheet\" href=\"/kabinet/assets/brand.css\">\n"        \
    "  <meta name=\"theme-color\" media=\"(prefers-color-scheme: light)\" content=\"%*s\">\n" \
    "  <meta name=\"theme-color\" media=\"(prefers-color-scheme: dark)\" content=\"%*s\">\n"  \
    "  <meta name=\"application-name\" content=\"%V\">"


/* The mark, which is a comment, gives way to the text; without it nothing happens. */
static ngx_int_t
ngx_http_kabinet_fill(ngx_conf_t *cf, ngx_str_t *text, const char *mark, ngx_str_t *with)
{
    u_char     *at, *p;
    size_t      n = ngx_strlen(mark);
    ngx_str_t   whole;

    at = ngx_strnstr(text->data, (char *) mark, text->len);
    if (at == NULL) {
        return NGX_OK;
    }

    whole.len = text->len - n + with->len;
    whole.data = ngx_pnalloc(cf->pool, whole.len + 1);
    if (whole.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(whole.data, text->data, at - text->data);
    p = ngx_cpymem(p, with->data, with->len);
    (void) ngx_cpymem(p, at + n, text->data + text->len - at - n);
    *text = whole;

    return NGX_OK;
}


/* Its name as HTML. */
static ngx_int_t
ngx_http_kabinet_brand_title(ngx_conf_t *cf, const kab_brand_facts_t *facts, ngx_str_t *out)
{
    u_char  *name = (u_char *) (uintptr_t) facts->name.p;

    out->data = ngx_pnalloc(cf->pool, facts->name.n + ngx_escape_html(NULL, name, facts->name.n));
    if (out->data == NULL) {
        return NGX_ERROR;
    }

    out->len = (u_char *) ngx_escape_html(out->data, name, facts->name.n) - out->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_kabinet_brand_head(ngx_conf_t *cf, const kab_brand_facts_t *facts, ngx_str_t *name, ngx_str_t *out)
{
    const kab_span_t  *light = &facts->colour[0].light;
    const kab_span_t  *dark = &facts->colour[0].dark;

    out->data = ngx_pnalloc(cf->pool, sizeof(NGX_HTTP_KABINET_BRAND_HEAD) + light->n + dark->n + name->len);
    if (out->data == NULL) {
        return NGX_ERROR;
    }

    out->len = ngx_sprintf(out->data, NGX_HTTP_KABINET_BRAND_HEAD, light->n, light->p, dark->n, dark->p, name)
               - out->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_kabinet_brand_links(ngx_conf_t *cf, const kab_brand_facts_t *facts, ngx_str_t *out)
{
    u_char             *p;
    size_t              n = 64;
    ngx_str_t           href;
    ngx_uint_t          i;
    const kab_span_t   *link = facts->link;

    if (facts->links == 0) {
        return NGX_OK;
    }

    for (i = 0; i < facts->links; i++) {
        n += 128 + link[i].n + ngx_escape_html(NULL, (u_char *) (uintptr_t) link[i].p, link[i].n);
    }

    p = ngx_pnalloc(cf->pool, n);
    href.data = ngx_pnalloc(cf->pool, n);
    if (p == NULL || href.data == NULL) {
        return NGX_ERROR;
    }

    out->data = p;
    p = ngx_sprintf(p, "<ul class=\"links\">\n");
    for (i = 0; i < facts->links; i++) {
        href.len = (u_char *) ngx_escape_html(href.data, (u_char *) (uintptr_t) link[i].p, link[i].n) - href.data;
        p = ngx_sprintf(p, "      <li><a href=\"%V\" data-t=\"brand.link.%ui\"></a></li>\n", &href, i + 1);
    }
    p = ngx_sprintf(p, "    </ul>");
    out->len = p - out->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_kabinet_brand_frame(ngx_conf_t *cf, ngx_http_kabinet_brand_t *brand, ngx_str_t *frame)
{
    u_char     *p;
    ngx_str_t   head = ngx_null_string;
    ngx_str_t   name = ngx_null_string;
    ngx_str_t   links = ngx_null_string;
    ngx_str_t   shown = ngx_null_string;

    static const char  tag[] = "<strong class=\"brand-name\"></strong>";

    if (brand) {
        p = NULL;
        if (ngx_http_kabinet_brand_title(cf, brand->facts, &name) == NGX_OK) {
            p = ngx_pnalloc(cf->pool, name.len + sizeof(tag));
        }
        if (p == NULL
            || ngx_http_kabinet_brand_head(cf, brand->facts, &name, &head) != NGX_OK
            || ngx_http_kabinet_brand_links(cf, brand->facts, &links) != NGX_OK)
        {
            return NGX_ERROR;
        }
        shown.data = p;
        shown.len = ngx_sprintf(p, "<strong class=\"brand-name\">%V</strong>", &name) - p;
    }

    if (ngx_http_kabinet_fill(cf, frame, "<!--brand-->", &head) != NGX_OK
        || ngx_http_kabinet_fill(cf, frame, "<!--brand-name-->", &shown) != NGX_OK
        || ngx_http_kabinet_fill(cf, frame, "<!--brand-links-->", &links) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}

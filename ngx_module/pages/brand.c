/*
 * kabinet_brand NAME dir=DIR: the folder DIR/NAME with brand.json, logo.svg and,
 * if there are any, icon.svg and help.json. What stands in them is the core's to judge.
 */

#include "pages.h"


#define NGX_HTTP_KABINET_BRAND_MAX  (64 * 1024)
#define NGX_HTTP_KABINET_LOGO_MAX   (32 * 1024)
#define NGX_HTTP_KABINET_HELP_MAX   (256 * 1024)


static void
ngx_http_kabinet_brand_free(void *data)
{
    kab_brand_free(data);
}


static ngx_http_kabinet_brand_t *
ngx_http_kabinet_brand_new(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_kabinet_brand_t  *brand;

    brand = ngx_pcalloc(cf->pool, sizeof(ngx_http_kabinet_brand_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (brand == NULL || cln == NULL) {
        return NULL;
    }

    brand->data = kab_brand_new();
    if (brand->data == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_kabinet_brand_free;
    cln->data = brand->data;

    brand->facts = kab_brand_facts(brand->data);
    brand->conf = cf->conf_file->file.name;
    brand->line = cf->conf_file->line;

    return brand;
}


/* Lower case, digits and dashes: a folder's name that leads nowhere else. */
static ngx_uint_t
ngx_http_kabinet_brand_name(ngx_str_t *name)
{
    u_char      c;
    ngx_uint_t  i;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !(c == '-' && i > 0)) {
            return 0;
        }
    }

    return name->len > 0 && name->len <= 32;
}


static ngx_int_t
ngx_http_kabinet_brand_path(ngx_conf_t *cf, ngx_str_t *folder, const char *name, ngx_str_t *path)
{
    path->data = ngx_pnalloc(cf->pool, folder->len + ngx_strlen(name) + sizeof("/"));
    if (path->data == NULL) {
        return NGX_ERROR;
    }

    path->len = ngx_sprintf(path->data, "%V/%s", folder, name) - path->data;
    path->data[path->len] = '\0';

    return NGX_OK;
}


static ngx_int_t
ngx_http_kabinet_brand_picture(ngx_conf_t *cf, ngx_str_t *folder, const char *name, ngx_str_t *out)
{
    ngx_str_t  path;

    if (ngx_http_kabinet_brand_path(cf, folder, name, &path) != NGX_OK
        || ngx_http_kabinet_read_file(cf, &path, NGX_HTTP_KABINET_LOGO_MAX, out) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_strnstr(out->data, "<svg", out->len) == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "kabinet_brand: \"%V\" is not an SVG picture", &path);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Of a file that a brand may have or not: NGX_DECLINED if it does not. */
static ngx_int_t
ngx_http_kabinet_brand_has(ngx_conf_t *cf, ngx_str_t *folder, const char *name, ngx_str_t *path)
{
    ngx_file_info_t  fi;

    if (ngx_http_kabinet_brand_path(cf, folder, name, path) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_file_info(path->data, &fi) == NGX_FILE_ERROR && ngx_errno == NGX_ENOENT ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_http_kabinet_brand_pictures(ngx_conf_t *cf, ngx_str_t *folder, ngx_http_kabinet_brand_t *brand)
{
    ngx_int_t  rc;
    ngx_str_t  path;

    if (ngx_http_kabinet_brand_picture(cf, folder, "logo.svg", &brand->logo) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_kabinet_brand_has(cf, folder, "icon.svg", &path);
    if (rc == NGX_DECLINED) {
        brand->icon = brand->logo;
        return NGX_OK;
    }

    return rc == NGX_OK ? ngx_http_kabinet_brand_picture(cf, folder, "icon.svg", &brand->icon) : NGX_ERROR;
}


static ngx_int_t
ngx_http_kabinet_brand_help(ngx_conf_t *cf, ngx_str_t *folder, ngx_http_kabinet_brand_t *brand)
{
    ngx_int_t  rc;
    ngx_str_t  path, json;

    rc = ngx_http_kabinet_brand_has(cf, folder, "help.json", &path);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_kabinet_read_file(cf, &path, NGX_HTTP_KABINET_HELP_MAX, &json) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_kabinet_help_read(cf, &path, &json, &brand->help);
}


static char *
ngx_http_kabinet_brand_read(ngx_conf_t *cf, ngx_str_t *folder, ngx_http_kabinet_brand_t **out)
{
    ngx_str_t                  json;
    const char                *words;
    ngx_http_kabinet_brand_t  *brand;

    brand = ngx_http_kabinet_brand_new(cf);
    if (brand == NULL
        || ngx_http_kabinet_brand_path(cf, folder, "brand.json", &brand->path) != NGX_OK
        || ngx_http_kabinet_read_file(cf, &brand->path, NGX_HTTP_KABINET_BRAND_MAX, &json) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    words = kab_brand_read(brand->data, (kab_span_t) { json.data, json.len });
    if (words != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "kabinet_brand: \"%V\": %s", &brand->path, words);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_kabinet_brand_pictures(cf, folder, brand) != NGX_OK
        || ngx_http_kabinet_brand_help(cf, folder, brand) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    *out = brand;

    return NGX_CONF_OK;
}


char *
ngx_http_kabinet_brand(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kabinet_loc_conf_t  *lcf = conf;

    ngx_str_t  dir, folder, *value = cf->args->elts;

    if (lcf->brand != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    if (!ngx_http_kabinet_brand_name(&value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "kabinet_brand: \"%V\" is not a name; give up to 32 small Latin "
                           "letters, digits and dashes, the name of a folder in DIR", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (value[2].len <= 4 || ngx_strncmp(value[2].data, "dir=", 4) != 0) {
        return "takes NAME dir=DIR, the folder in which the brand's own folder is";
    }

    dir.data = value[2].data + 4;
    dir.len = value[2].len - 4;

    if (ngx_conf_full_name(cf->cycle, &dir, 1) != NGX_OK
        || ngx_http_kabinet_brand_path(cf, &dir, (const char *) value[1].data, &folder) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_kabinet_brand_read(cf, &folder, &lcf->brand);
}


kab_span_t
ngx_http_kabinet_brand_meta(ngx_http_kabinet_brand_t *brand)
{
    return brand ? brand->facts->meta : KAB_NONE;
}

/*
 * The files behind the pages, as files.c reads them, brand.c changes them and
 * pages.c puts them together and sends them.
 */
#ifndef _NGX_HTTP_KABINET_PAGES_H_INCLUDED_
#define _NGX_HTTP_KABINET_PAGES_H_INCLUDED_

#include "ngx_http_kabinet.h"


typedef struct {
    ngx_str_t     uri;      /* "/kabinet/login", "/kabinet/assets/kabinet.css" */
    ngx_str_t     body;
    const char   *type;
    ngx_str_t     etag;     /* once sealed */
    unsigned      html:1;
} ngx_http_kabinet_file_t;


/* A web folder as it was read; servers that name the same one share it. */
struct ngx_http_kabinet_web_s {
    ngx_str_t     dir;
    ngx_array_t   files;    /* of ngx_http_kabinet_file_t */
    size_t        total;
};


/* files.c */
ngx_int_t ngx_http_kabinet_read_file(ngx_conf_t *cf, ngx_str_t *path, size_t max, ngx_str_t *body);
ngx_http_kabinet_file_t *ngx_http_kabinet_find_file(ngx_array_t *files, ngx_str_t *uri); /* or NULL */
/* Puts a body at a uri, in the place of what stood there. The name says the type. */
ngx_int_t ngx_http_kabinet_put_file(ngx_array_t *files, ngx_str_t *uri, ngx_str_t *body);
ngx_int_t ngx_http_kabinet_seal_file(ngx_conf_t *cf, ngx_http_kabinet_file_t *file); /* makes the etag */

/* brand.c; brand may be NULL */
ngx_int_t ngx_http_kabinet_brand_files(ngx_conf_t *cf, ngx_http_kabinet_brand_t *brand, ngx_array_t *files);
ngx_int_t ngx_http_kabinet_brand_frame(ngx_conf_t *cf, ngx_http_kabinet_brand_t *brand, ngx_str_t *frame);


#endif /* _NGX_HTTP_KABINET_PAGES_H_INCLUDED_ */

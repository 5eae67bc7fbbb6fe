/*
 * The files behind the pages, as files.c reads them, brand_pages.c changes them
 * and pages.c puts them together and sends them.
 */
#ifndef _NGX_HTTP_KABINET_PAGES_H_INCLUDED_
#define _NGX_HTTP_KABINET_PAGES_H_INCLUDED_

#include "ngx_http_kabinet.h"


typedef struct {
    ngx_str_t     uri;      /* "/kabinet/login", "/kabinet/assets/kabinet.css" */
    ngx_str_t     body;
    const char   *type;
    ngx_str_t     etag;
    u_char       *sealed;   /* the body that the etag is of */
    unsigned      html:1;

    kab_catalogue_t  *texts;  /* of a file in i18n/, or NULL */
} ngx_http_kabinet_file_t;


/* A web folder as it was read; servers that name the same one share it. */
struct ngx_http_kabinet_web_s {
    ngx_str_t     dir;
    ngx_array_t   files;    /* of ngx_http_kabinet_file_t; sealed */
    size_t        total;
};


#define NGX_HTTP_KABINET_LANGUAGES  3

/* The help tree, in the order of kab_languages. */
typedef struct {
    ngx_str_t     body[NGX_HTTP_KABINET_LANGUAGES];
} ngx_http_kabinet_help_t;


struct ngx_http_kabinet_brand_s {
    ngx_str_t                 path;    /* of brand.json */
    ngx_str_t                 conf;    /* where the directive stands */
    ngx_uint_t                line;
    ngx_str_t                 logo;
    ngx_str_t                 icon;    /* the logo if there is no icon.svg */
    ngx_http_kabinet_help_t   help;    /* empty: the pages' own */
    kab_brand_t              *data;
    const kab_brand_facts_t  *facts;
};


/* files.c */
ngx_int_t ngx_http_kabinet_read_file(ngx_conf_t *cf, ngx_str_t *path, size_t max, ngx_str_t *body);
ngx_http_kabinet_file_t *ngx_http_kabinet_find_file(ngx_array_t *files, ngx_str_t *uri); /* or NULL */
/* Puts a body at a uri, in the place of what stood there. The name says the type. */
ngx_int_t ngx_http_kabinet_put_file(ngx_array_t *files, ngx_str_t *uri, ngx_str_t *body);
/* Makes the etags of bodies that are new. */
ngx_int_t ngx_http_kabinet_seal_files(ngx_conf_t *cf, ngx_array_t *files);

/* help.c: the errors that read says name the directive that is being read */
ngx_int_t ngx_http_kabinet_help_read(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *json,
    ngx_http_kabinet_help_t *out);
ngx_int_t ngx_http_kabinet_help_put(ngx_conf_t *cf, ngx_http_kabinet_help_t *help, ngx_array_t *files);

/* brand_pages.c */
ngx_int_t ngx_http_kabinet_brand_files(ngx_conf_t *cf, ngx_http_kabinet_brand_t *brand, ngx_array_t *files);
/* Fills the frame's marks; of a brand that is NULL: with nothing. */
ngx_int_t ngx_http_kabinet_brand_frame(ngx_conf_t *cf, ngx_http_kabinet_brand_t *brand, ngx_str_t *frame);


#endif /* _NGX_HTTP_KABINET_PAGES_H_INCLUDED_ */

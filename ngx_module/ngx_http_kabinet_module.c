/*
 * Directives, and the life of a worker: what http-level directives say goes to the
 * core's own table; what stands in servers and locations is read here.
 */

#include "ngx_http_kabinet.h"


#define NGX_HTTP_KABINET_BODY_BUFFER  16384   /* above any body that is read */


static char *ngx_http_kabinet_core_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_kabinet_gateway(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_kabinet_handler(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

static void *ngx_http_kabinet_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_kabinet_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_kabinet_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);
static ngx_int_t ngx_http_kabinet_postconfiguration(ngx_conf_t *cf);


static ngx_conf_enum_t  ngx_http_kabinet_protect[] = {
    { ngx_string("off"), NGX_HTTP_KABINET_OFF },
    { ngx_string("on"), NGX_HTTP_KABINET_ON },
    { ngx_string("optional"), NGX_HTTP_KABINET_OPTIONAL },
    { ngx_null_string, 0 }
};


#define NGX_HTTP_KABINET_CORE(name)                                           \
    { ngx_string(name),                                                       \
      NGX_HTTP_MAIN_CONF|NGX_CONF_ANY,                                        \
      ngx_http_kabinet_core_directive,                                        \
      NGX_HTTP_MAIN_CONF_OFFSET,                                              \
      0,                                                                      \
      NULL }


static ngx_command_t  ngx_http_kabinet_commands[] = {

    /* the core's: kab_config_names */
    NGX_HTTP_KABINET_CORE("kabinet_zone"),
    NGX_HTTP_KABINET_CORE("kabinet_database"),
    NGX_HTTP_KABINET_CORE("kabinet_redis"),
    NGX_HTTP_KABINET_CORE("kabinet_keyring"),
    NGX_HTTP_KABINET_CORE("kabinet_threads"),
    NGX_HTTP_KABINET_CORE("kabinet_origin"),
    NGX_HTTP_KABINET_CORE("kabinet_password_policy"),
    NGX_HTTP_KABINET_CORE("kabinet_password_hash"),
    NGX_HTTP_KABINET_CORE("kabinet_consent"),
    NGX_HTTP_KABINET_CORE("kabinet_session"),
    NGX_HTTP_KABINET_CORE("kabinet_throttle"),
    NGX_HTTP_KABINET_CORE("kabinet_networks"),
    NGX_HTTP_KABINET_CORE("kabinet_operators"),
    NGX_HTTP_KABINET_CORE("kabinet_code"),
    NGX_HTTP_KABINET_CORE("kabinet_activation_proof"),
    NGX_HTTP_KABINET_CORE("kabinet_device_hold"),
    NGX_HTTP_KABINET_CORE("kabinet_reregistration_hold"),
    NGX_HTTP_KABINET_CORE("kabinet_push"),
    NGX_HTTP_KABINET_CORE("kabinet_sms"),
    NGX_HTTP_KABINET_CORE("kabinet_bmg"),
    NGX_HTTP_KABINET_CORE("kabinet_web_app"),
    NGX_HTTP_KABINET_CORE("kabinet_store"),
    NGX_HTTP_KABINET_CORE("kabinet_iin_check"),
    NGX_HTTP_KABINET_CORE("kabinet_mask"),
    NGX_HTTP_KABINET_CORE("kabinet_retention"),
    NGX_HTTP_KABINET_CORE("kabinet_place"),
    NGX_HTTP_KABINET_CORE("kabinet_unsafe"),

    { ngx_string("kabinet_gateway"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_kabinet_gateway,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kabinet_brand"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE2,
      ngx_http_kabinet_brand,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("kabinet_protect"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_kabinet_loc_conf_t, protect),
      ngx_http_kabinet_protect },

    { ngx_string("kabinet_login_uri"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_kabinet_loc_conf_t, login_uri),
      NULL },

    { ngx_string("kabinet_health"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_kabinet_handler,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_http_kabinet_health_handler },

    { ngx_string("kabinet_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_kabinet_handler,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      ngx_http_kabinet_metrics_handler },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_kabinet_module_ctx = {
    ngx_http_kabinet_add_variables,        /* preconfiguration */
    ngx_http_kabinet_postconfiguration,    /* postconfiguration */

    ngx_http_kabinet_create_main_conf,     /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_kabinet_create_loc_conf,      /* create location configuration */
    ngx_http_kabinet_merge_loc_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_kabinet_module = {
    NGX_MODULE_V1,
    &ngx_http_kabinet_module_ctx,          /* module context */
    ngx_http_kabinet_commands,             /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_kabinet_init_process,         /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_kabinet_exit_process,         /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* ---- a request's context ---- */

static void
ngx_http_kabinet_detach(void *data)
{
    ngx_http_kabinet_ctx_t  *ctx = data;

    ngx_http_kabinet_miss_leave(ctx);
    kab_wipe(&ctx->session, sizeof(kab_session_t));
}


/* An internal redirect zeroes module contexts: the cleanup list still knows. */
ngx_http_kabinet_ctx_t *
ngx_http_kabinet_ctx(ngx_http_request_t *r)
{
    ngx_http_cleanup_t      *cln;
    ngx_http_kabinet_ctx_t  *ctx;

    r = r->main;
    ctx = ngx_http_get_module_ctx(r, ngx_http_kabinet_module);

    if (ctx == NULL && (r->internal || r->filter_finalize)) {
        for (cln = r->cleanup; cln; cln = cln->next) {
            if (cln->handler == ngx_http_kabinet_detach) {
                ctx = cln->data;
                ngx_http_set_ctx(r, ctx, ngx_http_kabinet_module);
                break;
            }
        }
    }

    return ctx;
}


ngx_http_kabinet_ctx_t *
ngx_http_kabinet_make_ctx(ngx_http_request_t *r)
{
    ngx_http_cleanup_t      *cln;
    ngx_http_kabinet_ctx_t  *ctx;

    ctx = ngx_http_kabinet_ctx(r);
    if (ctx != NULL) {
        return ctx;
    }

    cln = ngx_http_cleanup_add(r->main, sizeof(ngx_http_kabinet_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, offsetof(ngx_http_kabinet_ctx_t, session));
    ctx->request = r->main;
    cln->handler = ngx_http_kabinet_detach;
    ngx_http_set_ctx(r->main, ctx, ngx_http_kabinet_module);

    return ctx;
}


ngx_http_kabinet_worker_t *
ngx_http_kabinet_worker(ngx_http_request_t *r)
{
    ngx_http_kabinet_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_kabinet_module);

    return mcf->worker;
}


/* ---- directives ---- */

static kab_span_t
ngx_http_kabinet_conf_span(ngx_str_t *s)
{
    return (kab_span_t) { s->data, s->len };
}


static char *
ngx_http_kabinet_core_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kabinet_main_conf_t  *mcf = conf;

    ngx_str_t    name, *value = cf->args->elts;
    ngx_uint_t   i, n = cf->args->nelts - 1;
    kab_span_t   args[NGX_CONF_MAX_ARGS * 8];
    const char  *words;

    mcf->used = 1;

    if (n > sizeof(args) / sizeof(args[0])) {
        return "has too many arguments";
    }

    for (i = 0; i < n; i++) {
        args[i] = ngx_http_kabinet_conf_span(&value[i + 1]);
    }

    words = kab_config_set(mcf->config, ngx_http_kabinet_conf_span(&value[0]), args, n);
    if (words != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V: %s", &value[0], words);
        return NGX_CONF_ERROR;
    }

    if (ngx_strcmp(cmd->name.data, "kabinet_place") == 0) {
        name = value[1];
        name.data++;
        name.len--;
        mcf->place = ngx_http_get_variable_index(cf, &name);
        if (mcf->place == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static void
ngx_http_kabinet_mark_used(ngx_conf_t *cf)
{
    ngx_http_kabinet_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_kabinet_module);
    mcf->used = 1;
}


static char *
ngx_http_kabinet_handler(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = (ngx_http_handler_pt) cmd->post;
    ngx_http_kabinet_mark_used(cf);

    return NGX_CONF_OK;
}


/* kabinet_gateway [web=DIR] */
static char *
ngx_http_kabinet_gateway(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kabinet_loc_conf_t  *lcf = conf;

    ngx_str_t                  dir, *value = cf->args->elts;
    ngx_http_core_loc_conf_t  *clcf;

    if (lcf->web != NULL) {
        return "is duplicate";
    }

    ngx_str_set(&dir, NGX_HTTP_KABINET_WEB);

    if (cf->args->nelts == 2) {
        if (value[1].len <= 4 || ngx_strncmp(value[1].data, "web=", 4) != 0) {
            return "takes web=DIR, the folder of the pages, and nothing else";
        }
        dir.data = value[1].data + 4;
        dir.len = value[1].len - 4;
        if (ngx_conf_full_name(cf->cycle, &dir, 0) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_kabinet_pages_handler;
    ngx_http_kabinet_mark_used(cf);

    return ngx_http_kabinet_web_load(cf, &dir, &lcf->web);
}


static void
ngx_http_kabinet_free_config(void *data)
{
    kab_config_free(data);
}


static void *
ngx_http_kabinet_create_main_conf(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_kabinet_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_kabinet_main_conf_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (mcf == NULL || cln == NULL) {
        return NULL;
    }

    mcf->place = NGX_CONF_UNSET;
    mcf->config = kab_config_new();
    if (mcf->config == NULL
        || ngx_array_init(&mcf->webs, cf->pool, 2, sizeof(ngx_http_kabinet_web_t *)) != NGX_OK)
    {
        return NULL;
    }

    cln->handler = ngx_http_kabinet_free_config;
    cln->data = mcf->config;

    return mcf;
}


static void *
ngx_http_kabinet_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_kabinet_loc_conf_t  *lcf;

    lcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_kabinet_loc_conf_t));
    if (lcf == NULL) {
        return NULL;
    }

    lcf->protect = NGX_CONF_UNSET_UINT;
    lcf->brand = NGX_CONF_UNSET_PTR;

    return lcf;
}


static char *
ngx_http_kabinet_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_kabinet_loc_conf_t  *prev = parent;
    ngx_http_kabinet_loc_conf_t  *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_uint_value(conf->protect, prev->protect, NGX_HTTP_KABINET_OFF);
    ngx_conf_merge_str_value(conf->login_uri, prev->login_uri, "/kabinet/login");
    ngx_conf_merge_ptr_value(conf->brand, prev->brand, NULL);

    if (conf->protect != NGX_HTTP_KABINET_OFF) {
        ngx_http_kabinet_mark_used(cf);
    }

    if (conf->web != NULL) {
        /* a body that does not fit the buffer would go to a file, passwords included */
        clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
        clcf->client_body_buffer_size = ngx_max(clcf->client_body_buffer_size, NGX_HTTP_KABINET_BODY_BUFFER);
        return ngx_http_kabinet_pages_make(cf, conf->web, conf->brand, &conf->pages);
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_kabinet_postconfiguration(ngx_conf_t *cf)
{
    ngx_str_t                      name;
    const char                    *words;
    ngx_http_handler_pt           *h;
    ngx_http_core_main_conf_t     *cmcf;
    ngx_http_kabinet_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_kabinet_module);
    if (!mcf->used) {
        return NGX_OK;
    }

    words = kab_config_finish(mcf->config);
    if (words != NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "kabinet: %s", words);
        return NGX_ERROR;
    }
    kab_config_facts(mcf->config, &mcf->facts);

    name.data = (u_char *) (uintptr_t) mcf->facts.zone_name.p;
    name.len = mcf->facts.zone_name.n;
    mcf->zone = ngx_shared_memory_add(cf, &name, mcf->facts.zone_size, &ngx_http_kabinet_module);
    if (mcf->zone == NULL) {
        return NGX_ERROR;
    }
    mcf->zone->init = ngx_http_kabinet_table_init;

    if (ngx_http_kabinet_make_pools(cf, mcf) != NGX_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_POST_READ_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }
    *h = ngx_http_kabinet_drop_headers;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }
    *h = ngx_http_kabinet_access_handler;

    return NGX_OK;
}

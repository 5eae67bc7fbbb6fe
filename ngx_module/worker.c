/* A worker's share of the machine and its life: thread pools, stores, timers. */

#include "ngx_http_kabinet.h"


/* Threads that wait for providers: a slow one holds these and nothing else. */
#define NGX_HTTP_KABINET_HTTP_THREADS  16
#define NGX_HTTP_KABINET_SEND_THREADS  1    /* many messages at a time over one */


extern ngx_module_t  ngx_thread_pool_module;


/* A pool's size can only be said through nginx's own directive: its struct is private. */
static ngx_thread_pool_t *
ngx_http_kabinet_thread_pool(ngx_conf_t *cf, const char *name, ngx_uint_t threads, ngx_uint_t queue)
{
    char              *rc;
    u_char            *p;
    ngx_str_t         *value;
    ngx_uint_t         i;
    ngx_array_t       *args, *saved;
    ngx_command_t     *cmd;

    args = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
    if (args == NULL) {
        return NULL;
    }
    value = ngx_array_push_n(args, 4);

    for (i = 0; i < 4; i++) {
        value[i].data = p = ngx_pnalloc(cf->pool, 64);
        if (p == NULL) {
            return NULL;
        }

        switch (i) {
        case 0:  p = ngx_sprintf(p, "thread_pool"); break;
        case 1:  p = ngx_sprintf(p, "%s", name); break;
        case 2:  p = ngx_sprintf(p, "threads=%ui", threads); break;
        default: p = ngx_sprintf(p, "max_queue=%ui", queue);
        }

        value[i].len = p - value[i].data;
        *p = '\0';
    }

    cmd = ngx_thread_pool_module.commands;
    saved = cf->args;
    cf->args = args;
    rc = cmd->set(cf, cmd, ngx_get_conf(cf->cycle->conf_ctx, ngx_thread_pool_module));
    cf->args = saved;

    if (rc != NGX_CONF_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the thread pool \"%s\" cannot be made; is there a thread_pool "
                           "directive of that name?", name);
        return NULL;
    }

    return ngx_thread_pool_add(cf, &value[1]);
}


/* Sizes are a machine's; a worker has its share. */
ngx_int_t
ngx_http_kabinet_make_pools(ngx_conf_t *cf, ngx_http_kabinet_main_conf_t *mcf)
{
    ngx_int_t         workers;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx, ngx_core_module);
    workers = ccf->worker_processes == NGX_CONF_UNSET ? 1 : ngx_max(ccf->worker_processes, 1);

    mcf->threads[KAB_LANE_DB] = ngx_max(mcf->facts.db_threads / workers, 2);
    mcf->threads[KAB_LANE_HASH] = ngx_max(mcf->facts.hash_threads / workers, 1);
    mcf->threads[KAB_LANE_HTTP] = NGX_HTTP_KABINET_HTTP_THREADS;
    mcf->threads[KAB_LANE_SEND] = NGX_HTTP_KABINET_SEND_THREADS;

    mcf->pool[KAB_LANE_DB] = ngx_http_kabinet_thread_pool(cf, "kabinet_db", mcf->threads[KAB_LANE_DB], 1024);
    mcf->pool[KAB_LANE_HASH] = ngx_http_kabinet_thread_pool(cf, "kabinet_hash", mcf->threads[KAB_LANE_HASH], 64);
    mcf->pool[KAB_LANE_HTTP] = ngx_http_kabinet_thread_pool(cf, "kabinet_http", mcf->threads[KAB_LANE_HTTP], 256);
    mcf->pool[KAB_LANE_SEND] = ngx_http_kabinet_thread_pool(cf, "kabinet_send", mcf->threads[KAB_LANE_SEND], 16);

    return mcf->pool[KAB_LANE_DB] && mcf->pool[KAB_LANE_HASH] && mcf->pool[KAB_LANE_HTTP]
           && mcf->pool[KAB_LANE_SEND]
           ? NGX_OK : NGX_ERROR;
}


static ngx_http_kabinet_main_conf_t *
ngx_http_kabinet_cycle_conf(ngx_cycle_t *cycle)
{
    ngx_http_kabinet_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_kabinet_module);

    return mcf != NULL && mcf->used ? mcf : NULL;
}


ngx_int_t
ngx_http_kabinet_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_http_kabinet_worker_t     *w;
    ngx_http_kabinet_main_conf_t  *mcf;

    mcf = ngx_http_kabinet_cycle_conf(cycle);

    /* helper processes come here too */
    if (mcf == NULL || (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)) {
        return NGX_OK;
    }

    w = ngx_calloc(sizeof(ngx_http_kabinet_worker_t), cycle->log);
    if (w == NULL) {
        return NGX_ERROR;
    }

    w->conf = mcf;
    w->table = ngx_http_kabinet_table(mcf->zone);
    w->dummy.fd = (ngx_socket_t) -1;
    for (i = 0; i < NGX_HTTP_KABINET_MISS_BUCKETS; i++) {
        ngx_queue_init(&w->misses[i]);
    }

    if (kab_open(mcf->config, NULL, &w->kab) != KAB_OK || ngx_http_kabinet_job_init(w) != NGX_OK
        || ngx_http_kabinet_polls_open(w, cycle->log) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "kabinet: the gateway cannot be opened");
        return NGX_ERROR;
    }

    w->redis = ngx_http_kabinet_redis_open(w, 0);
    w->subscriber = ngx_http_kabinet_redis_open(w, 1);
    if (w->redis == NULL || w->subscriber == NULL) {
        return NGX_ERROR;
    }

    if (ngx_process == NGX_PROCESS_SINGLE || ngx_worker == 0) {
        ngx_http_kabinet_timers_start(w);
    }

    mcf->worker = w;

    return NGX_OK;
}


void
ngx_http_kabinet_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_kabinet_worker_t     *w;
    ngx_http_kabinet_main_conf_t  *mcf;

    mcf = ngx_http_kabinet_cycle_conf(cycle);
    w = mcf ? mcf->worker : NULL;
    if (w == NULL) {
        return;
    }

    mcf->worker = NULL;
    ngx_http_kabinet_redis_close(w->redis);
    ngx_http_kabinet_redis_close(w->subscriber);
    ngx_http_kabinet_polls_close(w);
    ngx_http_kabinet_job_exit(w);
    ngx_http_kabinet_miss_exit(w);
    kab_close(w->kab);
    ngx_free(w);
}

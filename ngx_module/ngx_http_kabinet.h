/*
 * What the files of the module share. The module carries requests to the core and
 * guards locations; it knows of the core what kabinet.h says.
 *
 * Everything here runs on the event loop but for what is marked THREAD.
 */
#ifndef _NGX_HTTP_KABINET_H_INCLUDED_
#define _NGX_HTTP_KABINET_H_INCLUDED_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>

#include "kabinet.h"

/* since 1.23 a header element links to the next one of its name */
#if (nginx_version >= 1023000)
#define ngx_http_kabinet_header_end(h)  (h)->next = NULL
#else
#define ngx_http_kabinet_header_end(h)
#endif

#define NGX_HTTP_KABINET_OFF       0
#define NGX_HTTP_KABINET_ON        1
#define NGX_HTTP_KABINET_OPTIONAL  2


typedef struct ngx_http_kabinet_brand_s   ngx_http_kabinet_brand_t;
typedef struct ngx_http_kabinet_job_s     ngx_http_kabinet_job_t;
typedef struct ngx_http_kabinet_miss_s    ngx_http_kabinet_miss_t;
typedef struct ngx_http_kabinet_pages_s   ngx_http_kabinet_pages_t;
typedef struct ngx_http_kabinet_poll_s    ngx_http_kabinet_poll_t;
typedef struct ngx_http_kabinet_redis_s   ngx_http_kabinet_redis_t;
typedef struct ngx_http_kabinet_table_s   ngx_http_kabinet_table_t;
typedef struct ngx_http_kabinet_web_s     ngx_http_kabinet_web_t;
typedef struct ngx_http_kabinet_worker_s  ngx_http_kabinet_worker_t;


/* Counters, in shared memory: a machine's, over all workers. */
typedef struct {
    ngx_atomic_t                hits;
    ngx_atomic_t                misses;
    ngx_atomic_t                misses_lane;   /* of them, those that asked PostgreSQL */
    ngx_atomic_t                refused;       /* 302 and 401 */
    ngx_atomic_t                unavailable;   /* 503 of the guard */
    ngx_atomic_t                calls;
    ngx_atomic_t                shed;
    ngx_atomic_t                evicted;
    ngx_atomic_t                parked;        /* each time that a long poll found nothing new */
} ngx_http_kabinet_counters_t;


typedef struct {
    kab_config_t               *config;
    kab_config_facts_t          facts;
    ngx_shm_zone_t             *zone;
    ngx_thread_pool_t          *pool[KAB_LANES];
    ngx_uint_t                  threads[KAB_LANES];
    ngx_int_t                   place;         /* index of kabinet_place's variable */
    ngx_http_kabinet_worker_t  *worker;        /* this process's; NULL outside a worker */
    ngx_uint_t                  used;          /* a directive of ours stands in the file */
    ngx_array_t                 webs;          /* web folders that were read */
} ngx_http_kabinet_main_conf_t;


typedef struct {
    ngx_uint_t                  protect;
    ngx_str_t                   login_uri;
    ngx_http_kabinet_web_t     *web;           /* of kabinet_gateway; NULL: no gateway here */
    ngx_http_kabinet_brand_t   *brand;         /* or NULL */
    ngx_http_kabinet_pages_t   *pages;         /* of both */
} ngx_http_kabinet_loc_conf_t;


/* One for a main request; found again after an internal redirect through the cleanup list. */
typedef struct {
    ngx_http_request_t         *request;
    ngx_http_kabinet_miss_t    *miss;          /* a session being asked for */
    ngx_queue_t                 waiting;       /* among the miss's waiters */
    kab_err_t                   verdict;       /* once looked: KAB_OK, NO_SESSION, UNAVAILABLE */
    unsigned                    looked:1;
    kab_session_t               session;       /* of a verdict that is KAB_OK; nothing before */
} ngx_http_kabinet_ctx_t;


/* A request that waits for the reply to its call; a subrequest (auth_request, SSI) is one of its own. */
typedef struct {
    ngx_http_request_t         *request;
    ngx_http_kabinet_job_t     *job;           /* or NULL: answered, or parked */
    ngx_http_kabinet_poll_t    *poll;          /* of a long poll, until it is answered */
} ngx_http_kabinet_asker_t;


/*
 * A piece of work in a thread pool. It owns copies of all its inputs; request and
 * job hold one pointer to each other and either may die first.
 */
struct ngx_http_kabinet_job_s {
    ngx_queue_t                 queue;         /* the worker's list */
    ngx_thread_task_t           task;
    ngx_event_t                 timer;         /* deadline, then not_before */
    ngx_http_kabinet_worker_t  *worker;
    ngx_http_kabinet_asker_t   *asker;         /* whoever waits, or NULL */
    kab_lane_t                  lane;
    void                      (*run)(ngx_http_kabinet_job_t *job, kab_thread_t *thread); /* THREAD */
    void                      (*done)(ngx_http_kabinet_job_t *job);

    kab_call_t                 *call;          /* a request or timer call … */
    kab_todo_t                  todo;
    ngx_int_t                   timer_kind;    /* of a timer call, else -1 */

    ngx_http_kabinet_miss_t    *miss;          /* … or a session to load */
    kab_err_t                   err;
    kab_session_t               session;

    unsigned                    running:1;     /* a thread has it */
    unsigned                    look:1;        /* a long poll's, counted */
    unsigned                    refused:1;     /* THREAD: there was no thread object for it */
};


/* Thread objects that nobody uses at the moment. */
typedef struct {
    pthread_mutex_t             mutex;
    kab_thread_t              **idle;
    ngx_uint_t                  n;
    kab_t                      *kab;
} ngx_http_kabinet_lane_t;


#define NGX_HTTP_KABINET_MISS_BUCKETS  256
#define NGX_HTTP_KABINET_POLL_BUCKETS  1024

/* Long polls of a worker, by wake key. */
typedef struct {
    ngx_queue_t                    bucket[NGX_HTTP_KABINET_POLL_BUCKETS];
    ngx_queue_t                    line;        /* those that wait for a look */
    ngx_uint_t                     looking;     /* calls under way */
    ngx_uint_t                     busy;
    ngx_connection_t              *bell;        /* rings when the worker quits */
} ngx_http_kabinet_polls_t;


struct ngx_http_kabinet_worker_s {
    ngx_http_kabinet_main_conf_t  *conf;
    kab_t                         *kab;
    ngx_http_kabinet_table_t      *table;
    ngx_queue_t                    jobs;
    ngx_http_kabinet_lane_t        lane[KAB_LANES];
    ngx_queue_t                    misses[NGX_HTTP_KABINET_MISS_BUCKETS];
    ngx_http_kabinet_redis_t      *redis;       /* asks and tells */
    ngx_http_kabinet_redis_t      *subscriber;  /* hears: wakes, and on worker 0 ended sessions */
    ngx_http_kabinet_polls_t       polls;
    ngx_event_t                    timers[KAB_TIMERS];
    ngx_uint_t                     timer_failed[KAB_TIMERS];
    ngx_connection_t               dummy;       /* a timer's data must have a readable fd */
};


extern ngx_module_t  ngx_http_kabinet_module;


/* ngx_http_kabinet_module.c */
ngx_http_kabinet_ctx_t *ngx_http_kabinet_ctx(ngx_http_request_t *r);       /* or NULL */
ngx_http_kabinet_ctx_t *ngx_http_kabinet_make_ctx(ngx_http_request_t *r);  /* NULL: no memory */
ngx_http_kabinet_worker_t *ngx_http_kabinet_worker(ngx_http_request_t *r); /* or NULL */

/* worker.c */
ngx_int_t ngx_http_kabinet_make_pools(ngx_conf_t *cf, ngx_http_kabinet_main_conf_t *mcf);
ngx_int_t ngx_http_kabinet_init_process(ngx_cycle_t *cycle);
void ngx_http_kabinet_exit_process(ngx_cycle_t *cycle);

/* job.c */
ngx_http_kabinet_job_t *ngx_http_kabinet_job_new(ngx_http_kabinet_worker_t *w);
ngx_int_t ngx_http_kabinet_job_post(ngx_http_kabinet_job_t *job, kab_lane_t lane); /* NGX_ERROR: full */
void ngx_http_kabinet_job_deadline(ngx_http_kabinet_job_t *job, ngx_msec_t ms, ngx_event_handler_pt h);
void ngx_http_kabinet_job_free(ngx_http_kabinet_job_t *job);
ngx_http_kabinet_job_t *ngx_http_kabinet_job_of_timer(ngx_event_t *ev);
ngx_int_t ngx_http_kabinet_job_init(ngx_http_kabinet_worker_t *w);
void ngx_http_kabinet_job_exit(ngx_http_kabinet_worker_t *w);

/* yield.c */
void ngx_http_kabinet_yield_init(void);
void ngx_http_kabinet_yield_begin(void);  /* THREAD */
void ngx_http_kabinet_yield_end(void);    /* THREAD */

/* call.c: calls of the core through the lanes */
void ngx_http_kabinet_call_start(ngx_http_kabinet_job_t *job);
void ngx_http_kabinet_timers_start(ngx_http_kabinet_worker_t *w);
void ngx_http_kabinet_call_abandon(ngx_http_kabinet_asker_t *asker);
ngx_int_t ngx_http_kabinet_watch_client(ngx_http_request_t *r);

/* api.c */
ngx_int_t ngx_http_kabinet_api_handler(ngx_http_request_t *r);
void ngx_http_kabinet_api_again(ngx_http_kabinet_asker_t *asker, ngx_uint_t last); /* the parked call, anew */
void ngx_http_kabinet_api_refuse(ngx_http_kabinet_asker_t *asker, kab_err_t err); /* finalizes */

/* poll.c: long polls */
ngx_int_t ngx_http_kabinet_polls_open(ngx_http_kabinet_worker_t *w, ngx_log_t *log);
void ngx_http_kabinet_polls_close(ngx_http_kabinet_worker_t *w);
void ngx_http_kabinet_polls_wake(ngx_http_kabinet_worker_t *w, u_char *key, size_t n);
void ngx_http_kabinet_polls_wake_all(ngx_http_kabinet_worker_t *w);
void ngx_http_kabinet_polls_next(ngx_http_kabinet_worker_t *w);
ngx_int_t ngx_http_kabinet_poll_listen(ngx_http_kabinet_asker_t *asker, ngx_http_kabinet_job_t *job);
void ngx_http_kabinet_poll_look(ngx_http_kabinet_job_t *job);
void ngx_http_kabinet_poll_park(ngx_http_kabinet_job_t *job);       /* frees the job */
void ngx_http_kabinet_poll_leave(ngx_http_kabinet_asker_t *asker);

/* reply.c */
void ngx_http_kabinet_api_send(ngx_http_request_t *r, const kab_reply_t *reply); /* finalizes */
ngx_int_t ngx_http_kabinet_api_problem(ngx_http_request_t *r, kab_err_t err); /* a refusal without a call */
ngx_int_t ngx_http_kabinet_add_header(ngx_http_request_t *r, const char *name, ngx_str_t *value);
ngx_int_t ngx_http_kabinet_send_text(ngx_http_request_t *r, ngx_uint_t status, const char *type, u_char *p,
    size_t n);

/* files.c, brand.c, pages.c */
char *ngx_http_kabinet_web_load(ngx_conf_t *cf, ngx_str_t *dir, ngx_http_kabinet_web_t **out);
char *ngx_http_kabinet_brand(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
kab_span_t ngx_http_kabinet_brand_meta(ngx_http_kabinet_brand_t *brand); /* of NULL: empty */
char *ngx_http_kabinet_pages_make(ngx_conf_t *cf, ngx_http_kabinet_web_t *web, ngx_http_kabinet_brand_t *brand,
    ngx_http_kabinet_pages_t **out);
ngx_int_t ngx_http_kabinet_pages_handler(ngx_http_request_t *r);

/* guard.c */
ngx_int_t ngx_http_kabinet_access_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_kabinet_drop_headers(ngx_http_request_t *r);
ngx_int_t ngx_http_kabinet_add_variables(ngx_conf_t *cf);

/* miss.c: a session that shared memory does not hold */
ngx_int_t ngx_http_kabinet_miss_wait(ngx_http_kabinet_worker_t *w, ngx_http_kabinet_ctx_t *ctx,
    const uint8_t *id);
void ngx_http_kabinet_miss_leave(ngx_http_kabinet_ctx_t *ctx);
void ngx_http_kabinet_miss_answer(ngx_http_kabinet_miss_t *miss, ngx_str_t *copy, ngx_uint_t alive);
void ngx_http_kabinet_miss_exit(ngx_http_kabinet_worker_t *w);
const uint8_t *ngx_http_kabinet_miss_id(ngx_http_kabinet_miss_t *miss);

/* sessions.c: the shared-memory table */
typedef enum {
    NGX_HTTP_KABINET_HIT,
    NGX_HTTP_KABINET_ABSENT,
    NGX_HTTP_KABINET_UNPROVEN, /* there, but no proof is remembered, or another one */
    NGX_HTTP_KABINET_FORGED,   /* no cookie, or none of ours */
    NGX_HTTP_KABINET_ENDED     /* a tombstone: nothing but the truth may bring it back */
} ngx_http_kabinet_found_t;

ngx_int_t ngx_http_kabinet_table_init(ngx_shm_zone_t *zone, void *data);
ngx_http_kabinet_table_t *ngx_http_kabinet_table(ngx_shm_zone_t *zone);
ngx_http_kabinet_counters_t *ngx_http_kabinet_counters(ngx_http_kabinet_table_t *t);
/* What the token names will be asked for soon: the processor may begin to fetch it. */
void ngx_http_kabinet_table_expect(ngx_http_kabinet_table_t *t, const kab_token_t *token);
/* `proven`: the token has just been proven, so remember it. On a hit *touch says that the idle clock in
 * Redis wants a touch; a token that is not proven moves no idle clock. */
ngx_http_kabinet_found_t ngx_http_kabinet_table_find(ngx_http_kabinet_table_t *t, const kab_token_t *token,
    ngx_uint_t proven, const kab_config_facts_t *facts, kab_session_t *out, ngx_uint_t *touch);
void ngx_http_kabinet_table_insert(ngx_http_kabinet_table_t *t, const kab_session_t *s, ngx_uint_t epoch);
void ngx_http_kabinet_table_drop(ngx_http_kabinet_table_t *t, const uint8_t *id, time_t tombstone);
ngx_uint_t ngx_http_kabinet_table_epoch(ngx_http_kabinet_table_t *t);
void ngx_http_kabinet_table_heard(ngx_http_kabinet_table_t *t);
time_t ngx_http_kabinet_table_silence(ngx_http_kabinet_table_t *t); /* seconds since it was heard */
void ngx_http_kabinet_table_usage(ngx_http_kabinet_table_t *t, ngx_uint_t *used, ngx_uint_t *capacity);

/* redis.c: the loop's own connection */
ngx_http_kabinet_redis_t *ngx_http_kabinet_redis_open(ngx_http_kabinet_worker_t *w, ngx_uint_t subscriber);
void ngx_http_kabinet_redis_close(ngx_http_kabinet_redis_t *redis);
ngx_int_t ngx_http_kabinet_redis_ask(ngx_http_kabinet_redis_t *redis, ngx_http_kabinet_miss_t *miss);
void ngx_http_kabinet_redis_touch(ngx_http_kabinet_redis_t *redis, const uint8_t *id);
void ngx_http_kabinet_redis_tell_ended(ngx_http_kabinet_redis_t *redis, const uint8_t *id);
ngx_uint_t ngx_http_kabinet_redis_up(ngx_http_kabinet_redis_t *redis);
ngx_uint_t ngx_http_kabinet_redis_evicts(ngx_http_kabinet_redis_t *redis); /* it must not */

/* status.c */
ngx_int_t ngx_http_kabinet_health_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_kabinet_metrics_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_KABINET_H_INCLUDED_ */

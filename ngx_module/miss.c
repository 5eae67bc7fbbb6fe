/*
 * A session that shared memory does not hold: Redis is asked from the loop, and
 * only when it says "not there", or nothing, PostgreSQL in the db lane.
 * All requests that want the same session at the same time share one question.
 */

#include "ngx_http_kabinet.h"


#define NGX_HTTP_KABINET_MISS_PATIENCE  10000   /* ms */


struct ngx_http_kabinet_miss_s {
    ngx_queue_t                 queue;     /* the worker's bucket */
    ngx_queue_t                 waiters;   /* ngx_http_kabinet_ctx_t.waiting */
    ngx_http_kabinet_worker_t  *worker;
    ngx_uint_t                  epoch;
    uint8_t                     id[KAB_SESSION_ID];
};


static ngx_queue_t *
ngx_http_kabinet_miss_bucket(ngx_http_kabinet_worker_t *w, const uint8_t *id)
{
    return &w->misses[id[0] % NGX_HTTP_KABINET_MISS_BUCKETS];
}


static ngx_http_kabinet_miss_t *
ngx_http_kabinet_miss_find(ngx_http_kabinet_worker_t *w, const uint8_t *id)
{
    ngx_queue_t              *q, *bucket = ngx_http_kabinet_miss_bucket(w, id);
    ngx_http_kabinet_miss_t  *miss;

    for (q = ngx_queue_head(bucket); q != ngx_queue_sentinel(bucket); q = ngx_queue_next(q)) {
        miss = ngx_queue_data(q, ngx_http_kabinet_miss_t, queue);
        if (ngx_memcmp(miss->id, id, KAB_SESSION_ID) == 0) {
            return miss;
        }
    }

    return NULL;
}


const uint8_t *
ngx_http_kabinet_miss_id(ngx_http_kabinet_miss_t *miss)
{
    return miss->id;
}


/* Wakes all who wait. Each goes on by itself, and none of them can reach the miss any more. */
static void
ngx_http_kabinet_miss_end(ngx_http_kabinet_miss_t *miss, kab_err_t verdict, const kab_session_t *session)
{
    ngx_queue_t             *q;
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_kabinet_ctx_t  *ctx;

    if (verdict == KAB_OK) {
        ngx_http_kabinet_table_insert(miss->worker->table, session, miss->epoch);
    }

    ngx_queue_remove(&miss->queue);

    while (!ngx_queue_empty(&miss->waiters)) {
        q = ngx_queue_head(&miss->waiters);
        ngx_queue_remove(q);

        ctx = ngx_queue_data(q, ngx_http_kabinet_ctx_t, waiting);
        ctx->miss = NULL;
        ctx->looked = 1;
        ctx->verdict = verdict;
        if (verdict == KAB_OK) {
            ctx->session = *session;
        }

        r = ctx->request;
        c = r->connection;
        ngx_http_set_log_request(c->log, r);
        r->write_event_handler(r);
        ngx_http_run_posted_requests(c);
    }

    ngx_free(miss);
}


/* THREAD: the job has its own copy of the id; the miss may be gone. */
static void
ngx_http_kabinet_miss_load(ngx_http_kabinet_job_t *job, kab_thread_t *thread)
{
    uint8_t  id[KAB_SESSION_ID];

    ngx_memcpy(id, job->session.id, KAB_SESSION_ID);
    job->err = kab_session_load(thread, id, &job->session);
}


static void
ngx_http_kabinet_miss_loaded(ngx_http_kabinet_job_t *job)
{
    kab_err_t                 err = job->refused ? KAB_E_UNAVAILABLE : job->err;
    kab_session_t             session = job->session;
    ngx_http_kabinet_miss_t  *miss = job->miss;

    ngx_http_kabinet_job_free(job);

    if (miss == NULL) {
        return;
    }

    if (err != KAB_OK && err != KAB_E_NO_SESSION) {
        err = KAB_E_UNAVAILABLE;
    }

    ngx_http_kabinet_miss_end(miss, err, &session);
}


/* Nobody is kept waiting for longer; the job ends by itself. */
static void
ngx_http_kabinet_miss_overdue(ngx_event_t *ev)
{
    ngx_http_kabinet_job_t   *job = ngx_http_kabinet_job_of_timer(ev);
    ngx_http_kabinet_miss_t  *miss = job->miss;

    job->miss = NULL;
    ngx_http_kabinet_miss_end(miss, KAB_E_UNAVAILABLE, NULL);
}


static ngx_int_t
ngx_http_kabinet_miss_to_lane(ngx_http_kabinet_miss_t *miss)
{
    ngx_http_kabinet_job_t     *job;
    ngx_http_kabinet_worker_t  *w = miss->worker;

    job = ngx_http_kabinet_job_new(w);
    if (job == NULL) {
        return NGX_ERROR;
    }

    job->miss = miss;
    ngx_memcpy(job->session.id, miss->id, KAB_SESSION_ID);
    job->run = ngx_http_kabinet_miss_load;
    job->done = ngx_http_kabinet_miss_loaded;
    (void) ngx_atomic_fetch_add(&ngx_http_kabinet_counters(w->table)->misses_lane, 1);

    if (ngx_http_kabinet_job_post(job, KAB_LANE_DB) != NGX_OK) {
        ngx_http_kabinet_job_free(job);
        return NGX_ERROR;
    }

    ngx_http_kabinet_job_deadline(job, NGX_HTTP_KABINET_MISS_PATIENCE, ngx_http_kabinet_miss_overdue);

    return NGX_OK;
}


/* What Redis said; copy empty: not there, or no answer. */
void
ngx_http_kabinet_miss_answer(ngx_http_kabinet_miss_t *miss, ngx_str_t *copy, ngx_uint_t alive)
{
    kab_session_t  session;

    if (alive && copy->len
        && kab_session_decode(miss->worker->kab, miss->id, (kab_span_t) { copy->data, copy->len }, &session))
    {
        ngx_http_kabinet_miss_end(miss, KAB_OK, &session);
        return;
    }

    if (ngx_http_kabinet_miss_to_lane(miss) != NGX_OK) {
        ngx_http_kabinet_miss_end(miss, KAB_E_UNAVAILABLE, NULL);
    }
}


/* NGX_AGAIN: the request is woken through its write_event_handler. NGX_OK: ctx->verdict stands already. */
ngx_int_t
ngx_http_kabinet_miss_wait(ngx_http_kabinet_worker_t *w, ngx_http_kabinet_ctx_t *ctx, const uint8_t *id)
{
    ngx_uint_t                silent;
    ngx_http_kabinet_miss_t  *miss;

    miss = ngx_http_kabinet_miss_find(w, id);

    if (miss != NULL) {
        ctx->miss = miss;
        ngx_queue_insert_tail(&miss->waiters, &ctx->waiting);
        return NGX_AGAIN;
    }

    miss = ngx_calloc(sizeof(ngx_http_kabinet_miss_t), ngx_cycle->log);
    if (miss == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(miss->id, id, KAB_SESSION_ID);
    miss->worker = w;
    miss->epoch = ngx_http_kabinet_table_epoch(w->table);
    ngx_queue_init(&miss->waiters);
    ngx_queue_insert_tail(ngx_http_kabinet_miss_bucket(w, id), &miss->queue);

    ctx->miss = miss;
    ngx_queue_insert_tail(&miss->waiters, &ctx->waiting);

    /* a machine that has not heard of ends for too long believes no copy */
    silent = ngx_http_kabinet_table_silence(w->table) > (time_t) w->conf->facts.session_stale;

    if (!silent && ngx_http_kabinet_redis_ask(w->redis, miss) == NGX_OK) {
        return NGX_AGAIN;
    }

    if (ngx_http_kabinet_miss_to_lane(miss) == NGX_OK) {
        return NGX_AGAIN;
    }

    /* nobody but this request can wait for it yet */
    ngx_http_kabinet_miss_leave(ctx);
    ngx_queue_remove(&miss->queue);
    ngx_free(miss);
    ctx->looked = 1;
    ctx->verdict = KAB_E_UNAVAILABLE;

    return NGX_OK;
}


void
ngx_http_kabinet_miss_leave(ngx_http_kabinet_ctx_t *ctx)
{
    if (ctx->miss) {
        ngx_queue_remove(&ctx->waiting);
        ctx->miss = NULL;
    }
}


void
ngx_http_kabinet_miss_exit(ngx_http_kabinet_worker_t *w)
{
    ngx_uint_t    i;
    ngx_queue_t  *q;

    for (i = 0; i < NGX_HTTP_KABINET_MISS_BUCKETS; i++) {
        while (!ngx_queue_empty(&w->misses[i])) {
            q = ngx_queue_head(&w->misses[i]);
            ngx_queue_remove(q);
            ngx_free(ngx_queue_data(q, ngx_http_kabinet_miss_t, queue));
        }
    }
}

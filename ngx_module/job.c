/*
 * Detached jobs over one thread pool a lane. A job is malloc'd, owns copies of
 * what it works on and touches nothing of nginx off the loop; its request may
 * go before it, it may go before its request.
 */

#include "ngx_http_kabinet.h"


/* THREAD: one that nobody uses, or a new one; NULL if it cannot be made. */
static kab_thread_t *
ngx_http_kabinet_lane_take(ngx_http_kabinet_lane_t *lane, kab_lane_t which)
{
    kab_thread_t  *thread = NULL;

    pthread_mutex_lock(&lane->mutex);
    if (lane->n) {
        thread = lane->idle[--lane->n];
    }
    pthread_mutex_unlock(&lane->mutex);

    if (thread == NULL && kab_thread_open(lane->kab, which, &thread) != KAB_OK) {
        return NULL;
    }

    return thread;
}


/* THREAD: there are never more objects than threads, so there is room. */
static void
ngx_http_kabinet_lane_give(ngx_http_kabinet_lane_t *lane, kab_thread_t *thread)
{
    pthread_mutex_lock(&lane->mutex);
    lane->idle[lane->n++] = thread;
    pthread_mutex_unlock(&lane->mutex);
}


/* THREAD */
static void
ngx_http_kabinet_job_thread(void *data, ngx_log_t *log)
{
    kab_thread_t             *thread;
    ngx_http_kabinet_job_t   *job = data;
    ngx_http_kabinet_lane_t  *lane = &job->worker->lane[job->lane];

    thread = ngx_http_kabinet_lane_take(lane, job->lane);
    if (thread == NULL) {
        job->refused = 1;
        return;
    }

    if (job->lane == KAB_LANE_HASH) {
        ngx_http_kabinet_yield_begin();
        job->run(job, thread);
        ngx_http_kabinet_yield_end();

    } else {
        job->run(job, thread);
    }

    ngx_http_kabinet_lane_give(lane, thread);
}


static void
ngx_http_kabinet_job_completed(ngx_event_t *ev)
{
    ngx_http_kabinet_job_t  *job = ev->data;

    job->running = 0;
    job->done(job);
}


ngx_http_kabinet_job_t *
ngx_http_kabinet_job_new(ngx_http_kabinet_worker_t *w)
{
    ngx_http_kabinet_job_t  *job;

    job = ngx_calloc(sizeof(ngx_http_kabinet_job_t), ngx_cycle->log);
    if (job == NULL) {
        return NULL;
    }

    job->worker = w;
    job->timer_kind = -1;
    job->timer.data = &w->dummy;
    job->timer.log = ngx_cycle->log;

    job->task.ctx = job;
    job->task.handler = ngx_http_kabinet_job_thread;
    job->task.event.data = job;
    job->task.event.handler = ngx_http_kabinet_job_completed;

    ngx_queue_insert_tail(&w->jobs, &job->queue);

    return job;
}


ngx_int_t
ngx_http_kabinet_job_post(ngx_http_kabinet_job_t *job, kab_lane_t lane)
{
    ngx_http_kabinet_worker_t  *w = job->worker;

    job->lane = lane;
    job->refused = 0;

    if (ngx_thread_task_post(w->conf->pool[lane], &job->task) != NGX_OK) {
        (void) ngx_atomic_fetch_add(&ngx_http_kabinet_counters(w->table)->shed, 1);
        return NGX_ERROR;
    }

    job->running = 1;
    return NGX_OK;
}


/* Not cancelable: a worker that quits waits for the clients of its jobs. */
void
ngx_http_kabinet_job_deadline(ngx_http_kabinet_job_t *job, ngx_msec_t ms, ngx_event_handler_pt h)
{
    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);
    }

    job->timer.handler = h;
    ngx_add_timer(&job->timer, ms);
}


ngx_http_kabinet_job_t *
ngx_http_kabinet_job_of_timer(ngx_event_t *ev)
{
    return (ngx_http_kabinet_job_t *) ((u_char *) ev - offsetof(ngx_http_kabinet_job_t, timer));
}


void
ngx_http_kabinet_job_free(ngx_http_kabinet_job_t *job)
{
    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);
    }

    if (job->look) {
        job->worker->polls.looking--;
    }

    ngx_queue_remove(&job->queue);
    kab_call_free(job->call);
    kab_wipe(&job->session, sizeof(kab_session_t));
    ngx_free(job);
}


ngx_int_t
ngx_http_kabinet_job_init(ngx_http_kabinet_worker_t *w)
{
    ngx_uint_t                i;
    ngx_http_kabinet_lane_t  *lane;

    ngx_queue_init(&w->jobs);
    ngx_http_kabinet_yield_init();

    for (i = 0; i < KAB_LANES; i++) {
        lane = &w->lane[i];
        lane->kab = w->kab;
        lane->idle = ngx_calloc(w->conf->threads[i] * sizeof(kab_thread_t *), ngx_cycle->log);
        if (lane->idle == NULL || pthread_mutex_init(&lane->mutex, NULL) != 0) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The pools' own exit ran before and waited for every thread; completions are not delivered any more. */
void
ngx_http_kabinet_job_exit(ngx_http_kabinet_worker_t *w)
{
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_http_kabinet_lane_t  *lane;

    while (!ngx_queue_empty(&w->jobs)) {
        q = ngx_queue_head(&w->jobs);
        ngx_http_kabinet_job_free(ngx_queue_data(q, ngx_http_kabinet_job_t, queue));
    }

    for (i = 0; i < KAB_LANES; i++) {
        lane = &w->lane[i];
        while (lane->n) {
            kab_thread_close(lane->idle[--lane->n]);
        }
        ngx_free(lane->idle);
        pthread_mutex_destroy(&lane->mutex);
    }
}

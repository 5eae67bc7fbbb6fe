/*
 * Calls of the core on their way through the lanes: requests, with somebody who
 * waits for the reply, and timer jobs, with nobody.
 */

#include "ngx_http_kabinet.h"


#define NGX_HTTP_KABINET_SLOWEST  5       /* seconds between tries of a timer job that fails */
#define NGX_HTTP_KABINET_HOLD     60000   /* ms; longer than a timer job takes, else once more */


static void ngx_http_kabinet_call_next(ngx_http_kabinet_job_t *job);
static void ngx_http_kabinet_call_overdue(ngx_event_t *ev);
static void ngx_http_kabinet_call_reply(ngx_http_kabinet_job_t *job);


/* THREAD */
static void
ngx_http_kabinet_call_run(ngx_http_kabinet_job_t *job, kab_thread_t *thread)
{
    job->todo = kab_call_run(job->call, thread);
}


static void
ngx_http_kabinet_call_log(ngx_http_kabinet_job_t *job)
{
    ngx_uint_t        i, level;
    const kab_log_t  *log = kab_call_log(job->call);

    static const ngx_uint_t  levels[] = { NGX_LOG_ERR, NGX_LOG_WARN, NGX_LOG_NOTICE, NGX_LOG_INFO };

    /* a timer job that keeps failing says so once */
    if (job->timer_kind >= 0 && job->worker->timer_failed[job->timer_kind] > 1) {
        return;
    }

    for (i = 0; i < log->n; i++) {
        level = levels[log->level[i]];
        ngx_log_error(level, ngx_cycle->log, 0, "kabinet: %s", log->line[i]);
    }

    if (log->lost) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0, "kabinet: %ui more lines", (ngx_uint_t) log->lost);
    }
}


static void
ngx_http_kabinet_call_done(ngx_http_kabinet_job_t *job)
{
    ngx_http_kabinet_worker_t  *w = job->worker;

    if (job->refused) {
        kab_call_shed(job->call);
        job->todo = KAB_TODO_REPLY;
    }

    ngx_http_kabinet_call_next(job);
    ngx_http_kabinet_polls_next(w);
}


/* How long its client is kept waiting: a step may have shortened it for the next one. */
static void
ngx_http_kabinet_call_patience(ngx_http_kabinet_job_t *job)
{
    kab_time_t      left;
    struct timeval  now;

    if (job->asker == NULL) {
        return;
    }

    ngx_gettimeofday(&now);
    left = kab_call_deadline(job->call) - ((kab_time_t) now.tv_sec * KAB_SECOND + now.tv_usec);

    ngx_http_kabinet_job_deadline(job, left > 0 ? (ngx_msec_t) (left / KAB_MS) + 1 : 1,
                                  ngx_http_kabinet_call_overdue);
}


static void
ngx_http_kabinet_call_next(ngx_http_kabinet_job_t *job)
{
    kab_lane_t  lane;

    if (job->todo == KAB_TODO_PARK) {
        ngx_http_kabinet_call_log(job);
        ngx_http_kabinet_poll_park(job);
        return;
    }

    if (job->todo != KAB_TODO_REPLY) {
        lane = (kab_lane_t) job->todo;
        ngx_http_kabinet_call_patience(job);

        if (ngx_http_kabinet_job_post(job, lane) == NGX_OK) {
            return;
        }

        kab_call_shed(job->call);
    }

    ngx_http_kabinet_call_reply(job);
}


/* What the call did to sessions takes effect before anybody hears of it. */
static void
ngx_http_kabinet_call_apply(ngx_http_kabinet_job_t *job, const kab_reply_t *reply)
{
    size_t                      i;
    time_t                      tombstone;
    ngx_http_kabinet_worker_t  *w = job->worker;

    tombstone = w->conf->facts.session_stale + 10;

    for (i = 0; i < reply->ended_n; i++) {
        ngx_http_kabinet_table_drop(w->table, reply->ended[i], tombstone);

        if (job->timer_kind < 0) {
            ngx_http_kabinet_redis_tell_ended(w->redis, reply->ended[i]);
        }
    }

    if (reply->has_session) {
        ngx_http_kabinet_table_insert(w->table, &reply->session, ngx_http_kabinet_table_epoch(w->table));
    }
}


static void
ngx_http_kabinet_call_send(ngx_http_kabinet_job_t *job)
{
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_kabinet_asker_t  *asker = job->asker;

    if (asker == NULL) {
        ngx_http_kabinet_job_free(job);
        return;
    }

    r = asker->request;
    c = r->connection;
    asker->job = NULL;
    ngx_http_kabinet_poll_leave(asker);
    ngx_http_set_log_request(c->log, r);

    ngx_http_kabinet_api_send(r, kab_call_reply(job->call));
    ngx_http_kabinet_job_free(job);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_kabinet_call_due(ngx_event_t *ev)
{
    ngx_http_kabinet_call_send(ngx_http_kabinet_job_of_timer(ev));
}


static void ngx_http_kabinet_timer_done(ngx_http_kabinet_job_t *job, const kab_reply_t *reply);


static void
ngx_http_kabinet_call_reply(ngx_http_kabinet_job_t *job)
{
    kab_time_t          wait;
    struct timeval      now;
    const kab_reply_t  *reply = kab_call_reply(job->call);

    ngx_http_kabinet_call_log(job);
    ngx_http_kabinet_call_apply(job, reply);

    if (job->timer_kind >= 0) {
        ngx_http_kabinet_timer_done(job, reply);
        return;
    }

    ngx_gettimeofday(&now);
    wait = reply->not_before - ((kab_time_t) now.tv_sec * KAB_SECOND + now.tv_usec);

    if (job->asker && wait > 0) {
        ngx_http_kabinet_job_deadline(job, (ngx_msec_t) ((wait + KAB_MS - 1) / KAB_MS),
                                      ngx_http_kabinet_call_due);
        return;
    }

    ngx_http_kabinet_call_send(job);
}


/* The client is not kept any longer; the job goes on by itself, a commit must run to its end. */
static void
ngx_http_kabinet_call_overdue(ngx_event_t *ev)
{
    ngx_http_kabinet_job_t    *job = ngx_http_kabinet_job_of_timer(ev);
    ngx_http_kabinet_asker_t  *asker = job->asker;

    if (asker != NULL) {
        job->asker = NULL;
        ngx_http_kabinet_api_refuse(asker, KAB_E_OVERLOADED);
    }
}


void
ngx_http_kabinet_call_abandon(ngx_http_kabinet_asker_t *asker)
{
    ngx_http_kabinet_job_t  *job = asker->job;

    ngx_http_kabinet_poll_leave(asker);

    if (job == NULL) {
        return;
    }

    asker->job = NULL;
    job->asker = NULL;

    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);

        if (!job->running) {
            /* it only waited for its not_before */
            ngx_http_kabinet_job_free(job);
        }
    }
}


void
ngx_http_kabinet_call_start(ngx_http_kabinet_job_t *job)
{
    job->run = ngx_http_kabinet_call_run;
    job->done = ngx_http_kabinet_call_done;

    ngx_http_kabinet_call_next(job);
}


/* A client that goes away is noticed while its call is under way (HTTP/1.1 and 2). */
ngx_int_t
ngx_http_kabinet_watch_client(ngx_http_request_t *r)
{
    if (r->connection->read->ready) {
        ngx_post_event(r->connection->read, &ngx_posted_events);

    } else if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    r->read_event_handler = ngx_http_test_reading;

    return NGX_OK;
}


/* ---- timer jobs, on worker 0 ---- */

static const ngx_msec_t  ngx_http_kabinet_periods[KAB_TIMERS] = {
    [KAB_TIMER_ENDED] = 1000,
    [KAB_TIMER_AUDIT] = 1000,
    [KAB_TIMER_OUTBOX] = 200,
    [KAB_TIMER_CASES] = 2000,
    [KAB_TIMER_SWEEP] = 3600 * 1000,
};


static void
ngx_http_kabinet_timer_done(ngx_http_kabinet_job_t *job, const kab_reply_t *reply)
{
    ngx_int_t                   kind = job->timer_kind;
    ngx_msec_t                  period = ngx_http_kabinet_periods[kind];
    ngx_http_kabinet_worker_t  *w = job->worker;

    if (reply->status < 300) {
        w->timer_failed[kind] = 0;
        if (reply->again) {
            period = 1;
        }
        if (kind == KAB_TIMER_ENDED) {
            ngx_http_kabinet_table_heard(w->table);
        }

    } else {
        w->timer_failed[kind]++;
        period = 1000 * ngx_min(w->timer_failed[kind], NGX_HTTP_KABINET_SLOWEST);
    }

    ngx_http_kabinet_job_free(job);

    if (!ngx_exiting) {
        ngx_add_timer(&w->timers[kind], period);
    }
}


/* Not cancelable: what is under way is brought to its end before a worker quits, or the outbox would not
 * know what it has sent. */
static void
ngx_http_kabinet_timer_hold(ngx_event_t *ev)
{
    ngx_http_kabinet_job_deadline(ngx_http_kabinet_job_of_timer(ev), NGX_HTTP_KABINET_HOLD,
                                  ngx_http_kabinet_timer_hold);
}


static void
ngx_http_kabinet_timer_fire(ngx_event_t *ev)
{
    ngx_http_kabinet_job_t     *job;
    ngx_http_kabinet_worker_t  *w;

    w = (ngx_http_kabinet_worker_t *)
        ((u_char *) ev->data - offsetof(ngx_http_kabinet_worker_t, dummy));

    job = ngx_http_kabinet_job_new(w);
    if (job == NULL) {
        ngx_add_timer(ev, 1000);
        return;
    }

    job->timer_kind = ev - w->timers;
    job->call = kab_call_timer(w->kab, (kab_timer_t) job->timer_kind, &job->todo);

    if (job->call == NULL) {
        ngx_http_kabinet_job_free(job);
        ngx_add_timer(ev, 1000);
        return;
    }

    ngx_http_kabinet_timer_hold(&job->timer);
    ngx_http_kabinet_call_start(job);
}


void
ngx_http_kabinet_timers_start(ngx_http_kabinet_worker_t *w)
{
    ngx_uint_t  i;

    for (i = 0; i < KAB_TIMERS; i++) {
        w->timers[i].handler = ngx_http_kabinet_timer_fire;
        w->timers[i].data = &w->dummy;
        w->timers[i].log = ngx_cycle->log;
        w->timers[i].cancelable = 1;
        ngx_add_timer(&w->timers[i], i == KAB_TIMER_SWEEP ? 60 * 1000 : 1);
    }
}

/*
 * Long polls. A poll listens for its wake key from before its first look; with
 * nothing new its call is freed and only the request stays, with a timer and
 * this node in its pool. A wake, the end of its wait or the end of the worker
 * makes the call anew from the request. Few look at a time and the others stand
 * in line: a thousand that come or wake together must not fill the lane.
 *
 * The key is a flow's name or, for an app, the device that it says it is: until
 * the first look has checked cookie or signature a stranger may listen too, and
 * hears nothing but its refusal. Each look checks again.
 */

#include "ngx_http_kabinet.h"


#define NGX_HTTP_KABINET_POLLS_AT_ONCE  32      /* that look */
#define NGX_HTTP_KABINET_POLL_LINE      10000   /* ms that the last look is waited for */


struct ngx_http_kabinet_poll_s {
    ngx_queue_t                 queue;      /* in its bucket */
    ngx_queue_t                 line;
    ngx_event_t                 timer;
    ngx_http_kabinet_worker_t  *worker;
    ngx_http_kabinet_asker_t   *asker;
    u_char                      key[KAB_WAKE_KEY];
    unsigned                    parked:1;   /* there is no call */
    unsigned                    in_line:1;
    unsigned                    woken:1;    /* since its last look began */
    unsigned                    last:1;     /* its wait is over */
};


static ngx_queue_t *
ngx_http_kabinet_poll_bucket(ngx_http_kabinet_worker_t *w, u_char *key)
{
    return &w->polls.bucket[ngx_murmur_hash2(key, KAB_WAKE_KEY) % NGX_HTTP_KABINET_POLL_BUCKETS];
}


/* Who is in line looks as soon as there is room. */
void
ngx_http_kabinet_polls_next(ngx_http_kabinet_worker_t *w)
{
    ngx_queue_t              *q;
    ngx_http_kabinet_poll_t  *poll;

    /* an answer given at once comes back here: the loop below goes on by itself */
    if (w->polls.busy) {
        return;
    }

    w->polls.busy = 1;

    while (w->polls.looking < NGX_HTTP_KABINET_POLLS_AT_ONCE && !ngx_queue_empty(&w->polls.line)) {
        q = ngx_queue_head(&w->polls.line);
        poll = ngx_queue_data(q, ngx_http_kabinet_poll_t, line);

        ngx_queue_remove(q);
        poll->in_line = 0;
        poll->parked = 0;
        poll->woken = 0;

        ngx_http_kabinet_api_again(poll->asker, poll->last);
    }

    w->polls.busy = 0;
}


static void
ngx_http_kabinet_poll_wake(ngx_http_kabinet_poll_t *poll)
{
    poll->woken = 1;

    if (poll->parked && !poll->in_line) {
        poll->in_line = 1;
        ngx_queue_insert_tail(&poll->worker->polls.line, &poll->line);
    }
}


static void
ngx_http_kabinet_poll_over(ngx_event_t *ev)
{
    ngx_http_kabinet_poll_t  *poll;

    poll = (ngx_http_kabinet_poll_t *) ((u_char *) ev - offsetof(ngx_http_kabinet_poll_t, timer));

    /* the lane is stuck */
    if (poll->last && poll->parked) {
        ngx_http_kabinet_api_refuse(poll->asker, KAB_E_OVERLOADED);
        return;
    }

    poll->last = 1;
    ngx_add_timer(&poll->timer, NGX_HTTP_KABINET_POLL_LINE);

    ngx_http_kabinet_poll_wake(poll);
    ngx_http_kabinet_polls_next(poll->worker);
}


/* Counted until it is freed. */
void
ngx_http_kabinet_poll_look(ngx_http_kabinet_job_t *job)
{
    job->look = 1;
    job->worker->polls.looking++;
}


/*
 * Before the call's first run. NGX_DECLINED: it is no long poll; NGX_OK: it is, and looks with this
 * job; NGX_AGAIN: it stands in line, the job is not wanted.
 */
ngx_int_t
ngx_http_kabinet_poll_listen(ngx_http_kabinet_asker_t *asker, ngx_http_kabinet_job_t *job)
{
    kab_poll_t                  wanted;
    ngx_http_kabinet_poll_t    *poll;
    ngx_http_kabinet_worker_t  *w = job->worker;

    if (!kab_call_poll(job->call, &wanted)) {
        return NGX_DECLINED;
    }

    poll = ngx_pcalloc(asker->request->pool, sizeof(ngx_http_kabinet_poll_t));
    if (poll == NULL) {
        return NGX_ERROR;
    }

    poll->worker = w;
    poll->asker = asker;
    ngx_memcpy(poll->key, wanted.key, KAB_WAKE_KEY);

    poll->timer.handler = ngx_http_kabinet_poll_over;
    poll->timer.data = &w->dummy;
    poll->timer.log = ngx_cycle->log;
    ngx_add_timer(&poll->timer, (ngx_msec_t) wanted.wait * 1000);

    ngx_queue_insert_tail(ngx_http_kabinet_poll_bucket(w, poll->key), &poll->queue);
    asker->poll = poll;

    if (w->polls.looking == NGX_HTTP_KABINET_POLLS_AT_ONCE) {
        poll->parked = 1;
        ngx_http_kabinet_poll_wake(poll);
        return NGX_AGAIN;
    }

    ngx_http_kabinet_poll_look(job);

    return NGX_OK;
}


/* Nothing new: the call goes, the request stays. */
void
ngx_http_kabinet_poll_park(ngx_http_kabinet_job_t *job)
{
    ngx_http_kabinet_poll_t    *poll;
    ngx_http_kabinet_asker_t   *asker = job->asker;
    ngx_http_kabinet_worker_t  *w = job->worker;

    ngx_http_kabinet_job_free(job);

    if (asker == NULL) {
        return;
    }

    asker->job = NULL;
    poll = asker->poll;
    poll->parked = 1;

    if (poll->woken || poll->last || ngx_exiting) {
        ngx_http_kabinet_poll_wake(poll);
    } else {
        (void) ngx_atomic_fetch_add(&ngx_http_kabinet_counters(w->table)->parked, 1);
    }
}


/* It is answered, or its client is gone. */
void
ngx_http_kabinet_poll_leave(ngx_http_kabinet_asker_t *asker)
{
    ngx_http_kabinet_poll_t  *poll = asker->poll;

    if (poll == NULL) {
        return;
    }

    asker->poll = NULL;
    ngx_queue_remove(&poll->queue);

    if (poll->in_line) {
        ngx_queue_remove(&poll->line);
    }
    if (poll->timer.timer_set) {
        ngx_del_timer(&poll->timer);
    }
}


void
ngx_http_kabinet_polls_wake(ngx_http_kabinet_worker_t *w, u_char *key, size_t n)
{
    ngx_queue_t              *q, *bucket;
    ngx_http_kabinet_poll_t  *poll;

    if (n != KAB_WAKE_KEY) {
        return;
    }

    bucket = ngx_http_kabinet_poll_bucket(w, key);

    for (q = ngx_queue_head(bucket); q != ngx_queue_sentinel(bucket); q = ngx_queue_next(q)) {
        poll = ngx_queue_data(q, ngx_http_kabinet_poll_t, queue);

        if (ngx_memcmp(poll->key, key, KAB_WAKE_KEY) == 0) {
            ngx_http_kabinet_poll_wake(poll);
        }
    }

    ngx_http_kabinet_polls_next(w);
}


/* Wakes may have been missed, or there will be none any more. */
void
ngx_http_kabinet_polls_wake_all(ngx_http_kabinet_worker_t *w)
{
    ngx_uint_t    i;
    ngx_queue_t  *q, *bucket;

    for (i = 0; i < NGX_HTTP_KABINET_POLL_BUCKETS; i++) {
        bucket = &w->polls.bucket[i];

        for (q = ngx_queue_head(bucket); q != ngx_queue_sentinel(bucket); q = ngx_queue_next(q)) {
            ngx_http_kabinet_poll_wake(ngx_queue_data(q, ngx_http_kabinet_poll_t, queue));
        }
    }

    ngx_http_kabinet_polls_next(w);
}


/* ---- the end of the worker ---- */

/* nginx tells idle connections that it quits, and nobody else: so here is one, to nowhere. */
static void
ngx_http_kabinet_polls_quit(ngx_event_t *ev)
{
    ngx_connection_t           *c = ev->data;
    ngx_http_kabinet_worker_t  *w = c->data;

    if (c->close) {
        w->polls.bell = NULL;
        ngx_close_connection(c);
        kab_stop(w->kab);
        ngx_http_kabinet_polls_wake_all(w);
    }
}


ngx_int_t
ngx_http_kabinet_polls_open(ngx_http_kabinet_worker_t *w, ngx_log_t *log)
{
    ngx_uint_t         i;
    ngx_socket_t       fd;
    ngx_connection_t  *c;

    for (i = 0; i < NGX_HTTP_KABINET_POLL_BUCKETS; i++) {
        ngx_queue_init(&w->polls.bucket[i]);
    }
    ngx_queue_init(&w->polls.line);

    fd = ngx_socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd == (ngx_socket_t) -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_socket_errno, ngx_socket_n " failed");
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, log);
    if (c == NULL) {
        ngx_close_socket(fd);
        return NGX_ERROR;
    }

    c->data = w;
    c->log = log;
    c->idle = 1;
    c->read->handler = ngx_http_kabinet_polls_quit;
    c->read->log = log;
    c->write->log = log;
    w->polls.bell = c;

    return NGX_OK;
}


void
ngx_http_kabinet_polls_close(ngx_http_kabinet_worker_t *w)
{
    if (w->polls.bell) {
        ngx_close_connection(w->polls.bell);
        w->polls.bell = NULL;
    }
}

/*
 * Hashing yields to the event loop and to whatever else wants the core: a share of 3 % where both do, so that
 * a flood of requests does not shut out every sign-in, and at once. Linux does not always let a thread that
 * wakes go first, and looks again at its tick, up to 4 ms later. So a timer of its own interrupts a thread
 * that hashes, and it lets go.
 */

#include "ngx_http_kabinet.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>


#define NGX_HTTP_KABINET_YIELD_NICE    15
#define NGX_HTTP_KABINET_YIELD_PERIOD  500000    /* ns */
#define NGX_HTTP_KABINET_YIELD_SIGNAL  SIGRTMIN  /* no other thread gets it, and nginx uses none of its kind */

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id  _sigev_un._tid
#endif


/* struct sched_attr of sched_setattr(2): Linux' header and the C library's cannot both be included everywhere. */
typedef struct {
    uint32_t  size;
    uint32_t  policy;
    uint64_t  flags;
    int32_t   nice;
    uint32_t  priority;
    uint64_t  runtime;   /* the slice that is asked for (from 6.12 on; before, that is ignored), in ns */
    uint64_t  deadline;
    uint64_t  period;
} ngx_http_kabinet_sched_attr_t;


typedef struct {
    timer_t   timer;
    unsigned  prepared:1;
    unsigned  timed:1;
} ngx_http_kabinet_yield_t;


static __thread ngx_http_kabinet_yield_t  ngx_http_kabinet_yielding;


static void
ngx_http_kabinet_yield_now(int signo)
{
    (void) sched_yield();
}


void
ngx_http_kabinet_yield_init(void)
{
    struct sigaction  action;

    ngx_memzero(&action, sizeof(action));
    action.sa_handler = ngx_http_kabinet_yield_now;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    (void) sigaction(NGX_HTTP_KABINET_YIELD_SIGNAL, &action, NULL);
}


/* THREAD: nginx's pools have no hook for a thread's beginning, and block all signals. Where the system refuses
 * a timer, others wait for its tick. */
static void
ngx_http_kabinet_yield_prepare(ngx_http_kabinet_yield_t *yielding)
{
    sigset_t         set;
    struct sigevent  event;

    ngx_http_kabinet_sched_attr_t  attr = {
        .size = sizeof(attr),
        .policy = SCHED_OTHER,
        .nice = NGX_HTTP_KABINET_YIELD_NICE,
        .runtime = NGX_HTTP_KABINET_YIELD_PERIOD
    };

    yielding->prepared = 1;
    (void) syscall(SYS_sched_setattr, 0, &attr, 0); /* this thread */

    ngx_memzero(&event, sizeof(event));
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = NGX_HTTP_KABINET_YIELD_SIGNAL;
    event.sigev_notify_thread_id = (pid_t) syscall(SYS_gettid);
    yielding->timed = timer_create(CLOCK_MONOTONIC, &event, &yielding->timer) == 0;

    sigemptyset(&set);
    sigaddset(&set, NGX_HTTP_KABINET_YIELD_SIGNAL);
    (void) pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}


static void
ngx_http_kabinet_yield_every(ngx_http_kabinet_yield_t *yielding, long ns)
{
    struct itimerspec  every = { .it_interval.tv_nsec = ns, .it_value.tv_nsec = ns };

    if (yielding->timed) {
        (void) timer_settime(yielding->timer, 0, &every, NULL);
    }
}


void
ngx_http_kabinet_yield_begin(void)
{
    ngx_http_kabinet_yield_t  *yielding = &ngx_http_kabinet_yielding;

    if (!yielding->prepared) {
        ngx_http_kabinet_yield_prepare(yielding);
    }

    ngx_http_kabinet_yield_every(yielding, NGX_HTTP_KABINET_YIELD_PERIOD);
}


void
ngx_http_kabinet_yield_end(void)
{
    ngx_http_kabinet_yield_every(&ngx_http_kabinet_yielding, 0);
}

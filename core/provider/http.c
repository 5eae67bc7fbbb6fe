/* One thread's questions to one provider: many at a time, over connections that stay. */
#include "provider/http.h"

#include <stdlib.h>

#include "provider/transfer.h"

enum { LOOK_MS = 250 }; /* between looks whether the provider was stopped */

struct kab_link_s {
    kab_provider_t *provider;
    CURLM *multi;
    kab_transfer_t *transfer[KAB_HTTP_AT_ONCE]; /* NULL: not wanted so far */
};

kab_link_t *kab_link_open(kab_provider_t *provider)
{
    kab_link_t *link = calloc(1, sizeof *link);

    if (!link) {
        return NULL;
    }
    link->provider = provider;
    link->multi = curl_multi_init();
    if (!link->multi ||
        curl_multi_setopt(link->multi, CURLMOPT_MAXCONNECTS, (long)KAB_HTTP_AT_ONCE)) {
        kab_link_close(link);
        return NULL;
    }
    return link;
}

void kab_link_close(kab_link_t *link)
{
    if (link) {
        for (unsigned i = 0; i < KAB_HTTP_AT_ONCE; i++) {
            kab_transfer_close(link->transfer[i]);
        }
        curl_multi_cleanup(link->multi);
        free(link);
    }
}

const kab_env_t *kab_link_env(const kab_link_t *link)
{
    return &link->provider->env;
}

kab_time_t kab_link_now(const kab_link_t *link)
{
    return link->provider->env.now(link->provider->env.ctx);
}

kab_time_t kab_link_timeout(const kab_link_t *link)
{
    return link->provider->timeout;
}

static bool stopped(const kab_link_t *link)
{
    return atomic_load(&link->provider->ends) != 0;
}

static bool given_up(const kab_link_t *link)
{
    return stopped(link) && kab_link_now(link) >= atomic_load(&link->provider->ends);
}

/* ---- one of them ---------------------------------------------------------------- */

/* A ticket, or 0 and how long to wait. */
static uint64_t ask_breaker(kab_link_t *link, kab_time_t *wait)
{
    kab_provider_t *provider = link->provider;
    kab_time_t now = kab_link_now(link);

    pthread_mutex_lock(&provider->guard);
    uint64_t ticket = kab_breaker_ask(&provider->breaker, now);
    *wait = ticket ? 0 : kab_breaker_wait(&provider->breaker, now);
    pthread_mutex_unlock(&provider->guard);
    return ticket;
}

static void tell_breaker(kab_link_t *link, uint64_t ticket, bool good)
{
    kab_provider_t *provider = link->provider;
    kab_time_t now = kab_link_now(link);

    pthread_mutex_lock(&provider->guard);
    kab_breaker_tell(&provider->breaker, now, ticket, good);
    pthread_mutex_unlock(&provider->guard);
}

static kab_transfer_t *idle(kab_link_t *link)
{
    for (unsigned i = 0; i < KAB_HTTP_AT_ONCE; i++) {
        kab_transfer_t **t = &link->transfer[i];
        *t = *t ? *t : kab_transfer_open();
        if (!*t || !(*t)->reply) {
            return *t;
        }
    }
    return NULL;
}

static void finish(kab_link_t *link, kab_transfer_t *t, CURLcode code)
{
    curl_multi_remove_handle(link->multi, t->curl);
    kab_transfer_end(t, code);
    tell_breaker(link, t->ticket, !t->reply->broken);
    t->reply = NULL;
}

typedef enum {
    SENT,
    SETTLED, /* its reply stands, nothing was sent */
    HELD     /* the circuit is open, but one of ours may close it: ask again after that */
} begun_t;

static begun_t begin(kab_link_t *link, const kab_http_ask_t *ask, kab_http_reply_t *reply,
                     kab_time_t until, bool alone)
{
    *reply = (kab_http_reply_t){.broken = true};
    reply->why = ask->body.n == 0                       ? "the question could not be written"
                 : stopped(link)                        ? "the gateway stops"
                 : until && kab_link_now(link) >= until ? "the provider is slow"
                                                        : NULL;
    if (reply->why) {
        return SETTLED;
    }
    uint64_t ticket = ask_breaker(link, &reply->retry_after);
    if (!ticket) {
        reply->why = "the circuit is open";
        return alone ? SETTLED : HELD;
    }
    reply->asked = true;
    kab_transfer_t *t = idle(link);
    if (t && kab_transfer_begin(t, link->provider, ask, reply, ticket)) {
        if (!curl_multi_add_handle(link->multi, t->curl)) {
            return SENT;
        }
        t->reply = NULL;
    }
    reply->why = "out of memory";
    tell_breaker(link, ticket, false);
    return SETTLED;
}

/* ---- all of them ---------------------------------------------------------------- */

/* Moves what is under way; how many came to their end. */
static unsigned turn(kab_link_t *link)
{
    CURLMsg *said;
    kab_transfer_t *t;
    unsigned n = 0;
    int left;
    bool moves = curl_multi_perform(link->multi, &left) == CURLM_OK && !given_up(link);

    while ((said = curl_multi_info_read(link->multi, &left))) {
        curl_easy_getinfo(said->easy_handle, CURLINFO_PRIVATE, &t);
        finish(link, t, said->data.result);
        n++;
    }
    for (unsigned i = 0; !moves && i < KAB_HTTP_AT_ONCE; i++) {
        t = link->transfer[i];
        if (t && t->reply) {
            finish(link, t, CURLE_ABORTED_BY_CALLBACK);
            n++;
        }
    }
    return n;
}

void kab_http_post(kab_link_t *link, const kab_http_ask_t *asks, unsigned n, kab_time_t until,
                   kab_http_reply_t *replies)
{
    unsigned begun = 0, out = 0, done;

    while (begun < n || out > 0) {
        begun_t how = SENT;
        while (begun < n && out < KAB_HTTP_AT_ONCE && how != HELD) {
            how = begin(link, &asks[begun], &replies[begun], until, out == 0);
            begun += how != HELD;
            out += how == SENT;
        }
        done = out > 0 ? turn(link) : 0;
        out -= done;
        if (done == 0 && out > 0) {
            curl_multi_poll(link->multi, NULL, 0, LOOK_MS, NULL);
        }
    }
}

/* ---- messages -------------------------------------------------------------------- */

/* A request that is wrong in itself stays wrong. A token, an address or a limit can be mended while
 * the message waits. */
kab_send_t kab_http_send_result(const kab_http_reply_t *reply)
{
    kab_send_result_t result = KAB_SEND_LATER;

    if (reply->good) {
        return (kab_send_t){.result = KAB_SEND_OK, .why = ""};
    }
    if (reply->status == 400 || reply->status == 413 || reply->status == 422) {
        result = KAB_SEND_REFUSED;
    }
    return (kab_send_t){result, reply->retry_after, reply->why};
}

void kab_http_send(kab_link_t *link, kab_arena_t *arena, const kab_http_ask_t *asks, unsigned n,
                   kab_time_t until, kab_http_meaning_t *meaning, kab_send_t *sent)
{
    kab_http_reply_t *replies = asks ? kab_alloc(arena, n * sizeof *replies) : NULL;

    if (replies) {
        kab_http_post(link, asks, n, until, replies);
    }
    for (unsigned i = 0; i < n; i++) {
        sent[i] = replies ? meaning(&replies[i])
                          : (kab_send_t){KAB_SEND_LATER, 0, "the message could not be written"};
        json_decref(replies ? replies[i].body : NULL);
    }
}

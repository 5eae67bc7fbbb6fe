/*
 * What the adapters of this room share: bounded questions over HTTP. Nothing in here is for the
 * rest of the core.
 */
#ifndef KAB_PROVIDER_HTTP_H
#define KAB_PROVIDER_HTTP_H

#include <pthread.h>
#include <stdatomic.h>

#include "provider/breaker.h"
#include "provider/provider.h"

enum {
    KAB_HTTP_AT_ONCE = 64, /* questions of one link under way */
    KAB_HTTP_URL_MAX = 512,
    KAB_HTTP_REPLY_MAX = 16 * 1024 /* bytes of a body; as many of headers */
};

struct kab_provider_s {
    char *url;    /* without a slash at its end */
    char *bearer; /* a whole header line */
    kab_time_t timeout;
    kab_env_t env;
    pthread_mutex_t guard; /* of the breaker */
    kab_breaker_t breaker;
    _Atomic kab_time_t ends; /* when what is under way is given up; 0: it is not stopped */
};

typedef struct {
    const char *path; /* behind the provider's URL */
    kab_span_t body;  /* JSON; empty: could not be written, is not asked */
    const kab_uuid_t *key;
    kab_time_t timeout; /* 0: the provider's */
    int success;        /* the only status that means "done" */
    bool wants_json;    /* and an object must come with it */
} kab_http_ask_t;

typedef struct {
    bool asked;  /* false: nothing was sent, the circuit is open */
    int status;  /* 0: no whole answer came */
    bool good;   /* `success`, with its object if one is wanted */
    bool broken; /* no answer that anybody could mean: for the breaker. Else it said something */
    kab_time_t retry_after;
    json_t *body; /* an object or NULL; the caller's */
    const char *why;
} kab_http_reply_t;

/* Asks all of them, many at a time, and returns when the last is settled: replies[i] is what came
 * of asks[i]. None is begun at `until` or later (0: no such limit), so it ends within a time-out of
 * that. While the circuit tries a provider out, the others wait for that one. */
void kab_http_post(kab_link_t *link, const kab_http_ask_t *asks, unsigned n, kab_time_t until,
                   kab_http_reply_t *replies);

/* What a reply means for a message. */
typedef kab_send_t kab_http_meaning_t(const kab_http_reply_t *reply);
kab_http_meaning_t kab_http_send_result;
/* The same for messages. asks NULL: out of memory, all are for later. */
void kab_http_send(kab_link_t *link, kab_arena_t *arena, const kab_http_ask_t *asks, unsigned n,
                   kab_time_t until, kab_http_meaning_t *meaning, kab_send_t *sent);

const kab_env_t *kab_link_env(const kab_link_t *link);
kab_time_t kab_link_timeout(const kab_link_t *link);
kab_time_t kab_link_now(const kab_link_t *link);

#endif

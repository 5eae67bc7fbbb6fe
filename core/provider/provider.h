/*
 * The three services outside: push (ed24), SMS gateway, state base BMG (CONTRACT 4). Each is a
 * small struct, so that a flow or a test may be given any other: over HTTP here, scripted in
 * scripted.h. What a provider answers is an outcome; whatever is not understood counts as "not
 * now", never as a "no".
 */
#ifndef KAB_PROVIDER_H
#define KAB_PROVIDER_H

#include "base/json.h"

typedef enum {
    KAB_SEND_OK,
    KAB_SEND_LATER,         /* not now: the same message with the same key again */
    KAB_SEND_REFUSED,       /* this message never */
    KAB_SEND_NOT_REGISTERED /* push: the app is gone from that device */
} kab_send_result_t;

typedef struct {
    kab_send_result_t result;
    kab_time_t retry_after; /* LATER: not before; 0: the provider did not say */
    const char *why;        /* static, for the log; "" when OK */
} kab_send_t;

/* Spans are borrowed for the call. The same key again makes no second message. */
typedef struct {
    kab_uuid_t key;
    kab_span_t phone; /* E.164 */
    kab_span_t push_token;
    kab_span_t title, body;
    const json_t *data; /* an object; NULL: {} */
    unsigned ttl;       /* seconds that the push service may keep it */
} kab_push_message_t;

typedef struct {
    kab_uuid_t key;
    kab_span_t to; /* E.164 */
    kab_span_t text;
} kab_sms_message_t;

typedef enum {
    KAB_BMG_MATCH,
    KAB_BMG_MISMATCH,
    KAB_BMG_NOT_REGISTERED,
    KAB_BMG_CONSENT_REQUIRED,
    KAB_BMG_CONSENT_DENIED,
    KAB_BMG_UNAVAILABLE
} kab_bmg_result_t;

typedef struct {
    kab_bmg_result_t result;
    const char *why; /* UNAVAILABLE: static, for the log; else "" */
} kab_bmg_answer_t;

/* Sends n messages, many at a time; sent[i] is what became of messages[i]. None is begun at `until`
 * or later (0: no such limit): those are for later. */
typedef struct {
    void (*send)(void *ctx, const kab_push_message_t *messages, unsigned n, kab_time_t until,
                 kab_send_t *sent);
    void *ctx;
} kab_push_t;

typedef struct {
    void (*send)(void *ctx, const kab_sms_message_t *messages, unsigned n, kab_time_t until,
                 kab_send_t *sent);
    void *ctx;
} kab_sms_t;

/* Does this number belong to this person? Asks again by itself within the time-out. */
typedef struct {
    kab_bmg_answer_t (*match)(void *ctx, kab_span_t iin, kab_span_t phone);
    void *ctx;
} kab_bmg_t;

/* ---- over HTTP ------------------------------------------------------------- */

/* One provider, shared by all threads of a process: address, token, circuit breaker. */
typedef struct kab_provider_s kab_provider_t;

typedef struct {
    const char *url;    /* "https://host[:port][/path]"; http only on loopback */
    kab_span_t token;   /* bearer, visible ASCII */
    kab_time_t timeout; /* of a whole question */
} kab_provider_options_t;

/* No network. Copies what it is given. NULL, and words in `why`. */
kab_provider_t *kab_provider_open(const kab_provider_options_t *options, const kab_env_t *env,
                                  char *why, size_t why_size);
void kab_provider_close(kab_provider_t *provider); /* wipes; NULL is allowed */
/* Nothing is begun any more, and what is under way is given up after KAB_PROVIDER_GRACE: messages
 * are for later, a question stays without an answer. Any thread; NULL is allowed. */
#define KAB_PROVIDER_GRACE (3 * KAB_SECOND)
void kab_provider_stop(kab_provider_t *provider);

/* One thread's way to a provider; its connections stay open between calls. */
typedef struct kab_link_s kab_link_t;
kab_link_t *kab_link_open(kab_provider_t *provider); /* NULL: out of memory */
void kab_link_close(kab_link_t *link);               /* NULL is allowed */

/* Valid while the link is. They block: a question up to the time-out, messages up to a time-out
 * after `until`. */
kab_push_t kab_push_over(kab_link_t *link);
kab_sms_t kab_sms_over(kab_link_t *link);
kab_bmg_t kab_bmg_over(kab_link_t *link);

#endif

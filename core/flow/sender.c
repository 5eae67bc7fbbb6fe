/*
 * Sends what waits in the outbox: lease (db) → send (http) → mark (db). A crash between sending and
 * marking sends again when the lease is over, with the same idempotency key: the provider makes it
 * once.
 */
#include "flow/sender.h"

#include <string.h>

#include "cabinet/outbox.h"
#include "engine/call.h"
#include "flow/ports.h"
#include "provider/retry.h"

enum { BATCH = 50 };
/* Well before the lease is over, or another worker would send the same again. */
static const kab_time_t patience = KAB_OUTBOX_LEASE * KAB_SECOND / 2;

typedef struct {
    kab_message_t message[BATCH];
    kab_sent_row_t sent[BATCH];
    unsigned n;
} batch_t;

static kab_err_t lease(kab_call_t *call)
{
    batch_t *batch = call->scratch = kab_alloc(call->arena, sizeof(*batch));

    call->status = 200;
    if (!batch) {
        return KAB_E_INTERNAL;
    }
    kab_err_t err = kab_outbox_lease(&call->w, batch->message, BATCH, &batch->n);
    call->reply.again = err == KAB_OK && batch->n == BATCH;
    return err;
}

static kab_span_t member(const json_t *body, const char *name)
{
    const json_t *value = json_object_get(body, name);

    return value
               ? (kab_span_t){(const uint8_t *)json_string_value(value), json_string_length(value)}
               : KAB_NONE;
}

static kab_send_t push(kab_call_t *call, const kab_message_t *message)
{
    json_t *body = kab_json_object(message->body);
    kab_push_message_t out = {
        .key = message->id,
        .phone = message->to,
        .push_token = member(body, "push_token"),
        .title = member(body, "title"),
        .body = member(body, "body"),
        .data = json_object_get(body, "data"),
        .ttl = (unsigned)json_integer_value(json_object_get(body, "ttl")),
    };
    kab_send_t sent = body ? kab_ports_push(call, &out)
                           : (kab_send_t){KAB_SEND_REFUSED, 0, "the body is damaged"};

    json_decref(body);
    return sent;
}

static kab_send_t send_one(kab_call_t *call, const kab_message_t *message)
{
    kab_sms_message_t sms = {.key = message->id, .to = message->to, .text = message->body};

    switch (message->kind) {
    case KAB_OUTBOX_PUSH:
        return push(call, message);
    case KAB_OUTBOX_SMS:
        return kab_ports_sms(call, &sms);
    default:
        return (kab_send_t){KAB_SEND_OK, 0, ""}; /* a decoy's: as good as sent */
    }
}

static void note(kab_call_t *call, const kab_message_t *message, kab_send_t sent,
                 kab_sent_row_t *row)
{
    static const kab_sent_t outcomes[] = {
        [KAB_SEND_OK] = KAB_SENT_OK,
        [KAB_SEND_LATER] = KAB_SENT_LATER,
        [KAB_SEND_REFUSED] = KAB_SENT_NEVER,
        [KAB_SEND_NOT_REGISTERED] = KAB_SENT_UNKNOWN_DEVICE,
    };

    row->id = message->id;
    row->outcome = outcomes[sent.result];
    if (sent.result == KAB_SEND_LATER) {
        row->due_at = kab_call_now(call) + kab_retry_wait(&kab_retry_message, message->attempts + 1,
                                                          sent.retry_after, &call->kab->env);
    }
    if (sent.result != KAB_SEND_OK) {
        kab_log(&call->log, KAB_LOG_NOTICE, "a message was not sent: %s", sent.why);
    }
}

static kab_err_t send_batch(kab_call_t *call)
{
    batch_t *batch = call->scratch;
    kab_time_t enough = kab_call_now(call) + patience;

    for (unsigned i = 0; i < batch->n; i++) {
        bool time = kab_call_now(call) < enough;
        kab_send_t sent = time ? send_one(call, &batch->message[i])
                               : (kab_send_t){KAB_SEND_LATER, 0, "the provider is slow"};

        note(call, &batch->message[i], sent, &batch->sent[i]);
    }
    return KAB_OK;
}

static kab_err_t mark(kab_call_t *call)
{
    const batch_t *batch = call->scratch;

    return batch->n ? kab_outbox_mark(&call->w, batch->sent, batch->n) : KAB_OK;
}

static const kab_step_t steps[] = {
    {"lease", KAB_LANE_DB, lease, 0},
    {"send", KAB_LANE_HTTP, send_batch, KAB_COMMIT},
    {"mark", KAB_LANE_DB, mark, KAB_COMMIT},
    KAB_STEP_END,
};

const kab_op_t kab_outbox_timer = {"outbox", KAB_AUTH_TIMER, KAB_STATE_NONE, NULL,
                                   NULL,     NULL,           steps,          0};

/*
 * Sends what waits in the outbox: lease (db) → send → mark (db). A crash between sending and
 * marking sends again when the lease is over, with the same idempotency key: the provider makes it
 * once.
 */
#include "flow/job/sender.h"

#include <string.h>

#include "cabinet/message/outbox.h"
#include "engine/call.h"
#include "flow/job/ports.h"
#include "provider/retry.h"

enum { BATCH = 256 };
/* Well before the lease is over, or another worker would send the same again. */
static const kab_time_t patience = KAB_OUTBOX_LEASE * KAB_SECOND / 2;

/* What is leased, and the same sorted for the providers; `at`: which of the messages. */
typedef struct {
    unsigned n, pushes, texts;
    kab_message_t message[BATCH];
    kab_send_t sent[BATCH];
    kab_push_message_t push[BATCH];
    json_t *body[BATCH]; /* of the pushes: what they borrow from */
    kab_sms_message_t text[BATCH];
    unsigned push_at[BATCH], text_at[BATCH];
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

static void sort_push(batch_t *batch, unsigned i)
{
    const kab_message_t *message = &batch->message[i];
    json_t *body = kab_json_object(message->body);

    if (!body) {
        batch->sent[i] = (kab_send_t){KAB_SEND_REFUSED, 0, "the body is damaged"};
        return;
    }
    batch->body[batch->pushes] = body;
    batch->push_at[batch->pushes] = i;
    batch->push[batch->pushes++] = (kab_push_message_t){
        .key = message->id,
        .phone = message->to,
        .push_token = member(body, "push_token"),
        .title = member(body, "title"),
        .body = member(body, "body"),
        .data = json_object_get(body, "data"),
        .ttl = (unsigned)json_integer_value(json_object_get(body, "ttl")),
    };
}

static void sort_text(batch_t *batch, unsigned i)
{
    const kab_message_t *message = &batch->message[i];

    batch->text_at[batch->texts] = i;
    batch->text[batch->texts++] =
        (kab_sms_message_t){.key = message->id, .to = message->to, .text = message->body};
}

/* Each kind at once. The first may not use up the time of the other. */
static kab_err_t send_batch(kab_call_t *call)
{
    batch_t *batch = call->scratch;
    kab_send_t sent[BATCH];
    kab_time_t now = kab_call_now(call);

    for (unsigned i = 0; i < batch->n; i++) {
        if (batch->message[i].kind == KAB_OUTBOX_PUSH) {
            sort_push(batch, i);
        } else {
            sort_text(batch, i);
        }
    }
    kab_ports_push(call, batch->push, batch->pushes, now + patience / 2, sent);
    for (unsigned i = 0; i < batch->pushes; i++) {
        batch->sent[batch->push_at[i]] = sent[i];
        json_decref(batch->body[i]);
    }
    kab_ports_sms(call, batch->text, batch->texts, now + patience, sent);
    for (unsigned i = 0; i < batch->texts; i++) {
        batch->sent[batch->text_at[i]] = sent[i];
    }
    return KAB_OK;
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

static kab_err_t mark(kab_call_t *call)
{
    const batch_t *batch = call->scratch;
    kab_sent_row_t row[BATCH];

    for (unsigned i = 0; i < batch->n; i++) {
        note(call, &batch->message[i], batch->sent[i], &row[i]);
    }
    return kab_outbox_mark(&call->w, row, batch->n);
}

static const kab_step_t steps[] = {
    {"lease", KAB_LANE_DB, lease, 0},
    {"send", KAB_LANE_SEND, send_batch, KAB_COMMIT},
    {"mark", KAB_LANE_DB, mark, KAB_COMMIT},
    KAB_STEP_END,
};

const kab_op_t kab_outbox_timer = {"outbox", KAB_AUTH_TIMER, KAB_STATE_NONE, NULL,
                                   NULL,     NULL,           steps,          0};

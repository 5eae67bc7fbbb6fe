#include "provider/scripted.h"

#include <stdio.h>
#include <string.h>

static void keep(char *to, size_t size, kab_span_t from)
{
    size_t n = from.n < size - 1 ? from.n : size - 1;

    if (n > 0) {
        memcpy(to, from.p, n);
    }
    to[n] = '\0';
}

static kab_send_t answer_of(kab_send_t answer)
{
    answer.why = answer.why ? answer.why : "";
    return answer;
}

static kab_send_t take_push(kab_scripted_t *script, const kab_push_message_t *message)
{
    size_t n = message->data
                   ? json_dumpb(message->data, script->data, sizeof script->data - 1, JSON_COMPACT)
                   : 0;

    script->data[n < sizeof script->data ? n : 0] = '\0';
    script->pushes++;
    script->key = message->key;
    keep(script->to, sizeof script->to, message->phone);
    keep(script->text, sizeof script->text, message->body);
    keep(script->push_token, sizeof script->push_token, message->push_token);
    return answer_of(script->push_answer);
}

static kab_send_t take_sms(kab_scripted_t *script, const kab_sms_message_t *message)
{
    script->texts++;
    script->key = message->key;
    keep(script->to, sizeof script->to, message->to);
    keep(script->text, sizeof script->text, message->text);
    return answer_of(script->sms_answer);
}

static void take_pushes(void *ctx, const kab_push_message_t *messages, unsigned n, kab_time_t until,
                        kab_send_t *sent)
{
    (void)until;
    for (unsigned i = 0; i < n; i++) {
        sent[i] = take_push(ctx, &messages[i]);
    }
}

static void take_texts(void *ctx, const kab_sms_message_t *messages, unsigned n, kab_time_t until,
                       kab_send_t *sent)
{
    (void)until;
    for (unsigned i = 0; i < n; i++) {
        sent[i] = take_sms(ctx, &messages[i]);
    }
}

static kab_bmg_answer_t take_question(void *ctx, kab_span_t iin, kab_span_t phone)
{
    kab_scripted_t *script = ctx;

    script->questions++;
    keep(script->iin, sizeof script->iin, iin);
    keep(script->phone, sizeof script->phone, phone);
    return (kab_bmg_answer_t){script->bmg_answer, ""};
}

kab_push_t kab_push_scripted(kab_scripted_t *script)
{
    return (kab_push_t){take_pushes, script};
}

kab_sms_t kab_sms_scripted(kab_scripted_t *script)
{
    return (kab_sms_t){take_texts, script};
}

kab_bmg_t kab_bmg_scripted(kab_scripted_t *script)
{
    return (kab_bmg_t){take_question, script};
}

#include "flow/confirm/question.h"

#include "engine/form.h"
#include "flow/confirm/budget.h"
#include "identity/key/mac.h"

/* How long somebody may be at it, and how long a flow remembers: seconds. */
static const char asking_life[] = "30", answer_life[] = "7200";
static const char asking[] = "?";

/* Says nothing about the pair to who reads Redis. */
static kab_span_t key_of(kab_call_t *call, const kab_question_t *question)
{
    uint8_t index[KAB_INDEX_BYTES];
    char name[KAB_HEX_SIZE(KAB_INDEX_BYTES)];
    const char *pair = kab_format(call->arena, "%s %s %s", call->flow.id, question->iin.digits,
                                  question->phone.e164);

    kab_index(call->kab->config->ring, KAB_KEY_THROTTLE, "bmg question", kab_span_of(pair), index);
    kab_hex(index, sizeof(index), name);
    return kab_span_of(kab_format(call->arena, "kabinet:bmg:%s", name));
}

/* Taken by this call (ask), or answered before, or by another one just now. */
static kab_err_t take(kab_call_t *call, kab_question_t *question)
{
    kab_span_t key = key_of(call, question);
    const kab_redis_reply_t *reply;
    const kab_span_t set[] = {KAB_SPAN("SET"),     key,
                              kab_span_of(asking), KAB_SPAN("NX"),
                              KAB_SPAN("EX"),      kab_span_of(asking_life)};
    const kab_span_t get[] = {KAB_SPAN("GET"), key};
    kab_err_t err = kab_redis_command(&call->w.cache, set, 6, &reply);

    question->ask = err == KAB_OK && reply->type != KAB_R_NIL;
    if (err || question->ask) {
        return err;
    }
    err = kab_redis_command(&call->w.cache, get, 2, &reply);
    if (err) {
        return err;
    }
    if (reply->type != KAB_R_TEXT || reply->text.n != 1 || reply->text.p[0] == (uint8_t)asking[0]) {
        return KAB_E_UNAVAILABLE;
    }
    question->result = (kab_bmg_result_t)(reply->text.p[0] - '0');
    return question->result < KAB_BMG_UNAVAILABLE ? KAB_OK : KAB_E_UNAVAILABLE;
}

static void drop(kab_call_t *call, const kab_question_t *question)
{
    const kab_redis_reply_t *reply;
    const kab_span_t del[] = {KAB_SPAN("DEL"), key_of(call, question)};

    (void)kab_redis_command(&call->w.cache, del, 2, &reply);
}

kab_err_t kab_question_begin(kab_call_t *call, kab_question_t *question, const kab_iin_t *child)
{
    kab_err_t err = take(call, question);
    const kab_budget_t budgets[] = {
        {"bmg applicant", kab_span_of(question->iin.digits), 3},
        {"bmg number", kab_span_of(question->phone.e164), 5},
        {"bmg child", kab_span_of(child ? child->digits : NULL), 3},
    };

    if (err || !question->ask) {
        return err;
    }
    err = kab_budget_count(call, budgets, child ? 3 : 2);
    if (err) {
        drop(call, question);
    }
    return err;
}

kab_err_t kab_question_ask(kab_call_t *call, kab_question_t *question)
{
    if (question->ask) {
        question->result = kab_ports_match(call, kab_span_of(question->iin.digits),
                                           kab_span_of(question->phone.e164))
                               .result;
    }
    return KAB_OK;
}

static void keep(kab_call_t *call, const kab_question_t *question)
{
    const kab_redis_reply_t *reply;
    char said[2] = {(char)('0' + question->result), '\0'};
    const kab_span_t set[] = {KAB_SPAN("SET"), key_of(call, question), kab_span_of(said),
                              KAB_SPAN("EX"), kab_span_of(answer_life)};

    if (question->result == KAB_BMG_UNAVAILABLE) {
        drop(call, question);
    } else if (kab_redis_command(&call->w.cache, set, 5, &reply) != KAB_OK) {
        kab_log(&call->log, KAB_LOG_NOTICE, "an answer of BMG was not kept");
    }
}

kab_err_t kab_question_answer(kab_call_t *call, kab_question_t *question)
{
    if (question->ask) {
        keep(call, question);
    }
    if (question->result == KAB_BMG_UNAVAILABLE || kab_call_now(call) > call->deadline) {
        return KAB_E_UNAVAILABLE; /* nobody waits any more: the repeat goes on from here */
    }
    if (question->result != KAB_BMG_MATCH) {
        return KAB_E_BMG_MISMATCH;
    }
    return kab_form_put(call, "phone", kab_span_of(question->phone.e164)) ? KAB_OK : KAB_E_INTERNAL;
}

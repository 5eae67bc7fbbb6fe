/* SMS, "rest". */
#include "provider/http.h"

static kab_span_t compose(kab_arena_t *arena, const kab_sms_message_t *m)
{
    json_t *body = json_pack("{s:s%, s:s%}", "to", m->to.p, m->to.n, "text", m->text.p, m->text.n);
    kab_span_t text = body ? kab_json_text(arena, body) : KAB_NONE;

    json_decref(body);
    return text;
}

static kab_send_t send_sms(void *ctx, const kab_sms_message_t *message)
{
    kab_arena_t *arena = kab_arena_open();
    kab_http_ask_t ask = {.path = "/v1/messages", .key = &message->key, .success = 202};
    kab_send_t result = {.result = KAB_SEND_LATER, .why = "the message could not be written"};

    ask.body = arena ? compose(arena, message) : KAB_NONE;
    if (ask.body.n > 0) {
        kab_http_reply_t reply = kab_http_post(ctx, &ask);
        result = kab_http_send_result(&reply);
        json_decref(reply.body);
    }
    kab_arena_close(arena);
    return result;
}

kab_sms_t kab_sms_over(kab_link_t *link)
{
    return (kab_sms_t){send_sms, link};
}

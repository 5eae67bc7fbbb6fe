/* SMS, "rest". */
#include "provider/http.h"

static kab_span_t compose(kab_arena_t *arena, const kab_sms_message_t *m)
{
    json_t *body = json_pack("{s:s%, s:s%}", "to", m->to.p, m->to.n, "text", m->text.p, m->text.n);
    kab_span_t text = body ? kab_json_text(arena, body) : KAB_NONE;

    json_decref(body);
    return text;
}

static void send_texts(void *ctx, const kab_sms_message_t *messages, unsigned n, kab_time_t until,
                       kab_send_t *sent)
{
    kab_arena_t *arena = kab_arena_open();
    kab_http_ask_t *asks = arena ? kab_alloc(arena, n * sizeof *asks) : NULL;

    for (unsigned i = 0; asks && i < n; i++) {
        asks[i] = (kab_http_ask_t){.path = "/v1/messages",
                                   .body = compose(arena, &messages[i]),
                                   .key = &messages[i].key,
                                   .success = 202};
    }
    kab_http_send(ctx, arena, asks, n, until, kab_http_send_result, sent);
    kab_arena_close(arena);
}

kab_sms_t kab_sms_over(kab_link_t *link)
{
    return (kab_sms_t){send_texts, link};
}

/* Push, "ed24": wakes an app that a person has installed. */
#include "provider/http.h"

static kab_span_t compose(kab_arena_t *arena, const kab_push_message_t *m)
{
    json_t *data = m->data ? json_deep_copy(m->data) : json_object();
    json_t *body =
        json_pack("{s:s%, s:s%, s:s%, s:s%, s:o, s:I}", "phone", m->phone.p, m->phone.n,
                  "push_token", m->push_token.p, m->push_token.n, "title", m->title.p, m->title.n,
                  "body", m->body.p, m->body.n, "data", data, "ttl", (json_int_t)m->ttl);
    kab_span_t text = body ? kab_json_text(arena, body) : KAB_NONE;

    json_decref(body);
    return text;
}

static kab_send_t read_result(const kab_http_reply_t *reply)
{
    /* A 404 without its word is a wrong address, and no reason to retire a device's token. */
    if (reply->status == 404 &&
        kab_span_is(kab_json_span(reply->body, "error"), "not_registered")) {
        return (kab_send_t){.result = KAB_SEND_NOT_REGISTERED, .why = "the app is gone"};
    }
    return kab_http_send_result(reply);
}

static void send_pushes(void *ctx, const kab_push_message_t *messages, unsigned n, kab_time_t until,
                        kab_send_t *sent)
{
    kab_arena_t *arena = kab_arena_open();
    kab_http_ask_t *asks = arena ? kab_alloc(arena, n * sizeof *asks) : NULL;

    for (unsigned i = 0; asks && i < n; i++) {
        asks[i] = (kab_http_ask_t){.path = "/v1/notifications",
                                   .body = compose(arena, &messages[i]),
                                   .key = &messages[i].key,
                                   .success = 202};
    }
    kab_http_send(ctx, arena, asks, n, until, read_result, sent);
    kab_arena_close(arena);
}

kab_push_t kab_push_over(kab_link_t *link)
{
    return (kab_push_t){send_pushes, link};
}

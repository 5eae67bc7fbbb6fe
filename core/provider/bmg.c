/* The state base of mobile numbers, "rest": does this number belong to this person? */
#include <time.h>

#include "provider/http.h"
#include "provider/retry.h"

enum { TRIES = 3 };

static kab_span_t compose(kab_arena_t *arena, kab_span_t iin, kab_span_t phone)
{
    json_t *body = json_pack("{s:s%, s:s%}", "iin", iin.p, iin.n, "phone", phone.p, phone.n);
    kab_span_t text = body ? kab_json_text(arena, body) : KAB_NONE;

    json_decref(body);
    return text;
}

static kab_bmg_answer_t read_answer(const kab_http_reply_t *reply)
{
    static const char *const words[] = {"match", "mismatch", "not_registered", "consent_required",
                                        "consent_denied"};
    kab_span_t said = kab_json_span(reply->body, "result");

    if (!reply->good) {
        return (kab_bmg_answer_t){KAB_BMG_UNAVAILABLE, reply->why};
    }
    for (unsigned i = 0; i < KAB_BMG_UNAVAILABLE; i++) {
        if (kab_span_is(said, words[i])) {
            return (kab_bmg_answer_t){(kab_bmg_result_t)i, ""};
        }
    }
    return (kab_bmg_answer_t){KAB_BMG_UNAVAILABLE, "the answer is not understood"};
}

/* Nothing came, or the provider says that it is not well. Nonsense would be repeated. */
static bool is_passing(const kab_http_reply_t *reply)
{
    return reply->asked && (reply->status == 0 || reply->status >= 500 || reply->status == 429);
}

static void sleep_for(kab_time_t t)
{
    struct timespec left = {t / KAB_SECOND, t % KAB_SECOND * 1000};

    while (nanosleep(&left, &left) != 0) {
    }
}

/* Somebody waits for this answer, so it is asked for again at once, as long as the time-out of the
 * whole question allows. */
static kab_bmg_answer_t ask_often(kab_link_t *link, kab_http_ask_t *ask)
{
    kab_time_t end = kab_link_now(link) + kab_link_timeout(link), now, wait;
    kab_bmg_answer_t answer;

    for (unsigned tried = 1;; tried++) {
        kab_http_reply_t reply;
        kab_http_post(link, ask, 1, 0, &reply);
        answer = read_answer(&reply);
        bool again = is_passing(&reply) && tried < TRIES;
        wait = kab_retry_wait(&kab_retry_question, tried, reply.retry_after, kab_link_env(link));
        now = kab_link_now(link);
        json_decref(reply.body);
        if (!again || now + wait >= end) {
            return answer;
        }
        sleep_for(wait);
        ask->timeout = end - now - wait;
    }
}

static kab_bmg_answer_t match(void *ctx, kab_span_t iin, kab_span_t phone)
{
    kab_arena_t *arena = kab_arena_open();
    kab_http_ask_t ask = {.path = "/v1/match", .success = 200, .wants_json = true};

    ask.body = arena ? compose(arena, iin, phone) : KAB_NONE;
    kab_bmg_answer_t answer = ask_often(ctx, &ask);
    kab_arena_close(arena);
    return answer;
}

kab_bmg_t kab_bmg_over(kab_link_t *link)
{
    return (kab_bmg_t){match, link};
}

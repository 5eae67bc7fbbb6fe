/* What leaves: a flow, an operation's own body, or problem details (RFC 9457). */
#include <stdio.h>
#include <string.h>

#include "engine/call.h"

static const char *const state_names[KAB_STATES] = {
    [KAB_STATE_NONE] = "",
    [KAB_STATE_IDENTIFY] = "identify",
    [KAB_STATE_PASSWORD] = "password",
    [KAB_STATE_DONE] = "done",
    [KAB_STATE_CODE] = "code",
    [KAB_STATE_ACTIVATE] = "activate",
    [KAB_STATE_EXPLAIN] = "explain",
    [KAB_STATE_EVIDENCE] = "evidence",
    [KAB_STATE_CONFIRM] = "confirm",
    [KAB_STATE_CONTACT] = "contact",
    [KAB_STATE_HELD] = "held",
};

const char *kab_state_name(kab_state_t state)
{
    return state_names[state];
}

json_t *kab_time_json(kab_time_t t)
{
    char text[KAB_RFC3339_SIZE];

    if (t == 0) {
        return json_null();
    }
    kab_time_text(t, text);
    return json_string(text);
}

json_t *kab_span_json(kab_span_t text)
{
    return json_stringn((const char *)text.p, text.n);
}

/* The steps that the flow accepts now, straight from its tables. */
static json_t *steps_json(const kab_flow_t *flow)
{
    json_t *steps = json_array();

    for (const kab_op_t *const *table = flow->kind->tables; *table; table++) {
        for (const kab_op_t *op = *table; op->name; op++) {
            if (op->from == flow->state) {
                json_array_append_new(steps, json_string(op->name));
            }
        }
    }
    return steps;
}

json_t *kab_flow_json(kab_call_t *call)
{
    const kab_flow_t *flow = &call->flow;
    json_t *data = call->data ? json_incref(call->data) : json_object();

    return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "id", flow->id, "kind",
                     flow->kind->name, "state", kab_state_name(flow->state), "version",
                     (json_int_t)flow->version, "steps", steps_json(flow), "now",
                     kab_time_json(kab_call_now(call)), "expires_at",
                     kab_time_json(flow->expires_at), "data", data);
}

static unsigned seconds_up(kab_time_t t)
{
    return t > 0 ? (unsigned)((t + KAB_SECOND - 1) / KAB_SECOND) : 0;
}

static json_t *problem_json(kab_call_t *call, kab_err_t err)
{
    const kab_error_t *e = kab_error(err);
    json_t *problem = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", e->title,
                                "status", e->status, "code", e->id);

    if (err == KAB_E_THROTTLED) {
        json_object_set_new(problem, "retry_after", json_integer(call->reply.retry_after));
    }
    if (err == KAB_E_CODE_WRONG) {
        json_object_set_new(problem, "attempts_left", json_integer(call->attempts_left));
    }
    if (err == KAB_E_DEVICE_HELD && call->device.held_until) {
        json_object_set_new(problem, "held_until", kab_time_json(call->device.held_until));
    }
    if (err == KAB_E_VALIDATION) {
        json_t *errors = json_array();

        for (unsigned i = 0; i < call->errors.n; i++) {
            json_array_append_new(errors, json_pack("{s:s, s:s}", "field", call->errors.e[i].field,
                                                    "code", call->errors.e[i].code));
        }
        json_object_set_new(problem, "errors", errors);
    }
    return problem;
}

/* A refusal leaves at the next line of the grid, which lies above the slowest hash:
 * when it leaves says nothing about what was done (SECURITY 6). */
static kab_time_t on_the_grid(const kab_call_t *call)
{
    kab_time_t grid = call->kab->config->grid;
    kab_time_t spent = kab_call_now(call) - call->began;

    if (grid <= 0 || spent < 0) {
        return 0;
    }
    return call->began + (spent / grid + 1) * grid;
}

static void put_body(kab_call_t *call, json_t *value, const char *type)
{
    call->reply.body = value ? kab_json_text(call->arena, value) : KAB_NONE;
    call->reply.content_type = type;
    if (call->reply.body.n == 0) {
        call->reply.status = 500;
        call->reply.content_type = NULL;
    }
    json_decref(value);
}

void kab_answer(kab_call_t *call, kab_err_t err)
{
    kab_reply_t *reply = &call->reply;

    call->ended = true;
    reply->ended = (const uint8_t(*)[KAB_SESSION_ID])call->dropped.id;
    reply->ended_n = call->dropped.n;

    if (err) {
        reply->status = kab_error(err)->status;
        if (err == KAB_E_THROTTLED) {
            reply->retry_after = seconds_up(call->wait);
        } else if (err == KAB_E_UNAVAILABLE || err == KAB_E_OVERLOADED) {
            reply->retry_after = 2;
        }
        if (call->op && (call->op->flags & KAB_OP_GRID)) {
            reply->not_before = on_the_grid(call);
        }
        put_body(call, problem_json(call, err), "application/problem+json");
        return;
    }
    if (call->text.n) {
        reply->status = 200;
        reply->content_type = call->text_type;
        reply->body = call->text;
        return;
    }
    if (!call->answer && call->flow.kind) {
        call->answer = kab_flow_json(call);
    }
    reply->status = call->status ? call->status : call->answer ? 200 : 204;
    if (call->answer) {
        put_body(call, call->answer, "application/json");
        call->answer = NULL;
    }
}

void kab_call_cookie(kab_call_t *call, const char *name, const char *value, const char *same_site,
                     unsigned max_age, bool clear)
{
    const char *age = clear     ? "; Max-Age=0"
                      : max_age ? kab_format(call->arena, "; Max-Age=%u", max_age)
                                : "";

    if (call->reply.cookies_n < KAB_REPLY_COOKIES) {
        call->reply.cookies[call->reply.cookies_n++] =
            kab_span_of(kab_format(call->arena, "%s=%s; Path=/; Secure; HttpOnly; SameSite=%s%s",
                                   name, clear ? "" : value, same_site, age));
    }
}

/* Flows as resources: begin one, look at it, leave it. Their steps are in flow/. */
#include <string.h>

#include "api/return_to.h"
#include "api/routes.h"
#include "engine/call.h"

static const kab_field_t create_fields[] = {
    {"kind", KAB_FIELD_TEXT, true, 32},
    {"return_to", KAB_FIELD_TEXT, false, KAB_BODY_MAX},
    {"lang", KAB_FIELD_TEXT, false, 8},
    KAB_FIELD_END,
};

static const kab_flow_kind_t *kind_named(const kab_call_t *call, kab_span_t name)
{
    for (const kab_flow_kind_t *const *kind = call->kab->tables->kinds; *kind; kind++) {
        if (kab_span_is(name, (*kind)->name)) {
            return *kind;
        }
    }
    return NULL;
}

static bool language(kab_span_t name, unsigned *index)
{
    *index = 0;
    if (name.n == 0) {
        return true;
    }
    for (unsigned i = 0; kab_languages[i]; i++) {
        if (kab_span_is(name, kab_languages[i])) {
            *index = i;
            return true;
        }
    }
    return false;
}

/* The browser's key is set once and kept; flows are bound to its hash. */
static void bind_browser(kab_call_t *call)
{
    uint8_t secret[32];
    char token[KAB_TOKEN_TEXT + 1];

    if (!kab_call_token(call, KAB_FLOW_COOKIE, "flow", call->flow.browser, NULL)) {
        call->kab->env.random(call->kab->env.ctx, secret, sizeof(secret));
        kab_token_make(call->kab->config->ring, "flow", secret, token, call->flow.browser);
        kab_call_cookie(call, KAB_FLOW_COOKIE, token, "Strict", 0, false);
        kab_wipe(secret, sizeof(secret));
        kab_wipe(token, sizeof(token));
    }
}

/* One that is about the account of a session asks for it before anything else. */
static kab_err_t begin(kab_call_t *call)
{
    kab_flow_t *flow = &call->flow;

    if (flow->kind->session) {
        kab_err_t err = kab_enter_session(call);

        if (err) {
            return err;
        }
        memcpy(flow->iin.digits, call->session.iin, KAB_IIN_DIGITS);
    }
    flow->state = flow->kind->begins;
    bind_browser(call);
    kab_flow_new(&call->w, flow);
    kab_err_t err = flow->kind->begin ? flow->kind->begin(call) : KAB_OK;
    return err ? err : kab_flow_create(&call->w, flow);
}

static kab_err_t create(kab_call_t *call)
{
    kab_span_t back = kab_call_field(call, "return_to");
    kab_flow_t *flow = &call->flow;

    flow->kind = kind_named(call, kab_call_field(call, "kind"));
    if (!flow->kind) {
        kab_call_invalid(call, "kind", "unknown");
    }
    if (!language(kab_call_field(call, "lang"), &flow->lang)) {
        kab_call_invalid(call, "lang", "unknown");
    }
    if (call->errors.n) {
        flow->kind = NULL;
        return KAB_E_VALIDATION;
    }
    if (kab_return_to_ok(back)) {
        memcpy(flow->return_to, back.p, back.n);
    }
    call->status = 201;
    kab_err_t err = begin(call);
    if (err) {
        flow->kind = NULL;
    }
    return err;
}

static const kab_step_t create_steps[] = {{"create", KAB_LANE_DB, create, 0}, KAB_STEP_END};

static kab_err_t show(kab_call_t *call)
{
    kab_call_park(call, call->flow.version); /* else: the answer to a flow's call is the flow */
    return KAB_OK;
}

static const kab_step_t show_steps[] = {{"show", KAB_LANE_DB, show, 0}, KAB_STEP_END};

static kab_err_t cancel(kab_call_t *call)
{
    kab_err_t err = kab_flow_delete(&call->w, &call->flow);

    call->flow.kind = NULL;
    return err;
}

static const kab_step_t cancel_steps[] = {{"cancel", KAB_LANE_DB, cancel, 0}, KAB_STEP_END};

const kab_op_t kab_flow_routes[] = {
    {"flow_create", KAB_AUTH_NONE, KAB_STATE_NONE, "POST", "/flows", create_fields, create_steps,
     0},
    {"flow_show", KAB_AUTH_FLOW, KAB_STATE_NONE, "GET", "/flows/{id}", NULL, show_steps,
     KAB_OP_POLL},
    {"flow_cancel", KAB_AUTH_FLOW, KAB_STATE_NONE, "DELETE", "/flows/{id}", NULL, cancel_steps, 0},
    {"flow_step", KAB_AUTH_FLOW, KAB_STATE_NONE, "POST", "/flows/{id}/{step}", NULL, NULL,
     KAB_OP_STEP},
    KAB_OP_END,
};

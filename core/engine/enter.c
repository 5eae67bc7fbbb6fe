/* Who calls, in which state, with which fields: looked at before the first step. */
#include <string.h>

#include "engine/call.h"
#include "engine/signed.h"

kab_err_t kab_enter_session(kab_call_t *call)
{
    uint8_t id[KAB_SESSION_ID];

    if (!kab_call_token(call, KAB_SESSION_COOKIE, "session", id, NULL)) {
        return KAB_E_NO_SESSION;
    }
    return kab_session_find(&call->w, &call->kab->config->session, id, &call->session);
}

/* Who signed in as somebody else meanwhile finds no flow of theirs. */
static kab_err_t enter_owner(kab_call_t *call)
{
    kab_err_t err = kab_enter_session(call);

    if (err == KAB_OK && !kab_same(call->session.iin, call->flow.iin.digits, KAB_IIN_DIGITS)) {
        err = KAB_E_FLOW_NOT_FOUND;
    }
    return err;
}

static kab_err_t enter_flow(kab_call_t *call)
{
    kab_err_t err;

    if (!kab_call_token(call, KAB_FLOW_COOKIE, "flow", call->flow.browser, call->browser_secret)) {
        return KAB_E_FLOW_NOT_FOUND;
    }
    uint8_t browser[32];
    memcpy(browser, call->flow.browser, sizeof(browser));
    err = kab_flow_load(&call->w, call->kab->tables->kinds, browser, call->param[0], &call->flow);
    if (err == KAB_OK && call->flow.kind->session) {
        err = enter_owner(call);
    }
    if (err) {
        return err;
    }
    return kab_call_now(call) >= call->flow.expires_at ? KAB_E_FLOW_EXPIRED : KAB_OK;
}

/* The step's row in the tables of the flow's kind. */
static kab_err_t find_step(kab_call_t *call)
{
    kab_err_t err = KAB_E_NOT_FOUND;

    for (const kab_op_t *const *table = call->flow.kind->tables; *table; table++) {
        for (const kab_op_t *op = *table; op->name; op++) {
            if (!kab_span_is(call->param[1], op->name)) {
                continue;
            }
            if (op->from == call->flow.state) {
                call->op = op;
                return KAB_OK;
            }
            err = KAB_E_WRONG_STATE;
        }
    }
    return err;
}

static kab_err_t read_fields(kab_call_t *call)
{
    static const kab_field_t none[] = {{NULL, KAB_FIELD_TEXT, false, 0}};

    call->body = call->in.body.n ? kab_json_object(call->in.body) : json_object();
    if (!call->body) {
        return KAB_E_BAD_REQUEST;
    }
    return kab_fields_check(call->body, call->op->fields ? call->op->fields : none, &call->errors)
               ? KAB_OK
               : KAB_E_VALIDATION;
}

kab_err_t kab_enter(kab_call_t *call)
{
    kab_err_t err = KAB_OK;

    switch (call->op->auth) {
    case KAB_AUTH_FLOW:
        err = enter_flow(call);
        if (err == KAB_OK && (call->op->flags & KAB_OP_STEP)) {
            err = find_step(call);
        }
        break;
    case KAB_AUTH_SESSION:
        err = kab_enter_session(call);
        break;
    case KAB_AUTH_DEVICE:
        err = kab_enter_device(call);
        break;
    case KAB_AUTH_KEY: /* its first step finds the key */
    case KAB_AUTH_NONE:
    case KAB_AUTH_TIMER:
        break;
    }
    return err ? err : read_fields(call);
}

#include "flow/change.h"

#include "cabinet/flow_commit.h"
#include "engine/form.h"

static kab_err_t commit_once(kab_call_t *call, bool *again, kab_span_t *earlier)
{
    return kab_flow_commit(&call->w, kab_span_of(call->flow.id), call->flow.version, KAB_NONE,
                           again, earlier);
}

kab_err_t kab_change_spend(kab_call_t *call)
{
    kab_change_t *change = call->scratch;
    kab_challenge_t *challenge = &change->confirm.challenge;
    kab_span_t earlier;

    call->dropped.n = 0;
    kab_err_t err = commit_once(call, &change->again, &earlier);
    if (err || change->again) {
        return err;
    }
    challenge->state = KAB_CHALLENGE_USED;
    err = kab_confirm_still(call, &change->confirm);
    if (err == KAB_OK) {
        err = kab_challenge_update(&call->w, challenge, KAB_CHALLENGE_ARMED);
    }
    return err ? err : kab_challenge_end_others(&call->w, challenge->account, challenge->id);
}

kab_err_t kab_change_weak_until(kab_call_t *call, kab_time_t *until)
{
    const kab_change_t *change = call->scratch;
    kab_device_t device;
    kab_err_t err = KAB_OK;

    *until = 0;
    if (call->kab->config->code.arm) {
        err = kab_device_get(&call->w, change->confirm.challenge.armed_by, &device);
        *until = err == KAB_OK ? kab_device_weak_until(&device) : 0;
    }
    return err;
}

kab_err_t kab_change_outcome(kab_call_t *call, kab_time_t until)
{
    char text[KAB_RFC3339_SIZE] = "done";

    if (until) {
        kab_time_text(until, text);
    }
    return kab_flow_commit_result(&call->w, kab_span_of(call->flow.id), call->flow.version,
                                  kab_span_of(text));
}

/* What the transaction decided stands in its row, the first time and the next. */
kab_err_t kab_change_commit(kab_call_t *call, kab_tx_body_t write)
{
    kab_span_t outcome = KAB_NONE;
    bool again;
    kab_err_t err = kab_pg_transaction(&call->w.db, write, call);

    if (err) {
        call->dropped.n = 0;
        return err;
    }
    call->committed = true;
    call->flow_changed = true;
    kab_session_forget(&call->w, &call->dropped);
    err = commit_once(call, &again, &outcome);
    if (err == KAB_OK && kab_span_is(outcome, "done")) {
        call->flow.state = KAB_STATE_DONE;
        return KAB_OK;
    }
    call->flow.state = KAB_STATE_HELD;
    return err || !kab_form_put(call, "until", outcome) ? KAB_E_INTERNAL : KAB_OK;
}

kab_err_t kab_change_describe(kab_call_t *call)
{
    if (call->flow.state != KAB_STATE_HELD) {
        return kab_confirm_describe(call);
    }
    json_object_set_new(call->data, "until", kab_span_json(kab_form_text(call, "until")));
    return KAB_OK;
}

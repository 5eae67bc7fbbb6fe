#include "flow/confirm/change.h"

#include <string.h>

#include "cabinet/flow_commit.h"
#include "engine/form.h"

kab_err_t kab_change_spend(kab_call_t *call)
{
    kab_change_t *change = call->scratch;
    kab_challenge_t *challenge = &change->confirm.challenge;

    call->dropped.n = 0;
    kab_err_t err = kab_flow_commit(&call->w, kab_span_of(call->flow.id), call->flow.version,
                                    KAB_NONE, &change->again, &change->outcome);
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

kab_err_t kab_change_outcome(kab_call_t *call, kab_time_t until, const char *waits)
{
    kab_change_t *change = call->scratch;
    char time[KAB_RFC3339_SIZE];
    const char *text = "done";

    if (until) {
        kab_time_text(until, time);
        text = kab_format(call->arena, "%s %s", time, waits);
    }
    if (!text) {
        return KAB_E_INTERNAL;
    }
    change->outcome = kab_span_of(text);
    return kab_flow_commit_result(&call->w, kab_span_of(call->flow.id), call->flow.version,
                                  change->outcome);
}

static bool keep_held(kab_call_t *call, kab_span_t outcome)
{
    const uint8_t *gap = memchr(outcome.p, ' ', outcome.n);
    size_t n = gap ? (size_t)(gap - outcome.p) : outcome.n;

    return gap && kab_form_put(call, "until", (kab_span_t){outcome.p, n}) &&
           kab_form_put(call, "waits", (kab_span_t){gap + 1, outcome.n - n - 1});
}

kab_err_t kab_change_commit(kab_call_t *call, kab_tx_body_t write)
{
    const kab_change_t *change = call->scratch;
    kab_err_t err = kab_pg_transaction(&call->w.db, write, call);

    if (err) {
        call->dropped.n = 0;
        return err;
    }
    call->committed = true;
    call->flow_changed = true;
    kab_session_forget(&call->w, &call->dropped);
    if (kab_span_is(change->outcome, "done")) {
        call->flow.state = KAB_STATE_DONE;
        return KAB_OK;
    }
    call->flow.state = KAB_STATE_HELD;
    return keep_held(call, change->outcome) ? KAB_OK : KAB_E_INTERNAL;
}

kab_err_t kab_change_describe(kab_call_t *call)
{
    if (call->flow.state != KAB_STATE_HELD) {
        return kab_confirm_describe(call);
    }
    json_object_set_new(call->data, "until", kab_span_json(kab_form_text(call, "until")));
    json_object_set_new(call->data, "waits", kab_span_json(kab_form_text(call, "waits")));
    return KAB_OK;
}

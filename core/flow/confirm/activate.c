#include "flow/confirm/activate.h"

#include <string.h>

#include "cabinet/proof/activation.h"
#include "engine/trial.h"

kab_err_t kab_activate_show(kab_call_t *call, const kab_subject_t *subject, bool trusted)
{
    kab_activation_t activation = {
        .flow = kab_flow_name(call->arena, &call->flow),
        .generation = call->flow.generation,
        .has_account = !subject->decoy,
        .iin = call->flow.iin,
        .has_phone = subject->contact,
        .trusted = trusted,
    };
    if (activation.has_phone) {
        activation.phone = subject->phone;
    }
    if (activation.has_account) {
        activation.account = subject->account.id;
    }
    memcpy(activation.locale, subject->account.locale, sizeof(activation.locale));
    call->flow.state = KAB_STATE_ACTIVATE;
    kab_err_t err = kab_activation_open(&call->w, &activation);
    if (err == KAB_E_WRONG_STATE) { /* that showing is over: another one */
        activation.generation = ++call->flow.generation;
        err = kab_activation_open(&call->w, &activation);
    }
    return err;
}

/* ---- new_device: a new phone, an app installed anew, or ten minutes that are over ---- */

/* With the current password the new one counts at once, else after a hold (SECURITY 16). */
static const kab_field_t device_fields[] = {
    {"current_password", KAB_FIELD_TEXT, false, 4 * KAB_PASSWORD_MAX}, KAB_FIELD_END};

typedef struct {
    kab_trial_t trial;
    kab_subject_t subject;
    bool asked; /* a password was given */
} new_device_t;

static kab_err_t find_trial(kab_call_t *call)
{
    new_device_t *new_device = call->scratch = kab_alloc(call->arena, sizeof(*new_device));

    if (!new_device) {
        return KAB_E_INTERNAL;
    }
    new_device->asked = kab_call_field(call, "current_password").n > 0;
    return new_device->asked ? kab_trial_ask(call, &new_device->trial, &call->flow.iin) : KAB_OK;
}

static kab_err_t verify(kab_call_t *call)
{
    new_device_t *new_device = call->scratch;

    if (new_device->asked) {
        kab_trial_verify(call, &new_device->trial);
    }
    return KAB_OK;
}

static kab_err_t write_activation(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    const new_device_t *new_device = call->scratch;
    kab_err_t err = new_device->asked ? kab_trial_still(call, &new_device->trial) : KAB_OK;

    (void)db;
    return err ? err : kab_activate_show(call, &new_device->subject, new_device->asked);
}

static kab_err_t new_device(kab_call_t *call)
{
    new_device_t *new_device = call->scratch;
    kab_err_t err =
        new_device->asked ? kab_trial_decide(call, &new_device->trial, &call->flow.iin) : KAB_OK;

    if (err == KAB_OK) {
        err = kab_subject_find(call, &new_device->subject);
    }
    if (err == KAB_OK) {
        call->flow.generation++;
        err = kab_pg_transaction(&call->w.db, write_activation, call);
    }
    call->flow_changed = err == KAB_OK;
    return err;
}

static const kab_step_t device_steps[] = {
    {"find_trial", KAB_LANE_DB, find_trial, 0},
    {"verify", KAB_LANE_HASH, verify, 0},
    {"new_device", KAB_LANE_DB, new_device, KAB_COMMIT},
    KAB_STEP_END,
};

const kab_op_t kab_activate_ops[] = {
    {"new_device", KAB_AUTH_FLOW, KAB_STATE_ACTIVATE, NULL, NULL, device_fields, device_steps,
     KAB_OP_GRID},
    {"new_device", KAB_AUTH_FLOW, KAB_STATE_CODE, NULL, NULL, device_fields, device_steps,
     KAB_OP_GRID},
    KAB_OP_END,
};

/*
 * POST /password: a signed-in person changes the password. The old one is asked,
 * with the same counters as sign-in (SECURITY 31); rules of the text come
 * first and use up nothing (SECURITY 3).
 */
#include <string.h>

#include "api/routes.h"
#include "cabinet/message/notice.h"
#include "cabinet/dispute/objection.h"
#include "engine/new_password.h"
#include "engine/trial.h"

static const kab_field_t fields[] = {
    {"current_password", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX},
    {"password", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX},
    {"password_repeat", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX},
    KAB_FIELD_END,
};

typedef struct {
    kab_trial_t trial;
    kab_iin_t iin;
    kab_new_password_t np;
} change_t;

static kab_err_t find(kab_call_t *call)
{
    change_t *change = call->scratch = kab_alloc(call->arena, sizeof(*change));
    kab_err_t err;

    if (!change) {
        return KAB_E_INTERNAL;
    }
    memcpy(change->iin.digits, call->session.iin, KAB_IIN_DIGITS);
    err = kab_new_password_read(call, &change->iin, &change->np);
    if (err) {
        return err;
    }
    err = kab_trial_ask(call, &change->trial, &change->iin);
    if (err == KAB_OK) {
        err = kab_account_history(&call->w, call->session.account, change->np.history,
                                  &change->np.history_n);
    }
    return err;
}

static kab_err_t hash(kab_call_t *call)
{
    change_t *change = call->scratch;

    kab_trial_verify(call, &change->trial);
    return kab_trial_passed(&change->trial)
               ? kab_new_password_hash(call, call->session.account, &change->np)
               : KAB_OK;
}

static kab_err_t write_change(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    const change_t *change = call->scratch;
    const kab_uuid_t *account = &call->session.account;
    const kab_world_t *w = &call->w;
    kab_err_t err;

    (void)db;
    call->dropped.n = 0;
    err = kab_trial_still(call, &change->trial);
    if (err == KAB_OK) {
        err = kab_account_set_hash(w, *account, kab_span_of(change->np.hash), false);
    }
    if (err == KAB_OK) {
        err = kab_session_end_all(w, *account, call->session.id, &call->dropped);
    }
    if (err == KAB_OK) {
        err = kab_notice_account(w, "password", &change->trial.account);
    }
    if (err == KAB_OK) {
        err = kab_event_add_change(w, account, KAB_EV_PASSWORD_CHANGED, NULL,
                                   kab_call_now(call) + KAB_OBJECTION_TIME, &call->origin);
    }
    if (err == KAB_OK) {
        err = kab_audit_add(w, account, KAB_EV_PASSWORD_CHANGED, "self", KAB_NONE);
    }
    return err;
}

static kab_err_t decide(kab_call_t *call)
{
    const change_t *change = call->scratch;
    kab_err_t err = kab_trial_decide(call, &change->trial, &change->iin);

    if (err == KAB_OK) {
        err = kab_new_password_judge(call, &change->trial.account, &change->np);
    }
    if (err) {
        return err;
    }
    err = kab_pg_transaction(&call->w.db, write_change, call);
    if (err) {
        call->dropped.n = 0;
        return err;
    }
    call->committed = true;
    kab_session_forget(&call->w, &call->dropped);
    return KAB_OK;
}

static const kab_step_t steps[] = {
    {"find", KAB_LANE_DB, find, 0},
    {"hash", KAB_LANE_HASH, hash, 0},
    {"decide", KAB_LANE_DB, decide, KAB_COMMIT},
    KAB_STEP_END,
};

const kab_op_t kab_password_routes[] = {
    {"password_change", KAB_AUTH_SESSION, KAB_STATE_NONE, "POST", "/password", fields, steps,
     KAB_OP_GRID},
    KAB_OP_END,
};

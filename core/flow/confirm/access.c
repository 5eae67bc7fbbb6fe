#include "flow/confirm/access.h"

#include "cabinet/message/notice.h"
#include "cabinet/dispute/objection.h"
#include "flow/flows.h"

const kab_field_t kab_access_fields[] = {
    {"code", KAB_FIELD_TEXT, true, 16},
    {"password", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX},
    {"password_repeat", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX},
    KAB_FIELD_END,
};

kab_err_t kab_access_check(kab_call_t *call)
{
    kab_access_t *access = call->scratch = kab_alloc(call->arena, sizeof(*access));

    if (!access) {
        return KAB_E_INTERNAL;
    }
    kab_err_t err = kab_new_password_read(call, &call->flow.iin, &access->np);
    if (err == KAB_OK) {
        err = kab_subject_find(call, &access->change.confirm.subject);
    }
    if (err == KAB_OK) {
        err = kab_confirm_judge(call, &access->change.confirm);
    }
    if (err == KAB_OK) {
        err = kab_account_history(&call->w, access->change.confirm.subject.account.id,
                                  access->np.history, &access->np.history_n);
    }
    return err;
}

kab_err_t kab_access_hash(kab_call_t *call)
{
    kab_access_t *access = call->scratch;

    return kab_new_password_hash(call, access->change.confirm.subject.account.id, &access->np);
}

kab_err_t kab_access_password(kab_call_t *call, const kab_account_t *account)
{
    const kab_access_t *access = call->scratch;
    const kab_world_t *w = &call->w;
    kab_err_t err = kab_account_set_hash(w, account->id, kab_span_of(access->np.hash), false);

    if (err == KAB_OK) {
        err = kab_session_end_all(w, account->id, NULL, &call->dropped);
    }
    if (err == KAB_OK) {
        err = kab_account_strangers(w, &call->flow.iin, false, true);
    }
    if (err == KAB_OK) {
        err = kab_flow_consents(call, account->id);
    }
    if (err == KAB_OK) {
        err = kab_notice_account(w, "password", account);
    }
    if (err == KAB_OK) {
        err = kab_event_add_change(w, &account->id, KAB_EV_PASSWORD_CHANGED, NULL,
                                   kab_call_now(call) + KAB_OBJECTION_TIME, &call->origin);
    }
    return err ? err : kab_audit_add(w, &account->id, KAB_EV_PASSWORD_CHANGED, "self", KAB_NONE);
}

kab_err_t kab_access_commit(kab_call_t *call, kab_tx_body_t write)
{
    const kab_access_t *access = call->scratch;
    kab_err_t err =
        kab_new_password_judge(call, &access->change.confirm.subject.account, &access->np);

    return err ? err : kab_change_commit(call, write);
}

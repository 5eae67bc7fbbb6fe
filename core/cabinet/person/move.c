#include "cabinet/person/move.h"

#include <string.h>

#include "cabinet/dispute/case.h"
#include "cabinet/proof/challenge.h"
#include "cabinet/person/guardianship.h"
#include "cabinet/message/notice.h"
#include "cabinet/person/number.h"
#include "cabinet/dispute/objection.h"

/* Who held the child. */
static kab_err_t tell_former(const kab_world_t *w, kab_uuid_t child, kab_uuid_t former,
                             const kab_origin_t *origin)
{
    kab_account_t account;
    kab_time_t until = w->env->now(w->env->ctx) + KAB_OBJECTION_TIME;
    bool lost;
    kab_err_t err = kab_case_lost_lately(w, former, child, &lost);
    if (err == KAB_OK) {
        err = kab_event_add_change(w, &former, KAB_EV_CHILD_LEFT, &child, lost ? 0 : until, origin);
    }
    if (err == KAB_OK) {
        err = kab_audit_add(w, &former, KAB_EV_CHILD_LEFT, "gateway", KAB_NONE);
    }
    if (err == KAB_OK) {
        err = kab_account_get(w, former, &account);
    }
    return err ? err : kab_notice_account(w, "guardian", &account);
}

kab_err_t kab_move_child(const kab_world_t *w, kab_uuid_t child, kab_uuid_t account,
                         const kab_origin_t *origin)
{
    kab_guardianship_t held;
    kab_err_t err = kab_guardianship_of(w, child, &held);
    bool somebody = err == KAB_OK;
    if (somebody && kab_same(held.account.b, account.b, sizeof account.b)) {
        return KAB_OK;
    }
    if (err != KAB_OK && err != KAB_E_NOT_FOUND) {
        return err;
    }
    err = kab_guardianship_move(w, child, account);
    if (err == KAB_OK && somebody) {
        err = tell_former(w, child, held.account, origin);
    }
    return err ? err : kab_trace(w, &account, KAB_EV_CHILD_CAME, origin);
}

kab_err_t kab_shut_out(const kab_world_t *w, kab_uuid_t account, const uint8_t *keep,
                       kab_ended_t *ended)
{
    static const kab_uuid_t none;
    kab_err_t err = kab_challenge_end_others(w, account, none);
    return err ? err : kab_session_end_all(w, account, keep, ended);
}

kab_err_t kab_move_number(const kab_world_t *w, const kab_account_t *account,
                          const kab_phone_t *phone, const uint8_t *keep, bool decided,
                          const kab_origin_t *origin, kab_ended_t *ended)
{
    kab_time_t until = w->env->now(w->env->ctx) + KAB_OBJECTION_TIME;
    bool other = account->has_phone && strcmp(account->phone.e164, phone->e164) != 0;
    kab_err_t err = kab_number_take(w, account->id, phone);
    if (err == KAB_OK) {
        err = kab_number_set(w, account->id, phone);
    }
    if (err == KAB_OK) {
        err = kab_shut_out(w, account->id, keep, ended);
    }
    if (err == KAB_OK && other) {
        err = kab_notice_account(w, "number", account); /* on the old one */
    }
    if (err == KAB_OK) {
        err = kab_event_add_change(w, &account->id, KAB_EV_NUMBER_CHANGED, NULL,
                                   decided ? 0 : until, origin);
    }
    return err ? err : kab_audit_add(w, &account->id, KAB_EV_NUMBER_CHANGED, "self", KAB_NONE);
}

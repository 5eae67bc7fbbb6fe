#include "cabinet/dispute/objection.h"

#include <string.h>

#include "cabinet/dispute/case.h"
#include "cabinet/proof/challenge.h"
#include "cabinet/person/guardianship.h"
#include "cabinet/person/move.h"
#include "cabinet/message/notice.h"
#include "cabinet/person/number.h"

/* *live: it could already act for the account. It was a stranger's, so that it has no say
 * afterwards, as other removed ones have. */
static kab_err_t remove_device(const kab_world_t *w, const kab_event_t *event, bool *live)
{
    kab_device_t device;
    kab_err_t err = kab_device_get(w, event->subject, &device);
    if (err != KAB_OK || !device.has_account ||
        !kab_same(device.account.b, event->account.b, sizeof device.account.b)) {
        return err == KAB_OK ? KAB_E_NOT_FOUND : err;
    }
    kab_device_state_t from = device.state;
    if (from == KAB_DEVICE_REMOVED) {
        return KAB_OK;
    }
    *live = from == KAB_DEVICE_ACTIVE;
    device.state = KAB_DEVICE_REMOVED;
    device.active_at = 0;
    return kab_device_update(w, &device, from);
}

/* People decide; until then only the objector's app speaks for the account, if it was an app. */
static kab_err_t ask_operators(const kab_world_t *w, const kab_objector_t *who, kab_case_t *c)
{
    kab_time_t now = w->env->now(w->env->ctx);
    c->kind = KAB_CASE_OBJECTION;
    c->state = KAB_CASE_OPEN;
    c->due_at = c->next_at = now;
    c->objected_at = now;
    if (who->device) {
        c->device = *who->device;
    }
    memcpy(c->opened_by, "self", sizeof "self");
    kab_err_t err = kab_case_open(w, c);
    return err == KAB_E_WRONG_STATE ? KAB_OK : err; /* there is one already */
}

static kab_err_t freeze(const kab_world_t *w, const kab_objector_t *who, bool number,
                        kab_ended_t *ended)
{
    kab_account_t account;
    kab_err_t err = kab_account_get(w, who->account, &account);
    kab_case_t c = {.applicant = who->account, .holder = who->account, .iin = account.iin};
    if (number && account.has_phone) {
        c.has_phone = true;
        c.phone = account.phone;
    }
    if (err == KAB_OK && who->device) {
        err = kab_account_set_only_device(w, who->account, *who->device);
    }
    if (err == KAB_OK) {
        err = ask_operators(w, who, &c);
    }
    return err ? err : kab_shut_out(w, who->account, NULL, ended);
}

/* Back to the number that the objector's app proved; operators decide whose it stays. Apps on the
 * new one count no longer, as a device speaks for the account's present number only. */
static kab_err_t number_back(const kab_world_t *w, const kab_objector_t *who, kab_ended_t *ended)
{
    kab_device_t device;
    kab_err_t err = freeze(w, who, true, ended);
    if (err == KAB_OK && who->device) {
        err = kab_device_get(w, *who->device, &device);
        if (err == KAB_OK) {
            err = kab_number_return(w, who->account, &device.phone);
        }
    }
    return err ? err : kab_account_set_hash(w, who->account, KAB_NONE, false);
}

/* Nobody acts for the child until operators have decided. */
static kab_err_t child_back(const kab_world_t *w, const kab_objector_t *who,
                            const kab_event_t *event)
{
    kab_guardianship_t held;
    kab_account_t account;
    kab_err_t err = kab_guardianship_of(w, event->subject, &held);
    if (err == KAB_OK) {
        err = kab_account_get(w, held.account, &account);
    }
    if (err != KAB_OK) {
        return err;
    }
    kab_case_t c = {.applicant = held.account,
                    .holder = who->account,
                    .iin = account.iin,
                    .child = event->subject};
    err = kab_guardianship_freeze(w, event->subject, true);
    return err ? err : ask_operators(w, who, &c);
}

/* In time it always wins: what waits goes to operators. */
static kab_err_t hold_back(const kab_world_t *w, const kab_event_t *event)
{
    kab_account_t applicant;
    kab_case_t c;
    kab_err_t err = kab_case_get(w, event->subject, &c);
    if (err != KAB_OK || c.state != KAB_CASE_HELD) {
        return err ? err : KAB_E_WRONG_STATE;
    }
    c.state = KAB_CASE_OPEN;
    c.objected_at = w->env->now(w->env->ctx);
    err = kab_case_update(w, &c);
    if (err == KAB_OK) {
        err = kab_event_add(w, &c.applicant, KAB_EV_CASE, KAB_NONE, NULL);
    }
    if (err == KAB_OK && kab_account_get(w, c.applicant, &applicant) == KAB_OK) {
        err = kab_notice_account(w, "case", &applicant);
    }
    return err;
}

static kab_err_t take_back(const kab_world_t *w, const kab_objector_t *who,
                           const kab_event_t *event, kab_ended_t *ended)
{
    bool live = false;
    kab_err_t err;
    if (kab_span_is(event->kind, kab_event_name(KAB_EV_HOLD))) {
        return hold_back(w, event);
    }
    if (kab_span_is(event->kind, kab_event_name(KAB_EV_CHILD_LEFT))) {
        return child_back(w, who, event);
    }
    if (kab_span_is(event->kind, kab_event_name(KAB_EV_NUMBER_CHANGED))) {
        return number_back(w, who, ended);
    }
    if (kab_span_is(event->kind, kab_event_name(KAB_EV_DEVICE))) {
        err = remove_device(w, event, &live);
        return err == KAB_OK && live ? freeze(w, who, false, ended) : err;
    }
    if (kab_span_is(event->kind, kab_event_name(KAB_EV_PASSWORD_CHANGED))) {
        err = kab_account_set_hash(w, event->account, KAB_NONE, false);
        return err ? err : freeze(w, who, false, ended);
    }
    return KAB_E_WRONG_STATE;
}

/* It takes the child, or the number, and not the way in: whoever signs in to say no to it, as the
 * SMS asks, came later and is the holder all the same. */
static bool leaves_the_door(const kab_event_t *event)
{
    return kab_span_is(event->kind, kab_event_name(KAB_EV_HOLD)) ||
           kab_span_is(event->kind, kab_event_name(KAB_EV_CHILD_LEFT));
}

bool kab_may_object(const kab_world_t *w, const kab_objector_t *who, const kab_event_t *event)
{
    bool itself =
        who->device && kab_same(event->subject.b, who->device->b, sizeof event->subject.b);
    bool elder = who->since < event->at || (!who->device && leaves_the_door(event));
    return !itself && elder && event->object_until > w->env->now(w->env->ctx);
}

kab_err_t kab_object(const kab_world_t *w, const kab_objector_t *who, kab_uuid_t id,
                     const kab_origin_t *origin, kab_event_t *event, kab_ended_t *ended)
{
    kab_err_t err = kab_event_get(w, who->account, id, event);
    if (err != KAB_OK || event->objected_at) {
        return err;
    }
    if (!kab_may_object(w, who, event)) {
        return KAB_E_WRONG_STATE;
    }
    err = take_back(w, who, event, ended);
    if (err == KAB_OK) {
        err = kab_event_objected(w, id);
    }
    return err ? err : kab_trace(w, &who->account, KAB_EV_OBJECTED, origin);
}

#include "cabinet/objection.h"

#include "cabinet/account.h"
#include "cabinet/challenge.h"
#include "cabinet/device.h"

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

/* What somebody else may have used: every session, every confirmation that waits. */
static kab_err_t shut(const kab_world_t *w, kab_uuid_t account, kab_ended_t *ended)
{
    static const kab_uuid_t none;
    kab_err_t err = kab_challenge_end_others(w, account, none);
    return err ? err : kab_session_end_all(w, account, NULL, ended);
}

static kab_err_t take_back(const kab_world_t *w, const kab_event_t *event, kab_ended_t *ended)
{
    bool live = true;
    kab_err_t err = KAB_E_WRONG_STATE;
    if (kab_span_is(event->kind, kab_event_name(KAB_EV_DEVICE))) {
        live = false;
        err = remove_device(w, event, &live);
    } else if (kab_span_is(event->kind, kab_event_name(KAB_EV_PASSWORD_CHANGED))) {
        err = kab_account_set_hash(w, event->account, KAB_NONE, false);
    }
    return err == KAB_OK && live ? shut(w, event->account, ended) : err;
}

bool kab_may_object(const kab_world_t *w, const kab_objector_t *who, const kab_event_t *event)
{
    bool itself =
        who->device && kab_same(event->subject.b, who->device->b, sizeof event->subject.b);
    return !itself && who->since < event->at && event->object_until > w->env->now(w->env->ctx);
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
    err = take_back(w, event, ended);
    if (err == KAB_OK) {
        err = kab_event_objected(w, id);
    }
    return err ? err : kab_trace(w, &who->account, KAB_EV_OBJECTED, origin);
}

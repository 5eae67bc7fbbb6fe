#include "api/feed.h"

#include "cabinet/proof/activation.h"
#include "cabinet/proof/device.h"
#include "cabinet/dispute/objection.h"
#include "identity/user_agent.h"

static kab_objector_t asker(const kab_call_t *call, kab_uuid_t account, kab_time_t since)
{
    bool app = call->op->auth == KAB_AUTH_DEVICE;

    return (kab_objector_t){account, since, app ? &call->device.id : NULL};
}

static json_t *event_json(kab_call_t *call, const kab_event_t *event, const kab_objector_t *who)
{
    char id[KAB_UUID_SIZE];

    kab_uuid_text(event->id, id);
    json_t *row = json_pack("{s:s, s:o, s:o}", "id", id, "kind", kab_span_json(event->kind), "at",
                            kab_time_json(event->at));
    if (row && event->origin.user_agent.n) {
        const char *browser = kab_user_agent_name(call->arena, event->origin.user_agent);

        json_object_set_new(row, "browser", json_string(browser));
    }
    if (row && event->origin.place.n) {
        json_object_set_new(row, "place", kab_span_json(event->origin.place));
    }
    if (row && event->objected_at) {
        json_object_set_new(row, "objected", json_true());
    } else if (row && kab_may_object(&call->w, who, event)) {
        json_object_set_new(row, "object_until", kab_time_json(event->object_until));
    }
    return row;
}

kab_err_t kab_feed_show(kab_call_t *call, kab_uuid_t account, kab_time_t since)
{
    kab_objector_t who = asker(call, account, since);
    kab_event_t *events = kab_alloc(call->arena, KAB_EVENTS * sizeof(*events));
    unsigned n = 0;
    kab_err_t err = events ? kab_event_list(&call->w, account, events, &n) : KAB_E_INTERNAL;

    if (err) {
        return err;
    }
    json_t *rows = json_array();
    for (unsigned i = 0; i < n; i++) {
        json_array_append_new(rows, event_json(call, &events[i], &who));
    }
    call->answer = json_pack("{s:o}", "events", rows);
    return KAB_OK;
}

typedef struct {
    kab_call_t *call;
    kab_objector_t who;
    kab_uuid_t id;
    kab_event_t event;
} objecting_t;

static kab_err_t write_object(const kab_db_t *db, void *ctx)
{
    objecting_t *o = ctx;
    kab_call_t *call = o->call;

    (void)db;
    call->dropped.n = 0;
    return kab_object(&call->w, &o->who, o->id, &call->origin, &o->event, &call->dropped);
}

/* Who waits hears of it: the page that shows the device, and the device itself. Best effort. */
static void tell(kab_call_t *call, const kab_event_t *event)
{
    kab_activation_t activation;
    kab_device_t device;

    if (kab_device_get(&call->w, event->subject, &device) != KAB_OK) {
        return;
    }
    kab_wake_devices(call, &device.id, 1);
    if (kab_activation_get(&call->w, device.activation, &activation) == KAB_OK) {
        kab_flow_bump(&call->w, activation.flow);
    }
}

kab_err_t kab_feed_object(kab_call_t *call, kab_uuid_t account, kab_time_t since)
{
    objecting_t o = {.call = call, .who = asker(call, account, since)};
    kab_err_t err = kab_uuid_parse(call->param[0], &o.id)
                        ? kab_pg_transaction(&call->w.db, write_object, &o)
                        : KAB_E_NOT_FOUND;

    if (err == KAB_OK) {
        call->committed = true;
        kab_session_forget(&call->w, &call->dropped);
        tell(call, &o.event);
    } else {
        call->dropped.n = 0;
    }
    return err;
}

#include "api/feed.h"

#include "cabinet/objection.h"
#include "identity/user_agent.h"

static json_t *event_json(kab_call_t *call, const kab_event_t *event, kab_time_t since)
{
    bool open = event->object_until > kab_call_now(call) && since < event->at;
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
    } else if (row && open) {
        json_object_set_new(row, "object_until", kab_time_json(event->object_until));
    }
    return row;
}

kab_err_t kab_feed_show(kab_call_t *call, kab_uuid_t account, kab_time_t since)
{
    kab_event_t *events = kab_alloc(call->arena, KAB_EVENTS * sizeof(*events));
    unsigned n = 0;
    kab_err_t err = events ? kab_event_list(&call->w, account, events, &n) : KAB_E_INTERNAL;

    if (err) {
        return err;
    }
    json_t *rows = json_array();
    for (unsigned i = 0; i < n; i++) {
        json_array_append_new(rows, event_json(call, &events[i], since));
    }
    call->answer = json_pack("{s:o}", "events", rows);
    return KAB_OK;
}

typedef struct {
    kab_call_t *call;
    kab_uuid_t account, event;
    kab_time_t since;
} objecting_t;

static kab_err_t write_object(const kab_db_t *db, void *ctx)
{
    objecting_t *o = ctx;
    kab_call_t *call = o->call;

    (void)db;
    call->dropped.n = 0;
    return kab_object(&call->w, o->account, o->since, o->event, &call->origin, &call->dropped);
}

kab_err_t kab_feed_object(kab_call_t *call, kab_uuid_t account, kab_time_t since)
{
    objecting_t o = {.call = call, .account = account, .since = since};
    kab_err_t err = kab_uuid_parse(call->param[0], &o.event)
                        ? kab_pg_transaction(&call->w.db, write_object, &o)
                        : KAB_E_NOT_FOUND;

    if (err == KAB_OK) {
        call->committed = true;
        kab_session_forget(&call->w, &call->dropped);
    } else {
        call->dropped.n = 0;
    }
    return err;
}

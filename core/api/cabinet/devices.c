/* The account's apps, and removing one: the current password is asked, the app is told, and what it
 * confirmed and was not used yet is worth nothing (SECURITY 16). */
#include <string.h>

#include "api/routes.h"
#include "cabinet/proof/challenge.h"
#include "cabinet/message/notice.h"
#include "cabinet/record/record.h"
#include "engine/trial.h"

/* ---- GET /devices ---- */

/* active_at is there for one that counts or counted: of one that waits it lies ahead, of one that
 * was objected away in its hold, behind the removal. */
static void add_times(const kab_call_t *call, const kab_device_t *device, json_t *row)
{
    kab_time_t end = device->removed_at ? device->removed_at : kab_call_now(call);

    json_object_set_new(row, "created_at", kab_time_json(device->created_at));
    if (device->active_at && device->active_at <= end) {
        json_object_set_new(row, "active_at", kab_time_json(device->active_at));
    }
    if (device->state == KAB_DEVICE_HELD) {
        json_object_set_new(row, "held_until", kab_time_json(device->held_until));
    }
    if (device->removed_at) {
        json_object_set_new(row, "removed_at", kab_time_json(device->removed_at));
    }
}

static json_t *device_json(const kab_call_t *call, const kab_device_t *device)
{
    char id[KAB_UUID_SIZE], phone[KAB_PHONE_SIZE];

    kab_uuid_text(device->id, id);
    kab_phone_mask(&device->phone, phone);
    json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "id", id, "platform", device->platform,
                            "phone_masked", phone, "state", kab_device_state_name(device->state));
    if (row) {
        add_times(call, device, row);
    }
    return row;
}

static kab_err_t list(kab_call_t *call)
{
    kab_device_t devices[KAB_DEVICES];
    unsigned n = 0;
    kab_err_t err = kab_device_list(&call->w, call->session.account, devices, &n);

    if (err) {
        return err;
    }
    json_t *rows = json_array();
    for (unsigned i = 0; i < n; i++) {
        json_array_append_new(rows, device_json(call, &devices[i]));
    }
    call->answer = json_pack("{s:o}", "devices", rows);
    kab_wipe(devices, sizeof(devices));
    return KAB_OK;
}

static const kab_step_t list_steps[] = {{"list", KAB_LANE_DB, list, 0}, KAB_STEP_END};

/* ---- DELETE /devices/{id} ---- */

static const kab_field_t fields[] = {
    {"current_password", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX}, KAB_FIELD_END};

typedef struct {
    kab_trial_t trial;
    kab_iin_t iin;
    kab_device_t device;
} removal_t;

/* One of this account's that is bound; another's is not there. */
static kab_err_t find_device(kab_call_t *call, kab_device_t *device)
{
    kab_uuid_t id;
    kab_err_t err = kab_uuid_parse(call->param[0], &id) ? kab_device_get(&call->w, id, device)
                                                        : KAB_E_NOT_FOUND;
    bool bound = err == KAB_OK && device->has_account &&
                 (device->state == KAB_DEVICE_ACTIVE || device->state == KAB_DEVICE_HELD) &&
                 kab_same(device->account.b, call->session.account.b, sizeof(device->account.b));

    return err == KAB_OK && !bound ? KAB_E_NOT_FOUND : err;
}

static kab_err_t find(kab_call_t *call)
{
    removal_t *removal = call->scratch = kab_alloc(call->arena, sizeof(*removal));

    if (!removal) {
        return KAB_E_INTERNAL;
    }
    memcpy(removal->iin.digits, call->session.iin, KAB_IIN_DIGITS);
    kab_err_t err = find_device(call, &removal->device);
    return err ? err : kab_trial_ask(call, &removal->trial, &removal->iin);
}

static kab_err_t verify(kab_call_t *call)
{
    removal_t *removal = call->scratch;

    kab_trial_verify(call, &removal->trial);
    return KAB_OK;
}

static kab_err_t write_removal(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    removal_t *removal = call->scratch;
    kab_device_t *device = &removal->device;
    const kab_world_t *w = &call->w;
    kab_err_t err = kab_trial_still(call, &removal->trial);

    (void)db;
    if (err == KAB_OK) { /* told while its push token is still known */
        err = kab_notice_device(w, "device_removed", removal->trial.account.locale, device);
    }
    if (err == KAB_OK) {
        kab_device_state_t from = device->state;

        device->state = KAB_DEVICE_REMOVED;
        err = kab_device_update(w, device, from);
    }
    if (err == KAB_OK) {
        err = kab_challenge_end_armed(w, device->account, device->id);
    }
    if (err == KAB_OK) {
        err = kab_event_add_change(w, &device->account, KAB_EV_DEVICE_REMOVED, &device->id, 0,
                                   &call->origin);
    }
    return err ? err : kab_audit_add(w, &device->account, KAB_EV_DEVICE_REMOVED, "self", KAB_NONE);
}

static kab_err_t decide(kab_call_t *call)
{
    removal_t *removal = call->scratch;
    kab_err_t err = kab_trial_decide(call, &removal->trial, &removal->iin);

    if (err == KAB_OK) {
        err = kab_pg_transaction(&call->w.db, write_removal, call);
    }
    if (err) { /* somebody was faster: it is gone, or it counts by now */
        return err;
    }
    call->committed = true;
    kab_wake_devices(call, &removal->device.id, 1);
    return KAB_OK;
}

static const kab_step_t remove_steps[] = {
    {"find", KAB_LANE_DB, find, 0},
    {"verify", KAB_LANE_HASH, verify, 0},
    {"decide", KAB_LANE_DB, decide, KAB_COMMIT},
    KAB_STEP_END,
};

const kab_op_t kab_device_routes[] = {
    {"devices_list", KAB_AUTH_SESSION, KAB_STATE_NONE, "GET", "/devices", NULL, list_steps, 0},
    {"device_remove", KAB_AUTH_SESSION, KAB_STATE_NONE, "DELETE", "/devices/{id}", fields,
     remove_steps, KAB_OP_GRID},
    KAB_OP_END,
};

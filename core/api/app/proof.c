/*
 * POST /app/devices/{id}/proof: the SMS code, then BMG, and the phone is a device (SECURITY 4,
 * 14–17): active, or held while an older one may object. Signed by the new key.
 */
#include "api/app/proof.h"

#include <string.h>

#include <openssl/crypto.h>

#include "api/routes.h"
#include "cabinet/person/account.h"
#include "cabinet/message/notice.h"
#include "cabinet/person/number.h"
#include "cabinet/dispute/objection.h"
#include "engine/signed.h"
#include "flow/job/ports.h"

void kab_proof_code(const kab_call_t *call, const kab_device_t *device, char code[KAB_CODE_MAX + 1])
{
    kab_code_make(call->kab->config->ring, "sms proof",
                  (kab_span_t){device->id.b, sizeof(device->id.b)}, device->drawn, KAB_PROOF_DIGITS,
                  code);
}

kab_err_t kab_proof_wanted(kab_call_t *call, const kab_activation_t *activation,
                           const kab_phone_t *phone, bool *wanted)
{
    kab_account_t account;
    bool found;
    kab_err_t err = kab_account_find(&call->w, &activation->iin, NULL, &account, &found);
    const kab_phone_t *number = activation->has_phone ? &activation->phone : &account.phone;
    bool same = found ? !account.blocked &&
                            kab_same(account.id.b, activation->account.b, sizeof(account.id.b))
                      : activation->has_phone;

    *wanted =
        err == KAB_OK && activation->has_account && same && strcmp(number->e164, phone->e164) == 0;
    return err;
}

static const kab_field_t proof_fields[] = {{"code", KAB_FIELD_TEXT, true, 16}, KAB_FIELD_END};

typedef struct {
    kab_device_t device;
    kab_activation_t activation;
    kab_bmg_answer_t bmg;
    kab_device_t bound; /* what it becomes; the transaction may run again */
} proof_t;

/* The try is counted before the code is compared: of two at once one is written (device.h). */
static kab_err_t judge(kab_call_t *call)
{
    proof_t *proof = call->scratch = kab_alloc(call->arena, sizeof(*proof));
    kab_span_t typed = kab_call_field(call, "code");
    char code[KAB_CODE_MAX + 1];
    kab_uuid_t id;

    if (!proof) {
        return KAB_E_INTERNAL;
    }
    kab_device_t *device = &proof->device;
    kab_err_t err = kab_uuid_parse(call->param[0], &id) ? kab_device_get(&call->w, id, device)
                                                        : KAB_E_NOT_FOUND;
    if (err) {
        return err == KAB_E_NOT_FOUND ? KAB_E_DEVICE_UNKNOWN : err;
    }
    err = kab_signed_by(call, &device->key);
    if (err) {
        return err;
    }
    if (device->state != KAB_DEVICE_PENDING || device->attempts >= KAB_PROOF_TRIES ||
        kab_call_now(call) >= device->proof_expires_at) {
        return KAB_E_PROOF_WRONG;
    }
    device->attempts++;
    err = kab_device_update(&call->w, device, KAB_DEVICE_PENDING);
    if (err) {
        return err;
    }
    kab_proof_code(call, device, code);
    bool right = typed.n == KAB_PROOF_DIGITS && CRYPTO_memcmp(typed.p, code, KAB_PROOF_DIGITS) == 0;
    kab_wipe(code, sizeof(code));
    if (!right || !device->has_account) {
        return KAB_E_PROOF_WRONG;
    }
    return kab_activation_get(&call->w, device->activation, &proof->activation);
}

/* BMG is asked only after the SMS proved the number (SECURITY 4). */
static kab_err_t ask_bmg(kab_call_t *call)
{
    proof_t *proof = call->scratch;

    proof->bmg = kab_ports_match(call, kab_span_of(proof->activation.iin.digits),
                                 kab_span_of(proof->device.phone.e164));
    return KAB_OK;
}

/* Apps that were there before: the first `live` of them are bound, the others were removed not long
 * ago. */
typedef struct {
    kab_device_t app[2 * KAB_DEVICES];
    unsigned live, n;
} older_t;

static kab_err_t find_older(kab_call_t *call, const kab_device_t *device, older_t *older)
{
    unsigned missed = 0;
    kab_err_t err =
        kab_device_live(&call->w, device->account, &device->phone, older->app, &older->live);

    if (err == KAB_OK) {
        err = kab_device_missed(&call->w, device->account, &device->phone, older->app + older->live,
                                &missed);
    }
    older->n = older->live + missed;
    return err;
}

/* An older app is told, and may object until the hold is over; not if the current password, or a
 * session, spoke for the new one (SECURITY 13, 16). What comes after a weak one waits for that one
 * in any case (SECURITY 17). */
static void decide_hold(const kab_call_t *call, const kab_activation_t *activation,
                        const older_t *older, kab_device_t *device)
{
    kab_time_t now = kab_call_now(call), until = now;

    if (older->n && !activation->trusted) {
        until += call->kab->config->device_hold * KAB_SECOND;
    }
    for (unsigned i = 0; i < older->n; i++) {
        kab_time_t weak = kab_device_weak_until(&older->app[i]);

        until = weak > until ? weak : until;
    }
    device->weak = older->n == 0 && !activation->trusted && !activation->has_phone;
    device->state = until > now ? KAB_DEVICE_HELD : KAB_DEVICE_ACTIVE;
    device->active_at = until;
    device->held_until = until > now ? until : 0;
}

/* The activation is used up, the device is the account's, and the number nobody else's. */
static kab_err_t bind_device(kab_call_t *call, proof_t *proof)
{
    kab_device_t *device = &proof->bound;
    kab_err_t err = kab_activation_use(&call->w, device->activation, device->id);

    if (err == KAB_OK) {
        err = kab_device_update(&call->w, device, KAB_DEVICE_PENDING);
    }
    return err ? err : kab_number_take(&call->w, device->account, &device->phone);
}

static kab_err_t record_device(kab_call_t *call, const proof_t *proof)
{
    const kab_device_t *device = &proof->bound;
    kab_time_t until = proof->activation.trusted ? 0 : device->active_at + KAB_OBJECTION_TIME;
    kab_err_t err = kab_event_add_change(&call->w, &device->account, KAB_EV_DEVICE, &device->id,
                                         until, &call->origin);

    return err ? err : kab_audit_add(&call->w, &device->account, KAB_EV_DEVICE, "self", KAB_NONE);
}

/* A removed app cannot be rung: its number is told instead, if nobody else is. */
static kab_err_t tell_older(kab_call_t *call, const proof_t *proof, const older_t *older)
{
    const kab_device_t *device = &proof->bound;
    const char *locale = proof->activation.locale;
    kab_err_t err = KAB_OK;

    if (older->live == 0 && older->n > 0) {
        return kab_notice_number(&call->w, "device", locale, device->account, &device->phone);
    }
    for (unsigned i = 0; i < older->live && err == KAB_OK; i++) {
        err = kab_notice_device(&call->w, "device", locale, &older->app[i]);
    }
    return err;
}

/* The account's row is held, for its number, or another first app, may come at the same moment. */
static kab_err_t wanted_still(kab_call_t *call, const proof_t *proof)
{
    bool wanted = false;
    kab_err_t err = kab_account_hold(&call->w, proof->device.account);

    if (err == KAB_OK) {
        err = kab_proof_wanted(call, &proof->activation, &proof->device.phone, &wanted);
    }
    return err == KAB_OK && !wanted ? KAB_E_PROOF_WRONG : err;
}

static kab_err_t write_bind(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    proof_t *proof = call->scratch;
    older_t older;
    kab_err_t err = wanted_still(call, proof);

    (void)db;
    proof->bound = proof->device;
    if (err == KAB_OK) {
        err = find_older(call, &proof->bound, &older);
    }
    if (err) {
        return err;
    }
    decide_hold(call, &proof->activation, &older, &proof->bound);
    err = bind_device(call, proof);
    if (err == KAB_OK) {
        err = tell_older(call, proof, &older);
    }
    return err ? err : record_device(call, proof);
}

/* A try that BMG did not let through is given back when BMG was away. */
static kab_err_t bind(kab_call_t *call)
{
    proof_t *proof = call->scratch;
    kab_err_t err = kab_ports_verdict(proof->bmg.result);
    char id[KAB_UUID_SIZE];

    if (err == KAB_E_UNAVAILABLE) {
        proof->device.attempts--;
        (void)kab_device_update(&call->w, &proof->device, KAB_DEVICE_PENDING);
    }
    if (err == KAB_OK) {
        err = kab_pg_transaction(&call->w.db, write_bind, call);
        err = err == KAB_E_WRONG_STATE ? KAB_E_PROOF_WRONG : err;
    }
    if (err) {
        return err;
    }
    call->committed = true;
    kab_flow_bump(&call->w, proof->activation.flow);
    kab_uuid_text(proof->bound.id, id);
    call->answer = json_pack("{s:s, s:s}", "device_id", id, "state",
                             kab_device_state_name(proof->bound.state));
    if (proof->bound.held_until) {
        json_object_set_new(call->answer, "held_until", kab_time_json(proof->bound.held_until));
    }
    return KAB_OK;
}

static const kab_step_t proof_steps[] = {
    {"judge", KAB_LANE_DB, judge, 0},
    {"ask_bmg", KAB_LANE_HTTP, ask_bmg, 0},
    {"bind", KAB_LANE_DB, bind, KAB_COMMIT},
    KAB_STEP_END,
};

const kab_op_t kab_app_proof_routes[] = {
    {"app_device_proof", KAB_AUTH_KEY, KAB_STATE_NONE, "POST", "/app/devices/{id}/proof",
     proof_fields, proof_steps, 0},
    KAB_OP_END,
};

/*
 * POST /app/devices: a phone wants to become a device (CONTRACT 2, SECURITY 4). One-time password
 * or QR, number and key; an SMS goes to that number if it is the one to prove; the answer is always
 * 202. Signed by the new key. The second half is proof.c.
 */
#include <string.h>

#include "api/app/proof.h"
#include "api/routes.h"
#include "cabinet/limit.h"
#include "cabinet/message/message.h"
#include "cabinet/message/outbox.h"
#include "cabinet/record/record.h"
#include "engine/signed.h"
#include "identity/app/proof.h"

enum {
    TRIES_HOUR = 100,           /* one-time passwords from one address, */
    TRIES_HOUR_CARRIER = 10000, /* from a mobile operator's */
    NUMBERS_DAY = 10            /* numbers for one IIN */
};

/* ---- POST /app/devices ---- */

static const kab_field_t create_fields[] = {
    {"phone", KAB_FIELD_TEXT, true, 64},       {"one_time_password", KAB_FIELD_TEXT, false, 32},
    {"qr", KAB_FIELD_TEXT, false, 64},         {"public_key", KAB_FIELD_OBJECT, true, 0},
    {"platform", KAB_FIELD_TEXT, true, 16},    {"push_token", KAB_FIELD_TEXT, false, 512},
    {"accept_terms", KAB_FIELD_BOOL, true, 0}, KAB_FIELD_END,
};

typedef struct {
    kab_phone_t phone;
    kab_device_key_t key;
    char otp[KAB_OTP_DIGITS + 1];
    kab_activation_t activation;
    kab_device_t device;
    bool real; /* the number is the flow's: an SMS goes out */
} create_t;

static kab_span_t jwk_member(const json_t *jwk, const char *name)
{
    const json_t *value = json_object_get(jwk, name);

    return json_is_string(value)
               ? (kab_span_t){(const uint8_t *)json_string_value(value), json_string_length(value)}
               : KAB_NONE;
}

static bool read_key(const kab_call_t *call, kab_device_key_t *out)
{
    const json_t *jwk = json_object_get(call->body, "public_key");

    return json_object_size(jwk) <= 8 && !json_object_get(jwk, "d") &&
           kab_span_is(jwk_member(jwk, "kty"), "EC") &&
           kab_span_is(jwk_member(jwk, "crv"), "P-256") &&
           kab_device_key_read(jwk_member(jwk, "x"), jwk_member(jwk, "y"), out);
}

static bool known_platform(kab_span_t platform)
{
    return kab_span_is(platform, "android") || kab_span_is(platform, "ios") ||
           kab_span_is(platform, "web") || kab_span_is(platform, "cli");
}

static kab_err_t read_create(kab_call_t *call, create_t *create)
{
    kab_span_t otp = kab_call_field(call, "one_time_password"), qr = kab_call_field(call, "qr");
    const char *reason =
        kab_phone_parse(&call->kab->config->phones, kab_call_field(call, "phone"), &create->phone);

    if (reason) {
        kab_call_invalid(call, "phone", reason);
    }
    if (!read_key(call, &create->key)) {
        kab_call_invalid(call, "public_key", "value");
    }
    if (!known_platform(kab_call_field(call, "platform"))) {
        kab_call_invalid(call, "platform", "unknown");
    }
    if (!json_is_true(json_object_get(call->body, "accept_terms"))) {
        kab_call_invalid(call, "accept_terms", "consent_required");
    }
    if ((otp.n > 0) == (qr.n > 0)) {
        kab_call_invalid(call, "one_time_password", "missing");
    } else if (otp.n && !kab_otp_parse(otp, create->otp)) {
        kab_call_invalid(call, "one_time_password", "otp_check_digit"); /* costs nothing */
    }
    return call->errors.n ? KAB_E_VALIDATION : KAB_OK;
}

/* The same key asks again for the same number: the same device, and another SMS a minute later. */
static kab_err_t find_or_make(kab_call_t *call, create_t *create, bool *send)
{
    const kab_env_t *env = &call->kab->env;
    kab_device_t *device = &create->device;
    char thumbprint[KAB_THUMBPRINT + 1];
    kab_time_t now = kab_call_now(call);

    kab_device_key_thumbprint(&create->key, thumbprint);
    kab_err_t err = kab_device_by_thumbprint(&call->w, thumbprint, create->activation.id,
                                             &create->phone, device);
    if (err == KAB_OK) {
        *send = device->state == KAB_DEVICE_PENDING && device->sends < KAB_PROOF_SENDS &&
                now >= device->sent_at + KAB_PROOF_RESEND * KAB_SECOND;
        if (*send) {
            device->sends++;
            device->sent_at = now;
            err = kab_device_update(&call->w, device, KAB_DEVICE_PENDING);
        }
        return err;
    }
    if (err != KAB_E_NOT_FOUND) {
        return err;
    }
    kab_span_t platform = kab_call_field(call, "platform");
    *device = (kab_device_t){
        .has_account = create->real,
        .state = KAB_DEVICE_PENDING,
        .key = create->key,
        .phone = create->phone,
        .push_token = kab_call_field(call, "push_token"),
        .activation = create->activation.id,
        .sends = 1,
        .proof_expires_at = now + KAB_PROOF_LIFE * KAB_SECOND,
        .sent_at = now,
    };
    if (create->real) {
        device->account = create->activation.account;
    }
    memcpy(device->platform, platform.p, platform.n);
    env->random(env->ctx, device->drawn, sizeof(device->drawn));
    *send = true;
    return kab_device_insert(&call->w, device);
}

static kab_err_t send_code(kab_call_t *call, const create_t *create)
{
    char code[KAB_CODE_MAX + 1];
    unsigned lang = kab_message_language(create->activation.locale);
    kab_message_t message = {
        .kind = create->real ? KAB_OUTBOX_SMS : KAB_OUTBOX_VOID,
        .to = kab_span_of(create->phone.e164),
        .expires_at = create->device.proof_expires_at,
    };

    if (create->real) {
        message.account = create->activation.account;
    }
    kab_proof_code(call, &create->device, code);
    message.body = kab_message_sms_code(call->arena, lang, code);
    kab_wipe(code, sizeof(code));
    return kab_outbox_add(&call->w, &message);
}

static kab_err_t write_create(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    create_t *create = call->scratch;
    const kab_iin_t *iin = &create->activation.iin;
    bool send = false, allowed = false;
    kab_err_t err = kab_activation_find(&call->w, kab_span_of(create->otp),
                                        kab_call_field(call, "qr"), &create->activation);

    (void)db;
    if (err == KAB_E_NOT_FOUND) {
        return kab_call_invalid(call, "one_time_password", "otp_wrong");
    }
    if (err == KAB_OK) {
        err = kab_activation_number(&call->w, &create->activation, &create->phone);
        call->wait = create->activation.expires_at - kab_call_now(call);
    }
    if (err == KAB_OK) {
        err = kab_limit_count(&call->w, "activation", kab_span_of(iin->digits), NUMBERS_DAY,
                              24 * 3600, &allowed, &call->wait);
        err = err == KAB_OK && !allowed ? KAB_E_THROTTLED : err;
    }
    if (err == KAB_OK) {
        err = kab_proof_wanted(call, &create->activation, &create->phone, &create->real);
    }
    if (err == KAB_OK) {
        err = find_or_make(call, create, &send);
    }
    if (err == KAB_OK && send) {
        err = send_code(call, create);
    }
    return err;
}

static kab_err_t create_device(kab_call_t *call)
{
    create_t *create = call->scratch = kab_alloc(call->arena, sizeof(*create));
    char id[KAB_UUID_SIZE];

    if (!create) {
        return KAB_E_INTERNAL;
    }
    kab_err_t err = read_create(call, create);
    if (err == KAB_OK) {
        err = kab_signed_by(call, &create->key);
    }
    if (err == KAB_OK) { /* counted before it is compared */
        bool carrier = kab_settings_carrier(call->kab->config, call->in.address);

        err = kab_throttle_count(&call->w, "otp", kab_throttle_network(call->in.address),
                                 carrier ? TRIES_HOUR_CARRIER : TRIES_HOUR, 3600, &call->wait);
    }
    if (err == KAB_OK) {
        err = kab_pg_transaction(&call->w.db, write_create, call);
    }
    if (err) {
        return err;
    }
    kab_flow_bump(&call->w, create->activation.flow); /* its page says that an app has come */
    kab_uuid_text(create->device.id, id);
    call->status = 202;
    call->answer = json_pack("{s:s, s:s, s:o}", "device_id", id, "proof", "sms", "expires_at",
                             kab_time_json(create->device.proof_expires_at));
    return KAB_OK;
}

static const kab_step_t create_steps[] = {{"create_device", KAB_LANE_DB, create_device, KAB_COMMIT},
                                          KAB_STEP_END};

/* ---- PUT /app/push-token ---- */

static const kab_field_t token_fields[] = {{"push_token", KAB_FIELD_TEXT, true, 512},
                                           KAB_FIELD_END};

static kab_err_t set_token(kab_call_t *call)
{
    return kab_device_set_push_token(&call->w, call->device.id, kab_call_field(call, "push_token"));
}

static const kab_step_t token_steps[] = {{"set_token", KAB_LANE_DB, set_token, KAB_COMMIT},
                                         KAB_STEP_END};

const kab_op_t kab_app_device_routes[] = {
    {"app_device_create", KAB_AUTH_KEY, KAB_STATE_NONE, "POST", "/app/devices", create_fields,
     create_steps, 0},
    {"app_push_token", KAB_AUTH_DEVICE, KAB_STATE_NONE, "PUT", "/app/push-token", token_fields,
     token_steps, 0},
    KAB_OP_END,
};

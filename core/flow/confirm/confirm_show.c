/* What the pages of `activate` and `code` show. */
#include <string.h>

#include "cabinet/proof/activation.h"
#include "flow/confirm/app_link.h"
#include "flow/confirm/confirm.h"

static kab_err_t describe_code(kab_call_t *call)
{
    const struct kab_config_s *config = call->kab->config;
    kab_challenge_t challenge;
    kab_err_t err =
        kab_challenge_of_flow(&call->w, kab_flow_name(call->arena, &call->flow), &challenge);

    if (err) {
        return err == KAB_E_NOT_FOUND ? KAB_OK : err;
    }
    unsigned left =
        challenge.attempts < config->code.attempts ? config->code.attempts - challenge.attempts : 0;
    json_object_set_new(call->data, "sign",
                        json_string(challenge.signs.sign[challenge.signs.right]));
    json_object_set_new(call->data, "code_length", json_integer(config->code.length));
    json_object_set_new(call->data, "resend_at",
                        kab_time_json(challenge.rung_at + KAB_CONFIRM_RESEND * KAB_SECOND));
    json_object_set_new(call->data, "attempts_left", json_integer(left));
    json_object_set_new(call->data, "expires_at", kab_time_json(challenge.expires_at));
    json_object_set_new(call->data, "app_link", json_string(kab_app_link(call)));
    return KAB_OK;
}

/* "none", "proving", "active" or "held": how far the app has come. */
static void describe_device(kab_call_t *call, const kab_activation_t *activation)
{
    static const kab_uuid_t none;
    kab_device_t device = {.state = KAB_DEVICE_REMOVED};
    const char *state = "none";

    if (memcmp(&activation->device, &none, sizeof(none)) != 0 &&
        kab_device_get(&call->w, activation->device, &device) == KAB_OK &&
        device.state != KAB_DEVICE_REMOVED) {
        state = kab_device_state_name(device.state);
    } else if (activation->proving) { /* whatever number it gave */
        state = "proving";
    }
    json_object_set_new(call->data, "device", json_string(state));
    if (device.state == KAB_DEVICE_HELD) {
        json_object_set_new(call->data, "held_until", kab_time_json(device.held_until));
    }
}

static kab_err_t describe_activation(kab_call_t *call)
{
    kab_span_t name = kab_flow_name(call->arena, &call->flow);
    kab_activation_t activation;
    char otp[KAB_OTP_DIGITS + 1];
    kab_err_t err = kab_activation_of_flow(&call->w, name, call->flow.generation, &activation);

    if (err) {
        return err == KAB_E_NOT_FOUND ? KAB_OK : err;
    }
    kab_otp_make(call->kab->config->ring, name, call->flow.generation, otp);
    json_object_set_new(call->data, "one_time_password", json_string(otp));
    json_object_set_new(call->data, "expires_at", kab_time_json(activation.expires_at));
    json_object_set_new(call->data, "app_link", json_string(kab_app_link(call)));
    describe_device(call, &activation);
    kab_wipe(otp, sizeof(otp));
    return KAB_OK;
}

kab_err_t kab_confirm_describe(kab_call_t *call)
{
    char mask[KAB_PHONE_SIZE];
    kab_subject_t subject;

    if (call->flow.state == KAB_STATE_ACTIVATE) {
        return describe_activation(call);
    }
    if (call->flow.state != KAB_STATE_CODE) {
        return KAB_OK;
    }
    kab_err_t err = kab_subject_find(call, &subject);
    if (err == KAB_OK) {
        kab_phone_mask(&subject.phone, mask);
        json_object_set_new(call->data, "phone_masked", json_string(mask));
        err = describe_code(call);
    }
    kab_wipe(&subject, sizeof(subject));
    return err;
}

/*
 * GET /meta: what pages and apps need to draw the forms, made of the very
 * tables that judge them. Touches neither PostgreSQL nor Redis.
 */
#include "api/app/proof.h"
#include "api/routes.h"
#include "cabinet/proof/activation.h"
#include "flow/confirm/confirm.h"
#include "identity/app/proof.h"

static json_t *rules_json(const kab_password_policy_t *policy)
{
    json_t *rules = json_array();

    for (const kab_password_rule_t *rule = kab_password_rules; rule->id; rule++) {
        json_t *row = json_pack("{s:s}", "id", rule->id);

        if (rule->pattern[0]) {
            json_object_set_new(row, "pattern", json_string(rule->pattern));
        } else {
            json_object_set_new(row, "min_length", json_integer(policy->min_length));
        }
        json_array_append_new(rules, row);
    }
    return rules;
}

static json_t *consents_json(const struct kab_config_s *config)
{
    json_t *consents = json_array();

    for (unsigned i = 0; i < config->consent_n; i++) {
        const kab_consent_doc_t *doc = &config->consent[i];
        json_t *digests = json_object();

        for (unsigned l = 0; kab_languages[l]; l++) {
            char digest[KAB_HEX_SIZE(32)];

            kab_hex(doc->sha256[l], 32, digest);
            json_object_set_new(digests, kab_languages[l], json_string(digest));
        }
        json_array_append_new(consents, json_pack("{s:s, s:s, s:b, s:o}", "kind", doc->kind,
                                                  "version", doc->version, "required",
                                                  (int)doc->required, "sha256", digests));
    }
    return consents;
}

static json_t *stores_json(const struct kab_config_s *config)
{
    json_t *stores = json_object();

    if (config->store.google) {
        json_object_set_new(stores, "google", json_string(config->store.google));
    }
    if (config->store.apple) {
        json_object_set_new(stores, "apple", json_string(config->store.apple));
    }
    return stores;
}

/* The code that the app shows; one-time password and SMS code, which make a phone a device. */
static void add_proofs(json_t *answer, const kab_code_settings_t *code)
{
    json_object_set_new(answer, "code",
                        json_pack("{s:i, s:i, s:i, s:i}", "length", (int)code->length, "attempts",
                                  (int)code->attempts, "life_seconds", (int)code->ttl,
                                  "resend_seconds", KAB_CONFIRM_RESEND));
    json_object_set_new(
        answer, "one_time_password",
        json_pack("{s:i, s:i}", "length", KAB_OTP_DIGITS, "life_seconds", KAB_ACTIVATION_LIFE));
    json_object_set_new(answer, "sms_code",
                        json_pack("{s:i, s:i, s:i, s:i, s:i}", "length", KAB_PROOF_DIGITS,
                                  "attempts", KAB_PROOF_TRIES, "life_seconds", KAB_PROOF_LIFE,
                                  "resend_seconds", KAB_PROOF_RESEND, "sends", KAB_PROOF_SENDS));
}

static kab_err_t meta(kab_call_t *call)
{
    const struct kab_config_s *config = call->kab->config;
    json_t *languages = json_array();

    for (unsigned l = 0; kab_languages[l]; l++) {
        json_array_append_new(languages, json_string(kab_languages[l]));
    }
    call->answer = json_pack("{s:o, s:{s:o, s:i}, s:o, s:{s:i, s:i, s:i}}", "languages", languages,
                             "password", "rules", rules_json(&config->policy), "max_bytes",
                             (int)KAB_PASSWORD_MAX, "consents", consents_json(config), "session",
                             "idle_seconds", (int)config->session.idle, "total_seconds",
                             (int)config->session.total, "max", (int)config->session.max);
    json_object_set_new(call->answer, "iin_check",
                        json_string(config->iin_check == KAB_IIN_WARN ? "warn" : "strict"));
    add_proofs(call->answer, &config->code);
    json_object_set_new(call->answer, "stores", stores_json(config));
    if (call->in.brand.n) {
        json_object_set_new(call->answer, "brand", kab_json_object(call->in.brand));
    }
    return KAB_OK;
}

static const kab_step_t meta_steps[] = {{"meta", KAB_LANE_DB, meta, 0}, KAB_STEP_END};

const kab_op_t kab_meta_routes[] = {
    {"meta", KAB_AUTH_NONE, KAB_STATE_NONE, "GET", "/meta", NULL, meta_steps, KAB_OP_LOCAL},
    KAB_OP_END,
};

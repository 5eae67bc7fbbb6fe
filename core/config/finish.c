/* What can only be said when every directive was seen, and the files they name. */
#include "config/parts.h"

#include "identity/key/sealed.h"
#include "identity/password/phc.h"
#include "kabinet.h"

static const char *missing(config_t *config)
{
    if (!config->conninfo) {
        return config_say(config, "kabinet_database is missing; give "
                                  "kabinet_database \"host=/run/postgresql dbname=kabinet\"");
    }
    if (!config->redis_n) {
        return config_say(config, "kabinet_redis is missing; give unix:/PATH or redis://HOST:PORT");
    }
    if (!config->keyring_path) {
        return config_say(config, "kabinet_keyring is missing; give FILE, made by "
                                  "`kabinetctl keys create FILE`");
    }
    return NULL;
}

/* SECURITY 20 has the odds. */
static const char *proof_is_weak(config_t *config)
{
    const char *zero = config->device_hold == 0           ? "kabinet_device_hold"
                       : config->reregistration_hold == 0 ? "kabinet_reregistration_hold"
                                                          : NULL;

    if (!config->code.arm && config->code.length < 8) {
        return config_say(config,
                          "kabinet_code: length=%u can be guessed with arm=off; give length=8 or "
                          "arm=on, or kabinet_unsafe on",
                          config->code.length);
    }
    if (zero) {
        return config_say(config,
                          "%s: without a wait nobody can object; give a time above 0, such as 24h, "
                          "or kabinet_unsafe on",
                          zero);
    }
    if (!config->activation_sms) {
        return config_say(config, "kabinet_activation_proof: with none anybody may say that a "
                                  "number is theirs; give sms, or kabinet_unsafe on");
    }
    return NULL;
}

static const char *dangerous(config_t *config)
{
    const char *words;

    if (config->unsafe) {
        return NULL;
    }
    if ((words = proof_is_weak(config))) {
        return words;
    }
    if (config->hash.m < kab_phc_least_m(config->hash.t)) {
        return config_say(config,
                          "kabinet_password_hash: m=%u t=%u is weak; give at least m=47104 t=1, "
                          "m=19456 t=2, m=12288 t=3, m=9216 t=4 or m=7168 t=5, or kabinet_unsafe "
                          "on",
                          config->hash.m, config->hash.t);
    }
    if (config->grid < 50 * KAB_MS) {
        return config_say(config, "kabinet_password_hash: grid= lies below the time of a hash and "
                                  "would tell accounts apart; give 50ms or more, or "
                                  "kabinet_unsafe on");
    }
    if (!config->breach_path) {
        return config_say(config, "kabinet_password_policy: breach_list= is missing; give a file "
                                  "made by `kabinetctl breach build`, or kabinet_unsafe on");
    }
    return NULL;
}

/* The directive's name stands before what the file's reader has to say. */
static const char *open_files(config_t *config)
{
    char why[384] = "";

    if (!config->ring) {
        config->ring = kab_keyring_open(config->keyring_path, why, sizeof why);
        if (!config->ring) {
            return config_say(config, "kabinet_keyring: %s", why);
        }
        kab_seal_prepare(); /* no event loop will wait for it */
    }
    if (config->breach_path && !config->breach) {
        config->breach = kab_breach_open(config->breach_path, why, sizeof why);
        if (!config->breach) {
            return config_say(config, "kabinet_password_policy: %s", why);
        }
    }
    return NULL;
}

const char *kab_config_finish(kab_config_t *config)
{
    const char *words = NULL;

    if (config->finished) {
        return NULL;
    }
    if ((words = missing(config)) || (words = dangerous(config)) || (words = open_files(config)) ||
        (words = config_read_tokens(config)) || (words = config_read_consents(config)) ||
        (words = config_read_networks(config)) || (words = config_read_mask(config)) ||
        (words = config_read_operators(config))) {
        return words;
    }
    config->finished = true;
    return NULL;
}

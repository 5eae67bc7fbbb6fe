/*
 * POST /password: a signed-in person changes the password. The old one is asked,
 * with the same counters as sign-in (SECURITY 31); rules of the text come
 * first and use up nothing (SECURITY 3).
 */
#include <string.h>

#include "api/routes.h"
#include "cabinet/record.h"
#include "engine/trial.h"

static const kab_field_t fields[] = {
    {"current_password", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX},
    {"password", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX},
    {"password_repeat", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX},
    KAB_FIELD_END,
};

typedef struct {
    kab_trial_t trial;
    kab_iin_t iin;
    kab_span_t password; /* NFKC */
    kab_span_t history[KAB_HISTORY];
    unsigned history_n;
    bool reused;
    char hash[KAB_HASH_TEXT];
} change_t;

/* Needs nothing but the typed text and the IIN of the session. */
static kab_err_t check_text(kab_call_t *call, change_t *change)
{
    const struct kab_config_s *config = call->kab->config;
    unsigned missing;
    const char *reason;

    change->password = kab_password_normal(call->arena, kab_call_field(call, "password"));
    if (change->password.n == 0) {
        return kab_call_invalid(call, "password",
                                kab_call_field(call, "password").n ? "password_too_long"
                                                                   : "password_length");
    }
    missing = kab_password_missing(&config->policy, change->password);
    for (unsigned i = 0; kab_password_rules[i].id; i++) {
        if (missing & (1u << i)) {
            kab_call_invalid(call, "password", kab_password_rules[i].id);
        }
    }
    reason = kab_password_text_rules(config->breach, &change->iin, change->password);
    if (reason) {
        kab_call_invalid(call, "password", reason);
    }
    if (!kab_span_eq(kab_call_field(call, "password"), kab_call_field(call, "password_repeat"))) {
        kab_call_invalid(call, "password_repeat", "password_repeat_differs");
    }
    return call->errors.n ? KAB_E_VALIDATION : KAB_OK;
}

static kab_err_t find(kab_call_t *call)
{
    change_t *change = call->scratch = kab_alloc(call->arena, sizeof(*change));
    kab_err_t err;

    if (!change) {
        return KAB_E_INTERNAL;
    }
    memcpy(change->iin.digits, call->session.iin, KAB_IIN_DIGITS);
    err = check_text(call, change);
    if (err) {
        return err;
    }
    change->trial.typed =
        kab_password_normal(call->arena, kab_call_field(call, "current_password"));
    if (change->trial.typed.n == 0) {
        return kab_call_invalid(call, "current_password", "missing");
    }
    err = kab_trial_find(call, &change->trial, &change->iin);
    if (err == KAB_OK) {
        err = kab_account_history(&call->w, call->session.account, change->history,
                                  &change->history_n);
    }
    return err;
}

static kab_err_t hash(kab_call_t *call)
{
    change_t *change = call->scratch;
    const struct kab_config_s *config = call->kab->config;
    kab_span_t id = {call->session.account.b, sizeof(call->session.account.b)};

    kab_trial_verify(call, &change->trial);
    if (!kab_trial_passed(&change->trial)) {
        return KAB_OK;
    }
    for (unsigned i = 0; i < change->history_n; i++) {
        change->reused |= kab_hash_verify(call->thread->hasher, config->ring, id, change->password,
                                          change->history[i]);
    }
    if (change->reused) {
        return KAB_OK;
    }
    return kab_hash_make(call->thread->hasher, config->ring, &call->kab->env, config->hash, id,
                         change->password, change->hash)
               ? KAB_OK
               : KAB_E_INTERNAL;
}

static kab_err_t write_change(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    const change_t *change = call->scratch;
    const kab_uuid_t *account = &call->session.account;
    const kab_world_t *w = &call->w;
    kab_err_t err;

    (void)db;
    call->dropped.n = 0;
    err = kab_account_set_hash(w, *account, kab_span_of(change->hash), false);
    if (err == KAB_OK) {
        err = kab_session_end_all(w, *account, call->session.id, &call->dropped);
    }
    if (err == KAB_OK) {
        err = kab_event_add(w, account, KAB_EV_PASSWORD_CHANGED, KAB_NONE, &call->origin);
    }
    if (err == KAB_OK) {
        err = kab_audit_add(w, account, KAB_EV_PASSWORD_CHANGED, "self", KAB_NONE);
    }
    return err;
}

/* The person's number may not be part of the password; told only after the
 * current password was right. */
static bool holds_phone(const change_t *change)
{
    const kab_account_t *account = &change->trial.account;
    const char *national = account->phone.e164 + strlen("+7");

    return account->has_phone &&
           memmem(change->password.p, change->password.n, national, strlen(national));
}

static kab_err_t decide(kab_call_t *call)
{
    const change_t *change = call->scratch;
    kab_err_t err;

    if (!kab_trial_passed(&change->trial)) {
        err = kab_trial_failed(call, &change->trial, &change->iin);
        return err ? err : KAB_E_INVALID_CREDENTIALS;
    }
    kab_trial_release(call, &change->trial, &change->iin);
    if (change->reused) {
        return kab_call_invalid(call, "password", "password_reused");
    }
    if (holds_phone(change)) {
        return kab_call_invalid(call, "password", "password_personal");
    }
    err = kab_pg_transaction(&call->w.db, write_change, call);
    if (err) {
        call->dropped.n = 0;
        return err;
    }
    call->committed = true;
    kab_session_forget(&call->w, &call->dropped);
    return KAB_OK;
}

static const kab_step_t steps[] = {
    {"find", KAB_LANE_DB, find, 0},
    {"hash", KAB_LANE_HASH, hash, 0},
    {"decide", KAB_LANE_DB, decide, KAB_COMMIT},
    KAB_STEP_END,
};

const kab_op_t kab_password_routes[] = {
    {"password_change", KAB_AUTH_SESSION, KAB_STATE_NONE, "POST", "/password", fields, steps,
     KAB_OP_GRID},
    KAB_OP_END,
};

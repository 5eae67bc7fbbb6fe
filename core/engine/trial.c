#include "engine/trial.h"

#include <string.h>

#include "cabinet/record/record.h"

/* A closed strangers' lane does not reopen while somebody waits; recovery opens it. */
static const kab_time_t closed_wait = KAB_DAY;

kab_err_t kab_trial_ask(kab_call_t *call, kab_trial_t *trial, const kab_iin_t *iin)
{
    kab_span_t typed = kab_call_field(call, "current_password");

    if (typed.n == 0) {
        return kab_call_invalid(call, "current_password", "missing");
    }
    trial->typed = kab_password_normal(call->arena, typed);
    return trial->typed.n ? kab_trial_find(call, trial, iin)
                          : kab_call_invalid(call, "current_password", "too_long");
}

kab_err_t kab_trial_find(kab_call_t *call, kab_trial_t *trial, const kab_iin_t *iin)
{
    const struct kab_config_s *config = call->kab->config;
    const uint8_t *browser;
    kab_try_t attempt;
    bool found = false;
    kab_err_t err;

    trial->has_browser = kab_call_token(call, KAB_BROWSER_COOKIE, "browser", trial->browser, NULL);
    err = kab_account_find(&call->w, iin, trial->has_browser ? trial->browser : NULL,
                           &trial->account, &found);
    if (err) {
        return err;
    }
    trial->known_browser = found && trial->account.known_browser;
    browser = trial->known_browser ? trial->browser : NULL;
    err = kab_throttle_reserve(&call->w, &config->throttle, iin, browser, call->in.address,
                               kab_settings_carrier(config, call->in.address), &attempt);
    if (err) {
        return err;
    }
    trial->failures = attempt.failures;
    if (!attempt.allowed) {
        call->wait = attempt.wait;
        return KAB_E_THROTTLED;
    }
    if (trial->account.strangers_off && !trial->known_browser) {
        call->wait = closed_wait;
        return KAB_E_THROTTLED;
    }

    trial->doomed = !found || trial->account.hash.n == 0 || trial->account.blocked;
    if (trial->account.hash.n && trial->account.hash.n < sizeof(trial->hash) && !trial->doomed) {
        memcpy(trial->hash, trial->account.hash.p, trial->account.hash.n);
    } else {
        trial->doomed = true;
        kab_hash_stand_in(config->ring, config->hash,
                          (kab_span_t){(const uint8_t *)iin->digits, KAB_IIN_DIGITS}, trial->hash);
    }
    return KAB_OK;
}

void kab_trial_verify(kab_call_t *call, kab_trial_t *trial)
{
    kab_span_t id = {trial->account.id.b, sizeof(trial->account.id.b)};

    trial->right = kab_hash_verify(call->thread->hasher, call->kab->config->ring, id, trial->typed,
                                   kab_span_of(trial->hash));
}

typedef struct {
    kab_call_t *call;
    const kab_trial_t *trial;
    const kab_iin_t *iin;
} failure_t;

static kab_err_t write_failure(const kab_db_t *db, void *ctx)
{
    const failure_t *f = ctx;
    const kab_trial_t *trial = f->trial;
    const kab_world_t *w = &f->call->w;
    static const kab_uuid_t nobody;
    bool somebody = memcmp(&trial->account.id, &nobody, sizeof(nobody)) != 0;
    const kab_uuid_t *account = somebody ? &trial->account.id : NULL;
    bool reached = !trial->known_browser && trial->failures >= f->call->kab->config->throttle.off;
    kab_err_t err;

    (void)db;
    err = kab_account_strangers(w, f->iin, reached, false);
    if (err == KAB_OK) {
        err = kab_event_add(w, account, KAB_EV_SIGN_IN_FAILED, KAB_NONE, &f->call->origin);
    }
    if (err == KAB_OK) {
        err = kab_audit_add(w, account, KAB_EV_SIGN_IN_FAILED, "self", KAB_NONE);
    }
    return err;
}

kab_err_t kab_trial_failed(kab_call_t *call, const kab_trial_t *trial, const kab_iin_t *iin)
{
    failure_t f = {call, trial, iin};

    return kab_pg_transaction(&call->w.db, write_failure, &f);
}

void kab_trial_release(kab_call_t *call, const kab_trial_t *trial, const kab_iin_t *iin)
{
    kab_throttle_release(&call->w, iin, trial->known_browser ? trial->browser : NULL,
                         call->in.address);
}

kab_err_t kab_trial_decide(kab_call_t *call, const kab_trial_t *trial, const kab_iin_t *iin)
{
    if (!kab_trial_passed(trial)) {
        kab_err_t err = kab_trial_failed(call, trial, iin);

        return err ? err : KAB_E_INVALID_CREDENTIALS;
    }
    kab_trial_release(call, trial, iin);
    return KAB_OK;
}

kab_err_t kab_trial_still(kab_call_t *call, const kab_trial_t *trial)
{
    bool same = false;
    kab_err_t err = kab_account_hash_still(&call->w, trial->account.id, trial->account.hash, &same);

    return err == KAB_OK && !same ? KAB_E_INVALID_CREDENTIALS : err;
}

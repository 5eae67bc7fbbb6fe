#include "engine/new_password.h"

#include <string.h>

kab_err_t kab_new_password_read(kab_call_t *call, const kab_iin_t *iin, kab_new_password_t *out)
{
    const struct kab_config_s *config = call->kab->config;
    unsigned missing;
    const char *reason;

    out->text = kab_password_normal(call->arena, kab_call_field(call, "password"));
    if (out->text.n == 0) {
        return kab_call_invalid(call, "password",
                                kab_call_field(call, "password").n ? "password_too_long"
                                                                   : "password_length");
    }
    missing = kab_password_missing(&config->policy, out->text);
    for (unsigned i = 0; kab_password_rules[i].id; i++) {
        if (missing & (1u << i)) {
            kab_call_invalid(call, "password", kab_password_rules[i].id);
        }
    }
    reason = kab_password_text_rules(config->breach, iin, out->text);
    if (reason) {
        kab_call_invalid(call, "password", reason);
    }
    if (!kab_span_eq(kab_call_field(call, "password"), kab_call_field(call, "password_repeat"))) {
        kab_call_invalid(call, "password_repeat", "password_repeat_differs");
    }
    return call->errors.n ? KAB_E_VALIDATION : KAB_OK;
}

kab_err_t kab_new_password_hash(kab_call_t *call, kab_uuid_t account, kab_new_password_t *np)
{
    const struct kab_config_s *config = call->kab->config;
    kab_span_t id = {account.b, sizeof(account.b)};

    for (unsigned i = 0; i < np->history_n; i++) {
        np->reused |=
            kab_hash_verify(call->thread->hasher, config->ring, id, np->text, np->history[i]);
    }
    if (np->reused) {
        return KAB_OK;
    }
    return kab_hash_make(call->thread->hasher, config->ring, &call->kab->env, config->hash, id,
                         np->text, np->hash)
               ? KAB_OK
               : KAB_E_INTERNAL;
}

static bool holds_phone(const kab_account_t *account, kab_span_t text)
{
    const char *national = account->phone.e164 + strlen("+7");

    return account->has_phone && memmem(text.p, text.n, national, strlen(national));
}

kab_err_t kab_new_password_judge(kab_call_t *call, const kab_account_t *account,
                                 const kab_new_password_t *np)
{
    if (np->reused) {
        return kab_call_invalid(call, "password", "password_reused");
    }
    return holds_phone(account, np->text) ? kab_call_invalid(call, "password", "password_personal")
                                          : KAB_OK;
}

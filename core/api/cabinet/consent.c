/* What the person agreed to, and the language in which we speak. */
#include "api/routes.h"
#include "cabinet/person/account.h"
#include "cabinet/record/record.h"
#include "engine/call.h"

static kab_err_t list(kab_call_t *call)
{
    kab_consent_row_t *rows;
    unsigned n;
    json_t *consents;
    kab_err_t err = kab_consent_list(&call->w, call->session.account, &rows, &n);

    if (err) {
        return err;
    }
    consents = json_array();
    for (unsigned i = 0; i < n; i++) {
        json_array_append_new(consents, json_pack("{s:o, s:o, s:o, s:o, s:o}", "kind",
                                                  kab_span_json(rows[i].kind), "version",
                                                  kab_span_json(rows[i].version), "lang",
                                                  kab_span_json(rows[i].lang), "agreed_at",
                                                  kab_time_json(rows[i].agreed_at), "withdrawn_at",
                                                  kab_time_json(rows[i].withdrawn_at)));
    }
    call->answer = json_pack("{s:o}", "consents", consents);
    return KAB_OK;
}

static const kab_step_t list_steps[] = {{"list", KAB_LANE_DB, list, 0}, KAB_STEP_END};

/* One change of the account's own, with its traces. */
static kab_err_t trace(kab_call_t *call, kab_event_kind_t kind)
{
    const kab_uuid_t *account = &call->session.account;
    kab_err_t err = kab_event_add(&call->w, account, kind, KAB_NONE, &call->origin);

    return err ? err : kab_audit_add(&call->w, account, kind, "self", KAB_NONE);
}

static kab_err_t write_withdrawal(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    kab_err_t err = kab_consent_withdraw(&call->w, call->session.account, call->param[0]);

    (void)db;
    return err ? err : trace(call, KAB_EV_CONSENT_WITHDRAWN);
}

static kab_err_t withdraw(kab_call_t *call)
{
    return kab_pg_transaction(&call->w.db, write_withdrawal, call);
}

static const kab_step_t withdraw_steps[] = {{"withdraw", KAB_LANE_DB, withdraw, KAB_COMMIT},
                                            KAB_STEP_END};

static const kab_field_t locale_fields[] = {{"locale", KAB_FIELD_TEXT, true, 8}, KAB_FIELD_END};

static kab_err_t write_locale(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    kab_err_t err =
        kab_account_set_locale(&call->w, call->session.account, kab_call_field(call, "locale"));

    (void)db;
    return err ? err : trace(call, KAB_EV_LOCALE);
}

static kab_err_t set_locale(kab_call_t *call)
{
    for (unsigned i = 0; kab_languages[i]; i++) {
        if (kab_span_is(kab_call_field(call, "locale"), kab_languages[i])) {
            return kab_pg_transaction(&call->w.db, write_locale, call);
        }
    }
    return kab_call_invalid(call, "locale", "unknown");
}

static const kab_step_t locale_steps[] = {{"locale", KAB_LANE_DB, set_locale, KAB_COMMIT},
                                          KAB_STEP_END};

const kab_op_t kab_consent_routes[] = {
    {"consents_list", KAB_AUTH_SESSION, KAB_STATE_NONE, "GET", "/consents", NULL, list_steps, 0},
    {"consent_withdraw", KAB_AUTH_SESSION, KAB_STATE_NONE, "DELETE", "/consents/{kind}", NULL,
     withdraw_steps, 0},
    {"locale", KAB_AUTH_SESSION, KAB_STATE_NONE, "PUT", "/locale", locale_fields, locale_steps, 0},
    KAB_OP_END,
};

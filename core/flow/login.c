/*
 * Sign in (FLOWS 1).
 *
 *   identify ──identify──▶ password ──password──▶ done
 *       ▲                      │
 *       └─────────back─────────┘
 *
 * A stranger who types an IIN learns nothing: `identify` looks nothing up, and
 * `password` does the same work for everybody (engine/trial.h).
 */
#include <string.h>

#include "cabinet/flow_commit.h"
#include "cabinet/record/record.h"
#include "engine/trial.h"
#include "flow/flows.h"

enum { BROWSER_COOKIE_AGE = 180 * 24 * 3600 };

/* ---- identify ---- */

static const kab_field_t identify_fields[] = {
    {"iin", KAB_FIELD_TEXT, true, 64},
    {"consents", KAB_FIELD_OBJECT, true, 0},
    KAB_FIELD_END,
};

/* {"terms":true,"notifications":true}: only kinds that are configured, the required ones ticked. */
static void read_consents(kab_call_t *call)
{
    const struct kab_config_s *config = call->kab->config;
    const json_t *ticks = json_object_get(call->body, "consents");
    size_t known = 0;

    call->flow.consents = 0;
    for (unsigned i = 0; i < config->consent_n; i++) {
        const json_t *tick = json_object_get(ticks, config->consent[i].kind);

        known += tick != NULL;
        if (tick && !json_is_boolean(tick)) {
            kab_call_invalid(call, "consents", "type");
        } else if (json_is_true(tick)) {
            call->flow.consents |= 1u << i;
        } else if (config->consent[i].required) {
            kab_call_invalid(call, config->consent[i].kind, "consent_required");
        }
    }
    if (known < json_object_size(ticks)) {
        kab_call_invalid(call, "consents", "unknown");
    }
}

static kab_err_t identify(kab_call_t *call)
{
    const char *reason =
        kab_iin_parse(call->kab->config->iin_check, kab_call_field(call, "iin"), &call->flow.iin);

    if (reason) {
        kab_call_invalid(call, "iin", reason);
    }
    read_consents(call);
    if (call->errors.n) {
        return KAB_E_VALIDATION;
    }
    call->flow.state = KAB_STATE_PASSWORD;
    call->flow_changed = true;
    return KAB_OK;
}

static const kab_step_t identify_steps[] = {
    {"identify", KAB_LANE_DB, identify, 0},
    KAB_STEP_END,
};

/* ---- password ---- */

static const kab_field_t password_fields[] = {
    {"password", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX},
    KAB_FIELD_END,
};

typedef struct {
    kab_trial_t trial;
    char upgraded[KAB_HASH_TEXT]; /* empty: the hash stays */
    bool again;                   /* an earlier try made the session */
    kab_session_t session;
    char session_token[KAB_TOKEN_TEXT + 1];
    char browser_token[KAB_TOKEN_TEXT + 1];
    uint8_t browser[32];
} login_t;

static kab_err_t find_account(kab_call_t *call)
{
    login_t *login = call->scratch = kab_alloc(call->arena, sizeof(*login));

    if (!login) {
        return KAB_E_INTERNAL;
    }
    login->trial.typed = kab_password_normal(call->arena, kab_call_field(call, "password"));
    if (login->trial.typed.n == 0) {
        return kab_call_invalid(call, "password",
                                kab_call_field(call, "password").n ? "too_long" : "missing");
    }
    return kab_trial_find(call, &login->trial, &call->flow.iin);
}

static kab_err_t verify(kab_call_t *call)
{
    login_t *login = call->scratch;
    kab_trial_t *trial = &login->trial;
    const struct kab_config_s *config = call->kab->config;

    kab_trial_verify(call, trial);
    /* A second hash only after success, which the browser is told anyway. */
    if (kab_trial_passed(trial) &&
        kab_hash_stale(config->ring, config->hash, kab_span_of(trial->hash))) {
        kab_span_t id = {trial->account.id.b, sizeof(trial->account.id.b)};

        if (!kab_hash_make(call->thread->hasher, config->ring, &call->kab->env, config->hash, id,
                           trial->typed, login->upgraded)) {
            login->upgraded[0] = '\0'; /* the next sign-in will do it */
        }
    }
    return KAB_OK;
}

/* Tokens follow from the flow, its version and the browser's own secret: a repeat after a
 * lost answer gets the same cookies, and nobody without that secret can derive them. */
static void derive_tokens(kab_call_t *call, login_t *login)
{
    const kab_keyring_t *ring = call->kab->config->ring;
    uint8_t seed[KAB_FLOW_ID + sizeof(int64_t) + sizeof(call->browser_secret)];
    uint8_t secret[32];
    uint8_t *p = seed;

    memcpy(p, call->flow.id, KAB_FLOW_ID);
    memcpy(p += KAB_FLOW_ID, &call->flow.version, sizeof(int64_t));
    memcpy(p + sizeof(int64_t), call->browser_secret, sizeof(call->browser_secret));

    kab_index(ring, KAB_KEY_TOKEN, "session of flow", (kab_span_t){seed, sizeof(seed)}, secret);
    kab_token_make(ring, "session", secret, login->session_token, login->session.id);

    kab_index(ring, KAB_KEY_TOKEN, "browser of flow", (kab_span_t){seed, sizeof(seed)}, secret);
    kab_token_make(ring, "browser", secret, login->browser_token, login->browser);
    kab_wipe(seed, sizeof(seed));
    kab_wipe(secret, sizeof(secret));
}

static void fill_session(kab_call_t *call, login_t *login)
{
    kab_session_t *s = &login->session;
    kab_time_t now = kab_call_now(call);

    s->account = login->trial.account.id;
    s->public_id = kab_uuid_new(&call->kab->env);
    memcpy(s->iin, call->flow.iin.digits, sizeof(s->iin));
    s->auth_time = (uint32_t)(now / KAB_SECOND);
    s->expires_at = s->auth_time + call->kab->config->session.total;
    s->methods = KAB_METHOD_PASSWORD;
}

/* Everything a sign-in changes, in one transaction. */
static kab_err_t write_sign_in(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    login_t *login = call->scratch;
    const kab_world_t *w = &call->w;
    kab_uuid_t account = login->trial.account.id;
    kab_span_t earlier;
    kab_err_t err;

    (void)db;
    call->dropped.n = 0; /* the transaction may run again */
    err = kab_flow_commit(w, kab_span_of(call->flow.id), call->flow.version, KAB_NONE,
                          &login->again, &earlier);
    if (err || login->again) {
        return err;
    }
    err = kab_trial_still(call, &login->trial);
    if (err == KAB_OK) {
        err = kab_session_insert(w, &login->session, &call->kab->config->session, login->browser,
                                 &call->origin, &call->dropped);
    }
    if (err == KAB_OK) {
        err = kab_flow_consents(call, account);
    }
    if (err == KAB_OK) {
        err = kab_account_know_browser(w, account, login->browser);
    }
    if (err == KAB_OK && login->upgraded[0]) {
        err = kab_account_set_hash(w, account, kab_span_of(login->upgraded), true);
    }
    if (err == KAB_OK) {
        err = kab_event_add(w, &account, KAB_EV_SIGN_IN, KAB_NONE, &call->origin);
    }
    if (err == KAB_OK) {
        err = kab_audit_add(w, &account, KAB_EV_SIGN_IN, "self", KAB_NONE);
    }
    return err;
}

static kab_err_t sign_in(kab_call_t *call)
{
    login_t *login = call->scratch;
    const kab_session_limits_t *limits = &call->kab->config->session;
    kab_err_t err;

    derive_tokens(call, login);
    fill_session(call, login);
    if (login->trial.known_browser) {
        /* The browser keeps the cookie that the account already knows. */
        memcpy(login->browser, login->trial.browser, sizeof(login->browser));
        login->browser_token[0] = '\0';
    }
    err = kab_pg_transaction(&call->w.db, write_sign_in, call);
    if (err == KAB_OK && login->again) {
        err = kab_session_find(&call->w, limits, login->session.id, &login->session);
    } else if (err == KAB_OK) {
        kab_session_cache(&call->w, limits, &login->session);
    }
    if (err) {
        return err;
    }
    call->committed = true;
    kab_trial_release(call, &login->trial, &call->flow.iin);
    kab_session_forget(&call->w, &call->dropped);

    kab_call_cookie(call, KAB_SESSION_COOKIE, login->session_token, "Lax", 0, false);
    if (login->browser_token[0]) {
        kab_call_cookie(call, KAB_BROWSER_COOKIE, login->browser_token, "Strict",
                        BROWSER_COOKIE_AGE, false);
    }
    call->reply.has_session = true;
    call->reply.session = login->session;
    call->flow.state = KAB_STATE_DONE;
    call->flow_changed = true;
    return KAB_OK;
}

static kab_err_t decide(kab_call_t *call)
{
    const login_t *login = call->scratch;
    kab_err_t err;

    /* The hash was computed for everybody; only now is it looked at whether
     * there was somebody. The order is meant. */
    if (kab_trial_passed(&login->trial)) {
        return sign_in(call);
    }
    err = kab_trial_failed(call, &login->trial, &call->flow.iin);
    return err ? err : KAB_E_INVALID_CREDENTIALS;
}

static const kab_step_t password_steps[] = {
    {"find_account", KAB_LANE_DB, find_account, 0},
    {"verify", KAB_LANE_HASH, verify, 0},
    {"decide", KAB_LANE_DB, decide, KAB_COMMIT},
    KAB_STEP_END,
};

/* ---- back ---- */

static kab_err_t back(kab_call_t *call)
{
    call->flow.state = KAB_STATE_IDENTIFY;
    call->flow_changed = true;
    return KAB_OK;
}

static const kab_step_t back_steps[] = {
    {"back", KAB_LANE_DB, back, 0},
    KAB_STEP_END,
};

static const kab_op_t login_ops[] = {
    {"identify", KAB_AUTH_FLOW, KAB_STATE_IDENTIFY, NULL, NULL, identify_fields, identify_steps, 0},
    {"password", KAB_AUTH_FLOW, KAB_STATE_PASSWORD, NULL, NULL, password_fields, password_steps,
     KAB_OP_GRID},
    {"back", KAB_AUTH_FLOW, KAB_STATE_PASSWORD, NULL, NULL, NULL, back_steps, 0},
    KAB_OP_END,
};

static const kab_op_t *const login_tables[] = {login_ops, kab_forgot_ops, NULL};

static kab_err_t describe(kab_call_t *call)
{
    if (call->flow.state == KAB_STATE_DONE) {
        const char *back = call->flow.return_to;

        json_object_set_new(call->data, "redirect", json_string(back[0] ? back : "/"));
    }
    return KAB_OK;
}

const kab_flow_kind_t kab_flow_login = {
    .name = "login",
    .begins = KAB_STATE_IDENTIFY,
    .life = 10 * KAB_MINUTE,
    .tables = login_tables,
    .describe = describe,
};

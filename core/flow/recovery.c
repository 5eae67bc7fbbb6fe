/*
 * Forgotten password, and the first visit without one (FLOWS 2).
 *
 *   identify ──identify──▶ activate ⇄ code ──update──▶ done       login's password ──forgot──▶ here
 *
 * Nobody learns from here who has an account: see confirm.h and subject.h.
 */
#include <string.h>

#include "cabinet/flow_commit.h"
#include "cabinet/notice.h"
#include "cabinet/objection.h"
#include "engine/new_password.h"
#include "flow/activate.h"
#include "flow/confirm.h"
#include "flow/flows.h"

/* ---- identify ---- */

static const kab_field_t identify_fields[] = {{"iin", KAB_FIELD_TEXT, true, 64}, KAB_FIELD_END};

static kab_err_t identify(kab_call_t *call)
{
    const char *reason =
        kab_iin_parse(call->kab->config->iin_check, kab_call_field(call, "iin"), &call->flow.iin);

    return reason ? kab_call_invalid(call, "iin", reason) : kab_confirm_begin(call);
}

static const kab_step_t identify_steps[] = {{"identify", KAB_LANE_DB, identify, KAB_COMMIT},
                                            KAB_STEP_END};

/* ---- update ---- */

static const kab_field_t update_fields[] = {
    {"code", KAB_FIELD_TEXT, true, 16},
    {"password", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX},
    {"password_repeat", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX},
    KAB_FIELD_END,
};

typedef struct {
    kab_confirm_t confirm;
    kab_new_password_t np;
} update_t;

/* The typed text first, which uses up nothing; then the code; only then what needs the account
 * (SECURITY 3). */
static kab_err_t check(kab_call_t *call)
{
    update_t *update = call->scratch = kab_alloc(call->arena, sizeof(*update));

    if (!update) {
        return KAB_E_INTERNAL;
    }
    kab_err_t err = kab_new_password_read(call, &call->flow.iin, &update->np);
    if (err == KAB_OK) {
        err = kab_subject_find(call, &update->confirm.subject);
    }
    if (err == KAB_OK) {
        err = kab_confirm_judge(call, &update->confirm);
    }
    if (err == KAB_OK) {
        err = kab_account_history(&call->w, update->confirm.subject.account.id, update->np.history,
                                  &update->np.history_n);
    }
    return err;
}

static kab_err_t hash(kab_call_t *call)
{
    update_t *update = call->scratch;

    return kab_new_password_hash(call, update->confirm.subject.account.id, &update->np);
}

/* The whole change: password set, code burned, sessions and other challenges ended, the strangers'
 * lane given back, notice queued, audit written. */
static kab_err_t write_update(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    update_t *update = call->scratch;
    kab_subject_t *subject = &update->confirm.subject;
    kab_challenge_t *challenge = &update->confirm.challenge;
    kab_uuid_t account = subject->account.id;
    const kab_world_t *w = &call->w;
    kab_span_t earlier;
    bool again = false;

    (void)db;
    call->dropped.n = 0;
    kab_err_t err = kab_flow_commit(w, kab_span_of(call->flow.id), call->flow.version, KAB_NONE,
                                    &again, &earlier);
    if (err || again) {
        return err;
    }
    challenge->state = KAB_CHALLENGE_USED;
    err = kab_confirm_still(call, &update->confirm);
    if (err == KAB_OK) {
        err = kab_challenge_update(w, challenge, KAB_CHALLENGE_ARMED);
    }
    if (err == KAB_OK) {
        err = kab_challenge_end_others(w, account, challenge->id);
    }
    if (err == KAB_OK) {
        err = kab_account_set_hash(w, account, kab_span_of(update->np.hash), false);
    }
    if (err == KAB_OK) {
        err = kab_session_end_all(w, account, NULL, &call->dropped);
    }
    if (err == KAB_OK) {
        err = kab_account_strangers(w, &call->flow.iin, false, true);
    }
    if (err == KAB_OK) {
        err = kab_flow_consents(call, account);
    }
    if (err == KAB_OK) {
        err = kab_notice_account(w, "password", &subject->account);
    }
    if (err == KAB_OK) {
        err = kab_event_add_change(w, &account, KAB_EV_PASSWORD_CHANGED, NULL,
                                   kab_call_now(call) + KAB_OBJECTION_TIME, &call->origin);
    }
    return err ? err : kab_audit_add(w, &account, KAB_EV_PASSWORD_CHANGED, "self", KAB_NONE);
}

static kab_err_t decide(kab_call_t *call)
{
    update_t *update = call->scratch;
    kab_err_t err = kab_new_password_judge(call, &update->confirm.subject.account, &update->np);

    if (err == KAB_OK) {
        err = kab_pg_transaction(&call->w.db, write_update, call);
    }
    if (err) {
        call->dropped.n = 0;
        return err;
    }
    call->committed = true;
    kab_session_forget(&call->w, &call->dropped);
    call->flow.state = KAB_STATE_DONE;
    call->flow_changed = true;
    return KAB_OK;
}

static const kab_step_t update_steps[] = {
    {"check", KAB_LANE_DB, check, KAB_COMMIT},
    {"hash", KAB_LANE_HASH, hash, 0},
    {"decide", KAB_LANE_DB, decide, KAB_COMMIT},
    KAB_STEP_END,
};

static const kab_op_t recovery_ops[] = {
    {"identify", KAB_AUTH_FLOW, KAB_STATE_IDENTIFY, NULL, NULL, identify_fields, identify_steps, 0},
    {"update", KAB_AUTH_FLOW, KAB_STATE_CODE, NULL, NULL, update_fields, update_steps, KAB_OP_GRID},
    KAB_OP_END,
};

static const kab_op_t *const recovery_tables[] = {recovery_ops, kab_confirm_ops, kab_activate_ops,
                                                  NULL};

const kab_flow_kind_t kab_flow_recovery = {
    .name = "recovery",
    .begins = KAB_STATE_IDENTIFY,
    .life = 2 * KAB_HOUR,
    .idle = 30 * KAB_MINUTE,
    .tables = recovery_tables,
    .describe = kab_confirm_describe,
};

/* ---- forgot: a sign-in becomes a recovery, with its IIN and consents ---- */

static kab_err_t forgot(kab_call_t *call)
{
    call->flow.kind = &kab_flow_recovery;
    call->flow.from_login = true;
    return kab_confirm_begin(call);
}

static const kab_step_t forgot_steps[] = {{"forgot", KAB_LANE_DB, forgot, KAB_COMMIT},
                                          KAB_STEP_END};
const kab_op_t kab_forgot_ops[] = {
    {"forgot", KAB_AUTH_FLOW, KAB_STATE_PASSWORD, NULL, NULL, NULL, forgot_steps, 0},
    KAB_OP_END,
};

/*
 * Forgotten password, and the first visit without one (FLOWS 2).
 *
 *   identify ──identify──▶ activate ⇄ code ──update──▶ done       login's password ──forgot──▶ here
 *
 * Nobody learns from here who has an account: see confirm.h and subject.h.
 */
#include "flow/confirm/access.h"
#include "flow/confirm/activate.h"
#include "flow/flows.h"

/* ---- identify ---- */

static const kab_field_t identify_fields[] = {{"iin", KAB_FIELD_TEXT, true, 64}, KAB_FIELD_END};

static kab_err_t identify(kab_call_t *call)
{
    const char *reason =
        kab_iin_parse(call->kab->config->iin_check, kab_call_field(call, "iin"), &call->flow.iin);

    return reason ? kab_call_invalid(call, "iin", reason)
                  : kab_confirm_begin(call, KAB_EV_RECOVERY);
}

static const kab_step_t identify_steps[] = {{"identify", KAB_LANE_DB, identify, KAB_COMMIT},
                                            KAB_STEP_END};

/* ---- update ---- */

static kab_err_t write_update(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    const kab_change_t *change = call->scratch;
    kab_err_t err = kab_change_spend(call);

    (void)db;
    if (err || change->again) {
        return err;
    }
    err = kab_access_password(call, &change->confirm.subject.account);
    return err ? err : kab_change_outcome(call, 0, NULL);
}

static kab_err_t update(kab_call_t *call)
{
    return kab_access_commit(call, write_update);
}

static const kab_step_t update_steps[] = {
    {"check", KAB_LANE_DB, kab_access_check, KAB_COMMIT},
    {"hash", KAB_LANE_HASH, kab_access_hash, 0},
    {"update", KAB_LANE_DB, update, KAB_COMMIT},
    KAB_STEP_END,
};

static const kab_op_t recovery_ops[] = {
    {"identify", KAB_AUTH_FLOW, KAB_STATE_IDENTIFY, NULL, NULL, identify_fields, identify_steps, 0},
    {"update", KAB_AUTH_FLOW, KAB_STATE_CODE, NULL, NULL, kab_access_fields, update_steps,
     KAB_OP_GRID},
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
    return kab_confirm_begin(call, KAB_EV_RECOVERY);
}

static const kab_step_t forgot_steps[] = {{"forgot", KAB_LANE_DB, forgot, KAB_COMMIT},
                                          KAB_STEP_END};
const kab_op_t kab_forgot_ops[] = {
    {"forgot", KAB_AUTH_FLOW, KAB_STATE_PASSWORD, NULL, NULL, NULL, forgot_steps, 0},
    KAB_OP_END,
};

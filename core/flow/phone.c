/*
 * A signed-in person changes the number of the own account (FLOWS 6).
 *
 *   contact ──contact──▶ activate ⇄ code ──complete──▶ done, or held
 *      ◀──────────────back────────────┘
 *
 * The current password speaks for it, so there is nothing to dispute but for what a first app that
 * an SMS alone proved would do on its first day (SECURITY 15, 17).
 */
#include <string.h>

#include "cabinet/person/move.h"
#include "cabinet/dispute/settlement.h"
#include "engine/form.h"
#include "engine/trial.h"
#include "flow/confirm/activate.h"
#include "flow/confirm/change.h"
#include "flow/confirm/confirm.h"
#include "flow/flows.h"
#include "flow/confirm/question.h"

/* ---- contact ---- */

static const kab_field_t contact_fields[] = {
    {"phone", KAB_FIELD_TEXT, true, 64},
    {"current_password", KAB_FIELD_TEXT, true, 4 * KAB_PASSWORD_MAX},
    KAB_FIELD_END,
};

typedef struct {
    kab_trial_t trial;
    kab_question_t question;
} contact_t;

static kab_err_t read_contact(kab_call_t *call)
{
    contact_t *contact = call->scratch = kab_alloc(call->arena, sizeof(*contact));

    if (!contact) {
        return KAB_E_INTERNAL;
    }
    const char *reason = kab_phone_parse(&call->kab->config->phones, kab_call_field(call, "phone"),
                                         &contact->question.phone);
    if (reason) {
        kab_call_invalid(call, "phone", reason);
    }
    contact->question.iin = call->flow.iin;
    contact->trial.typed =
        kab_password_normal(call->arena, kab_call_field(call, "current_password"));
    if (contact->trial.typed.n == 0) {
        kab_call_invalid(call, "current_password", "missing");
    }
    return call->errors.n ? KAB_E_VALIDATION
                          : kab_trial_find(call, &contact->trial, &call->flow.iin);
}

static kab_err_t verify(kab_call_t *call)
{
    contact_t *contact = call->scratch;

    kab_trial_verify(call, &contact->trial);
    return KAB_OK;
}

static kab_err_t judge_password(kab_call_t *call)
{
    contact_t *contact = call->scratch;
    kab_err_t err;

    if (!kab_trial_passed(&contact->trial)) {
        err = kab_trial_failed(call, &contact->trial, &call->flow.iin);
        return err ? err : KAB_E_INVALID_CREDENTIALS;
    }
    kab_trial_release(call, &contact->trial, &call->flow.iin);
    kab_call_hurry(call, 5 * KAB_SECOND);
    return kab_question_begin(call, &contact->question, NULL);
}

static kab_err_t ask_bmg(kab_call_t *call)
{
    contact_t *contact = call->scratch;

    return kab_question_ask(call, &contact->question);
}

static kab_err_t take_contact(kab_call_t *call)
{
    contact_t *contact = call->scratch;
    kab_err_t err = kab_question_answer(call, &contact->question);

    return err ? err : kab_confirm_begin(call, KAB_EV_NUMBER_ASKED);
}

/* ---- complete ---- */

static const kab_field_t complete_fields[] = {{"code", KAB_FIELD_TEXT, true, 16}, KAB_FIELD_END};

static kab_err_t write_complete(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    kab_change_t *change = call->scratch;
    const kab_subject_t *subject = &change->confirm.subject;
    kab_time_t weak = 0;
    kab_err_t err = kab_change_spend(call);

    (void)db;
    if (err || change->again) {
        return err;
    }
    err = kab_change_weak_until(call, &weak);
    if (err || weak <= kab_call_now(call)) {
        err = err ? err
                  : kab_move_number(&call->w, &subject->account, &subject->phone, call->session.id,
                                    false, &call->origin, &call->dropped);
        return err ? err : kab_change_outcome(call, 0, NULL);
    }
    kab_case_t held = {.kind = KAB_CASE_NUMBER,
                       .applicant = subject->account.id,
                       .iin = call->flow.iin,
                       .holder = subject->account.id,
                       .device = change->confirm.challenge.armed_by,
                       .has_phone = true,
                       .phone = subject->phone,
                       .due_at = weak};
    err = kab_hold_begin(&call->w, &held, &call->origin);
    return err ? err : kab_change_outcome(call, weak, "number");
}

static kab_err_t complete(kab_call_t *call)
{
    kab_change_t *change = call->scratch = kab_alloc(call->arena, sizeof(*change));
    kab_err_t err = change ? kab_subject_find(call, &change->confirm.subject) : KAB_E_INTERNAL;

    if (err == KAB_OK) {
        err = kab_confirm_judge(call, &change->confirm);
    }
    return err ? err : kab_change_commit(call, write_complete);
}

/* ---- tables ---- */

static const kab_step_t contact_steps[] = {
    {"read_contact", KAB_LANE_DB, read_contact, 0},
    {"verify", KAB_LANE_HASH, verify, 0},
    {"judge_password", KAB_LANE_DB, judge_password, KAB_COMMIT},
    {"ask_bmg", KAB_LANE_HTTP, ask_bmg, KAB_COMMIT},
    {"take_contact", KAB_LANE_DB, take_contact, KAB_COMMIT},
    KAB_STEP_END,
};
static const kab_step_t complete_steps[] = {{"complete", KAB_LANE_DB, complete, KAB_COMMIT},
                                            KAB_STEP_END};

static const kab_op_t phone_ops[] = {
    {"contact", KAB_AUTH_FLOW, KAB_STATE_CONTACT, NULL, NULL, contact_fields, contact_steps,
     KAB_OP_GRID},
    {"complete", KAB_AUTH_FLOW, KAB_STATE_CODE, NULL, NULL, complete_fields, complete_steps,
     KAB_OP_GRID},
    KAB_OP_END,
};

static const kab_op_t *const phone_tables[] = {phone_ops, kab_confirm_ops, kab_activate_ops, NULL};

static kab_err_t describe(kab_call_t *call)
{
    kab_span_t phone = kab_form_text(call, "phone");

    if (call->flow.state == KAB_STATE_CONTACT) {
        if (phone.n) {
            json_object_set_new(call->data, "phone", kab_span_json(phone));
        }
        return KAB_OK;
    }
    return kab_change_describe(call);
}

const kab_flow_kind_t kab_flow_phone = {
    .name = "phone",
    .begins = KAB_STATE_CONTACT,
    .life = 2 * KAB_HOUR,
    .idle = 30 * KAB_MINUTE,
    .tables = phone_tables,
    .describe = describe,
    .session = true,
};

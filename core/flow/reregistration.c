/*
 * A child's cabinet moves to the parent who asks (FLOWS 4).
 *
 *   explain ──begin──▶ evidence ──evidence──▶ confirm ──confirm──▶ contact ──contact──▶ activate ⇄
 * code ◀──────back────────┘ ◀──────back──────────┘ ◀──────back───────┘ ◀────────back──────────┘  │
 *                                                                     done, or held ◀──complete──┘
 *
 * Five answers about the child prove who may ask; BMG and an app on the number prove who asks.
 * Nothing changes before `complete`, which changes everything at once, but for what somebody else
 * may dispute: that waits (cabinet/settlement.h).
 */
#include "flow/reregistration.h"

#include <string.h>

#include "engine/form.h"
#include "flow/confirm/access.h"
#include "flow/confirm/activate.h"
#include "flow/confirm/budget.h"
#include "flow/flows.h"
#include "flow/confirm/question.h"

static kab_err_t to(kab_call_t *call, kab_state_t state)
{
    call->flow.state = state;
    call->flow_changed = true;
    return KAB_OK;
}

/* ---- explain ---- */

static kab_err_t begin(kab_call_t *call)
{
    return to(call, KAB_STATE_EVIDENCE);
}

/* ---- evidence: what was typed, not yet judged ---- */

static const kab_field_t evidence_fields[] = {
    {"child_iin", KAB_FIELD_TEXT, true, 64},   {"birth_certificate", KAB_FIELD_TEXT, true, 64},
    {"parent1_iin", KAB_FIELD_TEXT, true, 64}, {"parent2_iin", KAB_FIELD_TEXT, false, 64},
    {"attendance", KAB_FIELD_TEXT, true, 16},  KAB_FIELD_END,
};

/* As the person gave it, read; has_second: a second parent was named. */
static bool read_evidence(kab_call_t *call, kab_span_t (*text)(kab_call_t *, const char *),
                          kab_child_t *out)
{
    static const char *const names[] = {"child_iin", "parent1_iin", "parent2_iin"};
    kab_iin_t *const iins[] = {&out->iin, &out->parent[0], &out->parent[1]};
    kab_span_t attendance = text(call, "attendance");
    const char *reason;

    memset(out, 0, sizeof(*out));
    out->has_second = text(call, "parent2_iin").n > 0;
    for (unsigned i = 0; i < 2u + out->has_second; i++) {
        reason = kab_iin_parse(call->kab->config->iin_check, text(call, names[i]), iins[i]);
        if (reason) {
            kab_call_invalid(call, names[i], reason);
        }
    }
    reason = kab_certificate_parse(text(call, "birth_certificate"), &out->certificate);
    if (reason) {
        kab_call_invalid(call, "birth_certificate", reason);
    }
    out->kindergarten = kab_span_is(attendance, "kindergarten");
    if (!out->kindergarten && !kab_span_is(attendance, "queue")) {
        kab_call_invalid(call, "attendance", "unknown");
    }
    return call->errors.n == 0;
}

static kab_span_t of_body(kab_call_t *call, const char *name)
{
    return kab_call_field(call, name);
}

static kab_err_t evidence(kab_call_t *call)
{
    kab_child_t typed;
    bool kept = true;

    if (!read_evidence(call, of_body, &typed)) {
        return KAB_E_VALIDATION;
    }
    for (const kab_field_t *field = evidence_fields; field->name; field++) {
        kept = kept && kab_form_put(call, field->name, kab_call_field(call, field->name));
    }
    return kept ? to(call, KAB_STATE_CONFIRM) : KAB_E_INTERNAL;
}

/* ---- confirm: judged and counted ---- */

static bool same_iin(const kab_iin_t *a, const kab_iin_t *b)
{
    return kab_same(a->digits, b->digits, sizeof(a->digits));
}

/* All five at once, in the same time whatever is wrong: nobody learns which (SECURITY 1). Parents
 * count in either order. */
static bool fits(const kab_child_t *typed, const kab_child_t *record)
{
    bool straight = same_iin(&typed->parent[0], &record->parent[0]) &
                    same_iin(&typed->parent[1], &record->parent[1]);
    bool crossed = same_iin(&typed->parent[0], &record->parent[1]) &
                   same_iin(&typed->parent[1], &record->parent[0]);
    bool certificate = kab_same(typed->certificate.text, record->certificate.text,
                                sizeof(typed->certificate.text));

    return (straight | crossed) & certificate & (typed->has_second == record->has_second) &
           (typed->kindergarten == record->kindergarten) & same_iin(&typed->iin, &record->iin);
}

static kab_err_t confirm(kab_call_t *call)
{
    kab_child_t typed, record;
    bool found = false;

    if (!read_evidence(call, kab_form_text, &typed)) {
        return KAB_E_INTERNAL;
    }
    kab_span_t child = kab_span_of(typed.iin.digits);
    uint8_t pair[sizeof(call->flow.browser) + KAB_IIN_DIGITS];
    memcpy(pair, call->flow.browser, sizeof(call->flow.browser));
    memcpy(pair + sizeof(call->flow.browser), child.p, KAB_IIN_DIGITS);
    const kab_budget_t budgets[] = {
        {"evidence", {pair, sizeof(pair)}, 3},
        {"evidence child", child, 20},
        {"evidence address", kab_throttle_network(call->in.address), 300},
    };
    kab_err_t err = kab_budget_count(call, budgets, 3);
    if (err == KAB_OK) {
        err = kab_child_find(&call->w, &typed.iin, &record, &found);
    }
    if (err) {
        return err;
    }
    if (!(fits(&typed, &record) & found)) {
        return KAB_E_EVIDENCE_MISMATCH;
    }
    err = kab_budget_release(call, budgets, 3);
    return err ? err : to(call, KAB_STATE_CONTACT);
}

/* ---- contact: who asks, and on which number ---- */

static const kab_field_t contact_fields[] = {
    {"iin", KAB_FIELD_TEXT, true, 64},
    {"phone", KAB_FIELD_TEXT, true, 64},
    KAB_FIELD_END,
};

kab_err_t kab_reregistration_child(kab_call_t *call, kab_child_t *out)
{
    kab_iin_t iin;
    bool found = false;

    if (kab_iin_parse(call->kab->config->iin_check, kab_form_text(call, "child_iin"), &iin)) {
        return KAB_E_INTERNAL;
    }
    kab_err_t err = kab_child_find(&call->w, &iin, out, &found);
    return err ? err : found ? KAB_OK : KAB_E_EVIDENCE_MISMATCH;
}

static kab_err_t read_contact(kab_call_t *call)
{
    kab_question_t *question = call->scratch = kab_alloc(call->arena, sizeof(*question));
    kab_child_t child;

    if (!question) {
        return KAB_E_INTERNAL;
    }
    const char *reason =
        kab_iin_parse(call->kab->config->iin_check, kab_call_field(call, "iin"), &question->iin);
    if (reason) {
        kab_call_invalid(call, "iin", reason);
    }
    reason = kab_phone_parse(&call->kab->config->phones, kab_call_field(call, "phone"),
                             &question->phone);
    if (reason) {
        kab_call_invalid(call, "phone", reason);
    }
    kab_err_t err = call->errors.n ? KAB_E_VALIDATION : kab_reregistration_child(call, &child);
    if (err == KAB_OK && !kab_child_parent(&child, &question->iin)) {
        err = KAB_E_EVIDENCE_MISMATCH;
    }
    kab_call_hurry(call, 5 * KAB_SECOND);
    return err ? err : kab_question_begin(call, question, &child.iin);
}

static kab_err_t ask_bmg(kab_call_t *call)
{
    return kab_question_ask(call, call->scratch);
}

static kab_err_t take_contact(kab_call_t *call)
{
    kab_question_t *question = call->scratch;
    kab_err_t err = kab_question_answer(call, question);

    call->flow.iin = question->iin;
    return err ? err : kab_confirm_begin(call, KAB_EV_REREGISTRATION);
}

/* ---- back ---- */

static kab_err_t back(kab_call_t *call)
{
    switch (call->flow.state) {
    case KAB_STATE_EVIDENCE:
        return to(call, KAB_STATE_EXPLAIN);
    case KAB_STATE_CONFIRM:
        return to(call, KAB_STATE_EVIDENCE);
    default:
        return to(call, KAB_STATE_CONFIRM);
    }
}

/* ---- tables ---- */

static const kab_step_t begin_steps[] = {{"begin", KAB_LANE_DB, begin, 0}, KAB_STEP_END};
static const kab_step_t evidence_steps[] = {{"evidence", KAB_LANE_DB, evidence, 0}, KAB_STEP_END};
static const kab_step_t confirm_steps[] = {{"confirm", KAB_LANE_DB, confirm, KAB_COMMIT},
                                           KAB_STEP_END};
static const kab_step_t contact_steps[] = {
    {"read_contact", KAB_LANE_DB, read_contact, KAB_COMMIT},
    {"ask_bmg", KAB_LANE_HTTP, ask_bmg, KAB_COMMIT},
    {"take_contact", KAB_LANE_DB, take_contact, KAB_COMMIT},
    KAB_STEP_END,
};
static const kab_step_t complete_steps[] = {
    {"check", KAB_LANE_DB, kab_access_check, KAB_COMMIT},
    {"hash", KAB_LANE_HASH, kab_access_hash, 0},
    {"complete", KAB_LANE_DB, kab_reregistration_complete, KAB_COMMIT},
    KAB_STEP_END,
};
static const kab_step_t back_steps[] = {{"back", KAB_LANE_DB, back, 0}, KAB_STEP_END};

static const kab_op_t reregistration_ops[] = {
    {"begin", KAB_AUTH_FLOW, KAB_STATE_EXPLAIN, NULL, NULL, NULL, begin_steps, 0},
    {"evidence", KAB_AUTH_FLOW, KAB_STATE_EVIDENCE, NULL, NULL, evidence_fields, evidence_steps, 0},
    {"back", KAB_AUTH_FLOW, KAB_STATE_EVIDENCE, NULL, NULL, NULL, back_steps, 0},
    {"confirm", KAB_AUTH_FLOW, KAB_STATE_CONFIRM, NULL, NULL, NULL, confirm_steps, KAB_OP_GRID},
    {"back", KAB_AUTH_FLOW, KAB_STATE_CONFIRM, NULL, NULL, NULL, back_steps, 0},
    {"contact", KAB_AUTH_FLOW, KAB_STATE_CONTACT, NULL, NULL, contact_fields, contact_steps, 0},
    {"back", KAB_AUTH_FLOW, KAB_STATE_CONTACT, NULL, NULL, NULL, back_steps, 0},
    {"complete", KAB_AUTH_FLOW, KAB_STATE_CODE, NULL, NULL, kab_access_fields, complete_steps,
     KAB_OP_GRID},
    KAB_OP_END,
};

static const kab_op_t *const reregistration_tables[] = {reregistration_ops, kab_confirm_ops,
                                                        kab_activate_ops, NULL};

/* ---- what the page shows: what was typed, so that help and reload lose nothing ---- */

static void show_typed(kab_call_t *call, const kab_field_t *fields)
{
    for (; fields->name; fields++) {
        kab_span_t text = kab_form_text(call, fields->name);

        if (text.n) {
            json_object_set_new(call->data, fields->name, kab_span_json(text));
        }
    }
}

static void show_contact(kab_call_t *call)
{
    show_typed(call, contact_fields);
    if (call->flow.iin.digits[0]) {
        json_object_set_new(call->data, "iin", json_string(call->flow.iin.digits));
    }
}

static kab_err_t describe(kab_call_t *call)
{
    switch (call->flow.state) {
    case KAB_STATE_EVIDENCE:
    case KAB_STATE_CONFIRM:
        show_typed(call, evidence_fields);
        return KAB_OK;
    case KAB_STATE_CONTACT:
        show_contact(call);
        return KAB_OK;
    case KAB_STATE_ACTIVATE:
    case KAB_STATE_CODE:
        show_contact(call);
        return kab_change_describe(call);
    default:
        return kab_change_describe(call);
    }
}

const kab_flow_kind_t kab_flow_reregistration = {
    .name = "reregistration",
    .begins = KAB_STATE_EXPLAIN,
    .life = 2 * KAB_HOUR,
    .idle = 30 * KAB_MINUTE,
    .tables = reregistration_tables,
    .describe = describe,
};

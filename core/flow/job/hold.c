/*
 * Looks after held cases (KAB_TIMER_CASES): the next notice, or, when nobody objected in time or
 * operators approved, the change: take one (db) → ask BMG (http) → do it (db). A crash leaves the
 * case to be taken again a minute later.
 */
#include "flow/job/hold.h"

#include "cabinet/person/account.h"
#include "cabinet/dispute/settlement.h"
#include "engine/call.h"
#include "flow/job/ports.h"

static const kab_time_t ask_again = 5 * KAB_MINUTE;

typedef struct {
    kab_case_t c;
    bool none, execute;
    kab_span_t number; /* that must still be the applicant's */
    kab_bmg_result_t bmg;
} hold_t;

static kab_err_t write_remind(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    hold_t *hold = call->scratch;

    (void)db;
    return kab_hold_remind(&call->w, &hold->c);
}

/* A child's is asked for the number that the applicant has by now. */
static kab_err_t find_number(kab_call_t *call, hold_t *hold)
{
    kab_account_t *applicant = kab_alloc(call->arena, sizeof(*applicant));

    if (!applicant) {
        return KAB_E_INTERNAL;
    }
    if (hold->c.has_phone) {
        hold->number = kab_span_of(hold->c.phone.e164);
        return KAB_OK;
    }
    kab_err_t err = kab_account_get(&call->w, hold->c.applicant, applicant);
    if (err == KAB_OK && applicant->has_phone) {
        hold->number = kab_span_of(applicant->phone.e164);
    }
    return err == KAB_E_NOT_FOUND ? KAB_OK : err;
}

static kab_err_t take(kab_call_t *call)
{
    hold_t *hold = call->scratch = kab_alloc(call->arena, sizeof(*hold));

    call->status = 200;
    if (!hold) {
        return KAB_E_INTERNAL;
    }
    kab_err_t err = kab_case_take(&call->w, &hold->c);
    hold->none = err == KAB_E_NOT_FOUND;
    if (err) {
        return hold->none ? KAB_OK : err;
    }
    call->reply.again = true;
    hold->execute = hold->c.state == KAB_CASE_APPROVED || hold->c.due_at <= kab_call_now(call);
    return hold->execute ? find_number(call, hold)
                         : kab_pg_transaction(&call->w.db, write_remind, call);
}

/* Without a number there is nothing to ask: it is no match. */
static kab_err_t ask(kab_call_t *call)
{
    hold_t *hold = call->scratch;

    hold->bmg = KAB_BMG_MISMATCH;
    if (!hold->none && hold->execute && hold->number.n) {
        hold->bmg = kab_ports_match(call, kab_span_of(hold->c.iin.digits), hold->number).result;
    }
    return KAB_OK;
}

static kab_err_t write_settle(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    hold_t *hold = call->scratch;

    (void)db;
    call->dropped.n = 0;
    if (hold->bmg != KAB_BMG_UNAVAILABLE) {
        return kab_case_execute(&call->w, hold->c.id, hold->bmg == KAB_BMG_MATCH, &call->dropped);
    }
    kab_case_t now; /* no verdict: later */
    kab_err_t err = kab_case_get(&call->w, hold->c.id, &now);
    if (err == KAB_OK && (now.state == KAB_CASE_HELD || now.state == KAB_CASE_APPROVED)) {
        now.next_at = kab_call_now(call) + ask_again;
        err = kab_case_update(&call->w, &now);
    }
    return err;
}

static kab_err_t settle(kab_call_t *call)
{
    const hold_t *hold = call->scratch;

    if (hold->none || !hold->execute) {
        return KAB_OK;
    }
    kab_err_t err = kab_pg_transaction(&call->w.db, write_settle, call);
    if (err == KAB_OK) {
        kab_session_forget(&call->w, &call->dropped);
    } else {
        call->dropped.n = 0;
    }
    return err;
}

static const kab_step_t steps[] = {
    {"take", KAB_LANE_DB, take, KAB_COMMIT},
    {"ask", KAB_LANE_HTTP, ask, KAB_COMMIT},
    {"settle", KAB_LANE_DB, settle, KAB_COMMIT},
    KAB_STEP_END,
};

const kab_op_t kab_case_timer = {"cases", KAB_AUTH_TIMER, KAB_STATE_NONE, NULL,
                                 NULL,    NULL,           steps,          0};

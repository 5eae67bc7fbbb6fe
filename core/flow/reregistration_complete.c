/* What a re-registration changes, all in one transaction: see reregistration.c for the way there.
 */
#include <string.h>

#include "cabinet/flow_commit.h"
#include "cabinet/guardianship.h"
#include "cabinet/move.h"
#include "cabinet/settlement.h"
#include "engine/form.h"
#include "flow/access.h"
#include "flow/reregistration.h"

typedef struct {
    kab_account_t account; /* as it is when the change is made */
    kab_child_t child;
    kab_guardianship_t held;
    bool somebody;    /* holds the child */
    kab_time_t until; /* of the hold; 0: nothing waits */
} complete_t;

/* Made, or found as it was at `contact`. */
static kab_err_t take_account(kab_call_t *call, const kab_subject_t *subject, complete_t *c)
{
    bool found;
    kab_err_t err = kab_account_find(&call->w, &call->flow.iin, NULL, &c->account, &found);

    if (err == KAB_OK && found) {
        bool same = kab_same(c->account.id.b, subject->account.id.b, sizeof(c->account.id.b));

        return same && !c->account.blocked ? KAB_OK : KAB_E_CHALLENGE_BURNED;
    }
    if (err == KAB_OK) {
        c->account = subject->account;
        err = kab_account_create(&call->w, &c->account);
    }
    return err;
}

/* A first app that an SMS alone proved waits a day before it moves anything (SECURITY 17). */
static kab_err_t weak_until(kab_call_t *call, const kab_challenge_t *challenge, kab_time_t *until)
{
    kab_device_t device;
    kab_err_t err = KAB_OK;

    *until = 0;
    if (call->kab->config->code.arm) {
        err = kab_device_get(&call->w, challenge->armed_by, &device);
        *until = err == KAB_OK ? kab_device_weak_until(&device) : 0;
    }
    return err;
}

/* When a change may be made: now (0), or after the time in which somebody may dispute it. */
static kab_time_t wait_for(const kab_call_t *call, bool disputed, kab_time_t weak)
{
    kab_time_t now = kab_call_now(call);
    kab_time_t until = disputed ? now + call->kab->config->reregistration_hold * KAB_SECOND : now;

    until = weak > until ? weak : until;
    return until > now ? until : 0;
}

/* The account's own number and password: disputed if somebody lives there on another number. */
static kab_err_t change_number(kab_call_t *call, complete_t *c, kab_time_t weak)
{
    const kab_access_t *access = call->scratch;
    const kab_phone_t *phone = &access->confirm.subject.phone;
    bool other = c->account.has_phone && strcmp(c->account.phone.e164, phone->e164) != 0;
    bool alive = false;
    kab_err_t err = other ? kab_account_alive(&call->w, &c->account, &alive) : KAB_OK;
    kab_time_t until = wait_for(call, other && alive, other ? weak : 0);

    if (err) {
        return err;
    }
    if (until) {
        kab_case_t held = {.kind = KAB_CASE_NUMBER,
                           .applicant = c->account.id,
                           .iin = call->flow.iin,
                           .holder = c->account.id,
                           .device = access->confirm.challenge.armed_by,
                           .has_phone = true,
                           .phone = *phone,
                           .hash = kab_span_of(access->np.hash),
                           .due_at = until};

        c->until = until;
        return kab_hold_begin(&call->w, &held, &call->origin);
    }
    if (other || !c->account.has_phone) {
        err = kab_move_number(&call->w, &c->account, phone, &call->origin, &call->dropped);
        c->account.has_phone = true;
        c->account.phone = *phone;
    }
    return err ? err : kab_access_password(call, &c->account);
}

static kab_err_t change_guardian(kab_call_t *call, complete_t *c, kab_time_t weak)
{
    const kab_access_t *access = call->scratch;
    bool mine =
        c->somebody && kab_same(c->held.account.b, c->account.id.b, sizeof(c->account.id.b));
    kab_time_t until = wait_for(call, c->somebody, weak);

    if (mine) {
        return KAB_OK;
    }
    if (!until) {
        return kab_move_child(&call->w, c->child.id, c->account.id, &call->origin);
    }
    kab_case_t held = {.kind = KAB_CASE_GUARDIANSHIP,
                       .applicant = c->account.id,
                       .iin = call->flow.iin,
                       .child = c->child.id,
                       .device = access->confirm.challenge.armed_by,
                       .due_at = until};
    if (c->somebody) {
        held.holder = c->held.account;
    }
    c->until = until > c->until ? until : c->until;
    return kab_hold_begin(&call->w, &held, &call->origin);
}

static kab_err_t write_complete(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    const kab_access_t *access = call->scratch;
    const kab_confirm_t *confirmed = &access->confirm;
    complete_t c = {.until = 0};
    kab_time_t weak = 0;
    kab_err_t err = kab_access_spend(call);

    (void)db;
    if (err || access->again) {
        return err;
    }
    err = kab_reregistration_child(call, &c.child);
    if (err == KAB_OK && !kab_child_parent(&c.child, &call->flow.iin)) {
        err = KAB_E_EVIDENCE_MISMATCH;
    }
    if (err == KAB_OK) {
        err = kab_guardianship_of(&call->w, c.child.id, &c.held);
        c.somebody = err == KAB_OK;
        err = err == KAB_E_NOT_FOUND ? KAB_OK : err;
    }
    if (err == KAB_OK) {
        err = take_account(call, &confirmed->subject, &c);
    }
    if (err == KAB_OK) {
        err = weak_until(call, &confirmed->challenge, &weak);
    }
    if (err == KAB_OK) {
        err = change_number(call, &c, weak);
    }
    if (err == KAB_OK) {
        err = change_guardian(call, &c, weak);
    }
    char until[KAB_RFC3339_SIZE] = "done";
    if (c.until) {
        kab_time_text(c.until, until);
    }
    return err ? err
               : kab_flow_commit_result(&call->w, kab_span_of(call->flow.id), call->flow.version,
                                        kab_span_of(until));
}

/* What the transaction decided, the first time or now. */
kab_err_t kab_reregistration_complete(kab_call_t *call)
{
    kab_span_t result;
    bool again;
    kab_err_t err = kab_access_commit(call, write_complete);

    if (err) {
        return err;
    }
    err = kab_flow_commit(&call->w, kab_span_of(call->flow.id), call->flow.version, KAB_NONE,
                          &again, &result);
    if (err || !kab_form_put(call, "until", result)) {
        return err ? err : KAB_E_INTERNAL;
    }
    call->flow.state = kab_span_is(result, "done") ? KAB_STATE_DONE : KAB_STATE_HELD;
    return KAB_OK;
}

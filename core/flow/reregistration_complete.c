/* What a re-registration changes, all in one transaction: see reregistration.c for the way there.
 */
#include <string.h>

#include "cabinet/person/guardianship.h"
#include "cabinet/person/move.h"
#include "cabinet/dispute/settlement.h"
#include "flow/confirm/access.h"
#include "flow/reregistration.h"

typedef struct {
    kab_account_t account; /* as it is when the change is made */
    kab_child_t child;
    kab_guardianship_t held;
    bool somebody;    /* holds the child */
    bool number;      /* waits, and with it the password */
    kab_time_t until; /* of the hold; 0: nothing waits */
} complete_t;

/* The child, whose parent the applicant still is, and who holds it. */
static kab_err_t take_child(kab_call_t *call, complete_t *c)
{
    kab_err_t err = kab_reregistration_child(call, &c->child);

    if (err == KAB_OK && !kab_child_parent(&c->child, &call->flow.iin)) {
        err = KAB_E_EVIDENCE_MISMATCH;
    }
    if (err == KAB_OK) {
        err = kab_guardianship_of(&call->w, c->child.id, &c->held);
        c->somebody = err == KAB_OK;
    }
    return err == KAB_E_NOT_FOUND ? KAB_OK : err;
}

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
    const kab_phone_t *phone = &access->change.confirm.subject.phone;
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
                           .device = access->change.confirm.challenge.armed_by,
                           .has_phone = true,
                           .phone = *phone,
                           .hash = kab_span_of(access->np.hash),
                           .due_at = until};

        c->until = until;
        c->number = true;
        return kab_hold_begin(&call->w, &held, &call->origin);
    }
    if (other || !c->account.has_phone) {
        err = kab_move_number(&call->w, &c->account, phone, NULL, false, &call->origin,
                              &call->dropped);
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
                       .device = access->change.confirm.challenge.armed_by,
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
    const kab_change_t *change = call->scratch;
    complete_t c = {.until = 0};
    kab_time_t weak = 0;
    kab_err_t err = kab_change_spend(call);

    (void)db;
    if (err || change->again) {
        return err;
    }
    err = take_child(call, &c);
    if (err == KAB_OK) {
        err = take_account(call, &change->confirm.subject, &c);
    }
    if (err == KAB_OK) {
        err = kab_change_weak_until(call, &weak);
    }
    if (err == KAB_OK) {
        err = change_number(call, &c, weak);
    }
    if (err == KAB_OK) {
        err = change_guardian(call, &c, weak);
    }
    return err ? err : kab_change_outcome(call, c.until, c.number ? "number" : "child");
}

kab_err_t kab_reregistration_complete(kab_call_t *call)
{
    return kab_access_commit(call, write_complete);
}

#include "cabinet/settlement.h"

#include <stdio.h>
#include <string.h>

#include "cabinet/guardianship.h"
#include "cabinet/move.h"
#include "cabinet/notice.h"
#include "cabinet/number.h"
#include "cabinet/record.h"
#include "cabinet/row.h"

/* ---- the hold ---- */

/* Hours after its beginning (SECURITY 18). */
static const unsigned notice_hours[] = {0, 1, 12, 23};
enum { NOTICES = sizeof notice_hours / sizeof *notice_hours };

static kab_time_t next_look(const kab_case_t *c)
{
    kab_time_t next = c->due_at;
    if (c->told < NOTICES) {
        kab_time_t notice = c->created_at + notice_hours[c->told] * KAB_HOUR;
        next = notice < next ? notice : next;
    }
    return next;
}

static kab_err_t tell_holder(const kab_world_t *w, const kab_case_t *c)
{
    kab_account_t holder;
    if (kab_uuid_zero(&c->holder)) {
        return KAB_OK;
    }
    kab_err_t err = kab_account_get(w, c->holder, &holder);
    return err ? err : kab_notice_account(w, "hold", &holder);
}

kab_err_t kab_hold_begin(const kab_world_t *w, kab_case_t *c, const kab_origin_t *origin)
{
    bool lately = false, child = !kab_uuid_zero(&c->child);
    c->state = KAB_CASE_HELD;
    c->created_at = w->env->now(w->env->ctx);
    c->told = 1;
    c->next_at = next_look(c);
    memcpy(c->opened_by, "self", sizeof "self");
    kab_err_t err = kab_case_open(w, c);
    if (err == KAB_OK && child) {
        err = kab_case_objected_lately(w, c->holder, c->child, &lately);
    }
    if (err == KAB_OK && !kab_uuid_zero(&c->holder)) {
        err = kab_event_add_change(w, &c->holder, KAB_EV_HOLD, &c->id, lately ? 0 : c->due_at,
                                   origin);
    }
    if (err == KAB_OK) {
        err = kab_audit_add(w, &c->applicant, KAB_EV_HOLD, "self", KAB_NONE);
    }
    return err ? err : tell_holder(w, c);
}

kab_err_t kab_hold_remind(const kab_world_t *w, kab_case_t *c)
{
    kab_case_t now;
    kab_err_t err = kab_case_get(w, c->id, &now);
    if (err != KAB_OK || now.state != KAB_CASE_HELD) {
        return err;
    }
    now.told++;
    now.next_at = next_look(&now);
    err = kab_case_update(w, &now);
    return err ? err : tell_holder(w, &now);
}

/* ---- its end ---- */

/* What was true when it began must be true when it happens. */
static kab_err_t still(const kab_world_t *w, const kab_case_t *c, kab_account_t *applicant,
                       bool *good)
{
    kab_child_t child;
    kab_err_t err = kab_account_get(w, c->applicant, applicant);
    *good = err == KAB_OK && !applicant->blocked && kab_uuid_zero(&applicant->only_device);
    if (err == KAB_OK && *good && c->kind == KAB_CASE_GUARDIANSHIP) {
        err = kab_child_get(w, c->child, &child);
        *good = err == KAB_OK && kab_child_parent(&child, &c->iin);
    }
    return err == KAB_E_NOT_FOUND ? KAB_OK : err;
}

static kab_err_t carry_out(const kab_world_t *w, const kab_case_t *c,
                           const kab_account_t *applicant, kab_ended_t *ended)
{
    if (c->kind == KAB_CASE_GUARDIANSHIP) {
        return kab_move_child(w, c->child, c->applicant, NULL);
    }
    kab_err_t err = kab_move_number(w, applicant, &c->phone, NULL, NULL, ended);
    if (err == KAB_OK && c->hash.n > 0) {
        err = kab_account_set_hash(w, c->applicant, c->hash, false);
    }
    return err;
}

static kab_err_t finish(const kab_world_t *w, kab_case_t *c, kab_case_state_t state,
                        const char *actor)
{
    const char *text = kab_format(w->arena, "{\"state\":\"%s\"}", kab_case_state_name(state));
    kab_event_kind_t kind = c->kind == KAB_CASE_OBJECTION ? KAB_EV_CASE : KAB_EV_HOLD_OVER;
    c->state = state;
    kab_err_t err = kab_case_update(w, c);
    if (err == KAB_OK) {
        err = kab_event_add(w, &c->applicant, kind, kab_span_of(text), NULL);
    }
    return err ? err : kab_audit_add(w, &c->applicant, kind, actor, kab_span_of(text));
}

kab_err_t kab_case_execute(const kab_world_t *w, kab_uuid_t id, bool match, kab_ended_t *ended)
{
    kab_account_t applicant = {0};
    kab_case_t c;
    bool good = false;
    kab_err_t err = kab_case_get(w, id, &c);
    if (err != KAB_OK) {
        return err;
    }
    bool due = c.state == KAB_CASE_APPROVED ||
               (c.state == KAB_CASE_HELD && c.due_at <= w->env->now(w->env->ctx));
    if (!due) {
        return KAB_OK; /* somebody objected meanwhile */
    }
    err = still(w, &c, &applicant, &good);
    if (err == KAB_OK && good && match) {
        err = carry_out(w, &c, &applicant, ended);
    }
    if (err == KAB_OK) {
        err = finish(w, &c, good && match ? KAB_CASE_DONE : KAB_CASE_REFUSED, "gateway");
    }
    return err == KAB_OK && applicant.has_phone ? kab_notice_account(w, "hold_over", &applicant)
                                                : err;
}

/* ---- operators ---- */

static bool concerned(const kab_world_t *w, const kab_case_t *c, const kab_iin_t *iin,
                      kab_err_t *err)
{
    kab_account_t holder;
    kab_child_t child;
    if (strcmp(c->iin.digits, iin->digits) == 0) {
        return true;
    }
    if (!kab_uuid_zero(&c->holder)) {
        *err = kab_account_get(w, c->holder, &holder);
        if (*err || strcmp(holder.iin.digits, iin->digits) == 0) {
            return true;
        }
    }
    if (!kab_uuid_zero(&c->child)) {
        *err = kab_child_get(w, c->child, &child);
        return *err || kab_child_parent(&child, iin);
    }
    return false;
}

/* The dispute is over: the account is its owner's again, and what was put aside comes back if the
 * objection had no ground. */
static kab_err_t settle_objection(const kab_world_t *w, const kab_case_t *c, bool upheld)
{
    static const kab_uuid_t none;
    if (!kab_uuid_zero(&c->child)) {
        return upheld ? kab_move_child(w, c->child, c->holder, NULL)
                      : kab_guardianship_freeze(w, c->child, false);
    }
    kab_err_t err = kab_account_set_only_device(w, c->applicant, none);
    if (err == KAB_OK && !upheld && c->has_phone) {
        err = kab_number_set(w, c->applicant, &c->phone);
    }
    return err;
}

static kab_err_t second_word(const kab_world_t *w, kab_case_t *c, const char *actor, bool approve)
{
    kab_time_t now = w->env->now(w->env->ctx);
    kab_err_t err = KAB_OK;
    snprintf(c->decided_by, sizeof c->decided_by, "%s", actor);
    c->decided_at = now;
    c->next_at = now;
    if (c->kind == KAB_CASE_OBJECTION) {
        err = settle_objection(w, c, approve);
        return err ? err : finish(w, c, approve ? KAB_CASE_DONE : KAB_CASE_REJECTED, actor);
    }
    if (!approve) {
        return finish(w, c, KAB_CASE_REJECTED, actor);
    }
    c->state = KAB_CASE_APPROVED;
    err = kab_case_update(w, c);
    return err ? err
               : kab_audit_add(w, &c->applicant, KAB_EV_CASE, actor,
                               KAB_SPAN("{\"word\":\"approve\"}"));
}

static kab_err_t first_word(const kab_world_t *w, kab_case_t *c, const char *actor, bool approve)
{
    snprintf(c->first_by, sizeof c->first_by, "%s", actor);
    c->first_approve = approve;
    c->first_at = w->env->now(w->env->ctx);
    kab_err_t err = kab_case_update(w, c);
    return err ? err
               : kab_audit_add(w, &c->applicant, KAB_EV_CASE, actor,
                               approve ? KAB_SPAN("{\"word\":\"approve\"}")
                                       : KAB_SPAN("{\"word\":\"reject\"}"));
}

const char *kab_case_decide(const kab_world_t *w, kab_case_t *c, const char *actor,
                            const kab_iin_t *iin, bool approve, bool *final, kab_err_t *err)
{
    *final = false;
    *err = KAB_OK;
    if (c->state != KAB_CASE_OPEN) {
        return "the case is not open: nobody objected to it, or it is decided";
    }
    if (strcmp(c->opened_by, actor) == 0) {
        return "who opened a case does not decide it";
    }
    if (concerned(w, c, iin, err)) {
        return *err ? NULL : "who is concerned by a case does not decide it";
    }
    bool second = c->first_by[0] && strcmp(c->first_by, actor) != 0 && c->first_approve == approve;
    if (c->first_by[0] && strcmp(c->first_by, actor) == 0 && c->first_approve == approve) {
        return "you have said so already: somebody else must say the same";
    }
    *final = second;
    *err = second ? second_word(w, c, actor, approve) : first_word(w, c, actor, approve);
    return NULL;
}

#include "cabinet/dispute/settlement.h"

#include <stdio.h>
#include <string.h>

#include "cabinet/person/guardianship.h"
#include "cabinet/person/move.h"
#include "cabinet/message/notice.h"
#include "cabinet/person/number.h"
#include "cabinet/record/record.h"
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
    bool lost = false, child = !kab_uuid_zero(&c->child);
    c->state = KAB_CASE_HELD;
    c->created_at = w->env->now(w->env->ctx);
    c->told = 1;
    c->next_at = next_look(c);
    memcpy(c->opened_by, "self", sizeof "self");
    kab_err_t err = kab_case_open(w, c);
    if (err == KAB_OK && child) {
        err = kab_case_lost_lately(w, c->holder, c->child, &lost);
    }
    if (err == KAB_OK && !kab_uuid_zero(&c->holder)) {
        err =
            kab_event_add_change(w, &c->holder, KAB_EV_HOLD, &c->id, lost ? 0 : c->due_at, origin);
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

/* Whoever holds the child was told and could object, or the applicant has it by now; and nobody
 * disputes how it came there. */
static kab_err_t still_held(const kab_world_t *w, const kab_case_t *c, bool *good)
{
    kab_guardianship_t held;
    kab_err_t err = kab_guardianship_of(w, c->child, &held);
    if (err == KAB_OK) {
        *good = !held.frozen && (kab_same(held.account.b, c->holder.b, sizeof held.account.b) ||
                                 kab_same(held.account.b, c->applicant.b, sizeof held.account.b));
    }
    return err;
}

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
        if (*good) {
            err = still_held(w, c, good);
        }
    }
    return err == KAB_E_NOT_FOUND ? KAB_OK : err;
}

static kab_err_t carry_out(const kab_world_t *w, const kab_case_t *c,
                           const kab_account_t *applicant, kab_ended_t *ended)
{
    bool decided = c->decided_at != 0;
    if (c->kind == KAB_CASE_GUARDIANSHIP) {
        return kab_move_child(w, c->child, c->applicant, NULL);
    }
    kab_err_t err = kab_move_number(w, applicant, &c->phone, NULL, decided, NULL, ended);
    if (err == KAB_OK && c->hash.n > 0) {
        err = kab_account_set_hash(w, c->applicant, c->hash, false);
    }
    return err;
}

static kab_err_t tell_end(const kab_world_t *w, const kab_case_t *c, const kab_uuid_t *who,
                          kab_event_kind_t kind)
{
    kab_account_t account;
    const char *text = kab_format(w->arena, "{\"state\":\"%s\"}", kab_case_state_name(c->state));
    kab_err_t err = kab_account_get(w, *who, &account);
    if (err != KAB_OK) {
        return err == KAB_E_NOT_FOUND ? KAB_OK : err;
    }
    err = kab_event_add(w, who, kind, kab_span_of(text), NULL);
    return err ? err : kab_notice_account(w, "hold_over", &account);
}

/* Both sides hear of it; who loses a child by it was told so already. */
static kab_err_t finish(const kab_world_t *w, kab_case_t *c, kab_case_state_t state,
                        const char *actor)
{
    char id[KAB_UUID_SIZE];
    bool objection = c->kind == KAB_CASE_OBJECTION;
    bool other = !kab_uuid_zero(&c->holder) && !kab_same(c->holder.b, c->applicant.b, 16);
    kab_event_kind_t kind = objection ? KAB_EV_CASE : KAB_EV_HOLD_OVER;
    c->state = state;
    kab_err_t err = kab_case_update(w, c);
    if (err == KAB_OK) {
        err = tell_end(w, c, &c->applicant, kind);
    }
    if (err == KAB_OK && other && (objection || state != KAB_CASE_DONE)) {
        err = tell_end(w, c, &c->holder, kind);
    }
    kab_uuid_text(c->id, id);
    const char *text =
        kab_format(w->arena, "{\"case\":\"%s\",\"state\":\"%s\"}", id, kab_case_state_name(state));
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
    return err ? err : finish(w, &c, good && match ? KAB_CASE_DONE : KAB_CASE_REFUSED, "gateway");
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

/* The dispute is over: what was put aside comes back if the objection had no ground. Then whoever
 * came in by it is out again, and the owner begins with the app. */
static kab_err_t settle_objection(const kab_world_t *w, const kab_case_t *c, bool upheld,
                                  kab_ended_t *ended)
{
    static const kab_uuid_t none;
    if (!kab_uuid_zero(&c->child)) {
        return upheld ? kab_move_child(w, c->child, c->holder, NULL)
                      : kab_guardianship_freeze(w, c->child, false);
    }
    kab_err_t err = kab_account_set_only_device(w, c->applicant, none);
    if (err != KAB_OK || upheld) {
        return err;
    }
    if (c->has_phone) {
        err = kab_number_return(w, c->applicant, &c->phone);
    }
    if (err == KAB_OK) {
        err = kab_account_set_hash(w, c->applicant, KAB_NONE, false);
    }
    return err ? err : kab_shut_out(w, c->applicant, NULL, ended);
}

static kab_err_t second_word(const kab_world_t *w, kab_case_t *c, const kab_word_t *word,
                             kab_ended_t *ended)
{
    kab_err_t err;
    snprintf(c->decided_by, sizeof c->decided_by, "%s", word->actor);
    c->decided_at = c->next_at = w->env->now(w->env->ctx);
    if (c->kind == KAB_CASE_OBJECTION) {
        err = settle_objection(w, c, word->approve, ended);
        return err ? err
                   : finish(w, c, word->approve ? KAB_CASE_DONE : KAB_CASE_REJECTED, word->actor);
    }
    if (!word->approve) {
        return finish(w, c, KAB_CASE_REJECTED, word->actor);
    }
    c->state = KAB_CASE_APPROVED;
    return kab_case_update(w, c);
}

static kab_err_t first_word(const kab_world_t *w, kab_case_t *c, const kab_word_t *word)
{
    snprintf(c->first_by, sizeof c->first_by, "%s", word->actor);
    c->first_approve = word->approve;
    c->first_at = w->env->now(w->env->ctx);
    return kab_case_update(w, c);
}

static kab_err_t note(const kab_world_t *w, const kab_case_t *c, const kab_word_t *word,
                      const char *why)
{
    char id[KAB_UUID_SIZE];
    const char *said = word->approve ? "approve" : "reject";
    kab_uuid_text(c->id, id);
    const char *text =
        why ? kab_format(w->arena, "{\"case\":\"%s\",\"word\":\"%s\",\"refused\":\"%s\"}", id, said,
                         why)
            : kab_format(w->arena, "{\"case\":\"%s\",\"word\":\"%s\"}", id, said);
    return kab_audit_add(w, &c->applicant, KAB_EV_CASE, word->actor, kab_span_of(text));
}

/* NULL: this word counts. */
static const char *refusal(const kab_world_t *w, const kab_case_t *c, const kab_word_t *word,
                           kab_err_t *err)
{
    if (c->state != KAB_CASE_OPEN) {
        return "the case is not open: nobody objected to it, or it is decided";
    }
    if (strcmp(c->opened_by, word->actor) == 0) {
        return "who opened a case does not decide it";
    }
    if (concerned(w, c, &word->iin, err)) {
        return "who is concerned by a case does not decide it";
    }
    if (strcmp(c->first_by, word->actor) == 0 && c->first_approve == word->approve) {
        return "you have said so already: somebody else must say the same";
    }
    return NULL;
}

const char *kab_case_decide(const kab_world_t *w, kab_case_t *c, const kab_word_t *word,
                            bool *final, kab_ended_t *ended, kab_err_t *err)
{
    *final = false;
    *err = KAB_OK;
    const char *why = refusal(w, c, word, err);
    if (*err == KAB_OK) {
        *err = note(w, c, word, why);
    }
    if (*err != KAB_OK || why) {
        return *err ? NULL : why;
    }
    *final = c->first_by[0] && c->first_approve == word->approve; /* somebody else's: refusal() */
    *err = *final ? second_word(w, c, word, ended) : first_word(w, c, word);
    return NULL;
}

/* One case, masked, for who decides it. That it was seen, and by whom, is in the audit. */
#include <string.h>

#include "cabinet/person/account.h"
#include "cabinet/proof/device.h"
#include "cabinet/person/guardianship.h"
#include "cabinet/record/record.h"
#include "cabinet/row.h"
#include "case/cases.h"

typedef struct {
    ctl_t *ctl;
    kab_uuid_t id;
    bool found;
    kab_case_t c;
    kab_account_t applicant, holder, guardian;
    kab_child_t child;
    kab_guardianship_t held;
    kab_device_t device;
} seen_t;

/* ---- reading ---- */

/* What is gone by now stays empty. */
static kab_err_t or_nothing(kab_err_t err)
{
    return err == KAB_E_NOT_FOUND ? KAB_OK : err;
}

static kab_err_t read_child(const kab_world_t *w, seen_t *seen)
{
    kab_err_t err = or_nothing(kab_child_get(w, seen->c.child, &seen->child));
    if (err == KAB_OK) {
        err = or_nothing(kab_guardianship_of(w, seen->c.child, &seen->held));
    }
    if (err == KAB_OK && !kab_uuid_zero(&seen->held.account)) {
        err = or_nothing(kab_account_get(w, seen->held.account, &seen->guardian));
    }
    return err;
}

static kab_err_t note(const kab_world_t *w, const seen_t *seen)
{
    char id[KAB_UUID_SIZE];

    kab_uuid_text(seen->c.id, id);
    const char *text = kab_format(w->arena, "{\"case\":\"%s\",\"word\":\"seen\"}", id);
    return text ? kab_audit_add(w, &seen->c.applicant, KAB_EV_CASE, seen->ctl->actor,
                                kab_span_of(text))
                : KAB_E_INTERNAL;
}

/* A row that was changed is not found; that stays in the audit. */
static kab_err_t look(const kab_db_t *db, void *ctx)
{
    seen_t *seen = ctx;
    const kab_world_t *w = &seen->ctl->world;
    kab_err_t err = kab_case_get(w, seen->id, &seen->c);

    (void)db;
    seen->found = err == KAB_OK;
    if (err != KAB_OK) {
        return or_nothing(err);
    }
    err = or_nothing(kab_account_get(w, seen->c.applicant, &seen->applicant));
    if (err == KAB_OK && !kab_uuid_zero(&seen->c.holder)) {
        err = or_nothing(kab_account_get(w, seen->c.holder, &seen->holder));
    }
    if (err == KAB_OK && !kab_uuid_zero(&seen->c.device)) {
        err = or_nothing(kab_device_get(w, seen->c.device, &seen->device));
    }
    if (err == KAB_OK && !kab_uuid_zero(&seen->c.child)) {
        err = read_child(w, seen);
    }
    return err ? err : note(w, seen);
}

/* ---- words ---- */

static bool about_child(const kab_case_t *c)
{
    return !kab_uuid_zero(&c->child);
}

static const char *asked(const kab_case_t *c)
{
    switch (c->kind) {
    case KAB_CASE_GUARDIANSHIP:
        return "the child's cabinet moves to the applicant";
    case KAB_CASE_NUMBER:
        return c->hash.n ? "the applicant's cabinet gets another number and password"
                         : "the applicant's cabinet gets another number";
    default:
        return about_child(c) ? "the holder says that the child was moved wrongly"
                              : "somebody says of a change of the account: that was not me";
    }
}

const char *case_means(const kab_case_t *c, bool approve)
{
    switch (c->kind) {
    case KAB_CASE_GUARDIANSHIP:
        return approve ? "the child moves to the applicant, if BMG still agrees"
                       : "the child stays where it is";
    case KAB_CASE_NUMBER:
        return approve ? "the applicant gets the number, if BMG still agrees"
                       : "number and password stay as they are";
    default:
        break;
    }
    if (about_child(c)) {
        return approve ? "the child goes back to the holder" : "the child stays where it is";
    }
    return approve ? "the change stays undone, every app may confirm again"
                   : "the disputed number comes back; password and sessions since then are off";
}

kab_time_t case_due(const kab_case_t *c)
{
    return c->state == KAB_CASE_HELD   ? c->due_at
           : c->state == KAB_CASE_OPEN ? kab_case_deadline(c->objected_at)
                                       : 0;
}

bool case_late(const ctl_t *ctl, const kab_case_t *c)
{
    return c->state == KAB_CASE_OPEN && case_due(c) <= ctl->world.env->now(ctl->world.env->ctx);
}

static const char *stands(const kab_case_t *c)
{
    static const char *const words[] = {
        [KAB_CASE_HELD] = "held: it happens by itself unless the holder objects",
        [KAB_CASE_OPEN] = "open: two operators decide",
        [KAB_CASE_APPROVED] = "approved: the gateway carries it out",
        [KAB_CASE_DONE] = "done",
        [KAB_CASE_REJECTED] = "rejected",
        [KAB_CASE_REFUSED] = "refused: it was no longer true when it should happen",
    };

    return (size_t)c->state < sizeof words / sizeof *words ? words[c->state] : "unknown";
}

/* ---- writing ---- */

static void line(const char *name, const char *text)
{
    printf("%-10s %s\n", name, text);
}

static void at(const char *name, kab_time_t t, const char *more, const char *who)
{
    char text[KAB_RFC3339_SIZE];

    kab_time_text(t, text);
    printf("%-10s %s%s%s\n", name, text, more, who);
}

/* "88********12, account …, +770****9223, blocked" */
static void person(const char *name, const kab_uuid_t *id, const kab_account_t *account)
{
    char text[KAB_UUID_SIZE], iin[KAB_IIN_DIGITS + 1] = "erased",
                                                   phone[KAB_PHONE_SIZE] = "no phone";

    kab_uuid_text(*id, text);
    if (!kab_uuid_zero(&account->id)) {
        kab_iin_mask(&account->iin, iin);
    }
    if (account->has_phone) {
        kab_phone_mask(&account->phone, phone);
    }
    printf("%-10s %s, account %s, %s%s%s\n", name, iin, text, phone,
           account->blocked ? ", blocked" : "",
           kab_uuid_zero(&account->only_device) ? "" : ", one app alone confirms");
}

static const char *who_is(const seen_t *seen, const kab_iin_t *iin)
{
    if (strcmp(iin->digits, seen->c.iin.digits) == 0) {
        return " (the applicant)";
    }
    return strcmp(iin->digits, seen->holder.iin.digits) == 0 ? " (the holder)" : "";
}

static void write_child(const seen_t *seen)
{
    char iin[KAB_IIN_DIGITS + 1], one[KAB_IIN_DIGITS + 1], two[KAB_IIN_DIGITS + 1];
    const kab_child_t *child = &seen->child;

    if (kab_uuid_zero(&child->id)) {
        line("child", "erased");
        return;
    }
    kab_iin_mask(&child->iin, iin);
    kab_iin_mask(&child->parent[0], one);
    kab_iin_mask(&child->parent[1], two);
    printf("%-10s %s, %s\n", "child", iin, child->kindergarten ? "kindergarten" : "queue");
    printf("%-10s %s%s", "parents", one, who_is(seen, &child->parent[0]));
    if (child->has_second) {
        printf(", %s%s", two, who_is(seen, &child->parent[1]));
    }
    putchar('\n');
    if (kab_uuid_zero(&seen->held.account)) {
        line("held by", "nobody");
        return;
    }
    person("held by", &seen->held.account, &seen->guardian);
    at("since", seen->held.since, seen->held.frozen ? ", disputed: nobody acts for the child" : "",
       "");
}

static void write_asked(const seen_t *seen)
{
    const kab_case_t *c = &seen->c;
    char text[KAB_UUID_SIZE], phone[KAB_PHONE_SIZE];

    line("asked", asked(c));
    person("applicant", &c->applicant, &seen->applicant);
    if (!kab_uuid_zero(&c->holder) && !kab_same(c->holder.b, c->applicant.b, sizeof c->holder.b)) {
        person("holder", &c->holder, &seen->holder);
    }
    if (about_child(c)) {
        write_child(seen);
    }
    if (c->has_phone) {
        kab_phone_mask(&c->phone, phone);
        line(c->kind == KAB_CASE_NUMBER ? "new number" : "disputed", phone);
    }
    if (!kab_uuid_zero(&seen->device.id)) {
        kab_uuid_text(c->device, text);
        kab_phone_mask(&seen->device.phone, phone);
        printf("%-10s %s, %s, %s\n", c->kind == KAB_CASE_OBJECTION ? "objector" : "app", text,
               kab_device_state_name(seen->device.state), phone);
    }
}

static void write_words(const kab_case_t *c)
{
    if (c->objected_at) {
        at("objected", c->objected_at, " by the holder", "");
    }
    if (c->first_at) {
        at("first", c->first_at, c->first_approve ? " approve, " : " reject, ", c->first_by);
    }
    if (c->decided_at) {
        at("second", c->decided_at, c->first_approve ? " approve, " : " reject, ", c->decided_by);
    }
    if (c->state == KAB_CASE_OPEN) {
        line("approve", case_means(c, true));
        line("reject", case_means(c, false));
    }
}

int case_show(ctl_t *ctl, int argc, char **argv)
{
    seen_t *seen = kab_alloc(ctl->arena, sizeof *seen);

    (void)argc;
    if (!seen || !case_id(argv[0], &seen->id)) {
        return CTL_FAILED;
    }
    seen->ctl = ctl;
    kab_err_t err = kab_pg_transaction(&ctl->world.db, look, seen);
    if (err != KAB_OK) {
        return ctl_fail(ctl, "case show", err);
    }
    if (!seen->found) {
        return case_unknown(ctl);
    }
    const kab_case_t *c = &seen->c;
    line("case", argv[0]);
    line("kind", kab_case_kind_name(c->kind));
    line("state", stands(c));
    write_asked(seen);
    at("opened", c->created_at, " by ", c->opened_by);
    if (c->kind != KAB_CASE_OBJECTION) {
        at("hold until", c->due_at, "", "");
        printf("%-10s %u\n", "notices", c->told);
    }
    if (c->state == KAB_CASE_OPEN) {
        at("decide by", case_due(c), case_late(ctl, c) ? ", late" : "", "");
    }
    write_words(c);
    return CTL_DONE;
}

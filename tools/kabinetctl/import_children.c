#include <stdlib.h>
#include <string.h>

#include "cabinet/person/account.h"
#include "cabinet/person/child.h"
#include "cabinet/record/record.h"
#include "import.h"

enum { CHILD, CERTIFICATE, PARENT1, PARENT2, ATTENDANCE, GUARDIAN, COLUMNS };
static const char *const names[COLUMNS + 1] = {"child_iin",   "birth_certificate", "parent1_iin",
                                               "parent2_iin", "attendance",        "guardian_iin"};

typedef struct {
    import_t base;
    int column[COLUMNS];
} children_t;

static kab_span_t field(const children_t *c, int which)
{
    return kab_span_trim(csv_field(&c->base.csv, c->column[which]));
}

static const char *read_iin(const children_t *c, int which, kab_iin_t *iin)
{
    return import_iin(&c->base, field(c, which), names[which], iin);
}

/* What a record must be on its own; *which is the column that is wrong. */
static const char *read_row(const children_t *c, kab_child_t *child, int *which)
{
    const char *why;
    kab_span_t attendance = field(c, ATTENDANCE);

    *which = CHILD;
    if ((why = read_iin(c, CHILD, &child->iin))) {
        return why;
    }
    *which = CERTIFICATE;
    if ((why = kab_certificate_parse(field(c, CERTIFICATE), &child->certificate))) {
        return why;
    }
    *which = PARENT1;
    if ((why = read_iin(c, PARENT1, &child->parent[0]))) {
        return why;
    }
    *which = PARENT2;
    child->has_second = field(c, PARENT2).n > 0;
    if (child->has_second && (why = read_iin(c, PARENT2, &child->parent[1]))) {
        return why;
    }
    if (child->has_second && strcmp(child->parent[0].digits, child->parent[1].digits) == 0) {
        return "the same as parent1_iin";
    }
    *which = ATTENDANCE;
    child->kindergarten = kab_span_is(attendance, "kindergarten");
    return child->kindergarten || kab_span_is(attendance, "queue") ? NULL
                                                                   : "not queue or kindergarten";
}

static const char *find_guardian(children_t *c, kab_uuid_t *id, bool *named, kab_err_t *err)
{
    kab_span_t text = field(c, GUARDIAN);
    kab_account_t account;
    kab_iin_t iin;
    bool found = false;

    *named = text.n > 0;
    const char *why = *named ? read_iin(c, GUARDIAN, &iin) : NULL;
    if (!*named || why) {
        return why;
    }
    *err = kab_account_find(&c->base.ctl->world, &iin, NULL, &account, &found);
    if (*err == KAB_OK && !found) {
        return "there is no account of this IIN";
    }
    *id = account.id;
    return NULL;
}

typedef struct {
    const kab_world_t *w;
    const char *actor;
    kab_child_t *child;
    const kab_uuid_t *guardian;
    bool changed;
} job_t;

static kab_err_t store(const kab_db_t *db, void *ctx)
{
    job_t *job = ctx;

    char child[KAB_UUID_SIZE];
    kab_err_t err = kab_child_import(job->w, job->child, job->guardian, &job->changed);

    (void)db;
    if (err != KAB_OK || !job->changed) {
        return err;
    }
    kab_uuid_text(job->child->id, child);
    const char *details = kab_format(job->w->arena, "{\"child\":\"%s\"}", child);
    return details ? kab_audit_add(job->w, job->guardian, KAB_EV_IMPORTED, job->actor,
                                   kab_span_of(details))
                   : KAB_E_INTERNAL;
}

static int take_row(children_t *c)
{
    ctl_t *ctl = c->base.ctl;
    kab_child_t child = {0};
    kab_uuid_t guardian;
    bool named = false;
    int which = 0;
    kab_err_t err = KAB_OK;
    const char *why = read_row(c, &child, &which);

    if (!why) {
        which = GUARDIAN;
        why = find_guardian(c, &guardian, &named, &err);
    }
    if (why) {
        import_bad(&c->base, names[which], why);
        return CTL_DONE;
    }
    job_t job = {&ctl->world, ctl->actor, &child, named ? &guardian : NULL, false};
    if (err == KAB_OK) {
        err = kab_pg_transaction(&ctl->world.db, store, &job);
    }
    if (err == KAB_E_WRONG_STATE) {
        import_bad(&c->base, NULL, "the child is there with other data or another guardian");
        return CTL_DONE;
    }
    c->base.created += err == KAB_OK && job.changed;
    c->base.there += err == KAB_OK && !job.changed;
    return err == KAB_OK ? CTL_DONE : ctl_fail(ctl, "import children", err);
}

int import_children(ctl_t *ctl, int argc, char **argv)
{
    children_t *c = calloc(1, sizeof *c);
    int status = CTL_FAILED;

    (void)argc;
    if (!c) {
        ctl_error("out of memory");
        return CTL_FAILED;
    }
    if (import_begin(&c->base, ctl, argv[0], names)) {
        status = CTL_DONE;
        for (int i = 0; i < COLUMNS; i++) {
            c->column[i] = csv_column(&c->base.csv, names[i]);
        }
        while (status == CTL_DONE && import_next(&c->base)) {
            status = ctl_fresh_arena(ctl) ? take_row(c) : CTL_FAILED;
        }
    }
    status = import_end(&c->base, status);
    free(c);
    return status;
}

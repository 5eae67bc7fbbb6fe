#include <stdlib.h>
#include <string.h>

#include "cabinet/person/account.h"
#include "cabinet/person/child.h"
#include "cabinet/record/record.h"
#include "import/import.h"

enum { CHILD, CERTIFICATE, PARENT1, PARENT2, ATTENDANCE, GUARDIAN, COLUMNS };
static const char *const names[COLUMNS + 1] = {"child_iin",   "birth_certificate", "parent1_iin",
                                               "parent2_iin", "attendance",        "guardian_iin"};

enum { BATCH = 500 }; /* lines */

typedef struct {
    kab_child_t child;
    kab_uuid_t guardian;
    bool has_guardian, changed;
} row_t;

typedef struct {
    import_t base;
    int column[COLUMNS];
    row_t rows[BATCH]; /* read and found good, not written yet */
    unsigned n;
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

static const char *find_guardian(children_t *c, row_t *row, kab_err_t *err)
{
    kab_account_t account;
    kab_iin_t iin;
    bool found = false;

    row->has_guardian = field(c, GUARDIAN).n > 0;
    const char *why = row->has_guardian ? read_iin(c, GUARDIAN, &iin) : NULL;
    if (!row->has_guardian || why) {
        return why;
    }
    *err = kab_account_find(&c->base.ctl->world, &iin, NULL, &account, &found);
    if (*err == KAB_OK && !found) {
        return "there is no account of this IIN";
    }
    row->guardian = account.id;
    return NULL;
}

/* Whatever may be wrong with a line is told here, before the transaction, which may run twice. */
static int take_row(children_t *c)
{
    row_t *row = &c->rows[c->n];
    int which = 0;
    kab_err_t err = KAB_OK;

    memset(row, 0, sizeof *row);
    const char *why = read_row(c, &row->child, &which);
    if (!why) {
        which = GUARDIAN;
        why = find_guardian(c, row, &err);
    }
    if (why) {
        import_bad(&c->base, names[which], why);
    } else if (err == KAB_OK) {
        c->n++;
    }
    return err == KAB_OK ? CTL_DONE : ctl_fail(c->base.ctl, "import children", err);
}

static kab_err_t write_row(const ctl_t *ctl, row_t *row)
{
    const kab_world_t *w = &ctl->world;
    const kab_uuid_t *guardian = row->has_guardian ? &row->guardian : NULL;
    char child[KAB_UUID_SIZE];
    kab_err_t err = kab_child_import(w, &row->child, guardian, &row->changed);

    if (err != KAB_OK || !row->changed) {
        return err;
    }
    kab_uuid_text(row->child.id, child);
    const char *details = kab_format(w->arena, "{\"child\":\"%s\"}", child);
    return details ? kab_audit_add(w, guardian, KAB_EV_IMPORTED, ctl->actor, kab_span_of(details))
                   : KAB_E_INTERNAL;
}

/* A plan that was made for an empty table is kept while it grows: let it be one by the index. */
static kab_err_t write_rows(const kab_db_t *db, void *ctx)
{
    children_t *c = ctx;
    kab_err_t err = kab_pg_script(db, "SET LOCAL enable_seqscan = off");

    for (unsigned i = 0; err == KAB_OK && i < c->n; i++) {
        err = write_row(c->base.ctl, &c->rows[i]);
    }
    return err;
}

/* What was gathered goes to the database, and its memory with it. */
static int flush(children_t *c)
{
    ctl_t *ctl = c->base.ctl;
    kab_err_t err = c->n > 0 ? kab_pg_transaction(&ctl->world.db, write_rows, c) : KAB_OK;

    if (err != KAB_OK) {
        return ctl_fail(ctl, "import children", err);
    }
    for (unsigned i = 0; i < c->n; i++) {
        c->base.created += c->rows[i].changed;
        c->base.there += !c->rows[i].changed;
    }
    c->n = 0;
    return ctl_fresh_arena(ctl) ? CTL_DONE : CTL_FAILED;
}

/* Bad lines count for a batch too: looking for their guardians takes memory. */
static int take_rows(children_t *c)
{
    int status = CTL_DONE;
    bool more = true;

    while (more && status == CTL_DONE) {
        for (int i = 0; i < BATCH && status == CTL_DONE && (more = import_next(&c->base)); i++) {
            status = take_row(c);
        }
        if (status == CTL_DONE) {
            status = flush(c);
        }
    }
    return status;
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
        for (int i = 0; i < COLUMNS; i++) {
            c->column[i] = csv_column(&c->base.csv, names[i]);
        }
        status = take_rows(c);
    }
    status = import_end(&c->base, status);
    kab_wipe(c->rows, sizeof c->rows);
    free(c);
    return status;
}

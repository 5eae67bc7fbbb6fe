/* case: what waits for people's decision. Two of them are needed for each (SECURITY 21). */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cabinet/record/record.h"
#include "cabinet/dispute/settlement.h"
#include "case/cases.h"

enum { SHOWN = 500 };

bool case_id(const char *text, kab_uuid_t *id)
{
    bool good = kab_uuid_parse(kab_span_of(text), id);

    if (!good) {
        ctl_error("this is no case; `kabinetctl case list` shows them");
    }
    return good;
}

int case_unknown(ctl_t *ctl)
{
    ctl_show_log(ctl);
    ctl_error("there is no such case, or its row was changed by somebody else than the gateway");
    return CTL_FAILED;
}

/* ---- list ---- */

static void age_text(kab_time_t age, char *out, size_t size)
{
    if (age >= KAB_DAY) {
        snprintf(out, size, "%" PRId64 "d%" PRId64 "h", age / KAB_DAY, age % KAB_DAY / KAB_HOUR);
    } else {
        snprintf(out, size, "%" PRId64 "h%" PRId64 "m", age / KAB_HOUR,
                 age % KAB_HOUR / KAB_MINUTE);
    }
}

static void show_row(const ctl_t *ctl, const kab_case_t *c)
{
    char id[KAB_UUID_SIZE], age[32], due[KAB_RFC3339_SIZE] = "-", objected[KAB_RFC3339_SIZE] = "-";
    const char *first = !c->first_at ? "-" : c->first_approve ? "approve, " : "reject, ";

    kab_uuid_text(c->id, id);
    age_text(ctl->world.env->now(ctl->world.env->ctx) - c->created_at, age, sizeof age);
    if (case_due(c)) {
        kab_time_text(case_due(c), due);
    }
    if (c->objected_at) {
        kab_time_text(c->objected_at, objected);
    }
    printf("%s  %-12s  %-8s  %-7s  %-20s  %-4s  %-20s  %s%s\n", id, kab_case_kind_name(c->kind),
           kab_case_state_name(c->state), age, due, case_late(ctl, c) ? "late" : "", objected,
           first, c->first_by);
}

static int list(ctl_t *ctl, int argc, char **argv)
{
    bool all = argc == 1;
    unsigned n = 0, open = 0, late = 0;

    if (all && strcmp(argv[0], "--all") != 0) {
        return CTL_MISUSED;
    }
    kab_case_t *rows = kab_alloc(ctl->arena, SHOWN * sizeof *rows);
    kab_err_t err = rows ? kab_case_list(&ctl->world, all, rows, SHOWN, &n) : KAB_E_INTERNAL;
    if (err == KAB_OK) {
        err = kab_case_waiting(&ctl->world, &open, &late);
    }
    if (err != KAB_OK) {
        return ctl_fail(ctl, "case list", err);
    }
    if (n > 0) {
        printf("%-36s  %-12s  %-8s  %-7s  %-20s  %-4s  %-20s  %s\n", "case", "kind", "state", "age",
               "due", "", "objected", "first word");
    }
    for (unsigned i = 0; i < n; i++) {
        show_row(ctl, &rows[i]);
    }
    printf("case: %s%u shown; %u for operators, %u of them late\n", n == SHOWN ? "the first " : "",
           n, open, late);
    return CTL_DONE;
}

/* ---- approve, reject ---- */

typedef struct {
    ctl_t *ctl;
    kab_uuid_t id;
    const kab_operator_t *operator; /* NULL: who calls may decide nothing */
    bool approve;
    /* what came of it */
    bool found, final;
    const char *why;
    kab_case_t c;
    kab_ended_t ended;
} deciding_t;

static const char *const stranger = "no operator";

/* Who is no operator and tried is in the audit as well. */
static kab_err_t note_stranger(const kab_world_t *w, const deciding_t *d)
{
    char id[KAB_UUID_SIZE];

    kab_uuid_text(d->c.id, id);
    const char *text = kab_format(w->arena, "{\"case\":\"%s\",\"word\":\"%s\",\"refused\":\"%s\"}",
                                  id, d->approve ? "approve" : "reject", stranger);
    return text ? kab_audit_add(w, &d->c.applicant, KAB_EV_CASE, d->ctl->actor, kab_span_of(text))
                : KAB_E_INTERNAL;
}

/* A row that was changed is not found; that stays in the audit. */
static kab_err_t say(const kab_db_t *db, void *ctx)
{
    deciding_t *d = ctx;
    const kab_world_t *w = &d->ctl->world;
    kab_err_t err = kab_case_get(w, d->id, &d->c);

    (void)db;
    d->found = err == KAB_OK;
    d->final = false;
    memset(&d->ended, 0, sizeof d->ended);
    if (err != KAB_OK) {
        return err == KAB_E_NOT_FOUND ? KAB_OK : err;
    }
    if (!d->operator) {
        d->why = stranger;
        return note_stranger(w, d);
    }
    kab_word_t word = {d->ctl->actor, d->operator->iin, d->approve};
    d->why = kab_case_decide(w, &d->c, &word, &d->final, &d->ended, &err);
    return err;
}

static int refuse(const deciding_t *d)
{
    const char *path = d->ctl->config->operators_path;

    if (d->why != stranger) {
        ctl_error("%s", d->why);
    } else if (!path) {
        ctl_error("nobody may decide: kabinet_operators is missing, which names who may");
    } else {
        ctl_error("%s may not decide: %s has no line for this login; decide from your own login, "
                  "by sudo",
                  d->ctl->actor + sizeof "operator:" - 1, path);
    }
    return CTL_FAILED;
}

/* True: yes was typed. */
static bool confirmed(deciding_t *d)
{
    char answer[16] = "";

    if (!isatty(STDIN_FILENO)) {
        ctl_error("there is no terminal to ask on; look at it by `case show`, then give --yes");
        return false;
    }
    printf("%s: %s.\nType yes to %s: ", kab_case_kind_name(d->c.kind),
           case_means(&d->c, d->approve), d->approve ? "approve" : "reject");
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0) {
        return true;
    }
    ctl_error("nothing was said and nothing changed");
    return false;
}

static void tell(const deciding_t *d)
{
    const char *word = d->approve ? "approve" : "reject";

    if (!d->final) {
        printf("case: your word is noted; somebody else must %s it too\n", word);
    } else {
        printf("case: decided: %s\n", case_means(&d->c, d->approve));
    }
    if (d->ended.n > 0) {
        printf("case: %u session%s ended\n", d->ended.n, d->ended.n == 1 ? "" : "s");
    }
}

/* ID and --yes, in either order. */
static int read_args(deciding_t *d, int argc, char **argv, bool *yes)
{
    const char *id = NULL;

    *yes = false;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--yes") == 0) {
            *yes = true;
        } else if (!id) {
            id = argv[i];
        } else {
            return CTL_MISUSED;
        }
    }
    if (!id) {
        return CTL_MISUSED;
    }
    return case_id(id, &d->id) ? CTL_DONE : CTL_FAILED;
}

static int decide(ctl_t *ctl, int argc, char **argv, bool approve)
{
    bool yes;
    deciding_t d = {.ctl = ctl,
                    .operator= kab_settings_operator(ctl->config, kab_span_of(ctl_login())),
                    .approve = approve};
    int status = read_args(&d, argc, argv, &yes);

    if (status != CTL_DONE) {
        return status;
    }
    if (!yes && d.operator) {
        kab_err_t err = kab_case_get(&ctl->world, d.id, &d.c);
        if (err != KAB_OK) {
            return err == KAB_E_NOT_FOUND ? case_unknown(ctl) : ctl_fail(ctl, "case", err);
        }
        if (!confirmed(&d)) {
            return CTL_FAILED;
        }
    }
    kab_err_t err = kab_pg_transaction(&ctl->world.db, say, &d);
    if (err != KAB_OK) {
        return ctl_fail(ctl, "case", err);
    }
    if (!d.found) {
        return case_unknown(ctl);
    }
    if (d.why) {
        return refuse(&d);
    }
    kab_session_forget(&ctl->world, &d.ended);
    tell(&d);
    return CTL_DONE;
}

static int approve(ctl_t *ctl, int argc, char **argv)
{
    return decide(ctl, argc, argv, true);
}

static int reject(ctl_t *ctl, int argc, char **argv)
{
    return decide(ctl, argc, argv, false);
}

#define DECIDE_MORE                                                                                \
    "Two different people must say the same; neither may be concerned by the case, nor have\n"     \
    "opened it. Who may decide stands in the file of kabinet_operators. Call it by sudo from "     \
    "your\n"                                                                                       \
    "own login: the audit keeps your name.\n\n--yes    do not ask; needed where there is no "      \
    "terminal"

const ctl_command_t ctl_case_commands[] = {
    {"case list", "[--all]", "Show what waits for people's decision",
     "Oldest first, those too whose hold still runs. due: the end of the hold, or of the five\n"
     "working days that operators have. No names, IINs or numbers.\n\n"
     "--all    those that are over, too; newest first",
     CTL_WORLD, 0, 1, list},
    {"case show", "CASE", "Show one case, masked; the audit keeps that you saw it", NULL, CTL_WORLD,
     1, 1, case_show},
    {"case approve", "CASE [--yes]", "Say that what a case asks for may happen", DECIDE_MORE,
     CTL_WORLD, 1, 2, approve},
    {"case reject", "CASE [--yes]", "Say that it may not", DECIDE_MORE, CTL_WORLD, 1, 2, reject},
    {0}};

/* What both imports share: the file, the counts, how lines are complained about. */
#ifndef KABINETCTL_IMPORT_H
#define KABINETCTL_IMPORT_H

#include "cabinet/person/account.h"
#include "import/csv.h"
#include "ctl.h"

typedef struct {
    ctl_t *ctl;
    const char *path;
    csv_t csv;
    bool begun_well; /* the header was right: there is something to sum up */
    unsigned long read, created, there, bad;
    kab_time_t begun;
} import_t;

/* False and words on stderr. `needed`: column names, ended by NULL. */
bool import_begin(import_t *import, ctl_t *ctl, const char *path, const char *const *needed);
/* The next good record; false at the end or when asked to stop. Bad ones are told and counted. */
bool import_next(import_t *import);
/* This record cannot be taken: its line and why, never what it holds. */
void import_bad(import_t *import, const char *column, const char *why);
/* As kabinet_iin_check says; a check digit that does not fit is told and not counted. NULL, or why
 * it is no IIN. */
const char *import_iin(const import_t *import, kab_span_t text, const char *column, kab_iin_t *iin);
/* Says what came of it and releases. `status` is what went wrong so far. */
int import_end(import_t *import, int status);

/* Makes a device of an account that is in the database: its key in DIR/IIN.jwk, mode 0600, for the
 * command-line app. False and `why`. */
bool import_device(const kab_world_t *w, const char *dir, const kab_account_t *account,
                   const char **why);

int import_accounts(ctl_t *ctl, int argc, char **argv);
int import_children(ctl_t *ctl, int argc, char **argv);

#endif

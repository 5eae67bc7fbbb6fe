/* What `case show` says of a case, and `case approve|reject` before it asks. */
#ifndef KABINETCTL_CASES_H
#define KABINETCTL_CASES_H

#include "cabinet/dispute/case.h"
#include "ctl.h"

/* What becomes of it if two operators say so. */
const char *case_means(const kab_case_t *c, bool approve);
/* Until when operators have to decide an open one, when a hold ends; 0: neither. */
kab_time_t case_due(const kab_case_t *c);
bool case_late(const ctl_t *ctl, const kab_case_t *c);

/* The command `case show ID`. */
int case_show(ctl_t *ctl, int argc, char **argv);

/* False and words on stderr: no id. */
bool case_id(const char *text, kab_uuid_t *id);
int case_unknown(ctl_t *ctl);

#endif

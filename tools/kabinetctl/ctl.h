/*
 * What kabinetctl's commands share: the table they stand in, the world they
 * act on, and how they speak. Exit codes: 0 done, 1 refused or partly done,
 * 2 called wrongly or badly configured.
 */
#ifndef KABINETCTL_H
#define KABINETCTL_H

#include <signal.h>
#include <stdio.h>

#include "cabinet/world.h"
#include "engine/settings.h"
#include "kabinet.h"

enum { CTL_DONE = 0, CTL_FAILED = 1, CTL_MISUSED = 2 };

typedef struct {
    const char *config_path;
    kab_config_t *config; /* NULL until ctl_configure */
    kab_arena_t *arena;
    kab_log_t log;
    kab_world_t world; /* after ctl_connect */
    char actor[64];    /* "operator:NAME" for the audit */
} ctl_t;

typedef enum { CTL_NOTHING, CTL_CONFIG, CTL_WORLD } ctl_need_t;

typedef struct {
    const char *name; /* "account show" */
    const char *args; /* "IIN" */
    const char *what; /* one line */
    const char *more; /* further lines of --help, or NULL */
    ctl_need_t need;
    int min, max; /* arguments behind the name */
    int (*run)(ctl_t *ctl, int argc, char **argv);
} ctl_command_t;

/* Each ended by a NULL name. */
extern const ctl_command_t ctl_account_commands[];
extern const ctl_command_t ctl_audit_commands[];
extern const ctl_command_t ctl_case_commands[];
extern const ctl_command_t ctl_doctor_commands[];
extern const ctl_command_t ctl_file_commands[];
extern const ctl_command_t ctl_hash_commands[];
extern const ctl_command_t ctl_import_commands[];
extern const ctl_command_t ctl_mask_commands[];
extern const ctl_command_t ctl_migrate_commands[];
extern const ctl_command_t ctl_outbox_commands[];

/* Set by SIGINT and SIGTERM; long work looks at it between two steps. */
extern volatile sig_atomic_t ctl_stop;

void ctl_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The lines that the library logged, to stderr; empties the log. */
void ctl_show_log(ctl_t *ctl);
/* Words for an error that has no better ones; shows the log. Returns CTL_FAILED. */
int ctl_fail(ctl_t *ctl, const char *doing, kab_err_t err);

/* Reads the configuration. False and words on stderr. */
bool ctl_configure(ctl_t *ctl);
/* Prepares connections; nothing is asked yet. False and words on stderr. */
bool ctl_connect(ctl_t *ctl);
/* A fresh arena for the next piece of long work. False: out of memory. */
bool ctl_fresh_arena(ctl_t *ctl);
void ctl_close(ctl_t *ctl);

/* The slowest of some hashes, with an idle machine's memory kept between them; 0: cannot be
 * computed here, or stopped. */
kab_time_t ctl_hash_time(ctl_t *ctl, kab_hash_params_t params);

/* The login of the person who calls; valid until the next look at users. */
const char *ctl_login(void);
/* The same as "operator:NAME", for the audit: plain letters only, others become '_'. */
void ctl_find_actor(char *out, size_t size);

#endif

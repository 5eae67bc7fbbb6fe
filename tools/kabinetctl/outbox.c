/* outbox: what waits to be sent. Bodies, numbers and tokens are shown to nobody (SECURITY 21). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cabinet/message/outbox.h"
#include "cabinet/record/record.h"
#include "cabinet/row.h"
#include "ctl.h"

enum { SHOWN = 1000 };

static bool read_state(const char *text, kab_outbox_state_t *state)
{
    for (int i = 0; i < KAB_OUTBOX_STATES; i++) {
        *state = (kab_outbox_state_t)i;
        if (strcmp(text, kab_outbox_state_name(*state)) == 0) {
            return true;
        }
    }
    return false;
}

static void show(const kab_outbox_row_t *row)
{
    char id[KAB_UUID_SIZE], account[KAB_UUID_SIZE] = "-", created[KAB_RFC3339_SIZE],
                            next[KAB_RFC3339_SIZE], expires[KAB_RFC3339_SIZE];

    kab_uuid_text(row->id, id);
    if (!kab_uuid_zero(&row->account)) {
        kab_uuid_text(row->account, account);
    }
    kab_time_text(row->created_at, created);
    kab_time_text(row->done_at ? row->done_at : row->due_at, next);
    kab_time_text(row->expires_at, expires);
    printf("%s  %-4.*s  %-36s  %5u  %s  %s  %s\n", id, (int)row->kind.n, (const char *)row->kind.p,
           account, row->attempts, created, next, expires);
}

static int list(ctl_t *ctl, int argc, char **argv)
{
    kab_outbox_state_t state = KAB_OUTBOX_WAITING;
    unsigned n = 0;

    if (argc == 1 && !read_state(argv[0], &state)) {
        return CTL_MISUSED;
    }
    kab_outbox_row_t *rows = kab_alloc(ctl->arena, SHOWN * sizeof *rows);
    kab_err_t err = rows ? kab_outbox_list(&ctl->world, state, rows, SHOWN, &n) : KAB_E_INTERNAL;
    if (err != KAB_OK) {
        return ctl_fail(ctl, "outbox list", err);
    }
    if (n > 0) {
        printf("%-36s  kind  %-36s  tries  %-20s  %-20s  %s\n", "message", "account", "written",
               state == KAB_OUTBOX_WAITING ? "next try" : kab_outbox_state_name(state), "expires");
    }
    for (unsigned i = 0; i < n; i++) {
        show(&rows[i]);
    }
    printf("outbox: %s%u %s\n", n == SHOWN ? "the first " : "", n, kab_outbox_state_name(state));
    return CTL_DONE;
}

typedef struct {
    ctl_t *ctl;
    const kab_uuid_t *id;
    unsigned n;
} retry_t;

static kab_err_t retry_noted(const kab_db_t *db, void *ctx)
{
    retry_t *r = ctx;
    const kab_world_t *w = &r->ctl->world;
    kab_err_t err = kab_outbox_retry(w, r->id, &r->n);

    (void)db;
    if (err != KAB_OK || r->n == 0) {
        return err;
    }
    const char *details = kab_format(w->arena, "{\"messages\":%u}", r->n);
    return details
               ? kab_audit_add(w, NULL, KAB_EV_OUTBOX_RETRIED, r->ctl->actor, kab_span_of(details))
               : KAB_E_INTERNAL;
}

static int retry(ctl_t *ctl, int argc, char **argv)
{
    kab_uuid_t id = {{0}};
    retry_t r = {.ctl = ctl, .id = argc == 1 ? &id : NULL};

    if (r.id && !kab_uuid_parse(kab_span_of(argv[0]), &id)) {
        ctl_error("%s is no message; `kabinetctl outbox list` shows them", argv[0]);
        return CTL_FAILED;
    }
    kab_err_t err = kab_pg_transaction(&ctl->world.db, retry_noted, &r);
    if (err != KAB_OK) {
        return ctl_fail(ctl, "outbox retry", err);
    }
    printf("outbox: %u message%s tried now\n", r.n, r.n == 1 ? " is" : "s are");
    if (r.id && r.n == 0) {
        ctl_error("it is not waiting, or will be tried within a minute anyway");
        return CTL_FAILED;
    }
    return CTL_DONE;
}

const ctl_command_t ctl_outbox_commands[] = {
    {"outbox list", "[waiting|sent|failed|expired]",
     "Show messages to phones, without what they say",
     "Without a state: those that wait, by their next try; others newest first, up to 1000.\n"
     "Neither text nor number is shown.",
     CTL_WORLD, 0, 1, list},
    {"outbox retry", "[MESSAGE]", "Try waiting messages now, when a provider is well again",
     "All of them, or one. Messages that are due within a minute come by themselves. Those that\n"
     "failed or expired were erased; the person asks for another.",
     CTL_WORLD, 0, 1, retry},
    {0}};

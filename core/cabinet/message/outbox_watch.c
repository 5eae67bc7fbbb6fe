/* The outbox as operators see it, and the one thing that they may do with it. */
#include "cabinet/message/outbox.h"
#include "cabinet/row.h"

#define ROW                                                                                        \
    "SELECT id, kind, account, attempts, created_at, due_at, expires_at, done_at FROM outbox"      \
    " WHERE kind <> 'void' AND state = "

static const kab_sql_t sql_waiting = {"outbox_waiting",
                                      ROW "'waiting' ORDER BY due_at, number LIMIT $1"};
static const kab_sql_t sql_done = {
    "outbox_done", ROW "$2 AND done_at IS NOT NULL ORDER BY done_at DESC, number DESC LIMIT $1"};
static const kab_sql_t sql_retry = {
    "outbox_retry", "UPDATE outbox SET due_at = $1 WHERE state = 'waiting' AND kind <> 'void'"
                    " AND expires_at > $1 AND due_at > $2 AND ($3 IS NULL OR id = $3)"};
static const kab_sql_t sql_wake = {"outbox_wake", "SELECT pg_notify('kabinet_outbox', '')"};

static const char *const states[KAB_OUTBOX_STATES] = {[KAB_OUTBOX_WAITING] = "waiting",
                                                      [KAB_OUTBOX_SENT] = "sent",
                                                      [KAB_OUTBOX_FAILED] = "failed",
                                                      [KAB_OUTBOX_EXPIRED] = "expired"};

const char *kab_outbox_state_name(kab_outbox_state_t state)
{
    return states[state];
}

kab_err_t kab_outbox_list(const kab_world_t *w, kab_outbox_state_t state, kab_outbox_row_t *out,
                          unsigned max, unsigned *n)
{
    kab_rows_t *rows;
    bool waiting = state == KAB_OUTBOX_WAITING;
    kab_param_t params[] = {kab_p_int(max), kab_p_text(kab_span_of(states[state]))};
    kab_err_t err =
        kab_pg_exec(&w->db, waiting ? &sql_waiting : &sql_done, params, waiting ? 1 : 2, &rows);

    *n = err == KAB_OK ? kab_rows_count(rows) : 0;
    for (unsigned i = 0; i < *n; i++) {
        out[i] = (kab_outbox_row_t){.id = kab_rows_uuid(rows, i, 0),
                                    .kind = kab_rows_span(rows, i, 1),
                                    .account = kab_rows_uuid(rows, i, 2),
                                    .attempts = (unsigned)kab_rows_int(rows, i, 3),
                                    .created_at = kab_rows_time(rows, i, 4),
                                    .due_at = kab_rows_time(rows, i, 5),
                                    .expires_at = kab_rows_time(rows, i, 6),
                                    .done_at = kab_rows_time(rows, i, 7)};
    }
    return err;
}

kab_err_t kab_outbox_retry(const kab_world_t *w, const kab_uuid_t *id, unsigned *n)
{
    kab_rows_t *rows;
    kab_time_t now = w->env->now(w->env->ctx);
    kab_param_t params[] = {kab_p_time(now), kab_p_time(now + KAB_OUTBOX_LEASE * KAB_SECOND),
                            kab_p_uuid(id)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_retry, params, 3, &rows);

    *n = err == KAB_OK ? (unsigned)kab_rows_affected(rows) : 0;
    return *n > 0 ? kab_pg_exec(&w->db, &sql_wake, NULL, 0, NULL) : err;
}

#include "cabinet/retention.h"

/* Every table has an index on the column that is asked, of the rows that are. */
#define SWEEP_ONLY(table, column, only)                                                            \
    {                                                                                              \
        "sweep_" table, "DELETE FROM " table " WHERE ctid = ANY (ARRAY(SELECT ctid FROM " table    \
                        " WHERE " column " < $1" only " LIMIT $2))"                                \
    }
#define SWEEP(table, column) SWEEP_ONLY(table, column, "")

static const struct {
    kab_sql_t sql;
    kab_time_t age;
} sweeps[] = {
    {SWEEP("session", "expires_at"), 30 * KAB_DAY},
    {SWEEP("session_end", "at"), KAB_DAY},
    {SWEEP("flow_commit", "created_at"), KAB_DAY},
    {SWEEP("event", "at"), 365 * KAB_DAY},
    {SWEEP("known_browser", "expires_at"), 0},
    {SWEEP("consent", "withdrawn_at"), 3 * 365 * KAB_DAY},
    {SWEEP("limit_count", "ends_at"), 0},
    {SWEEP("activation", "expires_at"), 30 * KAB_DAY},
    {SWEEP("challenge", "expires_at"), 30 * KAB_DAY},
    {SWEEP("outbox", "done_at"), 30 * KAB_DAY},
    {SWEEP("device", "removed_at"), 3 * 365 * KAB_DAY},
    {SWEEP_ONLY("device", "created_at", " AND state = 'pending'"), 30 * KAB_DAY},
};

kab_err_t kab_retention_sweep(const kab_world_t *w)
{
    kab_time_t now = w->env->now(w->env->ctx);
    for (size_t i = 0; i < sizeof sweeps / sizeof *sweeps; i++) {
        kab_param_t params[] = {kab_p_time(now - sweeps[i].age), kab_p_int(KAB_SWEEP_ROWS)};
        for (int batch = 0; batch < KAB_SWEEP_BATCHES; batch++) {
            kab_rows_t *rows;
            kab_err_t err = kab_pg_exec(&w->db, &sweeps[i].sql, params, 2, &rows);
            if (err != KAB_OK) {
                return err;
            }
            if (kab_rows_affected(rows) < KAB_SWEEP_ROWS) {
                break;
            }
        }
    }
    return KAB_OK;
}

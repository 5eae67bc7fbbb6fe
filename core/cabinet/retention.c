#include "cabinet/retention.h"

#include "cabinet/record/record.h"

/* Every table has an index on the column that is asked, of the rows that are; but for cases, which
 * are few. */
#define SWEEP_ONLY(table, column, only)                                                            \
    {                                                                                              \
        "sweep_" table, "DELETE FROM " table " WHERE ctid = ANY (ARRAY(SELECT ctid FROM " table    \
                        " WHERE " column " < $1" only " LIMIT $2))"                                \
    }
#define SWEEP(table, column) SWEEP_ONLY(table, column, "")

enum {
    SESSION,
    SESSION_END,
    FLOW_COMMIT,
    KNOWN_BROWSER,
    LIMIT_COUNT,
    EVENT,
    CONSENT,
    ACTIVATION,
    CHALLENGE,
    OUTBOX,
    DEVICE,
    UNPROVED,
    CASE,
    SWEEPS
};

static const kab_sql_t sql[SWEEPS] = {
    [SESSION] = SWEEP("session", "expires_at"),
    [SESSION_END] = SWEEP("session_end", "at"),
    [FLOW_COMMIT] = SWEEP("flow_commit", "created_at"),
    [KNOWN_BROWSER] = SWEEP("known_browser", "expires_at"),
    [LIMIT_COUNT] = SWEEP("limit_count", "ends_at"),
    [EVENT] = SWEEP("event", "at"),
    [CONSENT] = SWEEP("consent", "withdrawn_at"),
    [ACTIVATION] = SWEEP("activation", "expires_at"),
    [CHALLENGE] = SWEEP("challenge", "expires_at"),
    [OUTBOX] = SWEEP("outbox", "done_at"),
    [DEVICE] = SWEEP("device", "removed_at"),
    [UNPROVED] = SWEEP_ONLY("device", "created_at", " AND state = 'pending'"),
    [CASE] =
        SWEEP_ONLY("moderation", "created_at", " AND state NOT IN ('held', 'open', 'approved')"),
};

static kab_err_t sweep(const kab_world_t *w, const kab_sql_t *statement, kab_time_t before)
{
    kab_param_t params[] = {kab_p_time(before), kab_p_int(KAB_SWEEP_ROWS)};

    for (int batch = 0; batch < KAB_SWEEP_BATCHES; batch++) {
        kab_rows_t *rows;
        kab_err_t err = kab_pg_exec(&w->db, statement, params, 2, &rows);
        if (err != KAB_OK || kab_rows_affected(rows) < KAB_SWEEP_ROWS) {
            return err;
        }
    }
    return KAB_OK;
}

kab_err_t kab_retention_sweep(const kab_world_t *w, const kab_retention_t *keep)
{
    /* A sign-in of the last 30 days makes a change of phone wait (SECURITY 15), a flow lives for
     * hours, an end is heard within seconds. */
    const kab_time_t age[SWEEPS] = {
        [SESSION] = 30 * KAB_DAY,
        [SESSION_END] = KAB_DAY,
        [FLOW_COMMIT] = KAB_DAY,
        [EVENT] = keep->events,
        [CONSENT] = keep->consents,
        [DEVICE] = keep->devices,
        [ACTIVATION] = keep->challenges,
        [CHALLENGE] = keep->challenges,
        [OUTBOX] = keep->challenges,
        [UNPROVED] = keep->challenges,
        [CASE] = keep->audit,
    };
    kab_time_t now = w->env->now(w->env->ctx);

    for (int i = 0; i < SWEEPS; i++) {
        kab_err_t err = sweep(w, &sql[i], now - age[i]);
        if (err != KAB_OK) {
            return err;
        }
    }
    return kab_audit_trim(w, keep->audit);
}

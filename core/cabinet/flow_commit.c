#include "cabinet/flow_commit.h"

static const kab_sql_t sql_add = {"flow_commit_add",
                                  "INSERT INTO flow_commit (flow, version, created_at, result)"
                                  " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"};
static const kab_sql_t sql_get = {
    "flow_commit_get", "SELECT result FROM flow_commit WHERE flow = $1 AND version = $2"};

static const kab_sql_t sql_result = {
    "flow_commit_result", "UPDATE flow_commit SET result = $3 WHERE flow = $1 AND version = $2"};

kab_err_t kab_flow_commit_result(const kab_world_t *w, kab_span_t flow, int64_t version,
                                 kab_span_t result)
{
    kab_param_t params[] = {kab_p_text(flow), kab_p_int(version), kab_p_bytes(result)};
    return kab_pg_later(&w->db, &sql_result, params, 3);
}

kab_err_t kab_flow_commit(const kab_world_t *w, kab_span_t flow, int64_t version, kab_span_t result,
                          bool *again, kab_span_t *earlier)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_text(flow), kab_p_int(version),
                            kab_p_time(w->env->now(w->env->ctx)), kab_p_bytes(result)};
    *again = false;
    *earlier = KAB_NONE;
    kab_err_t err = kab_pg_exec(&w->db, &sql_add, params, 4, &rows);
    if (err != KAB_OK || kab_rows_affected(rows) == 1) {
        return err;
    }
    err = kab_pg_exec(&w->db, &sql_get, params, 2, &rows);
    if (err == KAB_OK && kab_rows_count(rows) == 0) {
        err = KAB_E_UNAVAILABLE; /* swept between the two statements */
    }
    if (err == KAB_OK) {
        *again = true;
        *earlier = kab_rows_span(rows, 0, 0);
    }
    return err;
}

#include "cabinet/health.h"

static const kab_sql_t sql_health = {
    "health", "SELECT current_setting('server_version_num')::bigint,"
              " current_setting('max_connections')::bigint"
              "  - current_setting('superuser_reserved_connections')::bigint,"
              " clock_timestamp(),"
              " current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on'"};

kab_err_t kab_health_db(const kab_world_t *w, kab_health_db_t *out)
{
    kab_rows_t *rows = NULL;
    kab_err_t err = kab_pg_exec(&w->db, &sql_health, NULL, 0, &rows);

    if (err != KAB_OK) {
        return err;
    }
    *out = (kab_health_db_t){.version = kab_rows_int(rows, 0, 0),
                             .max_connections = kab_rows_int(rows, 0, 1),
                             .now = kab_rows_time(rows, 0, 2),
                             .durable = kab_rows_bool(rows, 0, 3)};
    return KAB_OK;
}

kab_err_t kab_health_redis(const kab_world_t *w, kab_span_t *policy)
{
    const kab_span_t ping[] = {KAB_SPAN("PING")};
    const kab_span_t ask[] = {KAB_SPAN("CONFIG"), KAB_SPAN("GET"), KAB_SPAN("maxmemory-policy")};
    const kab_redis_reply_t *reply = NULL;
    kab_err_t err = kab_redis_command(&w->cache, ping, 1, &reply);

    *policy = KAB_NONE;
    if (err != KAB_OK) {
        return err;
    }
    /* Hosted ones forbid CONFIG: that is not the same as being away. */
    if (kab_redis_command(&w->cache, ask, 3, &reply) == KAB_OK && reply->type == KAB_R_ARRAY &&
        reply->n == 2) {
        *policy = reply->item[1].text;
    }
    return KAB_OK;
}

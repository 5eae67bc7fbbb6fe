/* What a test asks the tables directly, and a second world for a second thread. */
#ifndef KAB_STORE_ROWS_H
#define KAB_STORE_ROWS_H

#include "world.h"

static inline int64_t store_count(store_t *s, const char *from_where)
{
    kab_rows_t *rows;
    kab_sql_t *sql = kab_alloc(s->w.arena, sizeof *sql); /* an address of its own */
    *sql = (kab_sql_t){"count", kab_format(s->w.arena, "SELECT count(*) FROM %s", from_where)};
    assert_int_equal(kab_pg_exec(&s->w.db, sql, NULL, 0, &rows), KAB_OK);
    return kab_rows_int(rows, 0, 0);
}

static inline const char *store_id(store_t *s, kab_uuid_t id)
{
    char text[KAB_UUID_SIZE];
    kab_uuid_text(id, text);
    return kab_format(s->w.arena, "%s", text);
}

static inline int64_t store_tampered(store_t *s, kab_uuid_t account)
{
    return store_count(s, kab_format(s->w.arena, "audit WHERE kind = 'tampered' AND account = '%s'",
                                     store_id(s, account)));
}

/* The second connection's world, with an arena and a log of its own. Clock and dice are shared, so
 * a thread in it draws nothing. */
static inline kab_world_t store_second(store_t *s, kab_log_t *log)
{
    kab_world_t w = s->w;
    w.arena = kab_arena_open();
    w.log = log;
    w.db = (kab_db_t){s->other, w.arena, log};
    return w;
}

#endif

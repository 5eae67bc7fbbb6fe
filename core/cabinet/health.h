/*
 * What an operator should know about the two stores (kabinetctl doctor).
 */
#ifndef KAB_HEALTH_H
#define KAB_HEALTH_H

#include "cabinet/world.h"

typedef struct {
    int64_t version;         /* 150004 */
    int64_t max_connections; /* for ordinary users: those kept for superusers are off */
    kab_time_t now;          /* the database's clock */
    bool durable;            /* fsync and full_page_writes are on */
} kab_health_db_t;
kab_err_t kab_health_db(const kab_world_t *w, kab_health_db_t *out);

/* Redis's maxmemory-policy in the arena; empty if it does not tell. */
kab_err_t kab_health_redis(const kab_world_t *w, kab_span_t *policy);

#endif

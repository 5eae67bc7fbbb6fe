/*
 * Numbered migrations (sql/NNN_name.sql), compiled in, each in a transaction of its own, recorded
 * with its SHA-256; an applied one that has changed since is refused.
 */
#ifndef KAB_MIGRATE_H
#define KAB_MIGRATE_H

#include "store/pg.h"

/* Applies what is missing; *applied counts. KAB_E_WRONG_STATE: history differs (logged). */
kab_err_t kab_migrate(const kab_db_t *db, unsigned *applied);
/* How many are missing, without changing anything. */
kab_err_t kab_migrate_pending(const kab_db_t *db, unsigned *pending);

#endif

/*
 * What has had its time is removed, in batches small enough to disturb nobody.
 */
#ifndef KAB_RETENTION_H
#define KAB_RETENTION_H

#include "cabinet/world.h"

/* At most KAB_SWEEP_BATCHES batches of KAB_SWEEP_ROWS a table; what is left waits for the next
 * sweep. Not inside a transaction. The audit is not touched: its tail is archived by hand. */
enum { KAB_SWEEP_ROWS = 1000, KAB_SWEEP_BATCHES = 50 };
kab_err_t kab_retention_sweep(const kab_world_t *w);

#endif

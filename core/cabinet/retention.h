/*
 * What has had its time is removed, in batches small enough to disturb nobody.
 */
#ifndef KAB_RETENTION_H
#define KAB_RETENTION_H

#include "cabinet/world.h"

/* A year of retention: longer than any of the calendar, so that none is cut short. */
#define KAB_YEAR (366 * KAB_DAY)

/* How long what happened is kept (SECURITY 28). */
typedef struct {
    kab_time_t events;
    kab_time_t audit;      /* and cases that are over */
    kab_time_t challenges; /* since they expired; activations and messages likewise, and phones that
                            * were never proved */
    kab_time_t consents;   /* since they were withdrawn */
    kab_time_t devices;    /* since they were removed */
} kab_retention_t;

/* At most KAB_SWEEP_BATCHES batches of KAB_SWEEP_ROWS a table; what is left waits for the next
 * sweep. Not inside a transaction. */
enum { KAB_SWEEP_ROWS = 1000, KAB_SWEEP_BATCHES = 50 };
kab_err_t kab_retention_sweep(const kab_world_t *w, const kab_retention_t *keep);

#endif

/*
 * What makes a flow's commit happen once: a row (flow, version) in the
 * transaction of its change. A repeat, after an answer was lost, finds it.
 */
#ifndef KAB_FLOW_COMMIT_H
#define KAB_FLOW_COMMIT_H

#include "cabinet/world.h"

/* In the caller's transaction, as its first statement: a concurrent repeat waits here until the
 * first one is through. *again: it happened already and *earlier (arena) is its result. */
kab_err_t kab_flow_commit(const kab_world_t *w, kab_span_t flow, int64_t version, kab_span_t result,
                          bool *again, kab_span_t *earlier);
/* What `earlier` of a repeat is; in the same transaction, for who knows it at its end only. */
kab_err_t kab_flow_commit_result(const kab_world_t *w, kab_span_t flow, int64_t version,
                                 kab_span_t result);

#endif

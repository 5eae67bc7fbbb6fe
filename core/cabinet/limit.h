/*
 * Daily limits that must survive and be counted before the act (SECURITY 4, 5, 8, 10, 25): rows in
 * PostgreSQL, keyed by HMACs, in the caller's transaction. For short budgets there is
 * kab_throttle_count in Redis.
 */
#ifndef KAB_LIMIT_H
#define KAB_LIMIT_H

#include "cabinet/world.h"

/* Counts one more of `what` for `key` in its window of `seconds`, which begins with the first one
 * counted. *allowed is false beyond `limit` (then nothing is counted) and *wait says how long. One
 * statement in every case. The row stays locked until the caller's transaction ends: commit before
 * asking anybody outside. KAB_OK, KAB_E_UNAVAILABLE, KAB_E_INTERNAL. */
kab_err_t kab_limit_count(const kab_world_t *w, const char *what, kab_span_t key, unsigned limit,
                          unsigned seconds, bool *allowed, kab_time_t *wait);
/* Gives one back, after a success. */
kab_err_t kab_limit_release(const kab_world_t *w, const char *what, kab_span_t key);

#endif

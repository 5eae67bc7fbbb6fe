/*
 * How long to wait before a repeat: exponential with jitter, so that senders who failed together
 * do not return together. Pure: the dice come from `env`.
 */
#ifndef KAB_RETRY_H
#define KAB_RETRY_H

#include "base/base.h"

typedef struct {
    kab_time_t first, most; /* before the second try; before any later one */
} kab_retry_t;

extern const kab_retry_t kab_retry_message;  /* of the outbox, where nobody stands and waits */
extern const kab_retry_t kab_retry_question; /* within one question to the state base */

#define KAB_RETRY_AFTER_MOST (10 * KAB_MINUTE)

/* After `attempts` failed tries (1 or more): half to all of first × 2^(attempts - 1), at most
 * `most`. Never before `retry_after` has passed (RFC 9110 section 10.2.3; 0: nothing was said),
 * which is believed up to KAB_RETRY_AFTER_MOST. */
kab_time_t kab_retry_wait(const kab_retry_t *policy, unsigned attempts, kab_time_t retry_after,
                          const kab_env_t *env);

#endif

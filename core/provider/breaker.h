/*
 * A circuit breaker: a provider that keeps failing is left alone for a while, so that nobody waits
 * for a time-out that is certain. Pure; whoever shares one holds a lock around each call.
 *
 *   closed ──5 failures in a row──▶ open ──10 s──▶ half open: one trial goes out
 *     ▲                              ▲                │
 *     └──────────── it worked ───────┼────────────────┤
 *                                    └── it failed ───┘
 */
#ifndef KAB_BREAKER_H
#define KAB_BREAKER_H

#include "base/base.h"

enum { KAB_BREAKER_FAILURES = 5 };
#define KAB_BREAKER_PAUSE (10 * KAB_SECOND)
/* Longer than any request: a trial that never told is given up. */
#define KAB_BREAKER_TRIAL KAB_MINUTE

typedef enum { KAB_BREAKER_CLOSED, KAB_BREAKER_OPEN, KAB_BREAKER_HALF_OPEN } kab_breaker_state_t;

/* Zeroed: closed. */
typedef struct {
    kab_breaker_state_t state;
    unsigned failures; /* in a row, while closed */
    uint64_t turn;     /* counts changes of the state */
    kab_time_t since;  /* of the state */
} kab_breaker_t;

/* A ticket for one request, or 0: not now. */
uint64_t kab_breaker_ask(kab_breaker_t *breaker, kab_time_t now);
/* How that request went. What began before the last change of the state counts for nothing. */
void kab_breaker_tell(kab_breaker_t *breaker, kab_time_t now, uint64_t ticket, bool good);
/* After a refusal: how long until it is worth asking again. */
kab_time_t kab_breaker_wait(const kab_breaker_t *breaker, kab_time_t now);

#endif

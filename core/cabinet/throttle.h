/*
 * Tries are reserved before anything is compared or hashed, and given back only
 * on success (SECURITY 7, 10, 11). A lane is the known browser's of an account
 * or, for everybody else, the IIN's. Keys are HMACs: Redis shows no IIN.
 *
 *   failures   0…4   5    6    7    8    9 and on
 *   wait       none  5 s  15 s 60 s 300 s 900 s        one failure is forgotten an hour
 *
 * At 100 failures the strangers' lane says `off`.
 */
#ifndef KAB_THROTTLE_H
#define KAB_THROTTLE_H

#include "cabinet/world.h"

typedef struct {
    unsigned free;            /* failures without a wait */
    unsigned off;             /* failures at which the strangers' lane closes */
    unsigned address;         /* distinct IINs that may fail an hour from one address */
    unsigned address_carrier; /* the same for a carrier's prefixes */
} kab_throttle_limits_t;
extern const kab_throttle_limits_t kab_throttle_default;

/* The state machine itself: pure, time as an argument. */
typedef struct {
    int64_t failures;
    kab_time_t last, until;
} kab_lane_state_t;
typedef struct {
    bool allowed;
    kab_time_t wait;  /* when refused: how long */
    int64_t failures; /* with this try counted */
} kab_try_t;
kab_try_t kab_lane_try(const kab_throttle_limits_t *limits, kab_lane_state_t *state,
                       kab_time_t now);

/* Reserves a try in the lane and counts the IIN against the address: the same two commands for
 * known and unknown. `browser` non-NULL only if the account knows it (then the address budget never
 * refuses, SECURITY 10). KAB_OK with *out, or KAB_E_UNAVAILABLE: then refuse, fail closed. */
kab_err_t kab_throttle_reserve(const kab_world_t *w, const kab_throttle_limits_t *limits,
                               const kab_iin_t *iin, const uint8_t *browser,
                               const uint8_t address[16], bool carrier, kab_try_t *out);
/* Success: a known browser's lane is cleared, the strangers' gets this one try back. Failure is
 * logged only. */
void kab_throttle_release(const kab_world_t *w, const kab_iin_t *iin, const uint8_t *browser,
                          const uint8_t address[16]);

/* What of an address belongs to one owner: of IPv6 the /64. Borrowed. */
kab_span_t kab_throttle_network(const uint8_t address[16]);
/* A plain budget: at most `limit` in `seconds` for (what, key). KAB_E_THROTTLED with *wait. */
kab_err_t kab_throttle_count(const kab_world_t *w, const char *what, kab_span_t key, unsigned limit,
                             unsigned seconds, kab_time_t *wait);

#endif

/*
 * What a stranger sees of somebody who is not there (SECURITY 2): stable, derived from the IIN with
 * a key of its own that is never rotated with others, and spread as real people's numbers are.
 */
#ifndef KAB_DECOY_H
#define KAB_DECOY_H

#include "cabinet/world.h"

/* How people's numbers begin and how many of them have the app. Another table moves the decoys of
 * as many IINs as shares differ; the same one moves none. */
enum { KAB_MASK_WHOLE = 10000, KAB_MASK_SHARE = 1000000 };
typedef struct {
    char prefix[4]; /* "701" */
    uint32_t share; /* 1 to KAB_MASK_SHARE, of the sum of all */
} kab_mask_row_t;
typedef struct {
    uint32_t app; /* of KAB_MASK_WHOLE people: 1 to KAB_MASK_WHOLE - 1 */
    unsigned n;
    kab_mask_row_t row[KAB_PHONE_PREFIXES]; /* ascending, whatever order they came in */
} kab_mask_t;

extern const kab_mask_t kab_mask_default;

/* False: the prefix has a share already, or there is no room. */
bool kab_mask_put(kab_mask_t *mask, const char prefix[3], uint32_t share);

typedef struct {
    kab_uuid_t id;     /* nobody's: looked up like anybody's */
    kab_phone_t phone; /* good for its mask only */
    bool has_app;
} kab_decoy_t;

/* Pure; any thread. */
void kab_decoy(const kab_keyring_t *ring, const kab_mask_t *mask, const kab_iin_t *iin,
               kab_decoy_t *out);

/* ---- a table of the installation's own ---- */

/* A small table would tell about people. */
enum { KAB_MASK_LEAST = 1000 };
typedef struct {
    int64_t people;                    /* not blocked, with a number of the plan */
    int64_t with_app;                  /* of them */
    int64_t others;                    /* with a number that is not of the plan, or not readable */
    int64_t begin[KAB_PHONE_PREFIXES]; /* people by the plan's prefixes */
    kab_uuid_t last;                   /* counted so far; zero: none */
} kab_mask_count_t;

/* Counts the next thousand accounts; *more: there may be others. Not in a transaction: people come
 * and go meanwhile. */
kab_err_t kab_mask_count(const kab_world_t *w, const kab_phone_plan_t *plan,
                         kab_mask_count_t *count, bool *more);
/* Shares of KAB_MASK_WHOLE. A prefix of the plan that few or none have gets the smallest one, or
 * whoever has it would be known for real. False: fewer than KAB_MASK_LEAST people. */
bool kab_mask_of(const kab_phone_plan_t *plan, const kab_mask_count_t *count, kab_mask_t *out);

#endif

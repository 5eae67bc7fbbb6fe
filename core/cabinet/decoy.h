/*
 * What a stranger sees of somebody who is not there (SECURITY 2): stable, derived from the IIN with
 * a key of its own that is never rotated with others. Pure; any thread.
 */
#ifndef KAB_DECOY_H
#define KAB_DECOY_H

#include "cabinet/world.h"

typedef struct {
    kab_uuid_t id;     /* nobody's: looked up like anybody's */
    kab_phone_t phone; /* good for its mask only */
    bool has_app;
} kab_decoy_t;

void kab_decoy(const kab_keyring_t *ring, const kab_iin_t *iin, kab_decoy_t *out);

#endif

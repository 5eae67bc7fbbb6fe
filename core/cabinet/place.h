/*
 * What the things of this room share: where sealed values live, indexes that
 * survive a change of key, and the origin of a request as one sealed value.
 */
#ifndef KAB_PLACE_H
#define KAB_PLACE_H

#include "cabinet/world.h"

/* A row known by a UUID. The place borrows `id`. */
kab_place_t kab_place(const char *table, const char *column, const kab_uuid_t *id);
kab_span_t kab_place_seal(const kab_world_t *w, kab_place_t place,
                          kab_span_t plain); /* empty: failed */
/* False: made elsewhere or changed. Then it is logged and audited (SECURITY 22), best effort:
 * the audit row shares the fate of the caller's transaction. */
bool kab_place_open(const kab_world_t *w, const kab_uuid_t *account, kab_place_t place,
                    kab_span_t sealed, kab_span_t *plain);

/* The index of an IIN under the key to write with and, while a rotation is under way (the ring
 * holds the key before it too), under that one; else both are the same. */
typedef struct {
    uint8_t now[KAB_INDEX_BYTES], before[KAB_INDEX_BYTES];
    uint16_t key_id;
} kab_iin_index_t;
void kab_iin_index(const kab_keyring_t *ring, const kab_iin_t *iin, kab_iin_index_t *out);
/* The same of any value. */
void kab_row_index(const kab_keyring_t *ring, const char *domain, kab_span_t value,
                   kab_iin_index_t *out);
kab_param_t kab_p_index(const uint8_t index[KAB_INDEX_BYTES]); /* borrowed */

/* Address (16) ‖ length of the user agent (2) ‖ user agent ‖ place, sealed. */
kab_span_t kab_origin_seal(const kab_world_t *w, kab_place_t place, const kab_origin_t *origin);
bool kab_origin_open(const kab_world_t *w, const kab_uuid_t *account, kab_place_t place,
                     kab_span_t sealed, kab_origin_t *out);

#endif

/*
 * A child's record as the queue knows it, and who may act for the child.
 */
#ifndef KAB_CHILD_H
#define KAB_CHILD_H

#include "cabinet/world.h"
#include "identity/certificate.h"

typedef struct {
    kab_uuid_t id;
    kab_iin_t iin;
    kab_certificate_t certificate;
    kab_iin_t parent[2];
    bool has_second;
    bool kindergarten; /* else in the queue */
} kab_child_t;

/* Inserts, brings up to the register, or leaves as it is (same data), and makes the guardian's row
 * with its MAC. *changed tells. guardian may be NULL; a child that another account holds stays with
 * it. In a transaction. */
kab_err_t kab_child_import(const kab_world_t *w, kab_child_t *child, const kab_uuid_t *guardian,
                           bool *changed);

/* By IIN; one statement whether the child is known or not. KAB_OK with *found. */
kab_err_t kab_child_find(const kab_world_t *w, const kab_iin_t *iin, kab_child_t *out, bool *found);
/* KAB_E_NOT_FOUND. */
kab_err_t kab_child_get(const kab_world_t *w, kab_uuid_t id, kab_child_t *out);
/* Whether the record names this person as a parent. */
bool kab_child_parent(const kab_child_t *child, const kab_iin_t *iin);

/* The MAC of a guardianship row, under an audit key. */
void kab_guardian_mac(const kab_key_t *key, const kab_uuid_t *id, const kab_uuid_t *child,
                      const kab_uuid_t *account, kab_time_t since, uint8_t mac[KAB_INDEX_BYTES]);

#endif

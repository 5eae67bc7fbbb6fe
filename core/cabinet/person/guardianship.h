/*
 * Who may act for a child: at most one account at a time. Rows are only ended, never changed; each
 * carries a MAC (SECURITY 22).
 */
#ifndef KAB_GUARDIANSHIP_H
#define KAB_GUARDIANSHIP_H

#include "cabinet/person/child.h"

typedef struct {
    kab_uuid_t id, child, account;
    kab_time_t since;
    bool frozen; /* disputed: nobody acts for the child until it is decided */
} kab_guardianship_t;

/* Locks the row for the caller's transaction. KAB_E_NOT_FOUND: nobody holds the child, or the row
 * was changed (audited). */
kab_err_t kab_guardianship_of(const kab_world_t *w, kab_uuid_t child, kab_guardianship_t *out);
/* A child for whom an account acts. */
typedef struct {
    kab_iin_t iin;
    bool kindergarten, frozen;
    kab_time_t since;
} kab_ward_t;
enum { KAB_WARDS = 32 };
/* The account's, in the order in which they came; at most KAB_WARDS. A row that somebody changed is
 * left out, and audited. */
kab_err_t kab_guardianship_list(const kab_world_t *w, kab_uuid_t account, kab_ward_t out[KAB_WARDS],
                                unsigned *n);
/* Ends who held the child and gives it to `account`; nothing changes if that one holds it. In the
 * caller's transaction. */
kab_err_t kab_guardianship_move(const kab_world_t *w, kab_uuid_t child, kab_uuid_t account);
kab_err_t kab_guardianship_freeze(const kab_world_t *w, kab_uuid_t child, bool frozen);

#endif

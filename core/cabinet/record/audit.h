/*
 * How the audit's rows are bound and linked: shared by who writes and who verifies.
 */
#ifndef KAB_AUDIT_H
#define KAB_AUDIT_H

#include "cabinet/world.h"

enum { KAB_AUDIT_MAC = 32 };

typedef struct {
    kab_uuid_t id;
    kab_time_t at;
    kab_span_t account; /* 16 bytes or empty */
    kab_span_t kind, actor;
    kab_span_t details; /* as sealed */
} kab_audit_row_t;

/* `key` is the keyring's; the day's is derived from it. False: out of memory. */
bool kab_audit_mac(kab_arena_t *arena, const kab_key_t *key, const kab_audit_row_t *row,
                   uint8_t out[KAB_AUDIT_MAC]);
void kab_audit_link(const kab_key_t *key, const uint8_t before[KAB_AUDIT_MAC],
                    const uint8_t mac[KAB_AUDIT_MAC], int64_t number, kab_time_t sealed_at,
                    uint8_t out[KAB_AUDIT_MAC]);
/* A row as it is read: the columns of kab_audit_row_good, in this order. */
#define KAB_AUDIT_ROW                                                                              \
    "SELECT id, at, account, kind, actor, details, mac, mac_key, number, link, link_key,"          \
    " sealed_at FROM audit"
/* Whether row `i` of a KAB_AUDIT_ROW is what was written. */
bool kab_audit_row_good(const kab_world_t *w, kab_arena_t *arena, const kab_rows_t *rows,
                        unsigned i);
/* Nobody else changes the chain until the transaction ends; *mine false: somebody else does. */
kab_err_t kab_audit_lock(const kab_db_t *db, bool *mine);
/* The number and link that the first row continues: 0 and zeros, or what retention left. *good
 * false: what it left is changed. */
kab_err_t kab_audit_begin(const kab_world_t *w, int64_t *number, uint8_t link[KAB_AUDIT_MAC],
                          bool *good);
/* Where the database says that the chain stands. */
kab_err_t kab_audit_head(const kab_db_t *db, int64_t *number, uint8_t link[KAB_AUDIT_MAC]);

#endif

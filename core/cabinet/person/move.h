/*
 * What a re-registration changes, at once or when its hold is over: a child's guardian, an
 * account's number (FLOWS 4). Everybody whom it concerns is told. In the caller's transaction.
 */
#ifndef KAB_MOVE_H
#define KAB_MOVE_H

#include "cabinet/person/account.h"
#include "cabinet/session/session.h"

/* The child is `account`'s; who held it before is told and may object for a while, unless
 * operators decided against them lately. */
kab_err_t kab_move_child(const kab_world_t *w, kab_uuid_t child, kab_uuid_t account,
                         const kab_origin_t *origin);
/* The account has this number and nobody else has; its sessions but `keep` (NULL: all) and
 * confirmations end, and the old number is told. `decided`: operators approved it against an
 * objection, so nobody takes it back with a tap. */
kab_err_t kab_move_number(const kab_world_t *w, const kab_account_t *account,
                          const kab_phone_t *phone, const uint8_t *keep, bool decided,
                          const kab_origin_t *origin, kab_ended_t *ended);

/* Whoever is in there is out: the account's sessions but `keep` (NULL: all) and everything that
 * waits for its confirmation end. */
kab_err_t kab_shut_out(const kab_world_t *w, kab_uuid_t account, const uint8_t *keep,
                       kab_ended_t *ended);

#endif

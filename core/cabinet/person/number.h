/*
 * The number of an account. The state hands numbers on, so one that is proved for somebody, by BMG
 * and by a device, is nobody else's any more (FLOWS 4).
 */
#ifndef KAB_NUMBER_H
#define KAB_NUMBER_H

#include "cabinet/world.h"

/* In the caller's transaction. KAB_E_NOT_FOUND: no such account. */
kab_err_t kab_number_set(const kab_world_t *w, kab_uuid_t account, const kab_phone_t *phone);
/* A former number comes back, unless it was proved for somebody else meanwhile: then the account
 * has none. In the caller's transaction. */
kab_err_t kab_number_return(const kab_world_t *w, kab_uuid_t account, const kab_phone_t *phone);
/* Every other account loses the number, its devices on it and what waits for their confirmation; an
 * event says so. In the caller's transaction. */
kab_err_t kab_number_take(const kab_world_t *w, kab_uuid_t account, const kab_phone_t *phone);

#endif

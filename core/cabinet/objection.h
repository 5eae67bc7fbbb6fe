/*
 * «Это был не я» (SECURITY 16, 18): a person takes back a change of the account, from a device or a
 * session that was there before it.
 */
#ifndef KAB_OBJECTION_H
#define KAB_OBJECTION_H

#include "cabinet/event.h"
#include "cabinet/session.h"

/* How long a change may be taken back. */
#define KAB_OBJECTION_TIME (72 * KAB_HOUR)

/* The event's change is off: a device that waits is removed; one that was bound, and a password,
 * end with every session. `since`: when the objector came to be. KAB_E_NOT_FOUND, also for
 * another account's event; KAB_E_WRONG_STATE: nothing to object to, too late, or the objector is
 * younger than the change; KAB_OK again for a repeat. Sessions that ended are added to *ended. In
 * the caller's transaction. */
kab_err_t kab_object(const kab_world_t *w, kab_uuid_t account, kab_time_t since, kab_uuid_t event,
                     const kab_origin_t *origin, kab_ended_t *ended);

#endif

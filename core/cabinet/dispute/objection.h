/*
 * «Это был не я» (SECURITY 16, 18): a person takes back a change of the account, from a device or a
 * session that was there before it.
 */
#ifndef KAB_OBJECTION_H
#define KAB_OBJECTION_H

#include "cabinet/record/event.h"
#include "cabinet/session/session.h"

/* How long a change may be taken back. */
#define KAB_OBJECTION_TIME (72 * KAB_HOUR)

/* A session, or a device, of the account. */
typedef struct {
    kab_uuid_t account;
    kab_time_t since;         /* when it came to be */
    const kab_uuid_t *device; /* NULL: a session */
} kab_objector_t;

/* In time, older than the change, and the change is not the device itself. To a hold and to a child
 * that left, which change nothing of how the account is entered, a later session may object too. */
bool kab_may_object(const kab_world_t *w, const kab_objector_t *who, const kab_event_t *event);

/* The event's change is off: a device that waits is removed; one that was bound, and a password,
 * end with every session. Fills *event. KAB_E_NOT_FOUND, also for another account's event;
 * KAB_E_WRONG_STATE: kab_may_object says no; KAB_OK again for a repeat. Sessions that ended are
 * added to *ended. In the caller's transaction. */
kab_err_t kab_object(const kab_world_t *w, const kab_objector_t *who, kab_uuid_t id,
                     const kab_origin_t *origin, kab_event_t *event, kab_ended_t *ended);

#endif

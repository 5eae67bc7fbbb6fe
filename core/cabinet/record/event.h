/*
 * The person's own feed, «Лента событий», as it is read: what happened to the account, from where,
 * and what of it may still be taken back. It is written by record.h.
 */
#ifndef KAB_EVENT_H
#define KAB_EVENT_H

#include "cabinet/record/record.h"

enum { KAB_EVENTS = 50 }; /* shown at a time */

typedef struct {
    kab_uuid_t id, account;
    kab_span_t kind; /* kab_event_name; in the arena */
    kab_time_t at;
    kab_origin_t origin;     /* empty if the gateway did it */
    kab_uuid_t subject;      /* what it is about; zero: nothing */
    kab_time_t object_until; /* 0: nobody may object */
    kab_time_t objected_at;  /* 0: nobody has */
} kab_event_t;

/* Newest first. */
kab_err_t kab_event_list(const kab_world_t *w, kab_uuid_t account, kab_event_t out[KAB_EVENTS],
                         unsigned *n);
/* Locks the row. KAB_E_NOT_FOUND, also for another account's. */
kab_err_t kab_event_get(const kab_world_t *w, kab_uuid_t account, kab_uuid_t id, kab_event_t *out);
kab_err_t kab_event_objected(const kab_world_t *w, kab_uuid_t id);

#endif

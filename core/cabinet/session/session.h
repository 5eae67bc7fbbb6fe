/*
 * Sessions. The truth (made, ended, total life) is in PostgreSQL; Redis has a
 * sealed copy for 60 s and the idle clock. Ending one inserts a numbered row
 * into session_end, from which every machine hears it (SECURITY 26).
 */
#ifndef KAB_SESSION_H
#define KAB_SESSION_H

#include "cabinet/world.h"
#include "kabinet.h"

typedef struct {
    unsigned idle;  /* seconds */
    unsigned total; /* seconds */
    unsigned max;   /* an account */
} kab_session_limits_t;

typedef struct {
    unsigned n;
    uint8_t (*id)[KAB_SESSION_ID]; /* arena */
} kab_ended_t;

/* Inserts `s` (id, account, public_id, iin, auth_time, expires_at, methods filled by the caller)
 * and ends the oldest of the account beyond limits->max, adding them to *ended. In the caller's
 * transaction, which holds the account, so that none counts past another. */
kab_err_t kab_session_insert(const kab_world_t *w, const kab_session_t *s,
                             const kab_session_limits_t *limits, const uint8_t browser[32],
                             const kab_origin_t *origin, kab_ended_t *ended);
/* The truth of one, by id. KAB_E_NO_SESSION when there is none, it ended, its life or its
 * idle time is over, or its account is blocked. Asks Redis for the idle clock (restarts it when
 * Redis lost its data: an epoch key tells) and leaves a copy there; Redis away is not an error. */
kab_err_t kab_session_find(const kab_world_t *w, const kab_session_limits_t *limits,
                           const uint8_t id[KAB_SESSION_ID], kab_session_t *out);
/* Seconds between two touches of the idle clock in Redis; its life there is longer by as much, so
 * that it never runs out early. */
unsigned kab_session_touch(const kab_session_limits_t *limits);
/* Puts copy and idle clock into Redis; failure is logged only. */
void kab_session_cache(const kab_world_t *w, const kab_session_limits_t *limits,
                       const kab_session_t *s);
/* Removes copies from Redis; failure is logged only. After the commit. */
void kab_session_forget(const kab_world_t *w, const kab_ended_t *ended);

/* Copy in Redis, sealed under its key name. */
kab_span_t kab_session_pack(const kab_world_t *w, const kab_session_t *s);
bool kab_session_unpack(const kab_keyring_t *ring, const uint8_t id[KAB_SESSION_ID],
                        kab_span_t value, kab_session_t *out);

/* Each ends in the caller's transaction and adds to *ended (the rows of session_end too). */
kab_err_t kab_session_end(const kab_world_t *w, const uint8_t id[KAB_SESSION_ID],
                          kab_ended_t *ended);
/* By public id, only of this account; KAB_E_NOT_FOUND. */
kab_err_t kab_session_end_public(const kab_world_t *w, kab_uuid_t account, kab_uuid_t public_id,
                                 kab_ended_t *ended);
/* All of the account but `keep` (NULL: all). */
kab_err_t kab_session_end_all(const kab_world_t *w, kab_uuid_t account, const uint8_t *keep,
                              kab_ended_t *ended);

typedef struct {
    kab_uuid_t public_id;
    uint8_t id[KAB_SESSION_ID];
    kab_time_t created_at, expires_at;
    kab_span_t user_agent, place; /* unsealed, arena */
    uint8_t address[16];
} kab_session_row_t;
/* Live ones, newest first. */
kab_err_t kab_session_list(const kab_world_t *w, kab_uuid_t account, kab_session_row_t **out,
                           unsigned *n);

/* Ended sessions since the number *cursor (0: all of the last `back` seconds), with an overlap
 * of 5 s for rows committed out of order; moves *cursor. */
kab_err_t kab_session_ended_since(const kab_world_t *w, int64_t *cursor, unsigned back,
                                  kab_ended_t *ended);

#endif

/*
 * What waits for somebody's objection, and what operators decide: the one moderation queue
 * (SECURITY 13, 15, 18, 21, 25).
 *
 *   held ──nobody objected until due_at──▶ done, or refused if it no longer may be
 *    │
 *    └──objected──▶ open ──two approve──▶ approved ──▶ done, or refused
 *                     └────two reject───▶ rejected
 *
 * A disputed change that was made already begins as open. The row carries a MAC over its fields,
 * for who could write "approved" needed no operators.
 */
#ifndef KAB_CASE_H
#define KAB_CASE_H

#include "cabinet/world.h"

typedef enum {
    KAB_CASE_GUARDIANSHIP, /* the child moves to the applicant */
    KAB_CASE_NUMBER,       /* the applicant's account gets this number and password */
    KAB_CASE_OBJECTION,    /* «это был не я»: a change that was made is disputed */
    KAB_CASE_KINDS
} kab_case_kind_t;
typedef enum {
    KAB_CASE_HELD,
    KAB_CASE_OPEN,
    KAB_CASE_APPROVED,
    KAB_CASE_DONE,
    KAB_CASE_REJECTED,
    KAB_CASE_REFUSED,
    KAB_CASE_STATES
} kab_case_state_t;
const char *kab_case_kind_name(kab_case_kind_t kind);
const char *kab_case_state_name(kab_case_state_t state);

enum { KAB_OPERATOR = 64 }; /* bytes of a name, NUL included */

typedef struct {
    kab_uuid_t id;
    kab_case_kind_t kind;
    kab_case_state_t state;
    kab_uuid_t applicant; /* OBJECTION: whose account it is about; of a child, who got it */
    kab_iin_t iin;        /* the applicant's; sealed in the row */
    kab_uuid_t holder;    /* whose objection counts; zero: nobody's */
    kab_uuid_t child;     /* zero: no child's */
    kab_uuid_t device;    /* the applicant's app that proved it; OBJECTION: the objector's; zero */
    bool has_phone;
    kab_phone_t phone;            /* NUMBER: the new one; OBJECTION: the disputed one; sealed */
    kab_span_t hash;              /* NUMBER: of the new password, PHC text; sealed; may be empty */
    char opened_by[KAB_OPERATOR]; /* "self", "operator:NAME" */
    kab_time_t created_at, due_at, next_at;
    unsigned told; /* notices of the hold so far */
    kab_time_t objected_at;
    char first_by[KAB_OPERATOR]; /* the first of two who decide; "": nobody yet */
    bool first_approve;
    kab_time_t first_at;
    char decided_by[KAB_OPERATOR]; /* the second */
    kab_time_t decided_at;
    uint8_t mac[32]; /* of the row as it was read or written */
} kab_case_t;

/* Fills id, created_at. KAB_E_WRONG_STATE: there is one already that is not over. In the caller's
 * transaction. */
kab_err_t kab_case_open(const kab_world_t *w, kab_case_t *c);
/* Locks the row for the caller's transaction. KAB_E_NOT_FOUND, also for a row that was changed
 * (audited). */
kab_err_t kab_case_get(const kab_world_t *w, kab_uuid_t id, kab_case_t *out);
/* Writes everything that may change if the row is still as it was read, else KAB_E_WRONG_STATE. One
 * that is over loses number and password. */
kab_err_t kab_case_update(const kab_world_t *w, kab_case_t *c);
/* Oldest first; `all`: also those that are over, newest first. At most `max`. */
kab_err_t kab_case_list(const kab_world_t *w, bool all, kab_case_t *out, unsigned max, unsigned *n);
/* Takes one that is due for a look, held or approved, and puts it off by a minute, so that nobody
 * else takes it and a crash loses nothing. KAB_E_NOT_FOUND: none is. */
kab_err_t kab_case_take(const kab_world_t *w, kab_case_t *out);
/* Whether this account objected to a move of this child and operators decided against it within the
 * last 180 days: then it has no second objection (SECURITY 13). One that was right keeps it, or the
 * applicant whom operators refused would come again the next day. */
kab_err_t kab_case_lost_lately(const kab_world_t *w, kab_uuid_t holder, kab_uuid_t child,
                               bool *lost);

/* Operators decide within so many working days. */
enum { KAB_CASE_DAYS = 5 };
/* The end of the last of them, counted from the day after the objection, Monday to Friday by
 * Kazakhstan's clock. Holidays are not known here. */
kab_time_t kab_case_deadline(kab_time_t objected_at);
/* How many cases wait for operators, and how many of them beyond that time. */
kab_err_t kab_case_waiting(const kab_world_t *w, unsigned *open, unsigned *late);

#endif

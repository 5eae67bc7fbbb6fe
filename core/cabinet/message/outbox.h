/*
 * What must be sent: a row written in the transaction of its cause, sent at least once by a worker
 * that leases it, made once by the provider's idempotency key (the row's id). Bodies, numbers and
 * tokens are sealed and erased when sent or expired (SECURITY 24). A decoy writes a row of kind
 * void, which nobody sends (SECURITY 2).
 */
#ifndef KAB_OUTBOX_H
#define KAB_OUTBOX_H

#include "cabinet/world.h"

typedef enum {
    KAB_OUTBOX_PUSH,
    KAB_OUTBOX_SMS,
    KAB_OUTBOX_VOID,
    KAB_OUTBOX_KINDS
} kab_outbox_kind_t;

typedef struct {
    kab_uuid_t id; /* the idempotency key */
    kab_outbox_kind_t kind;
    kab_uuid_t account;    /* zero: a decoy's */
    kab_uuid_t device;     /* PUSH: whose token is retired when the provider does not know it; else
                            * zero */
    kab_span_t to;         /* E.164 */
    kab_span_t body;       /* SMS: text; PUSH: JSON {"title","body","data","push_token"} */
    kab_time_t expires_at; /* not sent afterwards */
    unsigned attempts;     /* before this one, those of crashed workers too */
} kab_message_t;

/* Fills id. In the caller's transaction; NOTIFY kabinet_outbox goes out with its commit, also for a
 * VOID, whose body and number are any of like size. */
kab_err_t kab_outbox_add(const kab_world_t *w, kab_message_t *message);

/* What waits for this account is not sent: its number is somebody else's from now on. */
kab_err_t kab_outbox_drop(const kab_world_t *w, kab_uuid_t account);

/* Leases up to `max` due rows for 60 s in one short transaction (FOR UPDATE SKIP LOCKED), oldest
 * first; expired ones are erased meanwhile. `out` is the caller's, its spans are in the
 * arena. A row whose sealed values were changed is audited and fails. */
enum { KAB_OUTBOX_LEASE = 60 };
kab_err_t kab_outbox_lease(const kab_world_t *w, kab_message_t *out, unsigned max, unsigned *n);

typedef enum {
    KAB_SENT_OK,            /* taken by the provider: erased */
    KAB_SENT_LATER,         /* try again at `due_at`, unless it expires before */
    KAB_SENT_NEVER,         /* refused for good: erased, counted as failed */
    KAB_SENT_UNKNOWN_DEVICE /* NEVER, and the device's push token is retired, unless it is newer
                             * than the message */
} kab_sent_t;
typedef struct {
    kab_uuid_t id;
    kab_sent_t outcome;
    kab_time_t due_at; /* LATER */
} kab_sent_row_t;
/* Marks a batch in one statement. A row that another worker has finished meanwhile stays as it
 * is. */
kab_err_t kab_outbox_mark(const kab_world_t *w, const kab_sent_row_t *rows, unsigned n);

typedef enum {
    KAB_OUTBOX_WAITING,
    KAB_OUTBOX_SENT,
    KAB_OUTBOX_FAILED,
    KAB_OUTBOX_EXPIRED,
    KAB_OUTBOX_STATES
} kab_outbox_state_t;
const char *kab_outbox_state_name(kab_outbox_state_t state);

/* A message from outside: what it says, to whom and with which token is not for operators
 * (SECURITY 21), and what nobody sends is not shown. */
typedef struct {
    kab_uuid_t id;
    kab_span_t kind; /* "push", "sms" */
    kab_uuid_t account;
    unsigned attempts;
    kab_time_t created_at, due_at, expires_at;
    kab_time_t done_at; /* 0: waiting */
} kab_outbox_row_t;

/* Waiting ones by when they are due, others newest first; texts are in the arena. */
kab_err_t kab_outbox_list(const kab_world_t *w, kab_outbox_state_t state, kab_outbox_row_t *out,
                          unsigned max, unsigned *n);
/* Waiting ones that would not be tried within a lease are due now: all, or this one. Nearer ones
 * may be in a worker's hands, and come by themselves. In the caller's transaction; *n were moved.
 * What failed or expired was erased and cannot be sent again. */
kab_err_t kab_outbox_retry(const kab_world_t *w, const kab_uuid_t *id, unsigned *n);

/* Rows waiting, and the oldest one's age (0: none): for doctor and metrics. */
kab_err_t kab_outbox_backlog(const kab_world_t *w, int64_t *rows, kab_time_t *oldest);

#endif

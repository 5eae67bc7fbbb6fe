/*
 * Operations are tables: every route, every step of a flow and every timer job
 * is one row that says who may call it, from which state, with which fields,
 * and which steps it runs in which lane. The engine knows the rest.
 */
#ifndef KAB_OP_H
#define KAB_OP_H

#include "base/error.h"
#include "base/json.h"
#include "kabinet.h"

/* States of all flows: one enum, named in kab_state_name. Stored as numbers: only add at the end.
 */
typedef enum {
    KAB_STATE_NONE,
    KAB_STATE_IDENTIFY,
    KAB_STATE_PASSWORD,
    KAB_STATE_DONE,
    KAB_STATE_CODE,
    KAB_STATE_ACTIVATE,
    KAB_STATE_EXPLAIN,
    KAB_STATE_EVIDENCE,
    KAB_STATE_CONFIRM,
    KAB_STATE_CONTACT,
    KAB_STATE_HELD,
    KAB_STATES
} kab_state_t;
const char *kab_state_name(kab_state_t state); /* "identify" … */

/*
 * One piece of work in one lane. KAB_OK: on to the next step. Anything else ends
 * the call with that answer, be it an outcome or a fault. A step knows no nginx and no
 * lane but its own.
 */
typedef struct {
    const char *name;
    kab_lane_t lane;
    kab_err_t (*run)(kab_call_t *call);
    unsigned flags;
} kab_step_t;

enum {
    KAB_COMMIT = 1 /* step: changes PostgreSQL; runs even when nobody waits any more */
};

typedef enum {
    KAB_AUTH_NONE,
    KAB_AUTH_FLOW,
    KAB_AUTH_SESSION,
    KAB_AUTH_DEVICE, /* signed by the device that keyid names */
    KAB_AUTH_KEY,    /* signed by a key that the operation finds, named by its thumbprint */
    KAB_AUTH_TIMER
} kab_auth_t;

enum {
    KAB_OP_LOCAL = 1,    /* touches no store: answered in the event loop */
    KAB_OP_GRID = 2,     /* refusals leave on the time grid (SECURITY 6) */
    KAB_OP_STEP = 4,     /* POST /flows/{id}/{step}: the row is found in the flow's own tables */
    KAB_OP_WAITING = 16, /* also for a device that is pending or held */
    KAB_OP_REMOVED = 32, /* also for a device that was removed in the last 30 days */
    KAB_OP_POLL = 8 /* ?wait=&version=: may park until its flow, or its device, is told as a wake */
};

enum { KAB_BODY_MAX = 8192 };

typedef struct {
    const char *name; /* a step's public name; a route's label in metrics */
    kab_auth_t auth;
    kab_state_t from;          /* KAB_AUTH_FLOW: the state that allows it; KAB_STATE_NONE: any */
    const char *method;        /* routes only */
    const char *path;          /* under /kabinet/api/v1, "{id}" matches one segment */
    const kab_field_t *fields; /* NULL: no field is known */
    const kab_step_t *steps;   /* ended by a NULL name */
    unsigned flags;
} kab_op_t;

/* A kind of flow: where it begins, how long it lives, what it accepts. */
typedef struct {
    const char *name;
    kab_state_t begins;
    kab_time_t life;               /* in all */
    kab_time_t idle;               /* since the last step; 0: only life counts */
    const kab_op_t *const *tables; /* ended by NULL; each ended by a NULL name */
    /* DB. Puts into call->data what the page shows in the flow's present state. NULL: nothing. */
    kab_err_t (*describe)(kab_call_t *call);
    /* DB. What has to be done for it to begin, before it is stored; may refuse. NULL: nothing. */
    kab_err_t (*begin)(kab_call_t *call);
    /* Only for who is signed in: it is about the session's account, and every call on it needs a
     * live session of that account (call->session). */
    bool session;
} kab_flow_kind_t;

/* What threads of the http and send lanes keep open: made by the room that knows providers, held by
 * the engine as it is. */
typedef struct {
    void *(*open)(kab_t *kab);  /* shared by all threads; NULL: out of memory */
    void (*stop)(void *shared); /* whoever waits for a provider is let go soon; any thread */
    void (*close)(void *shared);
    void *(*thread_open)(void *shared); /* NULL: out of memory */
    void (*thread_close)(void *of_thread);
} kab_ports_t;

/* All that the engine serves, written out by the rooms above it. */
typedef struct {
    const kab_op_t *const *routes;       /* ended by NULL */
    const kab_flow_kind_t *const *kinds; /* ended by NULL */
    const kab_op_t *timers[KAB_TIMERS];
    const kab_ports_t *ports;
} kab_tables_t;

/* The end of a table. */
#define KAB_OP_END                                                                                 \
    {                                                                                              \
        NULL, KAB_AUTH_NONE, KAB_STATE_NONE, NULL, NULL, NULL, NULL, 0                             \
    }
#define KAB_STEP_END                                                                               \
    {                                                                                              \
        NULL, KAB_LANE_DB, NULL, 0                                                                 \
    }
#define KAB_FIELD_END                                                                              \
    {                                                                                              \
        NULL, KAB_FIELD_TEXT, false, 0                                                             \
    }

#endif

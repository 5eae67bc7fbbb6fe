/*
 * A flow: one attempt at something, bound to one browser by a cookie. Its
 * contents live in Redis, sealed under the key's name, and change only by
 * compare-and-set on the version: of two tabs one wins.
 *
 *     kabinet:{browser}:f:<flow id>   hash: v version, d sealed JSON
 *     kabinet:{browser}:flows         sorted set of the browser's flow ids, at most 8
 *
 * Every change publishes the id on KAB_WAKE_CHANNEL, for long polls.
 *
 * The key is named after the browser, so another browser's flow is simply not there.
 */
#ifndef KAB_FLOW_H
#define KAB_FLOW_H

#include "cabinet/world.h"
#include "engine/op.h"

enum { KAB_FLOW_ID = KAB_WAKE_KEY, KAB_RETURN_MAX = 1024, KAB_FLOWS_A_BROWSER = 8 };

typedef struct {
    char id[KAB_FLOW_ID + 1]; /* base64url of 128 random bits; no secret */
    uint8_t browser[32];      /* id of the flow cookie's token */
    const kab_flow_kind_t *kind;
    kab_state_t state;
    int64_t version;
    kab_time_t created_at, expires_at;
    unsigned lang; /* index of kab_languages */
    char return_to[KAB_RETURN_MAX + 1];
    kab_iin_t iin;      /* empty: not said yet; the session's, if kind->session */
    uint32_t consents;  /* bit i: the configuration's consent i was ticked */
    bool from_login;    /* began as a sign-in, and goes back to it */
    int64_t generation; /* of what the app is given: raised when it is given anew */
    kab_span_t form;    /* what the kind keeps besides: JSON text in the arena, or empty */
} kab_flow_t;

/* Fills id, version 1, times; the caller has set kind, state and browser. */
void kab_flow_new(const kab_world_t *w, kab_flow_t *flow);
/* Stores a new one and drops the browser's oldest flows beyond the limit. KAB_OK or
 * KAB_E_UNAVAILABLE. */
kab_err_t kab_flow_create(const kab_world_t *w, const kab_flow_t *flow);
/* KAB_OK (perhaps expired: the caller looks), KAB_E_FLOW_NOT_FOUND, KAB_E_UNAVAILABLE. */
kab_err_t kab_flow_load(const kab_world_t *w, const kab_flow_kind_t *const *kinds,
                        const uint8_t browser[32], kab_span_t id, kab_flow_t *flow);
/* Stores it as version + 1 if Redis still holds flow->version, and raises flow->version.
 * KAB_E_WRONG_STATE: somebody was faster. */
kab_err_t kab_flow_store(const kab_world_t *w, kab_flow_t *flow);
/* The flow's name in rows of PostgreSQL, in the arena. */
kab_span_t kab_flow_name(kab_arena_t *arena, const kab_flow_t *flow);
/* Something that its page shows changed elsewhere: raises the version of a flow by its name, so
 * that the page looks again. A flow that is gone stays so; failure is logged only. */
void kab_flow_bump(const kab_world_t *w, kab_span_t name);
kab_err_t kab_flow_delete(const kab_world_t *w, const kab_flow_t *flow);

#endif

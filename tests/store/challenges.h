/* Challenges for tests. */
#ifndef KAB_STORE_CHALLENGES_H
#define KAB_STORE_CHALLENGES_H

#include "rows.h"

#include "cabinet/proof/challenge.h"

static inline kab_challenge_t challenge_wanted(store_t *s, bool has_account)
{
    return (kab_challenge_t){.flow = kab_span_of(store_id(s, kab_uuid_new(s->w.env))),
                             .purpose = KAB_SPAN("recovery"),
                             .has_account = has_account,
                             .account = has_account ? kab_uuid_new(s->w.env) : (kab_uuid_t){{0}},
                             .iin = store_iin(s),
                             .browser = KAB_SPAN("Chrome, Windows"),
                             .place = KAB_SPAN("Almaty"),
                             .expires_at = s->now + 5 * KAB_MINUTE};
}

static inline kab_challenge_t challenge_opened(store_t *s, bool has_account)
{
    kab_challenge_t c = challenge_wanted(s, has_account);
    assert_int_equal(kab_challenge_open(&s->w, &c), KAB_OK);
    return c;
}

static inline void challenge_move(store_t *s, kab_challenge_t *c, kab_challenge_state_t to)
{
    kab_challenge_state_t from = c->state;
    c->state = to;
    assert_int_equal(kab_challenge_update(&s->w, c, from), KAB_OK);
}

static inline void challenge_arm(store_t *s, kab_challenge_t *c)
{
    s->env.random(s->env.ctx, c->drawn, sizeof c->drawn);
    c->armed_by = kab_uuid_new(s->w.env);
    challenge_move(s, c, KAB_CHALLENGE_ARMED);
}

#endif

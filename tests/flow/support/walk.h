/* What random walks share: dice, a state base that changes its mind, and phones in other hands.
 * Everything hangs on the seed that is printed: KAB_SEED=n walks another way, KAB_STEPS=n longer.
 */
#ifndef KAB_WALK_H
#define KAB_WALK_H

#include "journey.h"

typedef struct {
    phone_t at; /* first, so that a walk_app_t * is a phone */
    bool asked, bound;
    const char *number; /* it proves */
} walk_app_t;

/* A gateway whose clock moves only when the walk says so. Walks on one server have numbers: one's
 * ids are not another's. */
gateway_t *walk_open(const char *extra, unsigned walk);
unsigned walk_steps(unsigned otherwise);
/* Whether each of so many outcomes was reached. */
bool walk_led_everywhere(const unsigned *reached, int n);
void walk_tell(const char *const *outcome, const unsigned *reached, int n);
unsigned walk_roll(unsigned n); /* 0 to n - 1 */
bool walk_mostly(void);         /* nine of ten */
/* Fails on a status that no page and no app is documented to get. */
void walk_documented(const browser_t *b);
/* What BMG says from now on. True: that the number is theirs. */
bool walk_bmg(gateway_t *g);

void walk_app_away(walk_app_t *app);
/* Asks with what a page shows, and proves the number if the SMS comes. True: it is bound. */
bool walk_app_activate(gateway_t *g, walk_app_t *app, const char *otp, const char *number);
/* Any of the confirmations in the app's list: its id. False: there is none. */
bool walk_app_challenge(walk_app_t *app, char id[40]);
/* Opens it with this sign; the code, borrowed from the answer, or NULL. */
const char *walk_app_open(gateway_t *g, walk_app_t *app, const char *id, const char *sign);
/* «Это был не я» to the newest event of this kind that still takes it. True: it counted. */
bool walk_app_object(gateway_t *g, walk_app_t *app, const char *kind);

#endif

#include "provider/breaker.h"

static void turn_to(kab_breaker_t *breaker, kab_breaker_state_t state, kab_time_t now)
{
    breaker->state = state;
    breaker->failures = 0;
    breaker->since = now;
    breaker->turn++;
}

static kab_time_t pause_of(const kab_breaker_t *breaker)
{
    return breaker->state == KAB_BREAKER_OPEN ? KAB_BREAKER_PAUSE : KAB_BREAKER_TRIAL;
}

/* A clock that was set back must not prolong a pause. */
static bool is_over(const kab_breaker_t *breaker, kab_time_t now)
{
    return now < breaker->since || now - breaker->since >= pause_of(breaker);
}

uint64_t kab_breaker_ask(kab_breaker_t *breaker, kab_time_t now)
{
    if (breaker->state != KAB_BREAKER_CLOSED) {
        if (!is_over(breaker, now)) {
            return 0;
        }
        turn_to(breaker, KAB_BREAKER_HALF_OPEN, now);
    }
    return breaker->turn + 1;
}

void kab_breaker_tell(kab_breaker_t *breaker, kab_time_t now, uint64_t ticket, bool good)
{
    if (ticket != breaker->turn + 1) {
        return;
    }
    if (breaker->state == KAB_BREAKER_HALF_OPEN) {
        turn_to(breaker, good ? KAB_BREAKER_CLOSED : KAB_BREAKER_OPEN, now);
    } else if (good) {
        breaker->failures = 0;
    } else if (++breaker->failures >= KAB_BREAKER_FAILURES) {
        turn_to(breaker, KAB_BREAKER_OPEN, now);
    }
}

kab_time_t kab_breaker_wait(const kab_breaker_t *breaker, kab_time_t now)
{
    if (breaker->state == KAB_BREAKER_CLOSED || is_over(breaker, now)) {
        return 0;
    }
    /* A trial ends when it ends; its limit says little. */
    return breaker->state == KAB_BREAKER_OPEN ? breaker->since + KAB_BREAKER_PAUSE - now
                                              : KAB_SECOND;
}

#include "provider/retry.h"

const kab_retry_t kab_retry_message = {.first = KAB_SECOND, .most = KAB_MINUTE};
const kab_retry_t kab_retry_question = {.first = 200 * KAB_MS, .most = KAB_SECOND};

/* 0 to `most`. */
static kab_time_t roll(const kab_env_t *env, kab_time_t most)
{
    uint64_t dice = 0;

    env->random(env->ctx, (uint8_t *)&dice, sizeof dice);
    return (kab_time_t)(dice % ((uint64_t)most + 1));
}

kab_time_t kab_retry_wait(const kab_retry_t *policy, unsigned attempts, kab_time_t retry_after,
                          const kab_env_t *env)
{
    kab_time_t full = policy->first;

    while (attempts-- > 1 && full < policy->most) {
        full *= 2;
    }
    full = full < policy->most ? full : policy->most;
    kab_time_t wait = full / 2 + roll(env, full - full / 2);
    if (retry_after <= wait) {
        return wait;
    }
    /* All who were turned away heard the same moment. */
    retry_after = retry_after < KAB_RETRY_AFTER_MOST ? retry_after : KAB_RETRY_AFTER_MOST;
    return retry_after + roll(env, policy->first);
}

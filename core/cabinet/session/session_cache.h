/* The idle clock, as session.c asks for it. */
#ifndef KAB_SESSION_CACHE_H
#define KAB_SESSION_CACHE_H

#include "cabinet/session/session.h"

/* True only if Redis surely had the clock and it ran out. See session_cache.c. */
bool kab_session_idle_over(const kab_world_t *w, const kab_session_limits_t *limits,
                           const uint8_t id[KAB_SESSION_ID], kab_time_t created_at);

#endif

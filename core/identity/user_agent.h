/*
 * The name of a browser as people know it, for lists and confirmations. Good
 * enough to recognise one's own; never a proof of anything.
 */
#ifndef KAB_USER_AGENT_H
#define KAB_USER_AGENT_H

#include "base/arena.h"

/* "Chrome, Android", "Firefox, Windows"…; "" if nothing is known. In the arena. */
const char *kab_user_agent_name(kab_arena_t *arena, kab_span_t user_agent);

#endif

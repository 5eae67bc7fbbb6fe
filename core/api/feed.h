/* «Лента событий», as the app and the cabinet see it. */
#ifndef KAB_FEED_H
#define KAB_FEED_H

#include "engine/call.h"

/* DB. {"events":[{id,kind,at,browser?,place?,object_until?,objected?}]}, newest first; object_until
 * is there for what an asker who came to be at `since` may still take back. */
kab_err_t kab_feed_show(kab_call_t *call, kab_uuid_t account, kab_time_t since);
/* DB, commits. «Это был не я» to the event that the path names. */
kab_err_t kab_feed_object(kab_call_t *call, kab_uuid_t account, kab_time_t since);

#endif

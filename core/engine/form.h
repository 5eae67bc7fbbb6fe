/* What a flow keeps of its own between steps: members of a JSON object, sealed with the flow. */
#ifndef KAB_FORM_H
#define KAB_FORM_H

#include "engine/call.h"

/* In the arena; empty: not there. */
kab_span_t kab_form_text(kab_call_t *call, const char *name);
/* An empty text removes the member. Stored with the flow. False: out of memory. */
bool kab_form_put(kab_call_t *call, const char *name, kab_span_t text);

#endif

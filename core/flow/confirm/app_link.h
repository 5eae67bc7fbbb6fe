/*
 * The address that opens the app: what the QR code says and what a person on the same phone follows
 * (FLOWS 3, SECURITY 19). Its secret stands in the fragment, so that it reaches no log, and only a
 * browser with the flow's cookie is given it.
 */
#ifndef KAB_APP_LINK_H
#define KAB_APP_LINK_H

#include "engine/call.h"

/* "https://host[:port]/kabinet/app/#SECRET" for the call's flow, in the arena, a secret; NULL: the
 * flow is not in state activate or code, or out of memory. */
const char *kab_app_link(kab_call_t *call);

#endif

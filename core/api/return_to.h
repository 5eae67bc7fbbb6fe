/* Where a person may be sent after sign-in (SECURITY 30). */
#ifndef KAB_RETURN_TO_H
#define KAB_RETURN_TO_H

#include "base/base.h"

/* A path on this host: '/' followed by neither '/' nor '\', no backslash or control byte before or
 * after one decoding, at most 1,024 bytes, not under /kabinet/. */
bool kab_return_to_ok(kab_span_t path);

#endif

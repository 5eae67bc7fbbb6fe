/* Requests of the app: signed, without cookies (RFC 9421; SECURITY 29). */
#ifndef KAB_SIGNED_H
#define KAB_SIGNED_H

#include "cabinet/proof/device.h"
#include "engine/call.h"
#include "identity/app/http_signature.h"

/* DB. Finds the device that keyid names, checks signature, clock and, for a request that changes
 * something, that it was not seen before; fills call->device. KAB_E_SIGNATURE_INVALID,
 * KAB_E_CLOCK_SKEW, KAB_E_SIGNATURE_REPLAYED, KAB_E_DEVICE_UNKNOWN, KAB_E_DEVICE_HELD. */
kab_err_t kab_enter_device(kab_call_t *call);
/* The device that the request says it is from; nothing is checked yet. LOOP. */
bool kab_signed_device(kab_call_t *call, kab_uuid_t *id);
/* The same for a request of KAB_AUTH_KEY, whose key its operation has found: keyid must be the
 * key's thumbprint (RFC 7638). */
kab_err_t kab_signed_by(kab_call_t *call, const kab_device_key_t *key);

#endif

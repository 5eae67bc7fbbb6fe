/*
 * One table of everything that can go wrong (error.c): name, class, HTTP status,
 * the stable public id. The reason goes to the log, never to the client.
 * "Password wrong" is an outcome of a flow and stands here too, because the
 * answer to a client is made from this table alone.
 */
#ifndef KAB_ERROR_H
#define KAB_ERROR_H

#include "base/base.h"

/* clang-format off */
#define KAB_ERRORS(X)                                                                  \
    /* name                 status  public id            title */                      \
    X(NO_SESSION,           401, "no_session",          "Sign in first")               \
    X(INVALID_CREDENTIALS,  401, "invalid_credentials", "IIN or password is wrong")    \
    X(SIGNATURE_INVALID,    401, "signature_invalid",   "The signature is missing or wrong") \
    X(SIGNATURE_REPLAYED,   401, "signature_replayed",  "This request was seen before") \
    X(CLOCK_SKEW,           401, "clock_skew",          "The device's clock is wrong") \
    X(DEVICE_HELD,          403, "device_held",         "The device waits for its hold") \
    X(DEVICE_UNKNOWN,       404, "device_unknown",      "No such device")              \
    X(PROOF_WRONG,          422, "proof_wrong",         "The code of the SMS is wrong") \
    X(BMG_MISMATCH,         422, "bmg_mismatch",        "Number and IIN do not belong together") \
    X(BMG_NOT_REGISTERED,   422, "bmg_not_registered",  "The number is not registered") \
    X(BMG_CONSENT_REQUIRED, 422, "bmg_consent_required", "Consent by SMS 1414 is needed") \
    X(BMG_CONSENT_DENIED,   422, "bmg_consent_denied",  "Consent by SMS 1414 was denied") \
    X(CROSS_ORIGIN,         403, "cross_origin",        "Not from this origin")        \
    X(HTTPS_REQUIRED,       403, "https_required",      "HTTPS is required")           \
    X(NOT_FOUND,            404, "not_found",           "No such resource")            \
    X(FLOW_NOT_FOUND,       404, "flow_not_found",      "No such flow")                \
    X(METHOD,               405, "method_not_allowed",  "Method not allowed")          \
    X(WRONG_STATE,          409, "wrong_state",         "The flow is in another state")\
    X(FLOW_EXPIRED,         410, "flow_expired",        "The flow has expired")        \
    X(CHALLENGE_BURNED,     410, "challenge_burned",    "The code can no longer be used") \
    X(CODE_WRONG,           422, "code_wrong",          "The code is wrong")           \
    X(EVIDENCE_MISMATCH,    422, "evidence_mismatch",   "The answers do not fit")      \
    X(LENGTH_REQUIRED,      411, "length_required",     "A length is required")        \
    X(TOO_LARGE,            413, "too_large",           "The body is too large")       \
    X(MEDIA_TYPE,           415, "media_type",          "The body must be application/json") \
    X(BAD_REQUEST,          400, "bad_request",         "The request is malformed")    \
    X(VALIDATION,           422, "validation_failed",   "Some fields are wrong")       \
    X(EARLY_DATA,           425, "too_early",           "Not in early data")           \
    X(THROTTLED,            429, "throttled",           "Too many attempts")           \
    X(INTERNAL,             500, "internal",            "Something went wrong")        \
    X(UNAVAILABLE,          503, "service_unavailable", "Temporarily unavailable")     \
    X(OVERLOADED,           503, "overloaded",          "Too busy")
/* clang-format on */

typedef enum {
    KAB_OK = 0,
#define KAB_ERROR_ENUM(name, status, id, title) KAB_E_##name,
    KAB_ERRORS(KAB_ERROR_ENUM)
#undef KAB_ERROR_ENUM
        KAB_ERR_COUNT
} kab_err_t;

typedef struct {
    const char *name;  /* for logs and tests */
    int status;        /* HTTP */
    const char *id;    /* stable, public */
    const char *title; /* English, public, RFC 9457 */
} kab_error_t;

const kab_error_t *kab_error(kab_err_t e); /* never NULL */

#endif

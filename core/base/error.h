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
    X(CROSS_ORIGIN,         403, "cross_origin",        "Not from this origin")        \
    X(HTTPS_REQUIRED,       403, "https_required",      "HTTPS is required")           \
    X(NOT_FOUND,            404, "not_found",           "No such resource")            \
    X(FLOW_NOT_FOUND,       404, "flow_not_found",      "No such flow")                \
    X(METHOD,               405, "method_not_allowed",  "Method not allowed")          \
    X(WRONG_STATE,          409, "wrong_state",         "The flow is in another state")\
    X(FLOW_EXPIRED,         410, "flow_expired",        "The flow has expired")        \
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

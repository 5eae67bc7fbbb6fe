/* Which operation a request means, and whether it may be asked at all. */
#include <string.h>
#include <strings.h>

#include "engine/call.h"

static const kab_span_t api_prefix = KAB_SPAN("/kabinet/api/v1");

/* "/sessions/{id}" against "/sessions/abc": the braces match one segment that is not empty. */
static bool path_matches(const char *pattern, kab_span_t path, kab_span_t params[KAB_PARAMS])
{
    kab_span_t want = kab_span_of(pattern);
    unsigned n = 0;

    while (want.n && path.n) {
        kab_span_t a = kab_span_cut(&want, '/');
        kab_span_t b = kab_span_cut(&path, '/');

        if (a.n && a.p[0] == '{') {
            if (b.n == 0 || n == KAB_PARAMS) {
                return false;
            }
            params[n++] = b;
        } else if (!kab_span_eq(a, b)) {
            return false;
        }
    }
    return want.n == 0 && path.n == 0;
}

static bool method_matches(const char *method, kab_span_t asked)
{
    return kab_span_is(asked, method) || (kab_span_is(asked, "HEAD") && strcmp(method, "GET") == 0);
}

kab_err_t kab_route(kab_call_t *call)
{
    const char *allow = NULL;
    kab_span_t path = call->in.path;

    if (!kab_span_starts(path, "/kabinet/api/v1/") || path.p[path.n - 1] == '/') {
        return KAB_E_NOT_FOUND;
    }
    path.p += api_prefix.n;
    path.n -= api_prefix.n;

    for (const kab_op_t *const *table = call->kab->tables->routes; *table; table++) {
        for (const kab_op_t *op = *table; op->name; op++) {
            if (!path_matches(op->path, path, call->param)) {
                continue;
            }
            if (method_matches(op->method, call->in.method)) {
                call->op = op;
                return KAB_OK;
            }
            allow = allow ? kab_format(call->arena, "%s, %s", allow, op->method) : op->method;
        }
    }
    call->reply.allow = allow;
    return allow ? KAB_E_METHOD : KAB_E_NOT_FOUND;
}

static bool safe_method(kab_span_t method)
{
    return kab_span_is(method, "GET") || kab_span_is(method, "HEAD");
}

/* A name that leads to this machine and that no foreign site can have: a literal, or one of
 * ".localhost" (RFC 6761 section 6.3), by which one machine shows several hosts. */
static bool is_own_name(kab_span_t host)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    static const char suffix[] = ".localhost";
    const size_t tail = sizeof(suffix) - 1;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (kab_span_is(host, names[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < host.n; i++) {
        uint8_t c = host.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.')) {
            return false;
        }
    }
    return host.n > tail && memcmp(host.p + host.n - tail, suffix, tail) == 0;
}

/* Without its port, which is digits. */
static kab_span_t name_of(kab_span_t host)
{
    size_t n = host.n;

    while (n > 0 && host.p[n - 1] >= '0' && host.p[n - 1] <= '9') {
        n--;
    }
    if (n > 0 && n < host.n && host.p[n - 1] == ':') {
        host.n = n - 1;
    }
    return host;
}

/* Only for development: the listener itself, by a name that is this machine's. */
static bool own_loopback(const kab_request_t *in)
{
    kab_span_t origin = in->origin;

    if (!in->loopback || origin.n <= in->scheme.n + 3 ||
        memcmp(origin.p, in->scheme.p, in->scheme.n) != 0 ||
        memcmp(origin.p + in->scheme.n, "://", 3) != 0) {
        return false;
    }
    origin.p += in->scheme.n + 3;
    origin.n -= in->scheme.n + 3;
    return kab_span_eq(origin, in->host) && is_own_name(name_of(origin));
}

/* CONTRACT 1: Origin if it was sent, else Sec-Fetch-Site. */
static bool same_origin(const kab_call_t *call)
{
    const struct kab_config_s *config = call->kab->config;

    if (call->in.origin.n == 0) {
        return kab_span_is(call->in.fetch_site, "same-origin");
    }
    for (unsigned i = 0; i < config->origin_n; i++) {
        if (kab_span_is(call->in.origin, config->origin[i])) {
            return true;
        }
    }
    return config->origin_n == 0 && own_loopback(&call->in);
}

static bool is_json(kab_span_t content_type)
{
    kab_span_t type = kab_span_trim(kab_span_cut(&content_type, ';'));

    return type.n == strlen("application/json") &&
           strncasecmp((const char *)type.p, "application/json", type.n) == 0;
}

kab_err_t kab_admit(const kab_call_t *call)
{
    if (!kab_span_is(call->in.scheme, "https") && !call->in.loopback) {
        return KAB_E_HTTPS_REQUIRED;
    }
    if (call->in.body.n > KAB_BODY_MAX) {
        return KAB_E_TOO_LARGE;
    }
    if (safe_method(call->in.method)) {
        return KAB_OK;
    }
    bool signed_request =
        call->op->auth == KAB_AUTH_DEVICE || call->op->auth == KAB_AUTH_KEY; /* no cookie is read */
    if (!signed_request && !same_origin(call)) {
        return KAB_E_CROSS_ORIGIN;
    }
    if (call->in.body.n && !is_json(call->in.content_type)) {
        return KAB_E_MEDIA_TYPE;
    }
    return KAB_OK;
}

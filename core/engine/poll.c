/* Long polls: `?wait=25&version=7` is answered when the version differs, or when the wait is over.
 */
#include <string.h>

#include "engine/call.h"

enum { LONGEST_WAIT = 25 };                              /* seconds: less than proxies allow */
static const int64_t largest_version = INT64_C(1) << 53; /* what JSON's readers can hold */

/* One text a number: no sign, no zero in front, and no zero. */
static bool read_number(kab_span_t text, int64_t max, int64_t *out)
{
    if (*out || text.n == 0 || text.n > 16 || text.p[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        *out = *out * 10 + (text.p[i] - '0');
    }
    return *out <= max;
}

kab_err_t kab_poll_read(kab_call_t *call)
{
    kab_span_t query = call->in.query;
    int64_t wait = 0;

    if (!(call->op->flags & KAB_OP_POLL)) {
        return KAB_OK;
    }
    while (query.n) {
        kab_span_t value = kab_span_cut(&query, '&');
        kab_span_t name = kab_span_cut(&value, '=');

        if ((kab_span_is(name, "wait") && !read_number(value, LONGEST_WAIT, &wait)) ||
            (kab_span_is(name, "version") &&
             !read_number(value, largest_version, &call->poll.version))) {
            return KAB_E_BAD_REQUEST;
        }
    }
    call->poll.wait = (unsigned)wait;
    if (wait && call->in.body.n) {
        return KAB_E_BAD_REQUEST; /* nobody keeps a body until it is made anew */
    }
    return !wait == !call->poll.version ? KAB_OK : KAB_E_BAD_REQUEST;
}

/* What is asked for is what is waited for: the path's one parameter is the key. A text that can be
 * none is left to the operation to refuse. */
bool kab_call_poll(const kab_call_t *call, kab_poll_t *out)
{
    if (call->ended || !call->poll.wait || call->param[0].n != KAB_WAKE_KEY) {
        return false;
    }
    memcpy(out->key, call->param[0].p, KAB_WAKE_KEY);
    out->wait = call->poll.wait;
    return true;
}

bool kab_call_park(kab_call_t *call, int64_t version)
{
    call->parked = call->poll.wait && call->poll.version == version && !call->in.last_look;
    return call->parked;
}

/* Long polls: `?wait=25&version=7` is answered when the version differs, or when the wait is over.
 * An app waits without a version too: for anything at all. */
#include <string.h>

#include "engine/call.h"
#include "engine/signed.h"

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
    bool both = !wait == !call->poll.version;
    return both || (wait && call->op->auth == KAB_AUTH_DEVICE) ? KAB_OK : KAB_E_BAD_REQUEST;
}

static void device_key(kab_uuid_t id, char key[KAB_B64_SIZE(16)])
{
    kab_b64url(id.b, sizeof(id.b), key);
}

/* What is asked for is what is waited for: a flow by the path's one parameter, confirmations by the
 * device that asks. A text that can be neither is left to the operation to refuse. */
bool kab_call_poll(kab_call_t *call, kab_poll_t *out)
{
    char key[KAB_B64_SIZE(16)];
    kab_uuid_t device;

    if (call->ended || !call->poll.wait) {
        return false;
    }
    out->wait = call->poll.wait;
    if (call->op->auth == KAB_AUTH_DEVICE) {
        if (!kab_signed_device(call, &device)) {
            return false;
        }
        device_key(device, key);
        memcpy(out->key, key, KAB_WAKE_KEY);
        return true;
    }
    if (call->param[0].n != KAB_WAKE_KEY) {
        return false;
    }
    memcpy(out->key, call->param[0].p, KAB_WAKE_KEY);
    return true;
}

bool kab_call_park(kab_call_t *call, int64_t version)
{
    call->parked = call->poll.wait && call->poll.version == version && !call->in.last_look;
    return call->parked;
}

/* Best effort: an app that was not told looks again when its wait is over. */
void kab_wake_devices(kab_call_t *call, const kab_uuid_t *id, unsigned n)
{
    static const kab_script_t script = {
        "wake_devices",
        "for i = 2, #ARGV do redis.call('PUBLISH', ARGV[1], ARGV[i]) end return 1",
    };
    char key[KAB_DEVICES][KAB_B64_SIZE(16)];
    kab_span_t args[1 + KAB_DEVICES] = {KAB_SPAN(KAB_WAKE_CHANNEL)};
    const kab_redis_reply_t *reply;

    for (unsigned i = 0; i < n && i < KAB_DEVICES; i++) {
        device_key(id[i], key[i]);
        args[1 + i] = kab_span_of(key[i]);
    }
    if (kab_redis_script(&call->w.cache, &script, NULL, 0, args, 1 + n, &reply) != KAB_OK) {
        kab_log(&call->log, KAB_LOG_NOTICE, "an app was not told of a confirmation");
    }
}

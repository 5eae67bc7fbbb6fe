#include "engine/signed.h"

#include <string.h>

#include "identity/key/mac.h"

/* SECURITY 29: how far clocks may differ, and how long a signature is remembered: longer than it
 * could still be accepted. */
static const int64_t skew = 60;
static const char replay_life[] = "130";

/* As the client must have written it: an origin of ours and the target of the request line. */
static kab_span_t target_uri(const kab_call_t *call)
{
    const struct kab_config_s *config = call->kab->config;
    const kab_request_t *in = &call->in;
    const char *own =
        kab_format(call->arena, "%.*s://%.*s", (int)in->scheme.n, (const char *)in->scheme.p,
                   (int)in->host.n, (const char *)in->host.p);
    const char *origin = config->origin_n ? config->origin[0] : own;

    if (!own) {
        return KAB_NONE;
    }
    for (unsigned i = 0; i < config->origin_n; i++) {
        if (strcmp(config->origin[i], own) == 0) {
            origin = own;
        }
    }
    return kab_span_of(
        kab_format(call->arena, "%s%.*s", origin, (int)in->target.n, (const char *)in->target.p));
}

static kab_err_t read(kab_call_t *call, kab_signature_t *out)
{
    kab_signed_t in = {
        .method = call->in.method,
        .target_uri = target_uri(call),
        .content_digest = call->in.content_digest,
        .signature_input = call->in.signature_input,
        .signature = call->in.signature,
        .body = call->in.body,
    };

    return kab_http_signature_read(call->arena, &in, out) ? KAB_OK : KAB_E_SIGNATURE_INVALID;
}

/* The signature first: only its owner is told that the clock is wrong. A long poll is looked at
 * again when its wait is over, with the signature that it came with. */
static kab_err_t check(kab_call_t *call, const kab_device_key_t *key, const kab_signature_t *sig)
{
    int64_t now = kab_call_now(call) / KAB_SECOND, past = skew + call->poll.wait;

    if (!kab_device_key_verify(key, sig->base, sig->signature)) {
        return KAB_E_SIGNATURE_INVALID;
    }
    if (sig->created - now > skew || now - sig->created > past ||
        (sig->expires && now > sig->expires + past)) {
        return KAB_E_CLOCK_SKEW;
    }
    return KAB_OK;
}

/* Named by what was signed, not by the signature: ECDSA has many for one message. */
static kab_err_t remember(kab_call_t *call, const kab_signature_t *sig)
{
    uint8_t digest[KAB_MAC_BYTES];
    char name[KAB_HEX_SIZE(KAB_MAC_BYTES)];
    const kab_redis_reply_t *reply;

    if (kab_span_is(call->in.method, "GET") || kab_span_is(call->in.method, "HEAD")) {
        return KAB_OK;
    }
    kab_sha256(sig->base, digest);
    kab_hex(digest, sizeof(digest), name);
    kab_span_t key = kab_span_of(kab_format(call->arena, "kabinet:signed:%.*s:%s",
                                            (int)sig->keyid.n, (const char *)sig->keyid.p, name));
    const kab_span_t command[] = {KAB_SPAN("SET"), key,
                                  KAB_SPAN("1"),   KAB_SPAN("NX"),
                                  KAB_SPAN("EX"),  kab_span_of(replay_life)};
    kab_err_t err = kab_redis_command(&call->w.cache, command, 6, &reply);

    if (err) {
        return err;
    }
    return reply->type == KAB_R_NIL ? KAB_E_SIGNATURE_REPLAYED : KAB_OK;
}

/* A removed one is unknown; one that waits may only look at itself. */
static kab_err_t admit(const kab_call_t *call)
{
    switch (call->device.state) {
    case KAB_DEVICE_ACTIVE:
        return KAB_OK;
    case KAB_DEVICE_HELD:
    case KAB_DEVICE_PENDING:
        return call->op->flags & KAB_OP_WAITING ? KAB_OK : KAB_E_DEVICE_HELD;
    case KAB_DEVICE_REMOVED:
        if ((call->op->flags & KAB_OP_REMOVED) && call->device.active_at &&
            call->device.active_at <= call->device.removed_at && /* it had counted */
            kab_call_now(call) < call->device.removed_at + KAB_DEVICE_REMEMBERED) {
            return KAB_OK;
        }
        break;
    }
    return KAB_E_DEVICE_UNKNOWN;
}

bool kab_signed_device(kab_call_t *call, kab_uuid_t *id)
{
    kab_signature_t sig;

    return read(call, &sig) == KAB_OK && kab_uuid_parse(sig.keyid, id);
}

kab_err_t kab_enter_device(kab_call_t *call)
{
    kab_signature_t sig;
    kab_uuid_t id;
    kab_err_t err = read(call, &sig);

    if (err == KAB_OK && !kab_uuid_parse(sig.keyid, &id)) {
        err = KAB_E_SIGNATURE_INVALID;
    }
    if (err == KAB_OK) {
        err = kab_device_get(&call->w, id, &call->device);
        err = err == KAB_E_NOT_FOUND ? KAB_E_DEVICE_UNKNOWN : err;
    }
    if (err == KAB_OK) {
        err = check(call, &call->device.key, &sig);
    }
    if (err == KAB_OK) {
        err = admit(call);
    }
    return err ? err : remember(call, &sig);
}

kab_err_t kab_signed_by(kab_call_t *call, const kab_device_key_t *key)
{
    char thumbprint[KAB_THUMBPRINT + 1];
    kab_signature_t sig;
    kab_err_t err = read(call, &sig);

    if (err) {
        return err;
    }
    kab_device_key_thumbprint(key, thumbprint);
    if (!kab_span_is(sig.keyid, thumbprint)) {
        return KAB_E_SIGNATURE_INVALID;
    }
    err = check(call, key, &sig);
    return err ? err : remember(call, &sig);
}

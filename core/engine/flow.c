#include "engine/flow.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* An expired flow is kept a while, so that its page is told "expired", not "unknown". */
static const kab_time_t afterlife = 10 * KAB_MINUTE;

/* Each tells the change itself: a poll is woken after it, and never forgotten. */
static const kab_script_t create_script = {
    "flow_create",
    "redis.call('HSET', KEYS[1], 'v', ARGV[1], 'd', ARGV[2]) "
    "redis.call('PEXPIRE', KEYS[1], ARGV[3]) "
    "redis.call('ZADD', KEYS[2], ARGV[4], ARGV[5]) "
    "redis.call('PEXPIRE', KEYS[2], ARGV[3]) "
    "local old = redis.call('ZRANGE', KEYS[2], 0, -(tonumber(ARGV[6]) + 1)) "
    "for _, id in ipairs(old) do "
    "  redis.call('DEL', ARGV[7] .. id) redis.call('ZREM', KEYS[2], id) "
    "  redis.call('PUBLISH', ARGV[8], id) "
    "end "
    "return 1",
};

static const kab_script_t store_script = {
    "flow_store",
    "if redis.call('HGET', KEYS[1], 'v') ~= ARGV[1] then return 0 end "
    "redis.call('HSET', KEYS[1], 'v', ARGV[2], 'd', ARGV[3]) "
    "redis.call('PEXPIRE', KEYS[1], ARGV[4]) "
    "redis.call('PUBLISH', ARGV[6], ARGV[5]) "
    "return 1",
};

static const kab_script_t delete_script = {
    "flow_delete",
    "local n = redis.call('DEL', KEYS[1]) redis.call('ZREM', KEYS[2], ARGV[1]) "
    "redis.call('PUBLISH', ARGV[2], ARGV[1]) "
    "return n",
};

static const kab_script_t bump_script = {
    "flow_bump",
    "if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end "
    "redis.call('PUBLISH', ARGV[2], ARGV[1]) "
    "return redis.call('HINCRBY', KEYS[1], 'v', 1)",
};

typedef struct {
    char flow[96];   /* the flow's key */
    char prefix[64]; /* of every flow of this browser */
    char set[64];    /* the browser's flows */
} flow_keys_t;

static void name_keys(const uint8_t browser[32], const char *id, flow_keys_t *keys)
{
    char tag[KAB_B64_SIZE(16)];

    kab_b64url(browser, 16, tag);
    snprintf(keys->prefix, sizeof(keys->prefix), "kabinet:{%s}:f:", tag);
    snprintf(keys->flow, sizeof(keys->flow), "%s%s", keys->prefix, id);
    snprintf(keys->set, sizeof(keys->set), "kabinet:{%s}:flows", tag);
}

static kab_span_t number(kab_arena_t *arena, int64_t n)
{
    return kab_span_of(kab_format(arena, "%" PRId64, n));
}

static kab_span_t pack(const kab_world_t *w, const kab_flow_t *flow, const char *key)
{
    kab_span_t text = KAB_NONE;
    kab_place_t place = {"flow", "d", kab_span_of(key)};
    json_t *value = json_pack("{s:s, s:i, s:I, s:I, s:i, s:s, s:s, s:i, s:b, s:I, s:s%}", "kind",
                              flow->kind->name, "state", (int)flow->state, "created",
                              (json_int_t)flow->created_at, "expires", (json_int_t)flow->expires_at,
                              "lang", (int)flow->lang, "return", flow->return_to, "iin",
                              flow->iin.digits, "consents", (int)flow->consents, "from_login",
                              (int)flow->from_login, "generation", (json_int_t)flow->generation,
                              "form", flow->form.n ? (const char *)flow->form.p : "", flow->form.n);

    if (value) {
        text = kab_json_text(w->arena, value);
        json_decref(value);
    }
    return text.n ? kab_seal(w->arena, w->ring, w->env, place, text) : KAB_NONE;
}

static const kab_flow_kind_t *find_kind(const kab_flow_kind_t *const *kinds, const char *name)
{
    for (; *kinds; kinds++) {
        if (strcmp((*kinds)->name, name) == 0) {
            return *kinds;
        }
    }
    return NULL;
}

static bool unpack(const kab_world_t *w, const kab_flow_kind_t *const *kinds, kab_span_t sealed,
                   const char *key, kab_flow_t *flow)
{
    const char *kind, *back, *iin, *form = "";
    int state, lang, consents, from_login = 0;
    json_int_t created, expires, generation = 0;
    kab_span_t text;
    kab_place_t place = {"flow", "d", kab_span_of(key)};
    json_t *value;
    bool ok;

    if (!kab_unseal(w->arena, w->ring, place, sealed, &text)) {
        return false;
    }
    value = kab_json_object(text);
    ok = value &&
         json_unpack(value, "{s:s, s:i, s:I, s:I, s:i, s:s, s:s, s:i, s?b, s?I, s?s}", "kind",
                     &kind, "state", &state, "created", &created, "expires", &expires, "lang",
                     &lang, "return", &back, "iin", &iin, "consents", &consents, "from_login",
                     &from_login, "generation", &generation, "form", &form) == 0;
    if (ok) {
        flow->kind = find_kind(kinds, kind);
        flow->state = (kab_state_t)state;
        flow->created_at = created;
        flow->expires_at = expires;
        flow->lang = (unsigned)lang;
        flow->consents = (uint32_t)consents;
        flow->from_login = from_login;
        flow->generation = generation;
        flow->form = kab_copy(w->arena, kab_span_of(form));
        snprintf(flow->return_to, sizeof(flow->return_to), "%s", back);
        snprintf(flow->iin.digits, sizeof(flow->iin.digits), "%s", iin);
        ok = flow->kind && state > KAB_STATE_NONE && state < KAB_STATES;
    }
    json_decref(value);
    return ok;
}

/* Life is counted from the beginning, idleness from now. */
static void set_expiry(const kab_world_t *w, kab_flow_t *flow)
{
    kab_time_t end = flow->created_at + flow->kind->life;
    kab_time_t idle = w->env->now(w->env->ctx) + flow->kind->idle;

    if (flow->kind->idle) {
        flow->expires_at = idle < end ? idle : end;
    } else if (flow->version <= 1) {
        flow->expires_at = end;
    }
}

static kab_span_t life_ms(const kab_world_t *w, const kab_flow_t *flow)
{
    kab_time_t left = flow->expires_at + afterlife - w->env->now(w->env->ctx);

    return number(w->arena, left > KAB_MS ? left / KAB_MS : 1);
}

void kab_flow_new(const kab_world_t *w, kab_flow_t *flow)
{
    uint8_t random[16];

    w->env->random(w->env->ctx, random, sizeof(random));
    kab_b64url(random, sizeof(random), flow->id);
    flow->version = 1;
    flow->created_at = w->env->now(w->env->ctx);
    set_expiry(w, flow);
}

kab_err_t kab_flow_create(const kab_world_t *w, const kab_flow_t *flow)
{
    flow_keys_t keys;
    const kab_redis_reply_t *reply;
    kab_span_t sealed;

    name_keys(flow->browser, flow->id, &keys);
    sealed = pack(w, flow, keys.flow);
    if (sealed.n == 0) {
        return KAB_E_INTERNAL;
    }

    const kab_span_t names[] = {kab_span_of(keys.flow), kab_span_of(keys.set)};
    const kab_span_t args[] = {number(w->arena, flow->version),
                               sealed,
                               life_ms(w, flow),
                               number(w->arena, flow->created_at),
                               kab_span_of(flow->id),
                               number(w->arena, KAB_FLOWS_A_BROWSER),
                               kab_span_of(keys.prefix),
                               KAB_SPAN(KAB_WAKE_CHANNEL)};
    return kab_redis_script(&w->cache, &create_script, names, 2, args, 8, &reply);
}

/* The id comes from outside: only its one canonical form may become part of a key. */
static bool id_ok(kab_span_t id)
{
    uint8_t raw[16];

    return id.n == KAB_FLOW_ID && kab_unb64url(id, raw, sizeof(raw));
}

kab_err_t kab_flow_load(const kab_world_t *w, const kab_flow_kind_t *const *kinds,
                        const uint8_t browser[32], kab_span_t id, kab_flow_t *flow)
{
    flow_keys_t keys;
    const kab_redis_reply_t *reply;
    kab_err_t err;

    if (!id_ok(id)) {
        return KAB_E_FLOW_NOT_FOUND;
    }
    memset(flow, 0, sizeof(*flow));
    memcpy(flow->id, id.p, KAB_FLOW_ID);
    memcpy(flow->browser, browser, sizeof(flow->browser));
    name_keys(browser, flow->id, &keys);

    const kab_span_t argv[] = {KAB_SPAN("HMGET"), kab_span_of(keys.flow), KAB_SPAN("v"),
                               KAB_SPAN("d")};
    err = kab_redis_command(&w->cache, argv, 4, &reply);
    if (err) {
        return err;
    }
    if (reply->type != KAB_R_ARRAY || reply->n != 2 || reply->item[0].type != KAB_R_TEXT ||
        reply->item[1].type != KAB_R_TEXT) {
        return KAB_E_FLOW_NOT_FOUND;
    }
    for (size_t i = 0; i < reply->item[0].text.n; i++) {
        flow->version = flow->version * 10 + (reply->item[0].text.p[i] - '0');
    }
    if (!unpack(w, kinds, reply->item[1].text, keys.flow, flow)) {
        kab_log(w->log, KAB_LOG_WARN, "a flow in Redis cannot be opened");
        return KAB_E_FLOW_NOT_FOUND;
    }
    return KAB_OK;
}

kab_err_t kab_flow_store(const kab_world_t *w, kab_flow_t *flow)
{
    flow_keys_t keys;
    const kab_redis_reply_t *reply;
    kab_span_t sealed;
    kab_err_t err;

    set_expiry(w, flow);
    name_keys(flow->browser, flow->id, &keys);
    sealed = pack(w, flow, keys.flow);
    if (sealed.n == 0) {
        return KAB_E_INTERNAL;
    }

    const kab_span_t names[] = {kab_span_of(keys.flow)};
    const kab_span_t args[] = {number(w->arena, flow->version),
                               number(w->arena, flow->version + 1),
                               sealed,
                               life_ms(w, flow),
                               kab_span_of(flow->id),
                               KAB_SPAN(KAB_WAKE_CHANNEL)};
    err = kab_redis_script(&w->cache, &store_script, names, 1, args, 6, &reply);
    if (err) {
        return err;
    }
    if (reply->type != KAB_R_INT || reply->i != 1) {
        return KAB_E_WRONG_STATE;
    }
    flow->version++;
    return KAB_OK;
}

kab_err_t kab_flow_delete(const kab_world_t *w, const kab_flow_t *flow)
{
    flow_keys_t keys;
    const kab_redis_reply_t *reply;

    name_keys(flow->browser, flow->id, &keys);
    const kab_span_t names[] = {kab_span_of(keys.flow), kab_span_of(keys.set)};
    const kab_span_t args[] = {kab_span_of(flow->id), KAB_SPAN(KAB_WAKE_CHANNEL)};
    return kab_redis_script(&w->cache, &delete_script, names, 2, args, 2, &reply);
}

kab_span_t kab_flow_name(kab_arena_t *arena, const kab_flow_t *flow)
{
    char tag[KAB_B64_SIZE(16)];

    kab_b64url(flow->browser, 16, tag);
    return kab_span_of(kab_format(arena, "%s:%s", tag, flow->id));
}

void kab_flow_bump(const kab_world_t *w, kab_span_t name)
{
    kab_span_t id = name, tag = kab_span_cut(&id, ':');
    const kab_redis_reply_t *reply;
    const kab_span_t keys[] = {kab_span_of(
        kab_format(w->arena, "kabinet:{%.*s}:f:%.*s", (int)tag.n, tag.p, (int)id.n, id.p))};
    const kab_span_t args[] = {id, KAB_SPAN(KAB_WAKE_CHANNEL)};

    if (kab_redis_script(&w->cache, &bump_script, keys, 1, args, 2, &reply) != KAB_OK) {
        kab_log(w->log, KAB_LOG_NOTICE, "a flow's page was not told of a change");
    }
}

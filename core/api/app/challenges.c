/* What the app asks and says about confirmations (CONTRACT 2): list, claim, open, deny. */
#include <string.h>

#include "api/routes.h"
#include "cabinet/person/account.h"
#include "cabinet/proof/challenge.h"
#include "cabinet/record/record.h"
#include "engine/call.h"
#include "identity/key/mac.h"

static json_t *challenge_json(const kab_challenge_t *challenge)
{
    json_t *signs = json_array();
    char id[KAB_UUID_SIZE];

    for (unsigned i = 0; i < KAB_SIGNS; i++) {
        json_array_append_new(signs, json_string(challenge->signs.sign[i]));
    }
    kab_uuid_text(challenge->id, id);
    json_t *row =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "id", id, "purpose",
                  kab_span_json(challenge->purpose), "browser", kab_span_json(challenge->browser),
                  "created_at", kab_time_json(challenge->created_at), "expires_at",
                  kab_time_json(challenge->expires_at), "signs", signs);
    if (row && challenge->place.n) {
        json_object_set_new(row, "place", kab_span_json(challenge->place));
    }
    return row;
}

/* Of what is listed, for those who wait for another list: 0 is the empty one's, which is what an
 * app without a version waits to see changed. */
static int64_t version_of(const kab_challenge_t *found, unsigned n)
{
    struct {
        kab_uuid_t id;
        int64_t state, expires_at;
    } all[KAB_CHALLENGES] = {0};
    uint8_t digest[KAB_MAC_BYTES];
    int64_t version = 0;

    for (unsigned i = 0; i < n; i++) {
        all[i].id = found[i].id;
        all[i].state = found[i].state;
        all[i].expires_at = found[i].expires_at;
    }
    kab_sha256((kab_span_t){(const uint8_t *)all, n * sizeof(*all)}, digest);
    for (unsigned i = 0; i < 6; i++) {
        version = version << 8 | digest[i];
    }
    return n ? version | 1 : 0;
}

/* While operators decide, the objector's app alone is asked (SECURITY 18). */
static kab_err_t list(kab_call_t *call)
{
    kab_challenge_t found[KAB_CHALLENGES];
    unsigned n = 0;
    bool heard = false;
    kab_err_t err = kab_account_hears(&call->w, call->device.account, call->device.id, &heard);

    if (err == KAB_OK && heard) {
        err = kab_challenge_list(&call->w, call->device.account, found, &n);
    }
    if (err) {
        return err;
    }
    int64_t version = version_of(found, n);
    if (kab_call_park(call, version)) {
        return KAB_OK;
    }
    json_t *rows = json_array();
    for (unsigned i = 0; i < n; i++) {
        json_array_append_new(rows, challenge_json(&found[i]));
    }
    call->answer = json_pack("{s:o, s:I}", "challenges", rows, "version", (json_int_t)version);
    return KAB_OK;
}

static const kab_step_t list_steps[] = {{"list", KAB_LANE_DB, list, 0}, KAB_STEP_END};

/* ---- one of this account's, locked ---- */

static kab_err_t mine(kab_call_t *call, const kab_challenge_t *challenge)
{
    const kab_device_t *device = &call->device;
    bool heard = false;
    kab_err_t err = kab_account_hears(&call->w, device->account, device->id, &heard);

    if (err) {
        return err;
    }
    return heard && challenge->has_account &&
                   kab_same(challenge->account.b, device->account.b, sizeof(device->account.b))
               ? KAB_OK
               : KAB_E_NOT_FOUND;
}

static kab_err_t find(kab_call_t *call, kab_challenge_t *out)
{
    kab_uuid_t id;

    if (!kab_uuid_parse(call->param[0], &id)) {
        return KAB_E_NOT_FOUND;
    }
    kab_err_t err = kab_challenge_get(&call->w, id, out);
    return err ? err : mine(call, out);
}

static bool over(const kab_call_t *call, const kab_challenge_t *challenge)
{
    return challenge->state == KAB_CHALLENGE_BURNED || challenge->state == KAB_CHALLENGE_USED ||
           kab_call_now(call) >= challenge->expires_at;
}

static kab_err_t trace(kab_call_t *call, kab_event_kind_t kind)
{
    kab_err_t err = kab_event_add(&call->w, &call->device.account, kind, KAB_NONE, &call->origin);

    return err ? err : kab_audit_add(&call->w, &call->device.account, kind, "self", KAB_NONE);
}

/* ---- claim: the QR of a page, scanned ---- */

static const kab_field_t claim_fields[] = {{"qr", KAB_FIELD_TEXT, true, 64}, KAB_FIELD_END};

static kab_err_t claim(kab_call_t *call)
{
    kab_challenge_t challenge;
    kab_err_t err = kab_challenge_by_qr(&call->w, kab_call_field(call, "qr"), &challenge);

    if (err == KAB_OK) {
        err = mine(call, &challenge);
    }
    if (err == KAB_OK && over(call, &challenge)) {
        err = KAB_E_CHALLENGE_BURNED;
    }
    if (err == KAB_OK) {
        call->answer = challenge_json(&challenge);
    }
    return err;
}

static const kab_step_t claim_steps[] = {{"claim", KAB_LANE_DB, claim, 0}, KAB_STEP_END};

/* ---- open: the right sign makes the code ---- */

static const kab_field_t open_fields[] = {{"sign", KAB_FIELD_TEXT, true, KAB_SIGN}, KAB_FIELD_END};

typedef struct {
    kab_call_t *call;
    kab_challenge_t challenge;
    kab_err_t outcome;
} opening_t;

/* A wrong sign burns the challenge; the browser is not told (SECURITY 1). A repeat with the right
 * one gets the same code. */
static kab_err_t write_open(const kab_db_t *db, void *ctx)
{
    opening_t *opening = ctx;
    kab_call_t *call = opening->call;
    kab_challenge_t *challenge = &opening->challenge;
    kab_err_t err = find(call, challenge);

    (void)db;
    opening->outcome = KAB_E_CHALLENGE_BURNED;
    if (err || over(call, challenge)) {
        return err;
    }
    kab_challenge_state_t from = challenge->state;
    bool right =
        kab_span_is(kab_call_field(call, "sign"), challenge->signs.sign[challenge->signs.right]);
    opening->outcome = right ? KAB_OK : KAB_E_CHALLENGE_BURNED;
    if (right && from == KAB_CHALLENGE_ARMED) {
        return KAB_OK;
    }
    challenge->state = right ? KAB_CHALLENGE_ARMED : KAB_CHALLENGE_BURNED;
    if (!right) {
        challenge->denied_at = kab_call_now(call);
    } else {
        call->kab->env.random(call->kab->env.ctx, challenge->drawn, sizeof(challenge->drawn));
        challenge->armed_by = call->device.id;
    }
    err = kab_challenge_update(&call->w, challenge, from);
    return err ? err : trace(call, right ? KAB_EV_CODE_OPENED : KAB_EV_CODE_DENIED);
}

static kab_err_t open_code(kab_call_t *call)
{
    const struct kab_config_s *config = call->kab->config;
    opening_t opening = {.call = call};
    char code[KAB_CODE_MAX + 1];
    kab_err_t err = kab_pg_transaction(&call->w.db, write_open, &opening);

    if (err || opening.outcome) {
        return err ? err : opening.outcome;
    }
    kab_span_t id = {opening.challenge.id.b, sizeof(opening.challenge.id.b)};
    kab_code_make(config->ring, "code", id, opening.challenge.drawn, config->code.length, code);
    call->answer = json_pack("{s:s, s:o}", "code", code, "expires_at",
                             kab_time_json(opening.challenge.expires_at));
    kab_wipe(code, sizeof(code));
    return KAB_OK;
}

static const kab_step_t open_steps[] = {{"open", KAB_LANE_DB, open_code, KAB_COMMIT}, KAB_STEP_END};

/* ---- deny ---- */

static const kab_field_t deny_fields[] = {{"report", KAB_FIELD_BOOL, false, 0}, KAB_FIELD_END};

static kab_err_t write_deny(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;
    kab_challenge_t challenge;
    kab_err_t err = find(call, &challenge);

    (void)db;
    if (err || over(call, &challenge)) {
        return err;
    }
    kab_challenge_state_t from = challenge.state;
    challenge.state = KAB_CHALLENGE_BURNED;
    challenge.denied_at = kab_call_now(call);
    err = kab_challenge_update(&call->w, &challenge, from);
    if (err == KAB_OK) {
        err = trace(call, KAB_EV_CODE_DENIED);
    }
    if (err == KAB_OK && json_is_true(json_object_get(call->body, "report"))) {
        err = trace(call, KAB_EV_CODE_REPORTED);
    }
    return err;
}

static kab_err_t deny(kab_call_t *call)
{
    return kab_pg_transaction(&call->w.db, write_deny, call);
}

static const kab_step_t deny_steps[] = {{"deny", KAB_LANE_DB, deny, KAB_COMMIT}, KAB_STEP_END};

const kab_op_t kab_app_challenge_routes[] = {
    {"app_challenges", KAB_AUTH_DEVICE, KAB_STATE_NONE, "GET", "/app/challenges", NULL, list_steps,
     KAB_OP_POLL},
    {"app_claim", KAB_AUTH_DEVICE, KAB_STATE_NONE, "POST", "/app/challenges/claim", claim_fields,
     claim_steps, 0},
    {"app_open", KAB_AUTH_DEVICE, KAB_STATE_NONE, "POST", "/app/challenges/{id}/open", open_fields,
     open_steps, 0},
    {"app_deny", KAB_AUTH_DEVICE, KAB_STATE_NONE, "POST", "/app/challenges/{id}/deny", deny_fields,
     deny_steps, 0},
    KAB_OP_END,
};

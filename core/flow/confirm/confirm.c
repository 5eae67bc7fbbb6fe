/* A confirmation by the phone's app: see confirm.h for the picture. */
#include "flow/confirm/confirm.h"

#include <openssl/crypto.h>
#include <string.h>

#include "cabinet/proof/activation.h"
#include "cabinet/message/message.h"
#include "cabinet/message/outbox.h"
#include "cabinet/record/record.h"
#include "engine/form.h"
#include "flow/confirm/activate.h"
#include "flow/flows.h"
#include "identity/user_agent.h"

/* SECURITY 3 and 8: beyond these the challenge waits silently in the app. */
enum { RINGS_HOUR = 3, RINGS_DAY = 6, DENIALS = 2, PASSWORDS = 5 };
/* From one address; behind a mobile operator's are thousands (SECURITY 10). */
enum { BEGINS_HOUR = 60, BEGINS_HOUR_CARRIER = 6000 };

static void code_of(const kab_call_t *call, const kab_challenge_t *challenge,
                    char code[KAB_CODE_MAX + 1])
{
    kab_code_make(call->kab->config->ring, "code",
                  (kab_span_t){challenge->id.b, sizeof(challenge->id.b)}, challenge->drawn,
                  call->kab->config->code.length, code);
}

/* ---- the ring ---- */

/* Two denials silence strangers' rings for a day; one more within the week, for the week. */
static bool silent(const kab_rings_t *rings)
{
    return rings->rings_hour >= RINGS_HOUR || rings->rings_day >= RINGS_DAY ||
           rings->denials_day >= DENIALS || rings->denials_week > DENIALS;
}

/* kabinet_code arm=off: the code goes out with the push. What does not ring stays without one until
 * the app is opened, or the budget of rings would not limit how often a code can be guessed
 * (SECURITY 20). */
static void arm_at_once(kab_call_t *call, kab_challenge_t *challenge)
{
    const kab_env_t *env = &call->kab->env;

    if (!call->kab->config->code.arm && challenge->state == KAB_CHALLENGE_OPEN) {
        challenge->state = KAB_CHALLENGE_ARMED;
        env->random(env->ctx, challenge->drawn, sizeof(challenge->drawn));
    }
}

/* One row in the outbox whatever happens: whoever counts rows learns nothing. */
static kab_err_t ring(kab_call_t *call, const kab_subject_t *subject, kab_challenge_t *challenge)
{
    const kab_world_t *w = &call->w;
    unsigned lang = kab_message_language(subject->account.locale);
    kab_challenge_state_t from = challenge->state;
    kab_rings_t rings;
    kab_err_t err = kab_challenge_rings(w, &call->flow.iin, &rings);

    if (err) {
        return err;
    }
    kab_message_t message = {
        .kind = KAB_OUTBOX_VOID,
        .to = kab_span_of(subject->phone.e164),
        .expires_at = challenge->expires_at,
    };
    if (challenge->has_account && kab_subject_rings(subject) && !silent(&rings)) {
        message.kind = KAB_OUTBOX_PUSH;
        message.account = subject->account.id;
        message.device = subject->device.id;
        arm_at_once(call, challenge);
    }
    char code[KAB_CODE_MAX + 1];
    code_of(call, challenge, code);
    kab_push_text_t push = {
        .what = call->flow.kind->name,
        .challenge = &challenge->id,
        .code = call->kab->config->code.arm ? NULL : code,
        .push_token = subject->device.push_token,
        .ttl = call->kab->config->code.ttl,
    };
    message.body = kab_message_push(call->arena, lang, &push);
    kab_wipe(code, sizeof(code));
    challenge->rung_at = kab_call_now(call);
    err = kab_outbox_add(w, &message);
    return err ? err : kab_challenge_update(w, challenge, from);
}

static kab_err_t send_challenge(kab_call_t *call, const kab_subject_t *subject)
{
    kab_challenge_t challenge = {
        .flow = kab_flow_name(call->arena, &call->flow),
        .purpose = kab_span_of(call->flow.kind->name),
        .has_account = !subject->decoy,
        .iin = call->flow.iin,
        .browser = kab_span_of(kab_user_agent_name(call->arena, call->origin.user_agent)),
        .place = call->origin.place,
        .expires_at = kab_call_now(call) + call->kab->config->code.ttl * KAB_SECOND,
    };
    if (challenge.has_account) {
        challenge.account = subject->account.id;
    }
    kab_err_t err = kab_challenge_open(&call->w, &challenge);

    call->flow.state = KAB_STATE_CODE;
    return err ? err : ring(call, subject, &challenge);
}

/* ---- begin ---- */

typedef struct {
    kab_call_t *call;
    kab_subject_t *subject;
    kab_event_kind_t event;
} beginning_t;

static kab_err_t write_begin(const kab_db_t *db, void *ctx)
{
    const beginning_t *beginning = ctx;
    kab_call_t *call = beginning->call;
    const kab_subject_t *subject = beginning->subject;
    kab_err_t err = subject->has_app ? send_challenge(call, subject)
                                     : kab_activate_show(call, subject, call->flow.kind->session);

    (void)db;
    if (err == KAB_OK) {
        err = kab_trace(&call->w, kab_subject_id(subject), beginning->event, &call->origin);
    }
    return err;
}

/* Apps that wait for something to confirm look again; the same is done for nobody. */
static kab_err_t sent(kab_call_t *call, const kab_subject_t *subject, kab_err_t err)
{
    if (err == KAB_OK) {
        kab_wake_devices(call, subject->app, subject->app_n);
    }
    call->flow_changed = err == KAB_OK;
    return err;
}

kab_err_t kab_confirm_begin(kab_call_t *call, kab_event_kind_t event)
{
    kab_subject_t *subject = kab_alloc(call->arena, sizeof(*subject));
    beginning_t beginning = {call, subject, event};

    if (!subject) {
        return KAB_E_INTERNAL;
    }
    bool carrier = kab_settings_carrier(call->kab->config, call->in.address);
    kab_err_t err =
        kab_throttle_count(&call->w, "confirm", kab_throttle_network(call->in.address),
                           carrier ? BEGINS_HOUR_CARRIER : BEGINS_HOUR, 3600, &call->wait);
    if (err == KAB_OK) {
        err = kab_subject_find(call, subject);
    }
    if (err == KAB_OK) {
        err = kab_pg_transaction(&call->w.db, write_begin, &beginning);
    }
    return sent(call, subject, err);
}

/* ---- the code ---- */

/* Computed for every challenge, armed or not, somebody's or a decoy's; the order is meant. */
static bool code_fits(const kab_call_t *call, const kab_challenge_t *challenge)
{
    const struct kab_config_s *config = call->kab->config;
    kab_span_t typed = kab_call_field(call, "code");
    char code[KAB_CODE_MAX + 1];
    bool fits;

    code_of(call, challenge, code);
    fits = typed.n == config->code.length && CRYPTO_memcmp(typed.p, code, typed.n) == 0;
    kab_wipe(code, sizeof(code));
    return fits && challenge->state == KAB_CHALLENGE_ARMED && challenge->has_account;
}

/* Hashing took its time: the person may be blocked since, or without the number. */
static kab_err_t still_theirs(kab_call_t *call, const kab_confirm_t *confirm)
{
    const kab_challenge_t *challenge = &confirm->challenge;
    const kab_subject_t *was = &confirm->subject;
    kab_subject_t now;
    kab_err_t err = kab_subject_find(call, &now);
    bool theirs = err == KAB_OK && !now.decoy && challenge->has_account &&
                  kab_same(challenge->account.b, now.account.id.b, sizeof(now.account.id.b)) &&
                  strcmp(now.phone.e164, was->phone.e164) == 0;

    kab_wipe(&now, sizeof(now));
    return err ? err : theirs ? KAB_OK : KAB_E_CHALLENGE_BURNED;
}

/* A code is as good as the app that made it, which may be gone since, or be on another number. */
kab_err_t kab_confirm_still(kab_call_t *call, const kab_confirm_t *confirm)
{
    const kab_challenge_t *challenge = &confirm->challenge;
    kab_device_t device;
    kab_err_t err = still_theirs(call, confirm);

    if (err || !call->kab->config->code.arm) {
        return err;
    }
    err = kab_device_get(&call->w, challenge->armed_by, &device);
    bool good = err == KAB_OK && device.state == KAB_DEVICE_ACTIVE && device.has_account &&
                kab_same(device.account.b, challenge->account.b, sizeof(device.account.b)) &&
                strcmp(device.phone.e164, confirm->subject.phone.e164) == 0;

    return good ? KAB_OK : err && err != KAB_E_NOT_FOUND ? err : KAB_E_CHALLENGE_BURNED;
}

typedef struct {
    kab_call_t *call;
    kab_confirm_t *confirm;
    kab_err_t outcome;
} judging_t;

/* A wrong code is counted whatever the challenge has come to meanwhile: what the app did must not
 * be told to the browser (SECURITY 1). */
static kab_err_t write_judgement(const kab_db_t *db, void *ctx)
{
    judging_t *judging = ctx;
    kab_call_t *call = judging->call;
    kab_challenge_t *challenge = &judging->confirm->challenge;
    unsigned most = call->kab->config->code.attempts;
    kab_err_t err =
        kab_challenge_of_flow(&call->w, kab_flow_name(call->arena, &call->flow), challenge);

    (void)db;
    judging->outcome = KAB_E_CHALLENGE_BURNED;
    if (err) {
        return err == KAB_E_NOT_FOUND ? KAB_OK : err;
    }
    kab_challenge_state_t from = challenge->state;
    if (from == KAB_CHALLENGE_USED || kab_call_now(call) >= challenge->expires_at ||
        challenge->attempts >= most || challenge->passwords >= PASSWORDS) {
        return KAB_OK;
    }
    bool accepted = challenge->accepted && from == KAB_CHALLENGE_ARMED; /* nobody denied it since */
    if (accepted || code_fits(call, challenge)) {
        challenge->accepted = true;
        challenge->passwords++;
        judging->outcome = KAB_OK;
    } else if (++challenge->attempts < most) {
        call->attempts_left = (int)(most - challenge->attempts);
        judging->outcome = KAB_E_CODE_WRONG;
    } else {
        challenge->state = KAB_CHALLENGE_BURNED;
    }
    return kab_challenge_update(&call->w, challenge, from);
}

kab_err_t kab_confirm_judge(kab_call_t *call, kab_confirm_t *out)
{
    judging_t judging = {call, out, KAB_OK};
    kab_err_t err = kab_pg_transaction(&call->w.db, write_judgement, &judging);

    return err ? err : judging.outcome;
}

/* ---- send, resend, back ---- */

static kab_err_t write_send(const kab_db_t *db, void *ctx)
{
    (void)db;
    return send_challenge(ctx, ((kab_call_t *)ctx)->scratch);
}

/* Only once an app that speaks for the person came by this page. One that was there before does not
 * count: whoever typed the IIN would learn of it (SECURITY 1). */
static kab_err_t came_by_here(kab_call_t *call, const kab_subject_t *subject)
{
    kab_span_t name = kab_flow_name(call->arena, &call->flow);
    kab_activation_t activation;
    kab_err_t err = kab_activation_of_flow(&call->w, name, call->flow.generation, &activation);

    for (unsigned i = 0; err == KAB_OK && i < subject->app_n && !subject->decoy; i++) {
        if (kab_same(subject->app[i].b, activation.device.b, sizeof(activation.device.b))) {
            return KAB_OK;
        }
    }
    return err && err != KAB_E_NOT_FOUND ? err : KAB_E_WRONG_STATE;
}

static kab_err_t send(kab_call_t *call)
{
    kab_subject_t *subject = call->scratch = kab_alloc(call->arena, sizeof(*subject));
    kab_err_t err = subject ? kab_subject_find(call, subject) : KAB_E_INTERNAL;

    if (err == KAB_OK) {
        err = came_by_here(call, subject);
    }
    if (err) {
        return err;
    }
    return sent(call, subject, kab_pg_transaction(&call->w.db, write_send, call));
}

typedef struct {
    kab_call_t *call;
    kab_challenge_t challenge;
} resending_t;

/* One whose time is over begins anew: a ring for it would lead to nothing. */
static kab_err_t write_resend(const kab_db_t *db, void *ctx)
{
    resending_t *resending = ctx;
    kab_call_t *call = resending->call;
    kab_challenge_t *challenge = &resending->challenge;
    kab_err_t err =
        kab_challenge_of_flow(&call->w, kab_flow_name(call->arena, &call->flow), challenge);

    (void)db;
    if (err) {
        return err == KAB_E_NOT_FOUND ? KAB_E_CHALLENGE_BURNED : err;
    }
    call->wait = challenge->rung_at + KAB_CONFIRM_RESEND * KAB_SECOND - kab_call_now(call);
    if (call->wait > 0) {
        return KAB_E_THROTTLED;
    }
    return kab_call_now(call) < challenge->expires_at ? ring(call, call->scratch, challenge)
                                                      : send_challenge(call, call->scratch);
}

static kab_err_t resend(kab_call_t *call)
{
    kab_subject_t *subject = call->scratch = kab_alloc(call->arena, sizeof(*subject));
    resending_t resending = {.call = call};
    kab_err_t err = subject ? kab_subject_find(call, subject) : KAB_E_INTERNAL;

    if (err == KAB_OK) {
        err = kab_pg_transaction(&call->w.db, write_resend, &resending);
    }
    return sent(call, subject, err);
}

/* To where the person came from; no try is given back. */
static kab_err_t back(kab_call_t *call)
{
    if (call->flow.from_login) {
        call->flow.kind = &kab_flow_login;
        call->flow.state = KAB_STATE_PASSWORD;
    } else {
        bool contact = kab_form_text(call, "phone").n > 0;

        call->flow.state = contact ? KAB_STATE_CONTACT : call->flow.kind->begins;
    }
    call->flow_changed = true;
    return KAB_OK;
}

static const kab_step_t send_steps[] = {{"send", KAB_LANE_DB, send, KAB_COMMIT}, KAB_STEP_END};
static const kab_step_t resend_steps[] = {{"resend", KAB_LANE_DB, resend, KAB_COMMIT},
                                          KAB_STEP_END};
static const kab_step_t back_steps[] = {{"back", KAB_LANE_DB, back, 0}, KAB_STEP_END};

const kab_op_t kab_confirm_ops[] = {
    {"send", KAB_AUTH_FLOW, KAB_STATE_ACTIVATE, NULL, NULL, NULL, send_steps, 0},
    {"back", KAB_AUTH_FLOW, KAB_STATE_ACTIVATE, NULL, NULL, NULL, back_steps, 0},
    {"resend", KAB_AUTH_FLOW, KAB_STATE_CODE, NULL, NULL, NULL, resend_steps, 0},
    {"back", KAB_AUTH_FLOW, KAB_STATE_CODE, NULL, NULL, NULL, back_steps, 0},
    KAB_OP_END,
};

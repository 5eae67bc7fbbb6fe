/*
 * «Активировать приложение»: a signed-in person shows the app a QR code or a one-time password
 * (FLOWS 3). The session speaks for the app, so an older one has nothing to object to (SECURITY
 * 13, 16); the number is proved all the same.
 *
 *   activate ──the app is bound──▶ done
 *
 * It has no steps: a showing that is over is replaced by another flow.
 */
#include "cabinet/throttle.h"
#include "flow/confirm/activate.h"
#include "flow/confirm/confirm.h"
#include "flow/flows.h"

enum { SHOWN_HOUR = 30 }; /* for one account */

static kab_err_t write_begin(const kab_db_t *db, void *ctx)
{
    kab_call_t *call = ctx;

    (void)db;
    return kab_activate_show(call, call->scratch, true);
}

static kab_err_t begin(kab_call_t *call)
{
    kab_subject_t *subject = call->scratch = kab_alloc(call->arena, sizeof(*subject));
    kab_span_t who = {call->session.account.b, sizeof(call->session.account.b)};

    if (!subject) {
        return KAB_E_INTERNAL;
    }
    kab_err_t err = kab_throttle_count(&call->w, "activation", who, SHOWN_HOUR, 3600, &call->wait);
    if (err == KAB_OK) {
        err = kab_subject_find(call, subject);
    }
    if (err == KAB_OK && subject->decoy) { /* there is no number that an app could prove */
        return kab_call_invalid(call, "kind", "phone_missing");
    }
    return err ? err : kab_pg_transaction(&call->w.db, write_begin, call);
}

/* Done is what the app has done, whether the page was told of it or not. */
static kab_err_t describe(kab_call_t *call)
{
    kab_err_t err = kab_confirm_describe(call);

    if (err == KAB_OK && kab_span_is(kab_json_span(call->data, "device"), "active")) {
        call->flow.state = KAB_STATE_DONE;
        json_object_clear(call->data);
    }
    return err;
}

static const kab_op_t *const tables[] = {NULL};

const kab_flow_kind_t kab_flow_activation = {
    .name = "activation",
    .begins = KAB_STATE_ACTIVATE,
    .life = 2 * KAB_HOUR,
    .idle = 30 * KAB_MINUTE,
    .tables = tables,
    .describe = describe,
    .begin = begin,
    .session = true,
};

#include "flow/confirm/subject.h"

#include <string.h>

#include "cabinet/proof/decoy.h"
#include "engine/form.h"

/* Nobody's: the stand-in that this IIN always has. */
static void stand_in(const kab_call_t *call, const kab_decoy_t *decoy, kab_account_t *account)
{
    memset(account, 0, sizeof(*account));
    account->id = decoy->id;
    account->iin = call->flow.iin;
    memcpy(account->locale, kab_languages[call->flow.lang], sizeof(account->locale));
}

/* After an objection only one app speaks for the account. */
static unsigned keep_only(kab_device_t *live, unsigned n, const kab_uuid_t *only)
{
    static const kab_uuid_t none;
    unsigned kept = 0;

    if (kab_same(only->b, none.b, sizeof(none.b))) {
        return n;
    }
    for (unsigned i = 0; i < n; i++) {
        if (kab_same(live[i].id.b, only->b, sizeof(only->b))) {
            live[kept++] = live[i];
        }
    }
    return kept;
}

static void take_apps(kab_subject_t *out, const kab_decoy_t *decoy, const kab_device_t *live,
                      unsigned n)
{
    out->has_app = out->decoy ? decoy->has_app : n > 0;
    out->app_n = out->decoy ? decoy->has_app : n;
    out->app[0] = decoy->id;
    for (unsigned i = 0; i < n; i++) {
        out->app[i] = live[i].id;
    }
    if (n > 0) {
        out->device = live[0];
    }
}

kab_err_t kab_subject_find(kab_call_t *call, kab_subject_t *out)
{
    kab_span_t contact = kab_form_text(call, "phone");
    kab_device_t live[KAB_DEVICES];
    kab_decoy_t decoy;
    bool found;
    unsigned n = 0;

    memset(out, 0, sizeof(*out));
    kab_err_t err = kab_account_find(&call->w, &call->flow.iin, NULL, &out->account, &found);
    if (err) {
        return err;
    }
    kab_decoy(call->kab->config->ring, &call->kab->config->mask, &call->flow.iin, &decoy);
    out->contact = contact.n > 0 && contact.n < KAB_PHONE_SIZE;
    out->fresh = out->contact && !found;
    out->decoy = out->contact ? out->account.blocked
                              : !found || out->account.blocked || !out->account.has_phone;
    if (out->decoy || out->fresh) {
        stand_in(call, &decoy, &out->account);
    }
    out->phone = out->decoy ? decoy.phone : out->account.phone;
    if (out->contact) {
        memset(&out->phone, 0, sizeof(out->phone));
        memcpy(out->phone.e164, contact.p, contact.n);
    }
    err = kab_device_live(&call->w, out->account.id, &out->phone, live, &n);
    if (err == KAB_OK) {
        take_apps(out, &decoy, live, keep_only(live, n, &out->account.only_device));
    }
    kab_wipe(live, sizeof(live));
    return err;
}

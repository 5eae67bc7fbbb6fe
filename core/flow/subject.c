#include "flow/subject.h"

#include <string.h>

#include "cabinet/decoy.h"

kab_err_t kab_subject_find(kab_call_t *call, kab_subject_t *out)
{
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
    out->decoy = !found || out->account.blocked || !out->account.has_phone;
    if (out->decoy) {
        memset(&out->account, 0, sizeof(out->account));
        out->account.id = decoy.id;
        out->account.iin = call->flow.iin;
        memcpy(out->account.locale, kab_languages[call->flow.lang], sizeof(out->account.locale));
    }
    out->phone = out->decoy ? decoy.phone : out->account.phone;
    err = kab_device_live(&call->w, out->account.id, &out->phone, live, &n);
    if (err == KAB_OK) {
        out->has_app = out->decoy ? decoy.has_app : n > 0;
        out->app_n = out->decoy ? decoy.has_app : n;
        out->app[0] = decoy.id;
        for (unsigned i = 0; i < n; i++) {
            out->app[i] = live[i].id;
        }
        if (n > 0) {
            out->device = live[0];
        }
    }
    kab_wipe(live, sizeof(live));
    return err;
}

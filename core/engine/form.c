#include "engine/form.h"

static json_t *open_form(const kab_call_t *call)
{
    return call->flow.form.n ? kab_json_object(call->flow.form) : json_object();
}

kab_span_t kab_form_text(kab_call_t *call, const char *name)
{
    json_t *form = open_form(call);
    kab_span_t text = kab_copy(call->arena, kab_json_span(form, name));

    json_decref(form);
    return text;
}

bool kab_form_put(kab_call_t *call, const char *name, kab_span_t text)
{
    json_t *form = open_form(call);
    bool ok = form && (text.n ? json_object_set_new(form, name, kab_span_json(text)) == 0
                              : (json_object_del(form, name), true));

    if (ok) {
        call->flow.form = kab_json_text(call->arena, form);
        call->flow_changed = true;
        ok = call->flow.form.n > 0;
    }
    json_decref(form);
    return ok;
}

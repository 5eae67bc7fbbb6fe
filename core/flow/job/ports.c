#include "flow/job/ports.h"

#include <stdlib.h>

#include "engine/call.h"

/* A gateway's providers; NULL where none is configured. */
typedef struct {
    kab_provider_t *push, *sms, *bmg;
} providers_t;

static bool open_provider(const kab_t *kab, const kab_provider_settings_t *settings,
                          kab_provider_t **out)
{
    kab_provider_options_t options = {settings->url, settings->token, settings->timeout};
    char why[256];

    if (!settings->url) {
        return true;
    }
    *out = kab_provider_open(&options, &kab->env, why, sizeof(why));
    return *out != NULL;
}

static void ports_close(void *shared)
{
    providers_t *all = shared;

    if (all) {
        kab_provider_close(all->push);
        kab_provider_close(all->sms);
        kab_provider_close(all->bmg);
    }
    free(all);
}

static void ports_stop(void *shared)
{
    const providers_t *all = shared;

    kab_provider_stop(all->push);
    kab_provider_stop(all->sms);
    kab_provider_stop(all->bmg);
}

static void *ports_open(kab_t *kab)
{
    providers_t *all = calloc(1, sizeof(*all));
    const struct kab_config_s *config = kab->config;

    if (all && !(open_provider(kab, &config->push, &all->push) &&
                 open_provider(kab, &config->sms, &all->sms) &&
                 open_provider(kab, &config->bmg, &all->bmg))) {
        ports_close(all);
        return NULL;
    }
    return all;
}

static void thread_close(void *of_thread)
{
    kab_thread_ports_t *ports = of_thread;

    for (unsigned i = 0; ports && i < sizeof(ports->link) / sizeof(ports->link[0]); i++) {
        kab_link_close(ports->link[i]);
    }
    free(ports);
}

static void *thread_open(void *shared)
{
    providers_t *all = shared;
    kab_provider_t *const of[] = {all->push, all->sms, all->bmg};
    kab_thread_ports_t *ports = calloc(1, sizeof(*ports));

    for (unsigned i = 0; ports && i < sizeof(of) / sizeof(of[0]); i++) {
        ports->link[i] = of[i] ? kab_link_open(of[i]) : NULL;
        if (of[i] && !ports->link[i]) {
            thread_close(ports);
            return NULL;
        }
    }
    if (ports && all->push) {
        ports->push = kab_push_over(ports->link[0]);
    }
    if (ports && all->sms) {
        ports->sms = kab_sms_over(ports->link[1]);
    }
    if (ports && all->bmg) {
        ports->bmg = kab_bmg_over(ports->link[2]);
    }
    return ports;
}

const kab_ports_t kab_ports = {ports_open, ports_stop, ports_close, thread_open, thread_close};

/* ---- asking ---- */

static const kab_thread_ports_t *ports_of(const kab_call_t *call)
{
    return call->thread->ports;
}

kab_bmg_answer_t kab_ports_match(kab_call_t *call, kab_span_t iin, kab_span_t phone)
{
    const kab_bmg_t *bmg = &ports_of(call)->bmg;

    return bmg->match ? bmg->match(bmg->ctx, iin, phone)
                      : (kab_bmg_answer_t){KAB_BMG_UNAVAILABLE, "kabinet_bmg is not configured"};
}

kab_err_t kab_ports_verdict(kab_bmg_result_t result)
{
    switch (result) {
    case KAB_BMG_MATCH:
        return KAB_OK;
    case KAB_BMG_MISMATCH:
        return KAB_E_BMG_MISMATCH;
    case KAB_BMG_NOT_REGISTERED:
        return KAB_E_BMG_NOT_REGISTERED;
    case KAB_BMG_CONSENT_REQUIRED:
        return KAB_E_BMG_CONSENT_REQUIRED;
    case KAB_BMG_CONSENT_DENIED:
        return KAB_E_BMG_CONSENT_DENIED;
    case KAB_BMG_UNAVAILABLE:
        break;
    }
    return KAB_E_UNAVAILABLE;
}

static void put_off(kab_send_t *sent, unsigned n, const char *why)
{
    for (unsigned i = 0; i < n; i++) {
        sent[i] = (kab_send_t){KAB_SEND_LATER, 0, why};
    }
}

void kab_ports_push(kab_call_t *call, const kab_push_message_t *messages, unsigned n,
                    kab_time_t until, kab_send_t *sent)
{
    const kab_push_t *push = &ports_of(call)->push;

    if (push->send) {
        push->send(push->ctx, messages, n, until, sent);
    } else {
        put_off(sent, n, "kabinet_push is not configured");
    }
}

void kab_ports_sms(kab_call_t *call, const kab_sms_message_t *messages, unsigned n,
                   kab_time_t until, kab_send_t *sent)
{
    const kab_sms_t *sms = &ports_of(call)->sms;

    if (sms->send) {
        sms->send(sms->ctx, messages, n, until, sent);
    } else {
        put_off(sent, n, "kabinet_sms is not configured");
    }
}

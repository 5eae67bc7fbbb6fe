/*
 * Providers at hand: what a thread of the http and send lanes keeps open, and how an operation asks
 * it. The engine holds it without knowing what it is.
 */
#ifndef KAB_PORTS_H
#define KAB_PORTS_H

#include "engine/op.h"
#include "provider/provider.h"

extern const kab_ports_t kab_ports;

/* A thread's (kab_thread_s.ports): whoever tests puts others here. No function: not configured. */
typedef struct {
    kab_push_t push;
    kab_sms_t sms;
    kab_bmg_t bmg;
    kab_link_t *link[3];
} kab_thread_ports_t;

/* HTTP, SEND. UNAVAILABLE if no provider is configured. */
kab_bmg_answer_t kab_ports_match(kab_call_t *call, kab_span_t iin, kab_span_t phone);
/* KAB_OK for a match, the refusal to tell, KAB_E_UNAVAILABLE. */
kab_err_t kab_ports_verdict(kab_bmg_result_t result);
/* HTTP, SEND. As kab_push_t and kab_sms_t; all are for LATER if no provider is configured. */
void kab_ports_push(kab_call_t *call, const kab_push_message_t *messages, unsigned n,
                    kab_time_t until, kab_send_t *sent);
void kab_ports_sms(kab_call_t *call, const kab_sms_message_t *messages, unsigned n,
                   kab_time_t until, kab_send_t *sent);

#endif

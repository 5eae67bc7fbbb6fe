/*
 * Providers that answer what they are told to and remember what they were given: for tests of
 * whoever uses them. One thread at a time.
 */
#ifndef KAB_SCRIPTED_H
#define KAB_SCRIPTED_H

#include "provider/provider.h"

/* Zeroed: every message is taken, every number matches. */
typedef struct {
    kab_send_t push_answer, sms_answer;
    kab_bmg_result_t bmg_answer;
    unsigned pushes, texts, questions; /* how many came, refused ones too */
    kab_uuid_t key;                    /* of the last message */
    char to[24], text[256], data[256]; /* its number, body, and data as JSON */
    char push_token[256];
    char iin[16], phone[24]; /* of the last question */
} kab_scripted_t;

kab_push_t kab_push_scripted(kab_scripted_t *script);
kab_sms_t kab_sms_scripted(kab_scripted_t *script);
kab_bmg_t kab_bmg_scripted(kab_scripted_t *script);

#endif

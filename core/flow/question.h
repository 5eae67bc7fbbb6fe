/*
 * A question to BMG that outlives its asker (CONTRACT 4): the answer is kept for the flow, so that
 * a repeat finds it, also after a first try that the person did not wait for; the same pair is
 * asked once a flow.
 */
#ifndef KAB_QUESTION_H
#define KAB_QUESTION_H

#include "flow/ports.h"
#include "identity/iin.h"
#include "identity/phone.h"

typedef struct {
    kab_iin_t iin;
    kab_phone_t phone;
    bool ask; /* nobody has asked: it is for this call to ask */
    kab_bmg_result_t result;
} kab_question_t;

/* DB. Before counting: whether it must be asked, or the answer that is kept. KAB_E_UNAVAILABLE: it
 * is being asked just now. */
kab_err_t kab_question_begin(kab_call_t *call, kab_question_t *question);
/* DB. It was not asked after all. */
void kab_question_drop(kab_call_t *call, const kab_question_t *question);
/* HTTP, KAB_COMMIT. The client waits 5 s for it. */
kab_err_t kab_question_ask(kab_call_t *call, kab_question_t *question);
/* DB, KAB_COMMIT. Keeps the answer; one that did not come is forgotten. */
void kab_question_keep(kab_call_t *call, const kab_question_t *question);

#endif

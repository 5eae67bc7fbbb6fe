/*
 * A question to BMG that outlives its asker (CONTRACT 4): the answer is kept for the flow, so that
 * a repeat finds it, also after a first try that the person did not wait for; the same pair is
 * asked once a flow.
 */
#ifndef KAB_QUESTION_H
#define KAB_QUESTION_H

#include "flow/job/ports.h"
#include "identity/iin.h"
#include "identity/phone.h"

typedef struct {
    kab_iin_t iin;
    kab_phone_t phone;
    bool ask; /* nobody has asked: it is for this call to ask */
    kab_bmg_result_t result;
} kab_question_t;

/* DB. Whether it must be asked, or the answer that is kept. What must be asked is counted before:
 * three a day for a person and for a child (NULL: it is about none), five for a number (SECURITY
 * 5). KAB_E_UNAVAILABLE: it is being asked just now; KAB_E_THROTTLED. */
kab_err_t kab_question_begin(kab_call_t *call, kab_question_t *question, const kab_iin_t *child);
/* HTTP, KAB_COMMIT. */
kab_err_t kab_question_ask(kab_call_t *call, kab_question_t *question);
/* DB, KAB_COMMIT. Keeps the answer; one that did not come is forgotten. KAB_OK: it is a match, and
 * the flow is about that number from now on. Else KAB_E_UNAVAILABLE or KAB_E_BMG_MISMATCH: before
 * the number is proved nothing is told but whether it fits. */
kab_err_t kab_question_answer(kab_call_t *call, kab_question_t *question);

#endif

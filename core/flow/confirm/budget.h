/* Tries a day, counted before anything is compared (SECURITY 5, 10, 11). */
#ifndef KAB_BUDGET_H
#define KAB_BUDGET_H

#include "engine/call.h"

typedef struct {
    const char *what;
    kab_span_t key;
    unsigned limit;
} kab_budget_t;

/* DB. One more of each. KAB_E_THROTTLED with call->wait: one of them is used up; those before it
 * are counted all the same. */
kab_err_t kab_budget_count(kab_call_t *call, const kab_budget_t *budgets, unsigned n);
/* DB. After a success. */
kab_err_t kab_budget_release(kab_call_t *call, const kab_budget_t *budgets, unsigned n);

#endif

#include "flow/confirm/budget.h"

#include "cabinet/limit.h"

static const unsigned day = 24 * 3600;

kab_err_t kab_budget_count(kab_call_t *call, const kab_budget_t *budgets, unsigned n)
{
    kab_err_t err = KAB_OK;
    bool allowed = true;

    for (unsigned i = 0; i < n && err == KAB_OK && allowed; i++) {
        err = kab_limit_count(&call->w, budgets[i].what, budgets[i].key, budgets[i].limit, day,
                              &allowed, &call->wait);
    }
    return err ? err : allowed ? KAB_OK : KAB_E_THROTTLED;
}

kab_err_t kab_budget_release(kab_call_t *call, const kab_budget_t *budgets, unsigned n)
{
    kab_err_t err = KAB_OK;

    for (unsigned i = 0; i < n && err == KAB_OK; i++) {
        err = kab_limit_release(&call->w, budgets[i].what, budgets[i].key);
    }
    return err;
}

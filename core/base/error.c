#include "base/error.h"

static const kab_error_t table[KAB_ERR_COUNT] = {[KAB_OK] = {"OK", 200, "ok", "OK"},
#define KAB_ERROR_ROW(name, status, id, title) [KAB_E_##name] = {#name, status, id, title},
                                                 KAB_ERRORS(KAB_ERROR_ROW)
#undef KAB_ERROR_ROW
};

const kab_error_t *kab_error(kab_err_t e)
{
    /* A number from nowhere must not read beyond the table, nor tell a client anything. */
    return (unsigned)e < KAB_ERR_COUNT ? &table[e] : &table[KAB_E_INTERNAL];
}

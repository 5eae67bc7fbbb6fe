#include "flow/flows.h"

const kab_flow_kind_t *const kab_flow_kinds[] = {
    &kab_flow_login,
    NULL,
};

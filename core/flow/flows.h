/* The kinds of flow, one file each; the list is written out in flows.c. */
#ifndef KAB_FLOWS_H
#define KAB_FLOWS_H

#include "engine/op.h"

extern const kab_flow_kind_t kab_flow_login;

extern const kab_flow_kind_t *const kab_flow_kinds[]; /* ended by NULL */

#endif

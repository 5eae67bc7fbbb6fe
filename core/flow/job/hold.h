/* Holds that end, and their notices: a timer job (KAB_TIMER_CASES). */
#ifndef KAB_HOLD_H
#define KAB_HOLD_H

#include "engine/op.h"

extern const kab_op_t kab_case_timer;

#endif

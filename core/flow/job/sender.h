/* The outbox's worker: a timer job (KAB_TIMER_OUTBOX). */
#ifndef KAB_SENDER_H
#define KAB_SENDER_H

#include "engine/op.h"

extern const kab_op_t kab_outbox_timer;

#endif

/*
 * How a case ends: by its hold, which nobody objected to, or by two operators (SECURITY 13, 15, 21,
 * 25).
 */
#ifndef KAB_SETTLEMENT_H
#define KAB_SETTLEMENT_H

#include "cabinet/dispute/case.h"
#include "cabinet/session/session.h"

/* A change that must wait, until c->due_at: the case is opened, who may object is told at once
 * (then after 1, 12 and 23 hours), and an event says so. The caller sets all but id, state,
 * opened_by and times of notices. KAB_E_WRONG_STATE: such a case is there already. In the caller's
 * transaction. */
kab_err_t kab_hold_begin(const kab_world_t *w, kab_case_t *c, const kab_origin_t *origin);
/* The next notice of a hold that is not over. In the caller's transaction. */
kab_err_t kab_hold_remind(const kab_world_t *w, kab_case_t *c);
/* A held case that is due, or an approved one: parentage and blocks are looked at again, and it is
 * done, or refused. BMG was asked just before and said `match`. In the caller's transaction; the
 * row's lock makes it happen once. */
kab_err_t kab_case_execute(const kab_world_t *w, kab_uuid_t id, bool match, kab_ended_t *ended);

/* One operator's word on an open case. `iin` is the operator's own. */
typedef struct {
    const char *actor; /* "operator:NAME" */
    kab_iin_t iin;
    bool approve;
} kab_word_t;
/* Two different people must say the same; neither may be concerned, nor have opened it. NULL, or
 * why not: then nothing changes but the audit. *err: a fault. *final: it is decided; sessions that
 * ended are added to *ended. In the caller's transaction. */
const char *kab_case_decide(const kab_world_t *w, kab_case_t *c, const kab_word_t *word,
                            bool *final, kab_ended_t *ended, kab_err_t *err);

#endif

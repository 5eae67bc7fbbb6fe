/*
 * What happened: the person's own feed (event) and the operators' chained log
 * (audit). Both are written in the transaction of their cause.
 */
#ifndef KAB_RECORD_H
#define KAB_RECORD_H

#include "cabinet/world.h"

typedef enum {
    KAB_EV_SIGN_IN,
    KAB_EV_SIGN_IN_FAILED,
    KAB_EV_SIGN_OUT,
    KAB_EV_PASSWORD_CHANGED,
    KAB_EV_CONSENT_GIVEN,
    KAB_EV_CONSENT_WITHDRAWN,
    KAB_EV_SESSIONS_ENDED,
    KAB_EV_BLOCKED,
    KAB_EV_UNBLOCKED,
    KAB_EV_CREATED,
    KAB_EV_IMPORTED,
    KAB_EV_LOCALE,
    KAB_EV_UNSAFE_START,
    KAB_EV_TAMPERED,
    KAB_EV_AUDIT_TRIMMED,
    KAB_EV_OUTBOX_RETRIED,
    KAB_EV_RECOVERY,
    KAB_EV_CODE_OPENED,
    KAB_EV_CODE_DENIED,
    KAB_EV_CODE_REPORTED,
    KAB_EV_DEVICE,
    KAB_EV_DEVICE_REMOVED,
    KAB_EV_PHONE_LOST,
    KAB_EV_OBJECTED,
    KAB_EV_REREGISTRATION,
    KAB_EV_NUMBER_ASKED,
    KAB_EV_NUMBER_CHANGED,
    KAB_EV_CHILD_CAME,
    KAB_EV_CHILD_LEFT,
    KAB_EV_HOLD,
    KAB_EV_HOLD_OVER,
    KAB_EV_CASE,
    KAB_EV_KINDS
} kab_event_kind_t;
const char *kab_event_name(kab_event_kind_t kind); /* "sign_in" … */

/* account NULL: nobody's (a decoy writes its row too). actor: "self", "operator:NAME", "gateway".
 * details: JSON object text without an IIN, phone, code, password or token; may be empty. Sealed.
 */
kab_err_t kab_event_add(const kab_world_t *w, const kab_uuid_t *account, kab_event_kind_t kind,
                        kab_span_t details, const kab_origin_t *origin);
/* The same for a change that may be taken back: about `subject` (a device, or NULL), by those who
 * were there before, until `object_until` (0: by nobody). */
kab_err_t kab_event_add_change(const kab_world_t *w, const kab_uuid_t *account,
                               kab_event_kind_t kind, const kab_uuid_t *subject,
                               kab_time_t object_until, const kab_origin_t *origin);
kab_err_t kab_audit_add(const kab_world_t *w, const kab_uuid_t *account, kab_event_kind_t kind,
                        const char *actor, kab_span_t details);
/* Both, by the person, without details: what most changes leave behind. */
kab_err_t kab_trace(const kab_world_t *w, const kab_uuid_t *account, kab_event_kind_t kind,
                    const kab_origin_t *origin);

/* The sealer: numbers and links rows not yet sealed (advisory lock; KAB_OK without work if another
 * holds it). A key for each day: audit.c. */
kab_err_t kab_audit_seal(const kab_world_t *w, int64_t *head_number, uint8_t head[32]);
/* A sealed row, for those who keep it elsewhere. */
typedef struct {
    int64_t number;
    kab_uuid_t id;
    kab_time_t at, sealed_at;
    kab_uuid_t account; /* zero: nobody's */
    kab_span_t kind, actor, details, mac, link;
    bool intact; /* details were readable */
} kab_audit_entry_t;
/* The next `max` after number `after`; spans are in the arena. It does not verify: see below. */
kab_err_t kab_audit_read(const kab_world_t *w, int64_t after, kab_audit_entry_t *out, unsigned max,
                         unsigned *n);
/* Removes sealed rows older than `age`, whole days of them and at most 50,000, and says in the
 * chain where it begins now. KAB_OK without work if another changes the chain. */
kab_err_t kab_audit_trim(const kab_world_t *w, kab_time_t age);
/* Walks the chain. KAB_OK with *rows counted, or KAB_E_INTERNAL with *bad = number of the first row
 * that is changed, missing or out of order and `why`. `expect` (may be NULL): a head noted earlier,
 * "number hex", which must be in the chain. */
kab_err_t kab_audit_verify(const kab_world_t *w, kab_span_t expect, int64_t *rows, int64_t *bad,
                           const char **why);

#endif

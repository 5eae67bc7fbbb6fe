/*
 * What a new password must be. One table serves GET /meta, the page's checklist
 * and the refusal: they cannot differ.
 */
#ifndef KAB_PASSWORD_POLICY_H
#define KAB_PASSWORD_POLICY_H

#include "base/arena.h"
#include "identity/password/breach.h"
#include "identity/iin.h"

typedef struct {
    unsigned min_length; /* code points after NFKC */
} kab_password_policy_t;

enum { KAB_PASSWORD_MAX = 256 }; /* bytes, after NFKC too */

/* The checklist, in the order in which people see it. `id` is the public error
 * code: password_length, password_lower, password_upper, password_digit,
 * password_special. `pattern` is what the page tests the NFKC form with, as a
 * JavaScript regular expression with the flag "u"; empty for the length rule. */
typedef struct {
    const char *id;
    const char *pattern;
} kab_password_rule_t;
extern const kab_password_rule_t kab_password_rules[]; /* ended by a NULL id */

/* NFKC in the arena (empty: bad UTF-8, NUL or longer than KAB_PASSWORD_MAX). */
kab_span_t kab_password_normal(kab_arena_t *arena, kab_span_t typed);

/* What the text itself breaks, as a bit set: bit i is kab_password_rules[i]. */
unsigned kab_password_missing(const kab_password_policy_t *policy, kab_span_t normal);
/* "password_breached", "password_personal" (holds the IIN or the birth date in
 * it, as YYMMDD, DDMMYY, DDMMYYYY or YYYYMMDD) or NULL. Needs no account. iin may be NULL. */
const char *kab_password_text_rules(const kab_breach_t *breach, const kab_iin_t *iin,
                                    kab_span_t normal);

#endif

/* What the files of challenge share: a row of the table and how it is read and bound. */
#ifndef KAB_CHALLENGE_ROW_H
#define KAB_CHALLENGE_ROW_H

#include "cabinet/proof/challenge.h"
#include "cabinet/row.h"

#define KAB_CHALLENGE_COLUMNS                                                                      \
    "id, flow, purpose, account, iin, state, signs, right_sign, drawn, attempts, passwords,"       \
    " accepted, origin, armed_by, created_at, expires_at, rung_at, denied_at, ended_at, mac,"      \
    " mac_key"
enum {
    KAB_CHALLENGE_ENDED_AT = 18, /* its column */
    KAB_CHALLENGE_SIGNS = KAB_SIGNS * KAB_SIGN,
    KAB_CHALLENGE_BOUND = 16
};

const kab_uuid_t *kab_challenge_account(const kab_challenge_t *c); /* NULL: a decoy's */
/* What the MAC binds, in the order in which sql_open writes it. Borrows both. */
void kab_challenge_fields(const kab_challenge_t *c, char signs[KAB_CHALLENGE_SIGNS],
                          kab_param_t out[KAB_CHALLENGE_BOUND]);
/* False: not what the gateway wrote; audited. */
bool kab_challenge_read(const kab_world_t *w, const kab_rows_t *rows, unsigned row,
                        kab_challenge_t *c);
/* kab_challenge_update; `anew`: ended no more. */
kab_err_t kab_challenge_write(const kab_world_t *w, kab_challenge_t *c, kab_challenge_state_t from,
                              bool anew);

#endif

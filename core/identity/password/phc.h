/*
 * The text form of a password hash (password_hash.h): parsing and writing, no
 * hashing. Only what could have been written by kab_phc_write, or by another's
 * argon2id, is accepted: one spelling for each value.
 */
#ifndef KAB_PHC_H
#define KAB_PHC_H

#include "identity/password/password_hash.h"

enum {
    KAB_PHC_SALT_MIN = 8,
    KAB_PHC_SALT_MAX = 64,
    KAB_PHC_HASH_MIN = 16,
    KAB_PHC_HASH_MAX = 64,
    KAB_PHC_T_MAX = 16,
    KAB_PHC_P_MAX = 16
};

typedef struct {
    kab_hash_params_t params;
    uint16_t pepper; /* 0: imported, no pepper */
    size_t salt_n, hash_n;
    uint8_t salt[KAB_PHC_SALT_MAX], hash[KAB_PHC_HASH_MAX];
} kab_phc_t;

bool kab_phc_params_ok(kab_hash_params_t params);
/* KiB that `t` passes need at least, after OWASP's Password Storage Cheat Sheet. */
uint32_t kab_phc_least_m(uint32_t t);
bool kab_phc_parse(kab_span_t text, kab_phc_t *out);
bool kab_phc_write(const kab_phc_t *phc, char out[KAB_HASH_TEXT]); /* false: too long */

#endif

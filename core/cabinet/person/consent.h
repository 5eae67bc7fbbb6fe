/*
 * Consents as records: kind, document version, SHA-256 of the text shown,
 * language, time, address, user agent. Law 94-V: recorded, can be withdrawn.
 */
#ifndef KAB_CONSENT_H
#define KAB_CONSENT_H

#include "cabinet/world.h"

enum { KAB_CONSENT_KINDS = 8, KAB_CONSENT_NAME = 32 };

typedef struct {
    char kind[KAB_CONSENT_NAME];
    char version[KAB_CONSENT_NAME];
    bool required;
    kab_span_t text[3]; /* by kab_languages */
    uint8_t sha256[3][32];
} kab_consent_doc_t;

/* Writes a record unless the person's last one for this kind is of this version and not
 * withdrawn. `lang` indexes kab_languages. One statement. In the caller's transaction. */
kab_err_t kab_consent_give(const kab_world_t *w, kab_uuid_t account, const kab_consent_doc_t *doc,
                           unsigned lang, const kab_origin_t *origin);
/* KAB_E_NOT_FOUND if none stands. */
kab_err_t kab_consent_withdraw(const kab_world_t *w, kab_uuid_t account, kab_span_t kind);

typedef struct {
    kab_span_t kind, version, lang;
    kab_time_t agreed_at, withdrawn_at;
} kab_consent_row_t;
/* The last record of each kind. */
kab_err_t kab_consent_list(const kab_world_t *w, kab_uuid_t account, kab_consent_row_t **out,
                           unsigned *n);

#endif

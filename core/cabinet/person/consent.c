#include "cabinet/person/consent.h"

#include "cabinet/place.h"
#include "kabinet.h"

static const kab_sql_t sql_give = {
    "consent_give",
    "INSERT INTO consent (id, account, kind, version, sha256, lang, origin, agreed_at)"
    " SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE NOT EXISTS ("
    "  SELECT FROM (SELECT version, withdrawn_at FROM consent WHERE account = $2 AND kind = $3"
    "               ORDER BY number DESC LIMIT 1) last"
    "  WHERE last.version = $4 AND last.withdrawn_at IS NULL)"};
static const kab_sql_t sql_withdraw = {"consent_withdraw",
                                       "UPDATE consent SET withdrawn_at = $3 WHERE account = $1"
                                       " AND kind = $2 AND withdrawn_at IS NULL"};
static const kab_sql_t sql_list = {
    "consent_list", "SELECT DISTINCT ON (kind) kind, version, lang, agreed_at, withdrawn_at"
                    " FROM consent WHERE account = $1 ORDER BY kind, number DESC"};

kab_err_t kab_consent_give(const kab_world_t *w, kab_uuid_t account, const kab_consent_doc_t *doc,
                           unsigned lang, const kab_origin_t *origin)
{
    kab_uuid_t id = kab_uuid_new(w->env);
    kab_span_t sealed = kab_origin_seal(w, kab_place("consent", "origin", &id), origin);
    if (sealed.n == 0 || lang >= 3) {
        return KAB_E_INTERNAL;
    }
    kab_param_t params[] = {
        kab_p_uuid(&id),
        kab_p_uuid(&account),
        kab_p_text(kab_span_of(doc->kind)),
        kab_p_text(kab_span_of(doc->version)),
        kab_p_bytes((kab_span_t){doc->sha256[lang], 32}),
        kab_p_text(kab_span_of(kab_languages[lang])),
        kab_p_bytes(sealed),
        kab_p_time(w->env->now(w->env->ctx)),
    };
    return kab_pg_later(&w->db, &sql_give, params, 8);
}

kab_err_t kab_consent_withdraw(const kab_world_t *w, kab_uuid_t account, kab_span_t kind)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_text(kind),
                            kab_p_time(w->env->now(w->env->ctx))};
    kab_err_t err = kab_pg_exec(&w->db, &sql_withdraw, params, 3, &rows);
    if (err != KAB_OK) {
        return err;
    }
    return kab_rows_affected(rows) > 0 ? KAB_OK : KAB_E_NOT_FOUND;
}

kab_err_t kab_consent_list(const kab_world_t *w, kab_uuid_t account, kab_consent_row_t **out,
                           unsigned *n)
{
    kab_rows_t *rows;
    kab_param_t param = kab_p_uuid(&account);
    *n = 0;
    kab_err_t err = kab_pg_exec(&w->db, &sql_list, &param, 1, &rows);
    if (err != KAB_OK) {
        return err;
    }
    *out = kab_alloc(w->arena, (kab_rows_count(rows) + 1) * sizeof **out);
    if (*out == NULL) {
        return KAB_E_INTERNAL;
    }
    *n = kab_rows_count(rows);
    for (unsigned i = 0; i < *n; i++) {
        (*out)[i] = (kab_consent_row_t){
            .kind = kab_rows_span(rows, i, 0),
            .version = kab_rows_span(rows, i, 1),
            .lang = kab_rows_span(rows, i, 2),
            .agreed_at = kab_rows_time(rows, i, 3),
            .withdrawn_at = kab_rows_time(rows, i, 4),
        };
    }
    return KAB_OK;
}

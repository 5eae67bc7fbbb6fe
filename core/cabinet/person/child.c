#include "cabinet/person/child.h"

#include <string.h>

#include "cabinet/place.h"
#include "cabinet/row.h"

static const kab_sql_t sql_find = {
    "child_find",
    "SELECT id, iin, certificate, parents, kindergarten, EXISTS (SELECT"
    "  FROM guardianship g WHERE g.child = child.id AND g.ended_at IS NULL) FROM child"
    " WHERE iin_index IN ($1, $2) OR iin_index2 IN ($1, $2) LIMIT 1 FOR UPDATE"};
static const kab_sql_t sql_look = {
    "child_look", "SELECT id, iin, certificate, parents, kindergarten FROM child"
                  " WHERE iin_index IN ($1, $2) OR iin_index2 IN ($1, $2) LIMIT 1"};
static const kab_sql_t sql_get = {
    "child_get", "SELECT id, iin, certificate, parents, kindergarten FROM child WHERE id = $1"};
static const kab_sql_t sql_add = {
    "child_add", "INSERT INTO child (id, iin_index, iin_index_key, iin, certificate, parents,"
                 " kindergarten, created_at, changed_at)"
                 " VALUES ($1, $2, $3::bigint::integer, $4, $5, $6, $7, $8, $8)"};
static const kab_sql_t sql_change = {
    "child_change", "UPDATE child SET certificate = $2, parents = $3, kindergarten = $4,"
                    " changed_at = $5 WHERE id = $1"};
static const kab_sql_t sql_guardian = {
    "guardian_add", "INSERT INTO guardianship (id, child, account, since, mac, mac_key)"
                    " VALUES ($1, $2, $3, $4, $5, $6::bigint::integer)"
                    " ON CONFLICT (child) WHERE ended_at IS NULL DO NOTHING"};

/* Both IINs, or the one, next to each other. */
static kab_span_t parents_of(const kab_child_t *child, char out[2 * KAB_IIN_DIGITS])
{
    memcpy(out, child->parent[0].digits, KAB_IIN_DIGITS);
    memcpy(out + KAB_IIN_DIGITS, child->parent[1].digits, KAB_IIN_DIGITS);
    return (kab_span_t){(const uint8_t *)out,
                        child->has_second ? 2 * KAB_IIN_DIGITS : KAB_IIN_DIGITS};
}

/* Fields that may change, sealed anew. */
static bool seal_fields(const kab_world_t *w, const kab_child_t *child, kab_span_t *certificate,
                        kab_span_t *parents)
{
    char text[2 * KAB_IIN_DIGITS];
    *certificate = kab_place_seal(w, kab_place("child", "certificate", &child->id),
                                  kab_span_of(child->certificate.text));
    *parents =
        kab_place_seal(w, kab_place("child", "parents", &child->id), parents_of(child, text));
    return certificate->n > 0 && parents->n > 0;
}

static kab_err_t add(const kab_world_t *w, kab_child_t *child, const kab_iin_index_t *index)
{
    kab_span_t certificate, parents, iin;
    child->id = kab_uuid_new(w->env);
    iin = kab_place_seal(w, kab_place("child", "iin", &child->id), kab_span_of(child->iin.digits));
    if (iin.n == 0 || !seal_fields(w, child, &certificate, &parents)) {
        return KAB_E_INTERNAL;
    }
    kab_param_t params[] = {kab_p_uuid(&child->id),          kab_p_index(index->now),
                            kab_p_int(index->key_id),        kab_p_bytes(iin),
                            kab_p_bytes(certificate),        kab_p_bytes(parents),
                            kab_p_bool(child->kindergarten), kab_p_time(w->env->now(w->env->ctx))};
    return kab_pg_later(&w->db, &sql_add, params, 8);
}

/* The register is the truth: a record that differs is brought up to it. */
static kab_err_t update(const kab_world_t *w, kab_child_t *child, const kab_rows_t *rows,
                        bool *changed)
{
    char text[2 * KAB_IIN_DIGITS];
    kab_span_t certificate, parents;
    child->id = kab_rows_uuid(rows, 0, 0);
    if (!kab_place_open(w, NULL, kab_place("child", "certificate", &child->id),
                        kab_rows_span(rows, 0, 2), &certificate) ||
        !kab_place_open(w, NULL, kab_place("child", "parents", &child->id),
                        kab_rows_span(rows, 0, 3), &parents)) {
        return KAB_E_INTERNAL;
    }
    if (kab_span_is(certificate, child->certificate.text) &&
        kab_span_eq(parents, parents_of(child, text)) &&
        kab_rows_bool(rows, 0, 4) == child->kindergarten) {
        return KAB_OK;
    }
    if (!seal_fields(w, child, &certificate, &parents)) {
        return KAB_E_INTERNAL;
    }
    *changed = true;
    kab_param_t params[] = {kab_p_uuid(&child->id), kab_p_bytes(certificate), kab_p_bytes(parents),
                            kab_p_bool(child->kindergarten), kab_p_time(w->env->now(w->env->ctx))};
    return kab_pg_later(&w->db, &sql_change, params, 5);
}

static kab_err_t read_row(const kab_world_t *w, const kab_rows_t *rows, kab_child_t *out)
{
    kab_span_t iin, certificate, parents;
    memset(out, 0, sizeof *out);
    out->id = kab_rows_uuid(rows, 0, 0);
    out->kindergarten = kab_rows_bool(rows, 0, 4);
    if (!kab_place_open(w, NULL, kab_place("child", "iin", &out->id), kab_rows_span(rows, 0, 1),
                        &iin) ||
        !kab_row_text(iin, out->iin.digits, sizeof out->iin.digits) ||
        !kab_place_open(w, NULL, kab_place("child", "certificate", &out->id),
                        kab_rows_span(rows, 0, 2), &certificate) ||
        !kab_row_text(certificate, out->certificate.text, sizeof out->certificate.text) ||
        !kab_place_open(w, NULL, kab_place("child", "parents", &out->id), kab_rows_span(rows, 0, 3),
                        &parents) ||
        (parents.n != KAB_IIN_DIGITS && parents.n != 2 * KAB_IIN_DIGITS)) {
        return KAB_E_INTERNAL;
    }
    out->has_second = parents.n > KAB_IIN_DIGITS;
    memcpy(out->parent[0].digits, parents.p, KAB_IIN_DIGITS);
    if (out->has_second) {
        memcpy(out->parent[1].digits, parents.p + KAB_IIN_DIGITS, KAB_IIN_DIGITS);
    }
    return KAB_OK;
}

kab_err_t kab_child_find(const kab_world_t *w, const kab_iin_t *iin, kab_child_t *out, bool *found)
{
    kab_rows_t *rows;
    kab_iin_index_t index;
    memset(out, 0, sizeof *out);
    kab_iin_index(w->ring, iin, &index);
    kab_param_t params[] = {kab_p_index(index.now), kab_p_index(index.before)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_look, params, 2, &rows);
    *found = err == KAB_OK && kab_rows_count(rows) > 0;
    return *found ? read_row(w, rows, out) : err;
}

kab_err_t kab_child_get(const kab_world_t *w, kab_uuid_t id, kab_child_t *out)
{
    kab_rows_t *rows;
    kab_param_t param = kab_p_uuid(&id);
    kab_err_t err = kab_pg_exec(&w->db, &sql_get, &param, 1, &rows);
    if (err != KAB_OK || kab_rows_count(rows) == 0) {
        return err != KAB_OK ? err : KAB_E_NOT_FOUND;
    }
    return read_row(w, rows, out);
}

bool kab_child_parent(const kab_child_t *child, const kab_iin_t *iin)
{
    return strcmp(child->parent[0].digits, iin->digits) == 0 ||
           (child->has_second && strcmp(child->parent[1].digits, iin->digits) == 0);
}

static kab_err_t add_guardian(const kab_world_t *w, const kab_uuid_t *child,
                              const kab_uuid_t *account)
{
    const kab_key_t *key = kab_key_current(w->ring, KAB_KEY_AUDIT);
    kab_uuid_t id = kab_uuid_new(w->env);
    kab_time_t now = w->env->now(w->env->ctx);
    uint8_t mac[KAB_INDEX_BYTES];
    kab_guardian_mac(key, &id, child, account, now, mac);
    kab_param_t params[] = {kab_p_uuid(&id), kab_p_uuid(child), kab_p_uuid(account),
                            kab_p_time(now), kab_p_index(mac),  kab_p_int(key->id)};
    return kab_pg_later(&w->db, &sql_guardian, params, 6);
}

void kab_guardian_mac(const kab_key_t *key, const kab_uuid_t *id, const kab_uuid_t *child,
                      const kab_uuid_t *account, kab_time_t since, uint8_t mac[KAB_INDEX_BYTES])
{
    uint8_t text[3 * 16 + 8];
    memcpy(text, id->b, 16);
    memcpy(text + 16, child->b, 16);
    memcpy(text + 32, account->b, 16);
    for (int i = 0; i < 8; i++) {
        text[48 + i] = (uint8_t)((uint64_t)since >> (56 - 8 * i));
    }
    kab_mac(key, "guardianship", (kab_span_t){text, sizeof text}, mac);
}

kab_err_t kab_child_import(const kab_world_t *w, kab_child_t *child, const kab_uuid_t *guardian,
                           bool *changed)
{
    kab_rows_t *rows;
    kab_iin_index_t index;
    *changed = false;
    kab_iin_index(w->ring, &child->iin, &index);
    kab_param_t params[] = {kab_p_index(index.now), kab_p_index(index.before)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_find, params, 2, &rows);
    if (err != KAB_OK) {
        return err;
    }
    bool known = kab_rows_count(rows) > 0;
    *changed = !known;
    err = known ? update(w, child, rows, changed) : add(w, child, &index);
    /* A child that somebody holds stays with them: moving one is a flow, with its hold. */
    if (err != KAB_OK || guardian == NULL || (known && kab_rows_bool(rows, 0, 5))) {
        return err;
    }
    *changed = true;
    return add_guardian(w, &child->id, guardian);
}

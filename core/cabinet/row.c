#include "cabinet/row.h"

#include <string.h>

#include "cabinet/record/record.h"

bool kab_uuid_zero(const kab_uuid_t *id)
{
    static const kab_uuid_t zero;
    return memcmp(id, &zero, sizeof zero) == 0;
}

kab_param_t kab_p_id(const kab_uuid_t *id)
{
    return kab_p_uuid(kab_uuid_zero(id) ? NULL : id);
}

bool kab_row_text(kab_span_t text, char *out, size_t size)
{
    if (text.n >= size) {
        return false;
    }
    memset(out, 0, size);
    if (text.n > 0) {
        memcpy(out, text.p, text.n);
    }
    return true;
}

static void put64(uint8_t out[8], uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8) {
        out[i] = (uint8_t)v;
    }
}

/* Type, then eight bytes of number or length, then the bytes: no two lists of fields are alike. A
 * NULL has a length of its own. */
static uint8_t *append(uint8_t *to, const kab_param_t *field)
{
    bool spans =
        field->type == KAB_P_BYTES || field->type == KAB_P_TEXT || field->type == KAB_P_UUID;
    *to = (uint8_t)field->type;
    if (!spans) {
        put64(to + 1, (uint64_t)field->i);
        return to + 9;
    }
    if (field->span.p == NULL) {
        put64(to + 1, UINT64_MAX);
        return to + 9;
    }
    put64(to + 1, field->span.n);
    memcpy(to + 9, field->span.p, field->span.n);
    return to + 9 + field->span.n;
}

bool kab_row_mac(const kab_world_t *w, const char *table, const kab_param_t *fields, unsigned n,
                 uint16_t *key_id, uint8_t mac[KAB_INDEX_BYTES])
{
    const kab_key_t *key = *key_id == 0 ? kab_key_current(w->ring, KAB_KEY_AUDIT)
                                        : kab_key_find(w->ring, KAB_KEY_AUDIT, *key_id);
    size_t size = 0;
    for (unsigned i = 0; i < n; i++) {
        size += 9 + fields[i].span.n;
    }
    uint8_t *text = kab_alloc(w->arena, size), *end = text;
    if (key == NULL || text == NULL) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        end = append(end, &fields[i]);
    }
    kab_mac(key, table, (kab_span_t){text, size}, mac);
    *key_id = key->id;
    return true;
}

bool kab_row_intact(const kab_world_t *w, const char *table, const kab_uuid_t *account,
                    const kab_param_t *fields, unsigned n, const kab_rows_t *rows, unsigned row,
                    unsigned column, uint8_t mac[KAB_INDEX_BYTES])
{
    kab_span_t stored = kab_rows_span(rows, row, column);
    int64_t id = kab_rows_int(rows, row, column + 1);
    uint16_t key_id = (uint16_t)id;
    if (id > 0 && id <= UINT16_MAX && stored.n == KAB_INDEX_BYTES &&
        kab_row_mac(w, table, fields, n, &key_id, mac) &&
        kab_same(stored.p, mac, KAB_INDEX_BYTES)) {
        return true;
    }
    char who[KAB_UUID_SIZE] = "nobody";
    if (account != NULL) {
        kab_uuid_text(*account, who);
    }
    kab_log(w->log, KAB_LOG_ERROR, "changed row refused: %s, account %s", table, who);
    const char *text = kab_format(w->arena, "{\"at\":\"%s.mac\"}", table);
    (void)kab_audit_add(w, account, KAB_EV_TAMPERED, "gateway", kab_span_of(text));
    return false;
}

#include "cabinet/place.h"

#include <string.h>

#include "cabinet/record/record.h"

enum { ORIGIN_TEXT = 256 /* bytes kept of user agent and of place */ };

kab_place_t kab_place(const char *table, const char *column, const kab_uuid_t *id)
{
    return (kab_place_t){table, column, {id->b, sizeof id->b}};
}

kab_span_t kab_place_seal(const kab_world_t *w, kab_place_t place, kab_span_t plain)
{
    return kab_seal(w->arena, w->ring, w->env, place, plain);
}

bool kab_place_open(const kab_world_t *w, const kab_uuid_t *account, kab_place_t place,
                    kab_span_t sealed, kab_span_t *plain)
{
    if (kab_unseal(w->arena, w->ring, place, sealed, plain)) {
        return true;
    }
    char id[KAB_UUID_SIZE] = "nobody";
    if (account != NULL) {
        kab_uuid_text(*account, id);
    }
    kab_log(w->log, KAB_LOG_ERROR, "sealed value refused: %s.%s, account %s", place.table,
            place.column, id);
    const char *text = kab_format(w->arena, "{\"at\":\"%s.%s\"}", place.table, place.column);
    (void)kab_audit_add(w, account, KAB_EV_TAMPERED, "gateway", kab_span_of(text));
    return false;
}

void kab_row_index(const kab_keyring_t *ring, const char *domain, kab_span_t value,
                   kab_iin_index_t *out)
{
    const kab_key_t *key = kab_key_current(ring, KAB_KEY_INDEX);
    const kab_key_t *before = kab_key_find(ring, KAB_KEY_INDEX, (uint16_t)(key->id - 1));
    out->key_id = key->id;
    kab_mac(key, domain, value, out->now);
    kab_mac(before == NULL ? key : before, domain, value, out->before);
}

void kab_iin_index(const kab_keyring_t *ring, const kab_iin_t *iin, kab_iin_index_t *out)
{
    kab_row_index(ring, "iin", (kab_span_t){(const uint8_t *)iin->digits, KAB_IIN_DIGITS}, out);
}

kab_param_t kab_p_index(const uint8_t index[KAB_INDEX_BYTES])
{
    return kab_p_bytes((kab_span_t){index, KAB_INDEX_BYTES});
}

kab_span_t kab_origin_seal(const kab_world_t *w, kab_place_t place, const kab_origin_t *origin)
{
    uint8_t plain[18 + 2 * ORIGIN_TEXT];
    size_t agent = origin->user_agent.n < ORIGIN_TEXT ? origin->user_agent.n : ORIGIN_TEXT;
    size_t where = origin->place.n < ORIGIN_TEXT ? origin->place.n : ORIGIN_TEXT;
    memcpy(plain, origin->address, 16);
    plain[16] = (uint8_t)(agent >> 8);
    plain[17] = (uint8_t)agent;
    if (agent > 0) {
        memcpy(plain + 18, origin->user_agent.p, agent);
    }
    if (where > 0) {
        memcpy(plain + 18 + agent, origin->place.p, where);
    }
    return kab_place_seal(w, place, (kab_span_t){plain, 18 + agent + where});
}

bool kab_origin_open(const kab_world_t *w, const kab_uuid_t *account, kab_place_t place,
                     kab_span_t sealed, kab_origin_t *out)
{
    kab_span_t plain;
    if (!kab_place_open(w, account, place, sealed, &plain) || plain.n < 18) {
        return false;
    }
    size_t agent = (size_t)plain.p[16] << 8 | plain.p[17];
    if (agent > plain.n - 18) {
        return false;
    }
    memcpy(out->address, plain.p, 16);
    out->user_agent = (kab_span_t){plain.p + 18, agent};
    out->place = (kab_span_t){plain.p + 18 + agent, plain.n - 18 - agent};
    return true;
}

#include "cabinet/person/number.h"

#include "cabinet/proof/challenge.h"
#include "cabinet/proof/device.h"
#include "cabinet/message/outbox.h"
#include "cabinet/record/record.h"
#include "cabinet/row.h"

static const kab_sql_t sql_set = {
    "number_set", "UPDATE account SET phone_index = $2, phone_index_key = $3::integer, phone = $4,"
                  " phone_index2 = NULL, phone_index2_key = NULL WHERE id = $1"};
#define LOSE                                                                                       \
    "UPDATE account SET phone = NULL, phone_index = NULL, phone_index_key = NULL,"                 \
    " phone_index2 = NULL, phone_index2_key = NULL WHERE "
#define OTHERS "(phone_index IN ($1, $2) OR phone_index2 IN ($1, $2)) AND id <> $3"
static const kab_sql_t sql_lose = {"number_lose", LOSE OTHERS " RETURNING id"};
static const kab_sql_t sql_none = {"number_none", LOSE "id = $1"};
static const kab_sql_t sql_others = {"number_others",
                                     "SELECT EXISTS (SELECT FROM account WHERE " OTHERS ")"};

kab_err_t kab_number_set(const kab_world_t *w, kab_uuid_t account, const kab_phone_t *phone)
{
    kab_rows_t *rows;
    kab_iin_index_t index;
    kab_span_t number = kab_span_of(phone->e164);
    kab_span_t sealed = kab_place_seal(w, kab_place("account", "phone", &account), number);
    if (sealed.n == 0) {
        return KAB_E_INTERNAL;
    }
    kab_row_index(w->ring, "phone", number, &index);
    kab_param_t params[] = {kab_p_uuid(&account), kab_p_index(index.now), kab_p_int(index.key_id),
                            kab_p_bytes(sealed)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_set, params, 4, &rows);
    return err == KAB_OK && kab_rows_affected(rows) == 0 ? KAB_E_NOT_FOUND : err;
}

kab_err_t kab_number_return(const kab_world_t *w, kab_uuid_t account, const kab_phone_t *phone)
{
    kab_rows_t *rows;
    kab_iin_index_t index;
    kab_row_index(w->ring, "phone", kab_span_of(phone->e164), &index);
    kab_param_t params[] = {kab_p_index(index.now), kab_p_index(index.before),
                            kab_p_uuid(&account)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_others, params, 3, &rows);
    if (err != KAB_OK || !kab_rows_bool(rows, 0, 0)) {
        return err ? err : kab_number_set(w, account, phone);
    }
    return kab_pg_exec(&w->db, &sql_none, &params[2], 1, NULL);
}

static kab_err_t remove_devices(const kab_world_t *w, kab_uuid_t account, const kab_phone_t *phone)
{
    kab_device_t device[KAB_DEVICES];
    unsigned n;
    kab_err_t err;
    do {
        err = kab_device_of_others(w, phone, account, device, &n);
        for (unsigned i = 0; i < n && err == KAB_OK; i++) {
            kab_device_state_t from = device[i].state;
            device[i].state = KAB_DEVICE_REMOVED;
            err = kab_device_update(w, &device[i], from);
        }
    } while (err == KAB_OK && n == KAB_DEVICES);
    return err;
}

kab_err_t kab_number_take(const kab_world_t *w, kab_uuid_t account, const kab_phone_t *phone)
{
    static const kab_uuid_t none;
    kab_rows_t *rows;
    kab_iin_index_t index;
    kab_row_index(w->ring, "phone", kab_span_of(phone->e164), &index);
    kab_param_t params[] = {kab_p_index(index.now), kab_p_index(index.before),
                            kab_p_uuid(&account)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_lose, params, 3, &rows);
    for (unsigned i = 0; err == KAB_OK && i < kab_rows_count(rows); i++) {
        kab_uuid_t loser = kab_rows_uuid(rows, i, 0);
        err = kab_challenge_end_others(w, loser, none);
        if (err == KAB_OK) {
            err = kab_outbox_drop(w, loser);
        }
        if (err == KAB_OK) {
            err = kab_event_add(w, &loser, KAB_EV_PHONE_LOST, KAB_NONE, NULL);
        }
        if (err == KAB_OK) {
            err = kab_audit_add(w, &loser, KAB_EV_PHONE_LOST, "gateway", KAB_NONE);
        }
    }
    return err == KAB_OK ? remove_devices(w, account, phone) : err;
}

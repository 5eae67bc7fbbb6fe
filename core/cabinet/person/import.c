#include "cabinet/person/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cabinet/place.h"
#include "cabinet/record/record.h"

/* Indexes are 32 bytes and the key before the present one may have been used for a row. */
static const char sql_gather[] =
    "CREATE TEMP TABLE IF NOT EXISTS import_account (id uuid, iin_index bytea, iin_before bytea,"
    " index_key integer, iin bytea, phone_index bytea, phone bytea, locale text, hash bytea)"
    " ON COMMIT DELETE ROWS;"
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
static const char sql_copy[] = "COPY import_account FROM STDIN";
static const kab_sql_t sql_insert = {
    "import_insert",
    "INSERT INTO account (id, iin_index, iin_index_key, iin, phone_index, phone_index_key, phone,"
    " locale, hash, password_changed_at, created_at)"
    " SELECT i.id, i.iin_index, i.index_key, i.iin, i.phone_index,"
    "  CASE WHEN i.phone IS NOT NULL THEN i.index_key END, i.phone, i.locale, i.hash,"
    "  CASE WHEN i.hash IS NOT NULL THEN $1 END, $1"
    " FROM import_account i"
    " WHERE NOT EXISTS (SELECT FROM account a WHERE a.iin_index = i.iin_before)"
    "  AND NOT EXISTS (SELECT FROM account a WHERE a.iin_index2 = i.iin_index)"
    " ON CONFLICT DO NOTHING"};

struct kab_import_s {
    const kab_world_t *w;
    char *text; /* rows as COPY wants them */
    size_t n, room;
    unsigned waiting, created;
    const char *actor;
};

kab_import_t *kab_import_open(const kab_world_t *w)
{
    kab_import_t *import = calloc(1, sizeof *import);

    if (import) {
        import->w = w;
    }
    return import;
}

void kab_import_close(kab_import_t *import)
{
    if (import) {
        kab_wipe(import->text, import->room);
        free(import->text);
        free(import);
    }
}

unsigned kab_import_waiting(const kab_import_t *import)
{
    return import->waiting;
}

static bool make_room(kab_import_t *import, size_t more)
{
    size_t room = import->room ? import->room : (size_t)64 * 1024;

    while (room - import->n < more) {
        room *= 2;
    }
    if (room == import->room) {
        return true;
    }
    char *text = realloc(import->text, room);
    if (text) {
        import->text = text;
        import->room = room;
    }
    return text != NULL;
}

/* The room was made before. */
static void put_text(kab_import_t *import, const char *text)
{
    size_t n = strlen(text);

    memcpy(import->text + import->n, text, n);
    import->n += n;
}

static void put_bytes(kab_import_t *import, kab_span_t bytes, const char *end)
{
    if (bytes.n == 0) {
        put_text(import, "\\N");
    } else {
        put_text(import, "\\\\x");
        kab_hex(bytes.p, bytes.n, import->text + import->n);
        import->n += 2 * bytes.n;
    }
    put_text(import, end);
}

bool kab_import_add(kab_import_t *import, const kab_account_t *account)
{
    const kab_world_t *w = import->w;
    const kab_uuid_t *id = &account->id;
    kab_iin_index_t index;
    uint8_t phone_index[KAB_INDEX_BYTES];
    char id_text[KAB_UUID_SIZE], key[16];
    kab_span_t number = kab_span_of(account->phone.e164), phone = KAB_NONE, hash = KAB_NONE;

    kab_iin_index(w->ring, &account->iin, &index);
    kab_span_t iin =
        kab_place_seal(w, kab_place("account", "iin", id), kab_span_of(account->iin.digits));
    if (account->has_phone) {
        kab_index(w->ring, KAB_KEY_INDEX, "phone", number, phone_index);
        phone = kab_place_seal(w, kab_place("account", "phone", id), number);
    }
    if (account->hash.n > 0) {
        hash = kab_place_seal(w, kab_place("account", "hash", id), account->hash);
    }
    if (iin.n == 0 || (account->has_phone && phone.n == 0) || (account->hash.n && hash.n == 0) ||
        !make_room(import, 2 * (iin.n + phone.n + hash.n + 3 * KAB_INDEX_BYTES) + 256)) {
        return false;
    }
    kab_uuid_text(*id, id_text);
    snprintf(key, sizeof key, "%u\t", index.key_id);
    put_text(import, id_text);
    put_text(import, "\t");
    put_bytes(import, (kab_span_t){index.now, sizeof index.now}, "\t");
    put_bytes(import, (kab_span_t){index.before, sizeof index.before}, "\t");
    put_text(import, key);
    put_bytes(import, iin, "\t");
    put_bytes(import, phone.n ? (kab_span_t){phone_index, sizeof phone_index} : KAB_NONE, "\t");
    put_bytes(import, phone, "\t");
    put_text(import, account->locale);
    put_text(import, "\t");
    put_bytes(import, hash, "\n");
    import->waiting++;
    return true;
}

static kab_err_t write_rows(const kab_db_t *db, void *ctx)
{
    kab_import_t *import = ctx;
    const kab_world_t *w = import->w;
    kab_param_t now = kab_p_time(w->env->now(w->env->ctx));
    kab_rows_t *rows = NULL;
    kab_err_t err = kab_pg_script(db, sql_gather);

    import->created = 0;
    if (err == KAB_OK) {
        err = kab_pg_copy_begin(db, sql_copy);
    }
    if (err == KAB_OK) {
        err = kab_pg_copy_put(db, (kab_span_t){(const uint8_t *)import->text, import->n});
    }
    if (err == KAB_OK) {
        err = kab_pg_copy_end(db);
    }
    if (err == KAB_OK) {
        err = kab_pg_exec(db, &sql_insert, &now, 1, &rows);
    }
    if (err != KAB_OK) {
        return err;
    }
    import->created = kab_rows_affected(rows);
    if (import->created == 0) {
        return KAB_OK;
    }
    const char *details = kab_format(w->arena, "{\"accounts\":%u}", import->created);
    return details ? kab_audit_add(w, NULL, KAB_EV_IMPORTED, import->actor, kab_span_of(details))
                   : KAB_E_INTERNAL;
}

kab_err_t kab_import_flush(kab_import_t *import, const char *actor, unsigned *created)
{
    kab_err_t err = KAB_OK;

    *created = 0;
    if (import->waiting > 0) {
        import->actor = actor;
        err = kab_pg_transaction(&import->w->db, write_rows, import);
        *created = err == KAB_OK ? import->created : 0;
    }
    import->n = 0;
    import->waiting = 0;
    return err;
}

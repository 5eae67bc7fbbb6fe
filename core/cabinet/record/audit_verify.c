/* Walks the chain from its first row, or what retention left of it, to its head, then what is not
 * sealed yet. */
#include <stdlib.h>
#include <string.h>

#include "cabinet/record/audit.h"
#include "cabinet/place.h"
#include "cabinet/record/record.h"

enum { PAGE = 1000 };

static const kab_sql_t sql_page = {"audit_page",
                                   KAB_AUDIT_ROW " WHERE number > $1 ORDER BY number LIMIT $2"};
static const kab_sql_t sql_loose = {
    "audit_loose",
    KAB_AUDIT_ROW " WHERE number IS NULL AND (at, id) > ($1, $2) ORDER BY at, id LIMIT $3"};

typedef struct {
    const kab_world_t *w;
    int64_t number; /* the last row found good */
    uint8_t link[KAB_AUDIT_MAC];
    int64_t rows;
    bool expected; /* a head noted earlier is looked for … */
    bool met;      /* … and was met */
    int64_t want_number;
    uint8_t want[KAB_AUDIT_MAC];
    const char *why; /* NULL: good so far */
} walk_t;

static bool same(kab_span_t a, const uint8_t b[KAB_AUDIT_MAC])
{
    return a.n == KAB_AUDIT_MAC && kab_same(a.p, b, KAB_AUDIT_MAC);
}

bool kab_audit_row_good(const kab_world_t *w, kab_arena_t *arena, const kab_rows_t *rows,
                        unsigned i)
{
    uint8_t mac[KAB_AUDIT_MAC];
    const kab_key_t *key = kab_key_find(w->ring, KAB_KEY_AUDIT, (uint16_t)kab_rows_int(rows, i, 7));
    kab_audit_row_t row = {
        .id = kab_rows_uuid(rows, i, 0),
        .at = kab_rows_time(rows, i, 1),
        .account = kab_rows_span(rows, i, 2),
        .kind = kab_rows_span(rows, i, 3),
        .actor = kab_rows_span(rows, i, 4),
        .details = kab_rows_span(rows, i, 5),
    };
    return key != NULL && kab_audit_mac(arena, key, &row, mac) &&
           same(kab_rows_span(rows, i, 6), mac);
}

/* NULL if row i is the next good link. */
static const char *link_row(walk_t *walk, kab_arena_t *arena, const kab_rows_t *rows, unsigned i)
{
    uint8_t link[KAB_AUDIT_MAC];
    const kab_key_t *key =
        kab_key_find(walk->w->ring, KAB_KEY_AUDIT, (uint16_t)kab_rows_int(rows, i, 10));
    if (kab_rows_int(rows, i, 8) != walk->number + 1) {
        return "a row is missing";
    }
    if (!kab_audit_row_good(walk->w, arena, rows, i)) {
        return "a row is changed";
    }
    if (key == NULL) {
        return "the key of a link is not in the keyring";
    }
    kab_audit_link(key, walk->link, kab_rows_span(rows, i, 6).p, walk->number + 1,
                   kab_rows_time(rows, i, 11), link);
    if (!same(kab_rows_span(rows, i, 9), link)) {
        return "a row is out of order";
    }
    walk->number++;
    walk->rows++;
    memcpy(walk->link, link, sizeof link);
    if (walk->expected && walk->number == walk->want_number) {
        walk->met = kab_same(link, walk->want, sizeof link);
        return walk->met ? NULL : "the head noted earlier is not in the chain";
    }
    return NULL;
}

kab_err_t kab_audit_read(const kab_world_t *w, int64_t after, kab_audit_entry_t *out, unsigned max,
                         unsigned *n)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_int(after), kab_p_int(max)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_page, params, 2, &rows);
    *n = err == KAB_OK ? kab_rows_count(rows) : 0;
    for (unsigned i = 0; i < *n; i++) {
        kab_audit_entry_t *entry = &out[i];
        *entry = (kab_audit_entry_t){.id = kab_rows_uuid(rows, i, 0),
                                     .at = kab_rows_time(rows, i, 1),
                                     .account = kab_rows_uuid(rows, i, 2),
                                     .kind = kab_rows_span(rows, i, 3),
                                     .actor = kab_rows_span(rows, i, 4),
                                     .mac = kab_rows_span(rows, i, 6),
                                     .number = kab_rows_int(rows, i, 8),
                                     .link = kab_rows_span(rows, i, 9),
                                     .sealed_at = kab_rows_time(rows, i, 11)};
        entry->intact = kab_rows_null(rows, i, 5) ||
                        kab_place_open(w, NULL, kab_place("audit", "details", &entry->id),
                                       kab_rows_span(rows, i, 5), &entry->details);
    }
    return err;
}

/* One page in memory of its own: the whole log would not fit. *n = 0: the end. */
static kab_err_t walk_page(walk_t *walk, unsigned *n)
{
    kab_arena_t *arena = kab_arena_open();
    kab_db_t db = walk->w->db;
    kab_rows_t *rows;
    /* From the very beginning, or rows that were removed could be put back unseen. */
    kab_param_t params[] = {kab_p_int(walk->rows ? walk->number : 0), kab_p_int(PAGE)};
    if (arena == NULL) {
        return KAB_E_INTERNAL;
    }
    db.arena = arena;
    kab_err_t err = kab_pg_exec(&db, &sql_page, params, 2, &rows);
    *n = err == KAB_OK ? kab_rows_count(rows) : 0;
    for (unsigned i = 0; i < *n && walk->why == NULL; i++) {
        walk->why = link_row(walk, arena, rows, i);
    }
    kab_arena_close(arena);
    return err;
}

/* The same for rows that the sealer has not met: their own macs must hold. */
static kab_err_t walk_loose(walk_t *walk, kab_time_t *at, kab_uuid_t *id, unsigned *n)
{
    kab_arena_t *arena = kab_arena_open();
    kab_db_t db = walk->w->db;
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_time(*at), kab_p_uuid(id), kab_p_int(PAGE)};
    if (arena == NULL) {
        return KAB_E_INTERNAL;
    }
    db.arena = arena;
    kab_err_t err = kab_pg_exec(&db, &sql_loose, params, 3, &rows);
    *n = err == KAB_OK ? kab_rows_count(rows) : 0;
    for (unsigned i = 0; i < *n && walk->why == NULL; i++) {
        walk->why =
            kab_audit_row_good(walk->w, arena, rows, i) ? NULL : "a row not yet sealed is changed";
        walk->rows += walk->why == NULL;
    }
    if (*n > 0) {
        *at = kab_rows_time(rows, *n - 1, 1);
        *id = kab_rows_uuid(rows, *n - 1, 0);
    }
    kab_arena_close(arena);
    return err;
}

/* "number hex" */
static bool read_expected(walk_t *walk, kab_span_t text)
{
    kab_span_t number = kab_span_cut(&text, ' ');
    walk->expected = true;
    if (number.n == 0 || number.n > 18 || !kab_unhex(text, walk->want, sizeof walk->want)) {
        return false;
    }
    for (size_t i = 0; i < number.n; i++) {
        if (number.p[i] < '0' || number.p[i] > '9') {
            return false;
        }
        walk->want_number = walk->want_number * 10 + (number.p[i] - '0');
    }
    return true;
}

/* Where the walk begins, and whether the noted head can be met from there. */
static kab_err_t begin(walk_t *walk)
{
    bool good;
    kab_err_t err = kab_audit_begin(walk->w, &walk->number, walk->link, &good);
    if (err != KAB_OK) {
        return err;
    }
    if (!good) {
        walk->why = "the row that says where the chain begins is changed";
    } else if (walk->expected && walk->want_number == walk->number) {
        walk->met = kab_same(walk->link, walk->want, sizeof walk->link);
        walk->why = walk->met ? NULL : "the head noted earlier is not in the chain";
    } else if (walk->expected && walk->want_number < walk->number) {
        walk->why = "the head noted earlier is older than what retention keeps; give a newer one";
    }
    return KAB_OK;
}

/* The end of the chain against what the database and the earlier note say. */
static const char *judge_end(const walk_t *walk, int64_t head_number, const uint8_t *head)
{
    if (head_number > walk->number) {
        return "rows at the end are missing";
    }
    if (head_number == walk->number && !kab_same(head, walk->link, KAB_AUDIT_MAC)) {
        return "the head is changed";
    }
    if (walk->expected && walk->want_number > 0 && !walk->met) {
        return "rows at the end are missing: the head noted earlier lies beyond";
    }
    return NULL;
}

kab_err_t kab_audit_verify(const kab_world_t *w, kab_span_t expect, int64_t *rows, int64_t *bad,
                           const char **why)
{
    walk_t walk = {.w = w};
    int64_t head_number;
    uint8_t head[KAB_AUDIT_MAC];
    kab_time_t at = 1;
    kab_uuid_t id = {{0}};
    unsigned n = 0;
    *rows = *bad = 0;
    *why = "";
    if (expect.n > 0 && !read_expected(&walk, expect)) {
        *why = "the head must be: number, space, 64 hex digits";
        return KAB_E_INTERNAL;
    }
    /* Read first: the sealer may go on while we walk. */
    kab_err_t err = kab_audit_head(&w->db, &head_number, head);
    err = err == KAB_OK ? begin(&walk) : err;
    do {
        err = err == KAB_OK && walk.why == NULL ? walk_page(&walk, &n) : err;
    } while (err == KAB_OK && walk.why == NULL && n == PAGE);
    if (err == KAB_OK && walk.why == NULL) {
        walk.why = judge_end(&walk, head_number, head);
    }
    while (err == KAB_OK && walk.why == NULL) {
        err = walk_loose(&walk, &at, &id, &n);
        if (n < PAGE) {
            break;
        }
    }
    *rows = walk.rows;
    if (err == KAB_OK && walk.why != NULL) {
        *why = walk.why;
        *bad = walk.number + 1;
        err = KAB_E_INTERNAL;
    }
    return err;
}

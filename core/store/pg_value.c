/* Parameters in, cells out: PostgreSQL's binary formats, big-endian. */
#include <stdlib.h>
#include <string.h>

#include "store/pg_private.h"

/* timestamptz counts from 2000-01-01 UTC. */
static const kab_time_t epoch_2000 = INT64_C(946684800) * KAB_SECOND;

kab_param_t kab_p_null(void)
{
    return (kab_param_t){KAB_P_NULL, KAB_NONE, 0};
}

kab_param_t kab_p_bytes(kab_span_t bytes)
{
    return (kab_param_t){KAB_P_BYTES, bytes, 0};
}

kab_param_t kab_p_text(kab_span_t text)
{
    return (kab_param_t){KAB_P_TEXT, text, 0};
}

kab_param_t kab_p_int(int64_t i)
{
    return (kab_param_t){KAB_P_INT, KAB_NONE, i};
}

kab_param_t kab_p_time(kab_time_t t)
{
    return (kab_param_t){KAB_P_TIME, KAB_NONE, t};
}

kab_param_t kab_p_uuid(const kab_uuid_t *id)
{
    return (kab_param_t){KAB_P_UUID, id == NULL ? KAB_NONE : (kab_span_t){id->b, 16}, 0};
}

kab_param_t kab_p_bool(bool b)
{
    return (kab_param_t){KAB_P_BOOL, KAB_NONE, b};
}

static void put64(uint8_t out[8], int64_t value)
{
    uint64_t v = (uint64_t)value;
    for (int i = 7; i >= 0; i--, v >>= 8) {
        out[i] = (uint8_t)v;
    }
}

static void bind_one(kab_pg_binding_t *b, unsigned i, const kab_param_t *p)
{
    /* Types are always said, so a NULL at first use does not fix another one. */
    static const Oid oids[] = {
        [KAB_P_NULL] = 0,    [KAB_P_BYTES] = 17,  [KAB_P_TEXT] = 25, [KAB_P_INT] = 20,
        [KAB_P_TIME] = 1184, [KAB_P_UUID] = 2950, [KAB_P_BOOL] = 16,
    };
    b->types[i] = oids[p->type];
    b->formats[i] = 1;
    b->values[i] = NULL;
    b->lengths[i] = 0;
    switch (p->type) {
    case KAB_P_NULL:
        return;
    case KAB_P_BYTES:
    case KAB_P_TEXT:
    case KAB_P_UUID:
        b->values[i] = (const char *)p->span.p;
        b->lengths[i] = (int)p->span.n;
        return;
    case KAB_P_INT:
        put64(b->scratch[i], p->i);
        b->lengths[i] = 8;
        break;
    case KAB_P_TIME:
        if (p->i == 0) {
            return;
        }
        put64(b->scratch[i], p->i - epoch_2000);
        b->lengths[i] = 8;
        break;
    case KAB_P_BOOL:
        b->scratch[i][0] = p->i != 0;
        b->lengths[i] = 1;
        break;
    }
    b->values[i] = (const char *)b->scratch[i];
}

void kab_pg_bind(kab_pg_binding_t *binding, const kab_param_t *params, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        bind_one(binding, i, &params[i]);
    }
}

struct kab_rows_s {
    unsigned n, columns, affected;
    kab_span_t *cell; /* row by row; p == NULL is NULL */
};

kab_rows_t *kab_rows_from(kab_arena_t *arena, const PGresult *result)
{
    kab_rows_t *rows = kab_alloc(arena, sizeof *rows);
    if (rows == NULL) {
        return NULL;
    }
    rows->n = (unsigned)PQntuples(result);
    rows->columns = (unsigned)PQnfields(result);
    rows->affected = kab_pg_affected(result);
    size_t cells = (size_t)rows->n * rows->columns;
    if (cells == 0) {
        return rows;
    }
    rows->cell = kab_alloc(arena, cells * sizeof *rows->cell);
    if (rows->cell == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < cells; i++) {
        int r = (int)(i / rows->columns), c = (int)(i % rows->columns);
        if (PQgetisnull(result, r, c)) {
            continue;
        }
        size_t n = (size_t)PQgetlength(result, r, c);
        uint8_t *copy = kab_alloc(arena, n + 1);
        if (copy == NULL) {
            return NULL;
        }
        memcpy(copy, PQgetvalue(result, r, c), n);
        rows->cell[i] = (kab_span_t){copy, n};
    }
    return rows;
}

unsigned kab_pg_affected(const PGresult *result)
{
    /* PQcmdTuples only reads; its parameter is not const for history's sake. */
    const char *text = PQcmdTuples((PGresult *)(uintptr_t)result);
    return (unsigned)strtoul(text, NULL, 10);
}

static const kab_span_t *cell(const kab_rows_t *rows, unsigned row, unsigned column)
{
    static const kab_span_t none = {NULL, 0};
    if (row >= rows->n || column >= rows->columns) {
        return &none;
    }
    return &rows->cell[(size_t)row * rows->columns + column];
}

unsigned kab_rows_count(const kab_rows_t *rows)
{
    return rows->n;
}

unsigned kab_rows_affected(const kab_rows_t *rows)
{
    return rows->affected;
}

bool kab_rows_null(const kab_rows_t *rows, unsigned row, unsigned column)
{
    return cell(rows, row, column)->p == NULL;
}

kab_span_t kab_rows_span(const kab_rows_t *rows, unsigned row, unsigned column)
{
    return *cell(rows, row, column);
}

int64_t kab_rows_int(const kab_rows_t *rows, unsigned row, unsigned column)
{
    const kab_span_t *c = cell(rows, row, column);
    if (c->p == NULL || c->n == 0 || c->n > 8) {
        return 0;
    }
    uint64_t v = c->p[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < c->n; i++) {
        v = v << 8 | c->p[i];
    }
    return (int64_t)v;
}

kab_time_t kab_rows_time(const kab_rows_t *rows, unsigned row, unsigned column)
{
    return kab_rows_null(rows, row, column) ? 0 : kab_rows_int(rows, row, column) + epoch_2000;
}

kab_uuid_t kab_rows_uuid(const kab_rows_t *rows, unsigned row, unsigned column)
{
    const kab_span_t *c = cell(rows, row, column);
    kab_uuid_t id = {{0}};
    if (c->n == sizeof id.b) {
        memcpy(id.b, c->p, sizeof id.b);
    }
    return id;
}

bool kab_rows_bool(const kab_rows_t *rows, unsigned row, unsigned column)
{
    const kab_span_t *c = cell(rows, row, column);
    return c->n == 1 && c->p[0] != 0;
}

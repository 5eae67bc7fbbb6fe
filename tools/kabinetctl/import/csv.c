#include "import/csv.h"

#include <string.h>

static int next_char(csv_t *csv)
{
    int c = getc_unlocked(csv->file);

    csv->at += c == '\n';
    return c;
}

static bool put(csv_t *csv, int c)
{
    if (csv->used == sizeof csv->bytes) {
        return false;
    }
    csv->bytes[csv->used++] = (uint8_t)c;
    return true;
}

/* The rest of a quoted field; *c is what stands behind it. */
static const char *read_quoted(csv_t *csv, int *c)
{
    for (;;) {
        *c = next_char(csv);
        if (*c == EOF) {
            return "quotes are not closed";
        }
        if (*c == '"') {
            *c = next_char(csv);
            if (*c != '"') {
                return *c == ',' || *c == '\n' || *c == '\r' || *c == EOF
                           ? NULL
                           : "something stands behind the closing quote";
            }
        }
        if (!put(csv, *c)) {
            return "the record is longer than 64 KiB";
        }
    }
}

static const char *read_plain(csv_t *csv, int *c)
{
    while (*c != ',' && *c != '\n' && *c != '\r' && *c != EOF) {
        if (*c == '"') {
            return "a quote stands within an unquoted field";
        }
        if (!put(csv, *c)) {
            return "the record is longer than 64 KiB";
        }
        *c = next_char(csv);
    }
    return NULL;
}

static const char *read_field(csv_t *csv, int *c)
{
    unsigned i = csv->n;

    if (i == CSV_COLUMNS) {
        return "too many columns";
    }
    csv->begin[i] = csv->used;
    const char *why = *c == '"' ? read_quoted(csv, c) : read_plain(csv, c);
    csv->end[i] = csv->used;
    csv->n++;
    return why;
}

static void skip_line(csv_t *csv, int c)
{
    while (c != '\n' && c != EOF) {
        c = next_char(csv);
    }
}

static const char *read_record(csv_t *csv, int c)
{
    const char *why = NULL;

    csv->n = 0;
    csv->used = 0;
    for (;;) {
        why = read_field(csv, &c);
        if (why) {
            skip_line(csv, c);
            return why;
        }
        if (c != ',') {
            break;
        }
        c = next_char(csv);
    }
    if (c == '\r') {
        c = next_char(csv);
        if (c != '\n' && c != EOF) {
            skip_line(csv, c);
            return "a lone carriage return";
        }
    }
    return kab_utf8_ok((kab_span_t){csv->bytes, csv->used}) ? NULL : "not text in UTF-8";
}

csv_result_t csv_next(csv_t *csv, const char **why)
{
    int c;

    /* Empty lines are no records. */
    do {
        csv->line = csv->at;
        c = next_char(csv);
        if (c == '\r') {
            int behind = next_char(csv);
            c = behind == '\n' ? '\n' : c;
            if (c == '\r' && behind != EOF) {
                skip_line(csv, behind);
                *why = "a lone carriage return";
                return CSV_BAD;
            }
        }
    } while (c == '\n');
    if (c == EOF || c == '\r') {
        return CSV_END;
    }
    *why = read_record(csv, c);
    if (!*why && csv->columns > 0 && csv->n != csv->columns) {
        *why = "another number of columns than the header has";
    }
    return *why ? CSV_BAD : CSV_ROW;
}

const char *csv_open(csv_t *csv, FILE *file)
{
    const char *why = NULL;

    memset(csv, 0, sizeof *csv);
    csv->file = file;
    csv->at = 1;
    csv_result_t result = csv_next(csv, &why);
    if (result != CSV_ROW) {
        return result == CSV_END ? "the file is empty; its first line must name the columns" : why;
    }
    for (unsigned i = 0; i < csv->n; i++) {
        kab_span_t name = kab_span_trim(csv_field(csv, (int)i));
        if (i == 0 && kab_span_starts(name, "\xEF\xBB\xBF")) {
            name.p += 3; /* spreadsheets mark UTF-8 so */
            name.n -= 3;
        }
        if (name.n >= sizeof csv->header[i]) {
            return "a column's name is too long";
        }
        memcpy(csv->header[i], name.p, name.n);
        if (name.n > 0 && csv_column(csv, csv->header[i]) != (int)i) {
            return "a column's name stands twice";
        }
        csv->columns = i + 1;
    }
    return NULL;
}

int csv_column(const csv_t *csv, const char *name)
{
    for (unsigned i = 0; i < CSV_COLUMNS; i++) {
        if (csv->header[i][0] && strcmp(csv->header[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

kab_span_t csv_field(const csv_t *csv, int column)
{
    if (column < 0 || (unsigned)column >= csv->n) {
        return KAB_NONE;
    }
    return (kab_span_t){csv->bytes + csv->begin[column], csv->end[column] - csv->begin[column]};
}

void csv_wipe(csv_t *csv)
{
    kab_wipe(csv, sizeof *csv);
}

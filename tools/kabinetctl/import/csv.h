/*
 * CSV after RFC 4180: quotes, doubled quotes, line ends within quotes, CRLF or
 * LF. Columns are known by the header's names, in any order.
 */
#ifndef KABINETCTL_CSV_H
#define KABINETCTL_CSV_H

#include <stdio.h>

#include "base/base.h"

enum { CSV_COLUMNS = 32, CSV_RECORD = 65536 };

typedef struct {
    FILE *file;
    unsigned long line; /* of the record's first character, from 1 */
    unsigned long at;   /* of the next character */
    unsigned columns;   /* of the header */
    unsigned n;         /* of this record */
    size_t used;
    size_t begin[CSV_COLUMNS], end[CSV_COLUMNS];
    uint8_t bytes[CSV_RECORD];
    char header[CSV_COLUMNS][32];
} csv_t;

typedef enum { CSV_ROW, CSV_BAD, CSV_END } csv_result_t;

/* Reads the header. NULL, or words. The caller closes `file`. */
const char *csv_open(csv_t *csv, FILE *file);
/* CSV_BAD and `why`: this record cannot be used, the next one can. */
csv_result_t csv_next(csv_t *csv, const char **why);
/* -1: no such column. */
int csv_column(const csv_t *csv, const char *name);
/* Valid until the next record; empty if the column is -1. */
kab_span_t csv_field(const csv_t *csv, int column);
void csv_wipe(csv_t *csv);

#endif

/* The table that the build makes from sql/ (make/sql.mk). */
#ifndef KAB_MIGRATIONS_H
#define KAB_MIGRATIONS_H

#include <stddef.h>

typedef struct {
    int number;
    const char *name; /* "001_base" */
    const char *sql;
} kab_migration_t;

extern const kab_migration_t kab_migrations[]; /* rising numbers, ended by a NULL name */

#endif

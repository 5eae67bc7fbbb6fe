#!/bin/sh
# Writes the migrations named as arguments to stdout as a C table. Only sh and sed.
set -eu
printf '/* Made by tools/embed-sql.sh from sql/. */\n#include "store/migrations.h"\n\n'
printf 'const kab_migration_t kab_migrations[] = {\n'
for file in "$@"; do
    name=$(basename "$file" .sql)
    number=$(printf '%s' "$name" | sed 's/_.*//; s/^0*//')
    case $number in
    '' | *[!0-9]*)
        echo "$file: the name must begin with a number, as in 001_base.sql" >&2
        exit 1
        ;;
    esac
    printf '    {%s, "%s",\n' "$number" "$name"
    # '?' is escaped because C11 still knows trigraphs.
    sed 's/\\/\\\\/g; s/"/\\"/g; s/?/\\?/g; s/^/     "/; s/$/\\n"/' "$file"
    printf '    },\n'
done
printf '    {0, NULL, NULL},\n};\n'

/*
 * JSON at the border, by jansson: strict (duplicate keys, NUL, bad UTF-8 and
 * depth above KAB_JSON_DEPTH are refused), allocator that wipes on free.
 * RFC 8259.
 */
#ifndef KAB_JSON_H
#define KAB_JSON_H

#include <jansson.h>

#include "base/arena.h"
#include "base/base.h"

enum { KAB_JSON_DEPTH = 8 };

/* Installs the wiping allocator: before threads, and before any value that is kept, since it must
 * go back to where it came from. Again, it changes nothing. */
void kab_json_init(void);

/* An object, or NULL if the text is not exactly one well-formed object. The
 * caller owns the reference. */
json_t *kab_json_object(kab_span_t text);
/* Compact text in the arena; NULL: out of memory. */
kab_span_t kab_json_text(kab_arena_t *arena, const json_t *value);

/*
 * Fields of a body, declared. A field that is not declared is refused.
 */
typedef enum { KAB_FIELD_TEXT, KAB_FIELD_BOOL, KAB_FIELD_OBJECT } kab_field_type_t;

typedef struct {
    const char *name;
    kab_field_type_t type;
    bool required;
    size_t max; /* bytes of text */
} kab_field_t;

typedef struct {
    const char *field; /* static */
    const char *code;  /* static; "unknown", "missing", "type", "too_long" or a rule's own */
} kab_field_error_t;

enum { KAB_FIELD_ERRORS = 12 };
typedef struct {
    unsigned n;
    kab_field_error_t e[KAB_FIELD_ERRORS];
} kab_field_errors_t;

void kab_field_fail(kab_field_errors_t *errors, const char *field, const char *code);

/* Checks `object` against `fields` (ended by a NULL name), adding to `errors`.
 * An unknown field is reported with field "" so that a stranger's text is never
 * echoed. True if nothing was wrong. */
bool kab_fields_check(const json_t *object, const kab_field_t *fields, kab_field_errors_t *errors);
/* Borrowed from `object`; empty when absent. */
kab_span_t kab_json_span(const json_t *object, const char *name);

#endif

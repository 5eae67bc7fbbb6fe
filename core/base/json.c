#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* Passwords and codes pass through jansson's nodes, and free() alone would leave them in the
 * heap: each block begins with its size, so that it can be wiped when it is given back. */
typedef union {
    size_t size;
    max_align_t align;
} prefix_t;

static void *wiping_malloc(size_t n)
{
    prefix_t *prefix = n <= SIZE_MAX - sizeof *prefix ? malloc(sizeof *prefix + n) : NULL;

    if (!prefix) {
        return NULL;
    }
    prefix->size = n;
    return prefix + 1;
}

static void wiping_free(void *p)
{
    if (!p) {
        return;
    }
    prefix_t *prefix = (prefix_t *)p - 1;
    kab_wipe(p, prefix->size);
    free(prefix);
}

void kab_json_init(void)
{
    json_set_alloc_funcs(wiping_malloc, wiping_free);
    json_object_seed(0); /* from the kernel: nobody can aim at one bucket */
}

/* jansson's own limit is 2048 levels and not ours to set, so the text is looked over first. */
static bool depth_ok(kab_span_t text)
{
    unsigned depth = 0;
    bool in_text = false;

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (in_text) {
            i += c == '\\';
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            if (++depth > KAB_JSON_DEPTH) {
                return false;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return true;
}

json_t *kab_json_object(kab_span_t text)
{
    if (text.n == 0 || !kab_utf8_ok(text) || !depth_ok(text)) {
        return NULL;
    }
    json_error_t error;
    json_t *value = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &error);

    /* jansson quotes what it stopped at. */
    kab_wipe(&error, sizeof error);
    if (value && !json_is_object(value)) {
        json_decref(value);
        value = NULL;
    }
    return value;
}

kab_span_t kab_json_text(kab_arena_t *arena, const json_t *value)
{
    json_free_t release;
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    kab_span_t kept = text ? kab_copy(arena, kab_span_of(text)) : KAB_NONE;

    json_get_alloc_funcs(NULL, &release);
    release(text);
    return kept;
}

void kab_field_fail(kab_field_errors_t *errors, const char *field, const char *code)
{
    if (errors->n < KAB_FIELD_ERRORS) {
        errors->e[errors->n++] = (kab_field_error_t){field, code};
    }
}

static const char *check_value(const kab_field_t *field, const json_t *value)
{
    if (!value) {
        return field->required ? "missing" : NULL;
    }
    switch (field->type) {
    case KAB_FIELD_TEXT:
        if (!json_is_string(value)) {
            return "type";
        }
        return json_string_length(value) > field->max ? "too_long" : NULL;
    case KAB_FIELD_BOOL:
        return json_is_boolean(value) ? NULL : "type";
    case KAB_FIELD_OBJECT:
        return json_is_object(value) ? NULL : "type";
    }
    return "type";
}

bool kab_fields_check(const json_t *object, const kab_field_t *fields, kab_field_errors_t *errors)
{
    size_t known = 0;
    bool ok = true;

    for (; fields->name; fields++) {
        const json_t *value = json_object_get(object, fields->name);
        const char *code = check_value(fields, value);

        known += value != NULL;
        if (code) {
            kab_field_fail(errors, fields->name, code);
            ok = false;
        }
    }
    /* Keys are unique, so a surplus is exactly the number of strangers. */
    if (json_object_size(object) > known) {
        kab_field_fail(errors, "", "unknown");
        ok = false;
    }
    return ok;
}

kab_span_t kab_json_span(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_string(value)) {
        return KAB_NONE;
    }
    return (kab_span_t){(const uint8_t *)json_string_value(value), json_string_length(value)};
}

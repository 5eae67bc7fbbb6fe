#include "identity/app/http_signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "identity/key/mac.h"
#include "identity/app/structured_field.h"

enum { FIELD_MAX = 1024, URI_MAX = 8192, KEYID_MAX = 64 };

#define COMPONENTS "(\"@method\" \"@target-uri\" \"content-digest\")"
#define ALGORITHM "ecdsa-p256-sha256"

/* Parameters of a signature (RFC 9421 2.3); any other is refused. */
typedef enum { CREATED, EXPIRES, KEYID, NONCE, ALG, PARAMETERS } parameter_t;
static const struct {
    const char *name;
    bool text; /* else an integer */
} parameters[PARAMETERS] = {
    [CREATED] = {"created", false}, [EXPIRES] = {"expires", false}, [KEYID] = {"keyid", true},
    [NONCE] = {"nonce", true},      [ALG] = {"alg", true},
};

typedef struct {
    kab_span_t label;
    unsigned seen; /* a bit a parameter */
    kab_span_t text[PARAMETERS];
    int64_t number[PARAMETERS];
    char canonical[FIELD_MAX + 1]; /* of all parameters, in the order sent: what was signed */
    size_t n;
} input_t;

/* A dictionary of one member, as far as its value; blanks around it are no part of it. */
static bool read_member(kab_span_t *left, kab_span_t field, kab_span_t *key)
{
    *left = kab_span_trim(field);
    return field.n <= FIELD_MAX && kab_sf_key(left, key) && kab_sf_take(left, '=');
}

static bool read_components(kab_span_t *left)
{
    static const char *const wanted[] = {"@method", "@target-uri", "content-digest"};

    if (!kab_sf_take(left, '(')) {
        return false;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        size_t before = left->n;
        kab_span_t name;

        kab_sf_blanks(left);
        if ((i > 0 && left->n == before) || !kab_sf_string(left, &name) ||
            !kab_span_is(name, wanted[i])) {
            return false;
        }
    }
    kab_sf_blanks(left);
    return kab_sf_take(left, ')');
}

static parameter_t parameter_of(kab_span_t name)
{
    parameter_t p = CREATED;

    while (p < PARAMETERS && !kab_span_is(name, parameters[p].name)) {
        p++;
    }
    return p;
}

/* As RFC 8941 4.1.1.2 writes it. Never longer than what was sent, so it fits. */
static void add_canonical(input_t *input, parameter_t p)
{
    char *end = input->canonical + input->n;
    size_t room = sizeof input->canonical - input->n;
    int n = parameters[p].text
                ? snprintf(end, room, ";%s=\"%.*s\"", parameters[p].name, (int)input->text[p].n,
                           (const char *)input->text[p].p)
                : snprintf(end, room, ";%s=%" PRId64, parameters[p].name, input->number[p]);

    input->n += (size_t)n;
}

static bool read_parameter(kab_span_t *left, input_t *input)
{
    kab_span_t name;

    kab_sf_blanks(left);
    parameter_t p = kab_sf_key(left, &name) ? parameter_of(name) : PARAMETERS;
    /* The last of a name would count (RFC 8941 3.1.2): an invitation to read different things. */
    if (p == PARAMETERS || (input->seen & 1U << p) || !kab_sf_take(left, '=')) {
        return false;
    }
    input->seen |= 1U << p;
    if (!(parameters[p].text ? kab_sf_string(left, &input->text[p])
                             : kab_sf_integer(left, &input->number[p]))) {
        return false;
    }
    add_canonical(input, p);
    return true;
}

static bool read_input(kab_span_t field, input_t *input)
{
    kab_span_t left;

    if (!read_member(&left, field, &input->label) || !read_components(&left)) {
        return false;
    }
    while (kab_sf_take(&left, ';')) {
        if (!read_parameter(&left, input)) {
            return false;
        }
    }
    if (left.n > 0 || !(input->seen & 1U << CREATED) || !(input->seen & 1U << KEYID)) {
        return false;
    }
    /* Zero would be read as never. */
    if ((input->seen & 1U << EXPIRES) &&
        (input->number[EXPIRES] == 0 || input->number[EXPIRES] < input->number[CREATED])) {
        return false;
    }
    return input->text[KEYID].n > 0 && input->text[KEYID].n <= KEYID_MAX &&
           (!(input->seen & 1U << ALG) || kab_span_is(input->text[ALG], ALGORITHM));
}

static bool digest_fits(kab_span_t field, kab_span_t body)
{
    kab_span_t left, key;
    uint8_t sent[KAB_MAC_BYTES], digest[KAB_MAC_BYTES];

    if (!read_member(&left, field, &key) || !kab_span_is(key, "sha-256") ||
        !kab_sf_bytes(&left, sent, sizeof sent) || left.n > 0) {
        return false;
    }
    kab_sha256(body, digest);
    return memcmp(sent, digest, sizeof digest) == 0;
}

static bool read_signature(kab_span_t field, kab_span_t label, uint8_t out[KAB_SIGNATURE])
{
    kab_span_t left, key;

    return read_member(&left, field, &key) && kab_span_eq(key, label) &&
           kab_sf_bytes(&left, out, KAB_SIGNATURE) && left.n == 0;
}

/* Visible ASCII: no line of the base can then pretend to be two. */
static bool is_visible(kab_span_t text, size_t max)
{
    bool visible = text.n > 0 && text.n <= max;

    for (size_t i = 0; visible && i < text.n; i++) {
        visible = text.p[i] > ' ' && text.p[i] <= '~';
    }
    return visible;
}

/* RFC 9421 2.5. The digest's field stands in it as it was sent (2.1), the parameters rewritten. */
static kab_span_t base_of(kab_arena_t *arena, const kab_signed_t *in, const input_t *input)
{
    kab_span_t digest = kab_span_trim(in->content_digest);

    return kab_span_of(kab_format(arena,
                                  "\"@method\": %.*s\n\"@target-uri\": %.*s\n"
                                  "\"content-digest\": %.*s\n\"@signature-params\": %s%s",
                                  (int)in->method.n, (const char *)in->method.p,
                                  (int)in->target_uri.n, (const char *)in->target_uri.p,
                                  (int)digest.n, (const char *)digest.p, COMPONENTS,
                                  input->canonical));
}

bool kab_http_signature_read(kab_arena_t *arena, const kab_signed_t *in, kab_signature_t *out)
{
    input_t input = {0};

    *out = (kab_signature_t){0};
    if (is_visible(in->method, FIELD_MAX) && is_visible(in->target_uri, URI_MAX) &&
        read_input(in->signature_input, &input) && digest_fits(in->content_digest, in->body) &&
        read_signature(in->signature, input.label, out->signature)) {
        out->base = base_of(arena, in, &input);
    }
    if (out->base.n == 0) {
        *out = (kab_signature_t){0};
        return false;
    }
    out->keyid = input.text[KEYID];
    out->created = input.number[CREATED];
    out->expires = input.number[EXPIRES];
    return true;
}

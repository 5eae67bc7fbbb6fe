#include "signed.h"

static bool with_digest(const char *digest, kab_span_t body)
{
    kab_signature_t out;
    kab_signed_t in = sent();

    in.content_digest = kab_span_of(digest);
    in.body = body;
    return reads(&in, &out);
}

static void a_signed_request(void **state)
{
    kab_device_key_t key;
    kab_signature_t out;
    kab_signed_t in = sent();

    (void)state;
    assert_true(reads(&in, &out));
    assert_true(kab_span_is(out.base, BASE_OF(CREATED KEYID)));
    assert_true(kab_span_is(out.keyid, "test-key-ecc-p256"));
    assert_ptr_equal(out.keyid.p, in.signature_input.p + sizeof("sig1=" COVERED CREATED) - 1 + 8);
    assert_int_equal(out.created, 1618884473);
    assert_int_equal(out.expires, 0);
    assert_true(kab_device_key_read(KAB_SPAN("qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA"),
                                    KAB_SPAN("Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0"), &key));
    assert_true(kab_device_key_verify(&key, out.base, out.signature));
    in.method = KAB_SPAN("post"); /* another method: read, but not what was signed */
    assert_true(reads(&in, &out));
    assert_false(kab_device_key_verify(&key, out.base, out.signature));
    in = sent();
    in.target_uri = KAB_SPAN("https://example.com/foo?param=value&Pet=dog");
    assert_true(reads(&in, &out));
    assert_false(kab_device_key_verify(&key, out.base, out.signature));
}

/* What may be written in several ways is signed in one (RFC 9421 2.3, RFC 8941 4.1). */
static void the_base_is_canonical(void **state)
{
    static const struct {
        const char *input, *base;
    } cases[] = {
        {"  sig1=(  \"@method\"   \"@target-uri\" \"content-digest\" );  created=0001618884473; "
         "keyid=\"test-key-ecc-p256\"\t",
         BASE_OF(CREATED KEYID)},
        {"sig1=" COVERED KEYID CREATED, BASE_OF(KEYID CREATED)},
        {"sig1=" COVERED CREATED ";nonce=\"\"" KEYID, BASE_OF(CREATED ";nonce=\"\"" KEYID)},
        {"sig1=" COVERED ";alg=\"ecdsa-p256-sha256\"" KEYID ";nonce=\"~ a;b,c=(\""
         ";expires=1618884533" CREATED,
         BASE_OF(";alg=\"ecdsa-p256-sha256\"" KEYID ";nonce=\"~ a;b,c=(\""
                 ";expires=1618884533" CREATED)},
    };
    kab_signed_t in = sent();
    kab_signature_t out;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        in.signature_input = kab_span_of(cases[i].input);
        assert_true(reads(&in, &out));
        assert_true(kab_span_is(out.base, cases[i].base));
    }
    assert_int_equal(out.expires, 1618884533);
    in = sent();
    in.content_digest = KAB_SPAN(" \t" DIGEST "  ");
    in.signature = KAB_SPAN("  " SIGNATURE "\t");
    assert_true(reads(&in, &out));
    assert_true(kab_span_is(out.base, BASE_OF(CREATED KEYID)));
}

static void any_label_will_do(void **state)
{
    static const char *const labels[] = {"a", "*", "sig-b24", "*_-.*", "kabinet_app.1", "a0"};

    (void)state;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        kab_signed_t in = sent();
        kab_signature_t out;
        in.signature_input = kab_span_of(kab_format(arena, "%s=" COVERED CREATED KEYID, labels[i]));
        in.signature = kab_span_of(kab_format(arena, "%s=:" B64 ":", labels[i]));
        assert_true(reads(&in, &out));
        assert_true(kab_span_is(out.base, BASE_OF(CREATED KEYID)));
    }
}

/* RFC 9530 B.1 (a line feed at its end), RFC 9421 B.2 (none), and the digest of nothing. */
static void digests_of_the_rfcs(void **state)
{
    const char *nothing = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

    (void)state;
    assert_true(
        with_digest("sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", KAB_SPAN(BODY "\n")));
    assert_false(
        with_digest("sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", KAB_SPAN(BODY)));
    assert_true(with_digest(DIGEST, KAB_SPAN(BODY)));
    assert_false(with_digest(DIGEST, KAB_NONE));
    assert_true(with_digest(nothing, KAB_NONE));
    assert_true(with_digest(nothing, KAB_SPAN("")));
    assert_false(with_digest(nothing, KAB_SPAN("\0")));
    assert_false(with_digest(nothing, KAB_SPAN(BODY)));
    assert_true(
        with_digest("sha-256=:cJ6AyISHokEeHuTfufIqhhSS0gxHZRUMDHlKvXD4FHw=:", KAB_SPAN("\0\0\0")));
}

static bool with_digest_of_the_body(const char *digest)
{
    return with_digest(digest, KAB_SPAN(BODY));
}

static void other_digests_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "sha-256",
        "sha-256=",
        "sha-256=::",
        "SHA-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        "sha256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        "sha-512=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWX"
        "Jvwew==:",
        "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE:",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPF=:",
        "sha-256=:x48e9qookqqrvdts8nojrjn3owduoywxbf7kbu9dbpe=:",
        "sha-256=:5f8f04f6a3a892aaabbddb6cf273894493773960d4a325b105fee46eef4304f1:",
        DIGEST ", " DIGEST,
        DIGEST ",",
        DIGEST ";a=1",
        DIGEST " x",
        "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:, " DIGEST,
        DIGEST "\n",
        DIGEST "\n\"@method\": GET",
    };

    (void)state;
    NONE_OF(with_digest_of_the_body, wrong);
    assert_true(with_digest_of_the_body(DIGEST));
}

static void lengths_are_bounded(void **state)
{
    enum { FIELD = 1024, URI_BYTES = 8192, FIXED = sizeof("sig1=" COVERED CREATED KEYID) - 1 + 9 };
    static char nonce[FIELD - FIXED + 2], uri[URI_BYTES + 2] = "https://host/";
    kab_signed_t in = sent();
    kab_signature_t out;

    (void)state;
    memset(nonce, 'n', FIELD - FIXED);
    char *input = kab_format(arena, INPUT ";nonce=\"%s\"", nonce);
    assert_int_equal(strlen(input), FIELD);
    in.signature_input = kab_span_of(input);
    assert_true(reads(&in, &out));
    assert_int_equal(out.base.n, sizeof(BASE_OF(CREATED KEYID)) - 1 + 9 + FIELD - FIXED);
    in.signature_input.n = 0;
    assert_false(reads(&in, &out));
    nonce[FIELD - FIXED] = 'n';
    in.signature_input = kab_span_of(kab_format(arena, INPUT ";nonce=\"%s\"", nonce));
    assert_false(reads(&in, &out));

    in = sent();
    memset(uri + 13, 'u', URI_BYTES - 13);
    in.target_uri = kab_span_of(uri);
    assert_true(reads(&in, &out));
    uri[URI_BYTES] = 'u';
    in.target_uri = kab_span_of(uri);
    assert_false(reads(&in, &out));
    in = sent();
    in.signature = kab_span_of(kab_format(arena, "%s=:" B64 ":", nonce));
    assert_false(reads(&in, &out));
}

/* A line's end in what the client wrote would let it put words into the base. */
static void no_line_is_smuggled_in(void **state)
{
    static const char *const wrong[] = {
        "", " ", "a b", "a\nb", "a\r", "a\tb", "\n", "a\x7f", "\xc3\xa9", "a\n\"@method\": GET",
    };
    kab_signature_t out;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        kab_signed_t in = sent();
        in.method = kab_span_of(wrong[i]);
        assert_false(reads(&in, &out));
        in = sent();
        in.target_uri = kab_span_of(wrong[i]);
        assert_false(reads(&in, &out));
    }
    kab_signed_t in = sent();
    in.target_uri = KAB_SPAN("https://host/\0");
    assert_false(reads(&in, &out));
    in = (kab_signed_t){0};
    assert_false(reads(&in, &out));
}

/* Some bytes of `text` become others, or it is cut, in memory of exactly its size, so that a step
 * beyond it is seen. */
static kab_span_t spoil(unit_dice_t *dice, kab_span_t text, uint8_t *copy)
{
    static const char marks[] = "\"();:=, \\*-_\t\nAz09?\x80\xff";
    size_t n = text.n;

    memcpy(copy, text.p, n);
    for (uint64_t left = unit_roll(dice) % 4; left > 0 && n > 0; left--) {
        uint64_t roll = unit_roll(dice);
        copy[roll % n] = roll & 1ULL << 40 ? (uint8_t)(roll >> 48)
                                           : (uint8_t)marks[(roll >> 48) % (sizeof marks - 1)];
    }
    n = unit_roll(dice) % 8 == 0 ? unit_roll(dice) % (n + 1) : n;
    return (kab_span_t){copy, n};
}

/* The parameters as the base has them are the parameters that were read. */
static void read_again(const kab_signed_t *was, const kab_signature_t *out)
{
    static const char mark[] = "\n\"@signature-params\": ";
    kab_signature_t second;
    kab_signed_t in = *was;
    const char *params = strstr((const char *)out->base.p, mark);

    assert_non_null(params);
    in.signature_input = kab_span_of(kab_format(arena, "sig1=%s", params + sizeof mark - 1));
    assert_true(reads(&in, &second));
    assert_true(kab_span_eq(second.base, out->base));
    assert_true(kab_span_eq(second.keyid, out->keyid));
    assert_true(second.created == out->created && second.expires == out->expires);
}

/* Whatever comes is read or refused, and what was read can be written and read again. */
static void any_bytes(void **state)
{
    unit_dice_t dice = unit_dice();
    unsigned read = 0;

    (void)state;
    for (unsigned i = 0; i < 30000; i++) {
        kab_signature_t out;
        kab_signed_t in = sent();
        kab_span_t *const field[] = {&in.signature_input, &in.signature, &in.content_digest};
        kab_span_t *spoiled = field[unit_roll(&dice) % 3];
        uint8_t *bytes = malloc(spoiled->n), *exact = NULL;
        *spoiled = spoil(&dice, *spoiled, bytes);
        if (i % 16 == 0) {
            unit_random(&dice, bytes, spoiled->n);
        }
        exact = malloc(spoiled->n + (spoiled->n == 0));
        memcpy(exact, bytes, spoiled->n);
        spoiled->p = exact;
        if (reads(&in, &out)) {
            read_again(&in, &out);
            read++;
        }
        free(exact);
        free(bytes);
    }
    printf("%u of 30000 could be read\n", read);
    assert_in_range(read, 3000, 29000); /* else the dice are no test */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(a_signed_request),          IN_ARENA(the_base_is_canonical),
        IN_ARENA(any_label_will_do),         IN_ARENA(digests_of_the_rfcs),
        IN_ARENA(other_digests_are_refused), IN_ARENA(lengths_are_bounded),
        IN_ARENA(no_line_is_smuggled_in),    IN_ARENA(any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

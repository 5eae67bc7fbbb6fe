#include "signed.h"

static bool with_input(const char *input)
{
    kab_signature_t out;
    kab_signed_t in = sent();

    in.signature_input = kab_span_of(input);
    return reads(&in, &out);
}

static bool with_signature(const char *signature)
{
    kab_signature_t out;
    kab_signed_t in = sent();

    in.signature = kab_span_of(signature);
    return reads(&in, &out);
}

static void other_components_are_refused(void **state)
{
    static const char *const wrong[] = {
        "sig1=()" CREATED KEYID,
        "sig1=(\"@method\" \"@target-uri\")" CREATED KEYID,
        "sig1=(\"@method\" \"content-digest\")" CREATED KEYID,
        "sig1=(\"@target-uri\" \"@method\" \"content-digest\")" CREATED KEYID,
        "sig1=(\"content-digest\" \"@method\" \"@target-uri\")" CREATED KEYID,
        "sig1=(\"@method\" \"@method\" \"@target-uri\" \"content-digest\")" CREATED KEYID,
        "sig1=(\"@method\" \"@target-uri\" \"content-digest\" \"date\")" CREATED KEYID,
        "sig1=(\"@method\" \"@target-uri\" \"content-digest\" \"@method\")" CREATED KEYID,
        "sig1=(\"@method\" \"@path\" \"content-digest\")" CREATED KEYID,
        "sig1=(\"@Method\" \"@target-uri\" \"content-digest\")" CREATED KEYID,
        "sig1=(\"@method\" \"@target-uri\" \"Content-Digest\")" CREATED KEYID,
        "sig1=(\"@method\" \"@target-uri\" \"content-digest\";req)" CREATED KEYID,
        "sig1=(\"@method\" \"@target-uri\" \"content-digest\";sf)" CREATED KEYID,
        "sig1=(\"@method\" \"@target-uri\" \"content-digest\";bs)" CREATED KEYID,
        "sig1=(\"@method\" \"@target-uri\" \"content-digest\";key=\"sha-256\")" CREATED KEYID,
        "sig1=(\"@method\";tr \"@target-uri\" \"content-digest\")" CREATED KEYID,
        "sig1=(\"@method\"\"@target-uri\" \"content-digest\")" CREATED KEYID,
        "sig1=(\"@method\"\t\"@target-uri\" \"content-digest\")" CREATED KEYID,
        "sig1=(\"@method\", \"@target-uri\", \"content-digest\")" CREATED KEYID,
        "sig1=(@method @target-uri content-digest)" CREATED KEYID,
        "sig1=\"@method\" \"@target-uri\" \"content-digest\"" CREATED KEYID,
        "sig1=(\"@method\" \"@target-uri\" \"content-digest\"" CREATED KEYID,
        "sig1=(\"@method\" \"@target-uri\" \"content-digest)" CREATED KEYID,
        /* RFC 9421 2.5's */
        "sig1=(\"@method\" \"@authority\" \"@path\" \"content-digest\" \"content-length\" "
        "\"content-type\")" CREATED ";keyid=\"test-key-rsa-pss\"",
        /* RFC 9421 B.2.4's */
        "sig1=(\"@status\" \"content-type\" \"content-digest\" \"content-length\")" CREATED KEYID,
    };

    (void)state;
    NONE_OF(with_input, wrong);
}

static void other_parameters_are_refused(void **state)
{
    static const char *const wrong[] = {
        "sig1=" COVERED,
        "sig1=" COVERED CREATED,
        "sig1=" COVERED KEYID,
        "sig1=" COVERED CREATED KEYID CREATED,
        "sig1=" COVERED CREATED KEYID KEYID,
        "sig1=" COVERED CREATED CREATED KEYID,
        "sig1=" COVERED CREATED KEYID ";nonce=\"a\";nonce=\"a\"",
        "sig1=" COVERED CREATED KEYID ";tag=\"app\"",
        "sig1=" COVERED CREATED KEYID ";x",
        "sig1=" COVERED CREATED KEYID ";",
        "sig1=" COVERED CREATED ";" KEYID,
        "sig1=" COVERED CREATED KEYID ";nonce",
        "sig1=" COVERED CREATED KEYID ";nonce=a",
        "sig1=" COVERED CREATED KEYID ";nonce=1",
        "sig1=" COVERED CREATED KEYID ";nonce=:YQ==:",
        "sig1=" COVERED CREATED KEYID ";nonce=\"a",
        "sig1=" COVERED CREATED KEYID ";nonce=\"\\\"\"",
        "sig1=" COVERED CREATED KEYID ";nonce=\"\x01\"",
        "sig1=" COVERED CREATED KEYID ";nonce=\"\x7f\"",
        "sig1=" COVERED CREATED KEYID ";nonce=\"\xc3\xa9\"",
        "sig1=" COVERED CREATED KEYID ";nonce=\"\n\"",
        "sig1=" COVERED CREATED KEYID ";alg=\"rsa-pss-sha512\"",
        "sig1=" COVERED CREATED KEYID ";alg=\"ECDSA-P256-SHA256\"",
        "sig1=" COVERED CREATED KEYID ";alg=\"\"",
        "sig1=" COVERED CREATED KEYID ";alg=ecdsa-p256-sha256",
        "sig1=" COVERED CREATED KEYID ";Alg=\"ecdsa-p256-sha256\"",
        "sig1=" COVERED ";CREATED=1618884473" KEYID,
        "sig1=" COVERED ";created" KEYID,
        "sig1=" COVERED ";created=" KEYID,
        "sig1=" COVERED ";created=\"1618884473\"" KEYID,
        "sig1=" COVERED ";created=-1" KEYID,
        "sig1=" COVERED ";created=+1" KEYID,
        "sig1=" COVERED ";created=1618884473.0" KEYID,
        "sig1=" COVERED ";created=1618884473.5" KEYID,
        "sig1=" COVERED ";created=0x10" KEYID,
        "sig1=" COVERED ";created=?1" KEYID,
        "sig1=" COVERED ";created=1000000000000000" KEYID,
        "sig1=" COVERED ";created=99999999999999999999999999" KEYID,
        "sig1=" COVERED CREATED KEYID ";expires=0",
        "sig1=" COVERED CREATED KEYID ";expires=1618884472",
        "sig1=" COVERED ";created=0;expires=0" KEYID,
        "sig1=" COVERED CREATED ";keyid=\"\"",
        "sig1=" COVERED CREATED ";keyid=abc",
        "sig1=" COVERED CREATED ";keyid=\"a\\\\b\"",
        "sig1=" COVERED CREATED
        ";keyid=\"12345678901234567890123456789012345678901234567890123456789012345\"",
    };

    (void)state;
    NONE_OF(with_input, wrong);
    assert_true(with_input("sig1=" COVERED ";created=999999999999999" KEYID));
    assert_true(with_input("sig1=" COVERED ";created=0" KEYID));
    assert_true(with_input("sig1=" COVERED CREATED KEYID ";expires=1618884473"));
    assert_true(
        with_input("sig1=" COVERED CREATED
                   ";keyid=\"1234567890123456789012345678901234567890123456789012345678901234\""));
}

static void exactly_one_signature(void **state)
{
    static const char *const inputs[] = {
        "",
        " ",
        "sig1",
        "sig1=",
        "sig1=1",
        "=" COVERED CREATED KEYID,
        COVERED CREATED KEYID,
        "Sig1=" COVERED CREATED KEYID,
        "1sig=" COVERED CREATED KEYID,
        "-sig=" COVERED CREATED KEYID,
        "sig2=" COVERED CREATED KEYID, /* of another label than the signature's */
        "sig=" COVERED CREATED KEYID,
        "sig1 =" COVERED CREATED KEYID,
        "sig1= " COVERED CREATED KEYID,
        INPUT ", sig2=" COVERED CREATED KEYID,
        INPUT ", " INPUT,
        INPUT ",",
        ", " INPUT,
        INPUT " x",
        INPUT ";" INPUT,
        "s\xc3\xa9g=" COVERED CREATED KEYID,
    };
    static const char *const signatures[] = {
        "",
        "sig1",
        "sig1=",
        "sig1=?1",
        "sig1=\"" B64 "\"",
        "sig1=::",
        "sig1=:" B64,
        "sig1=" B64 ":",
        ":" B64 ":",
        "sig2=:" B64 ":",
        "SIG1=:" B64 ":",
        SIGNATURE ";a",
        SIGNATURE ", sig2=:" B64 ":",
        SIGNATURE ", " SIGNATURE,
        SIGNATURE ",",
        "sig1=:" B64 B64 ":",
        "sig1=:AAAA" B64 ":",
        "sig1=:LZBUTcFwNsQU0p/Ve6o7:",
    };

    (void)state;
    NONE_OF(with_input, inputs);
    NONE_OF(with_signature, signatures);
    assert_true(with_signature(SIGNATURE));
}

/* Padding, the other alphabet, bits that carry nothing: one text for one signature. */
static void base64_has_one_form(void **state)
{
    static const char *const wrong[] = {
        "sig1=:LZBUTcFwNsQU0p/Ve6o7CTLbZGwGsy1nfSRD/d+uwXeh6EOYmhM3egUPQEozNE94uq0CcyGL5Fc1LHRHFI4"
        "bZQ:",
        "sig1=:LZBUTcFwNsQU0p/Ve6o7CTLbZGwGsy1nfSRD/d+uwXeh6EOYmhM3egUPQEozNE94uq0CcyGL5Fc1LHRHFI4"
        "bZQ=:",
        "sig1=:LZBUTcFwNsQU0p/Ve6o7CTLbZGwGsy1nfSRD/d+uwXeh6EOYmhM3egUPQEozNE94uq0CcyGL5Fc1LHRHFI4"
        "bZQ===:",
        "sig1=:LZBUTcFwNsQU0p/Ve6o7CTLbZGwGsy1nfSRD/d+uwXeh6EOYmhM3egUPQEozNE94uq0CcyGL5Fc1LHRHFI4"
        "bZR==:",
        "sig1=:LZBUTcFwNsQU0p_Ve6o7CTLbZGwGsy1nfSRD_d-uwXeh6EOYmhM3egUPQEozNE94uq0CcyGL5Fc1LHRHFI4"
        "bZQ==:",
        "sig1=:LZBUTcFwNsQU0p/Ve6o7CTLbZGwGsy1nfSRD/d+uwXeh6EOYmhM3egUPQEozNE94uq0CcyGL5Fc1LHRHFI4"
        " bQ==:",
    };

    (void)state;
    NONE_OF(with_signature, wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(other_components_are_refused),
        IN_ARENA(other_parameters_are_refused),
        IN_ARENA(exactly_one_signature),
        IN_ARENA(base64_has_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

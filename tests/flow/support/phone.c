#include "phone.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>

#include "identity/app/device_key.h"
#include "identity/key/mac.h"

static void base64(const uint8_t *in, size_t n, char *out)
{
    EVP_EncodeBlock((unsigned char *)out, in, (int)n);
}

static void sign_base(phone_t *p, const char *base, char out[96])
{
    uint8_t der[128], raw[64];
    size_t n = sizeof(der);
    const uint8_t *at = der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, p->key), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &n, (const uint8_t *)base, strlen(base)), 1);
    EVP_MD_CTX_free(ctx);
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)n);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32), 32);
    ECDSA_SIG_free(sig);
    base64(raw, sizeof(raw), out);
}

static void sign(browser_t *b, kab_request_t *request)
{
    phone_t *p = (phone_t *)b;
    uint8_t hash[32];
    char base[1024], text[96], params[160];
    int64_t created =
        (b->gateway->kab->env.now(b->gateway->kab->env.ctx) + p->wrong_clock) / KAB_SECOND;

    request->cookies_n = 0;
    request->fetch_site = KAB_NONE;
    kab_sha256(request->body, hash);
    base64(hash, sizeof(hash), text);
    snprintf(p->digest, sizeof(p->digest), "sha-256=:%s:", text);
    if (!p->replay) {
        snprintf(params, sizeof(params),
                 "(\"@method\" \"@target-uri\" \"content-digest\");created=%lld;keyid=\"%s\"",
                 (long long)created, p->keyid);
        snprintf(base, sizeof(base),
                 "\"@method\": %.*s\n\"@target-uri\": https://cabinet.example%.*s\n"
                 "\"content-digest\": %s\n\"@signature-params\": %s",
                 (int)request->method.n, request->method.p, (int)request->target.n,
                 request->target.p, p->digest, params);
        sign_base(p, base, text);
        snprintf(p->last_input, sizeof(p->last_input), "s=%s", params);
        snprintf(p->last_signature, sizeof(p->last_signature), "s=:%s:", text);
    }
    request->content_digest = kab_span_of(p->digest);
    request->signature_input = kab_span_of(p->last_input);
    request->signature = kab_span_of(p->last_signature);
}

void phone_open(phone_t *p, gateway_t *g)
{
    uint8_t point[65];
    size_t n;
    kab_device_key_t key;

    memset(p, 0, sizeof(*p));
    browser_open(&p->at, g);
    p->at.sign = sign;
    p->key = EVP_EC_gen("P-256");
    assert_non_null(p->key);
    assert_int_equal(
        EVP_PKEY_get_octet_string_param(p->key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n),
        1);
    kab_b64url(point + 1, 32, p->x);
    kab_b64url(point + 33, 32, p->y);
    assert_true(kab_device_key_read(kab_span_of(p->x), kab_span_of(p->y), &key));
    kab_device_key_thumbprint(&key, p->keyid);
}

void phone_close(phone_t *p)
{
    EVP_PKEY_free(p->key);
    browser_close(&p->at);
}

void phone_call(phone_t *p, const char *method, const char *path, const char *body)
{
    browser_call(&p->at, method, path, body);
}

static const char *text(const phone_t *p, const char *name)
{
    const char *found = json_string_value(json_object_get(p->at.json, name));

    return found ? found : "";
}

int phone_activate(phone_t *p, const char *otp, const char *number)
{
    char body[512];

    snprintf(body, sizeof(body),
             "{\"phone\":\"%s\",\"one_time_password\":\"%s\",\"platform\":\"cli\",\"push_token\":"
             "\"token\","
             "\"public_key\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"},"
             "\"accept_terms\":true}",
             number, otp, p->x, p->y);
    phone_call(p, "POST", "/app/devices", body);
    snprintf(p->device, sizeof(p->device), "%s", text(p, "device_id"));
    return p->at.status;
}

int phone_prove(phone_t *p, const char *code)
{
    char path[96], body[64];

    snprintf(path, sizeof(path), "/app/devices/%s/proof", p->device);
    snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code);
    phone_call(p, "POST", path, body);
    if (p->at.status == 200) {
        snprintf(p->keyid, sizeof(p->keyid), "%s", p->device);
    }
    return p->at.status;
}

bool phone_challenge(phone_t *p, char id[40])
{
    phone_call(p, "GET", "/app/challenges", NULL);
    assert_int_equal(p->at.status, 200);
    const json_t *first = json_array_get(json_object_get(p->at.json, "challenges"), 0);

    snprintf(id, 40, "%s", first ? json_string_value(json_object_get(first, "id")) : "");
    return first != NULL;
}

int phone_open_code(phone_t *p, const char *id, const char *sign_shown)
{
    char path[96], body[64];

    snprintf(path, sizeof(path), "/app/challenges/%s/open", id);
    snprintf(body, sizeof(body), "{\"sign\":\"%s\"}", sign_shown);
    phone_call(p, "POST", path, body);
    return p->at.status;
}

#include "identity/app/device_key.h"

#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "identity/key/mac.h"

/* r and s are 33 bytes at most (a sign byte may lead), each with a head of two, and one for both.
 */
enum { COORDINATE = 32, DER_MAX = 2 + 2 * (2 + 33) };

/* NULL if x or y is not of the field, or the point is not on the curve: libcrypto looks when it
 * takes an uncompressed point in. */
static EVP_PKEY *open_key(const kab_device_key_t *key)
{
    uint8_t point[1 + KAB_DEVICE_KEY] = {0x04};
    char group[] = "P-256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *opened = NULL;

    memcpy(point + 1, key->xy, KAB_DEVICE_KEY);
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &opened, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        opened = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return opened;
}

bool kab_device_key_read(kab_span_t x, kab_span_t y, kab_device_key_t *out)
{
    kab_device_key_t key;
    EVP_PKEY *opened = NULL;

    if (!kab_unb64url(x, key.xy, COORDINATE) || !kab_unb64url(y, key.xy + COORDINATE, COORDINATE)) {
        return false;
    }
    /* A stranger's bad key must not stay in the thread's queue, where nginx would find it and take
     * it for a fault of its own connections. */
    ERR_set_mark();
    opened = open_key(&key);
    ERR_pop_to_mark();
    if (!opened) {
        return false;
    }
    EVP_PKEY_free(opened);
    *out = key;
    return true;
}

void kab_device_key_thumbprint(const kab_device_key_t *key, char out[KAB_THUMBPRINT + 1])
{
    char x[KAB_B64_SIZE(COORDINATE)], y[KAB_B64_SIZE(COORDINATE)], jwk[160];
    uint8_t digest[KAB_MAC_BYTES];

    kab_b64url(key->xy, COORDINATE, x);
    kab_b64url(key->xy + COORDINATE, COORDINATE, y);
    /* The required members by name, without blanks (RFC 7638 section 3.2). */
    snprintf(jwk, sizeof jwk, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
    kab_sha256(kab_span_of(jwk), digest);
    kab_b64url(digest, sizeof digest, out);
}

/* r ‖ s → SEQUENCE { r, s }, the only form that libcrypto takes. 0: out of memory. */
static size_t to_der(const uint8_t signature[KAB_SIGNATURE], uint8_t out[DER_MAX])
{
    BIGNUM *r = BN_bin2bn(signature, COORDINATE, NULL);
    BIGNUM *s = BN_bin2bn(signature + COORDINATE, COORDINATE, NULL);
    ECDSA_SIG *pair = ECDSA_SIG_new();
    int n = 0;

    if (r && s && pair && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL; /* the pair's from here on */
        n = i2d_ECDSA_SIG(pair, NULL) <= DER_MAX ? i2d_ECDSA_SIG(pair, &out) : 0;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return n > 0 ? (size_t)n : 0;
}

static bool verify(EVP_PKEY *key, kab_span_t base, const uint8_t *der, size_t n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
              EVP_DigestVerify(ctx, der, n, base.p, base.n) == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

bool kab_device_key_verify(const kab_device_key_t *key, kab_span_t base,
                           const uint8_t signature[KAB_SIGNATURE])
{
    uint8_t der[DER_MAX];
    bool ok = false;

    ERR_set_mark();
    size_t n = to_der(signature, der);
    EVP_PKEY *opened = n > 0 ? open_key(key) : NULL;
    if (opened) {
        ok = verify(opened, base, der, n);
    }
    EVP_PKEY_free(opened);
    ERR_pop_to_mark();
    return ok;
}

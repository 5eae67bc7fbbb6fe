/* Keys for the demonstration's app: P-256, as a JWK (RFC 7517, RFC 7518 section 6.2). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "import.h"

enum { COORDINATE = 32 };

static bool member(const EVP_PKEY *key, const char *param, char *out)
{
    BIGNUM *number = NULL;
    uint8_t bytes[COORDINATE];
    bool ok = EVP_PKEY_get_bn_param(key, param, &number) == 1 &&
              BN_bn2binpad(number, bytes, sizeof bytes) == (int)sizeof bytes;

    if (ok) {
        kab_b64url(bytes, sizeof bytes, out);
    }
    BN_clear_free(number);
    kab_wipe(bytes, sizeof bytes);
    return ok;
}

static int jwk_text(char *out, size_t size)
{
    char x[KAB_B64_SIZE(COORDINATE)], y[KAB_B64_SIZE(COORDINATE)], d[KAB_B64_SIZE(COORDINATE)];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    int n = -1;

    if (key && member(key, OSSL_PKEY_PARAM_EC_PUB_X, x) &&
        member(key, OSSL_PKEY_PARAM_EC_PUB_Y, y) && member(key, OSSL_PKEY_PARAM_PRIV_KEY, d)) {
        n = snprintf(out, size,
                     "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\",\"d\":\"%s\"}\n",
                     x, y, d);
    }
    EVP_PKEY_free(key);
    kab_wipe(d, sizeof d);
    return n;
}

bool import_device(const char *dir, const kab_iin_t *iin, const char **why)
{
    char path[4096], text[512];
    int n = snprintf(path, sizeof path, "%s/%s.jwk", dir, iin->digits);

    if (n < 0 || (size_t)n >= sizeof path) {
        *why = "the directory's name is too long";
        return false;
    }
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        *why = "the directory cannot be made";
        return false;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        *why = errno == EEXIST ? NULL : "the key cannot be written";
        return errno == EEXIST;
    }
    n = jwk_text(text, sizeof text);
    bool ok = n > 0 && write(fd, text, (size_t)n) == n;
    ok = close(fd) == 0 && ok;
    kab_wipe(text, sizeof text);
    if (!ok) {
        unlink(path);
        *why = "the key cannot be written";
    }
    return ok;
}

/* Devices for the demonstration's app: a P-256 key as a JWK (RFC 7517, RFC 7518 section 6.2). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "cabinet/proof/device.h"
#include "import/import.h"

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

typedef struct {
    char x[KAB_B64_SIZE(COORDINATE)], y[KAB_B64_SIZE(COORDINATE)], d[KAB_B64_SIZE(COORDINATE)];
} jwk_t;

static bool make_key(jwk_t *jwk)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    bool ok = key && member(key, OSSL_PKEY_PARAM_EC_PUB_X, jwk->x) &&
              member(key, OSSL_PKEY_PARAM_EC_PUB_Y, jwk->y) &&
              member(key, OSSL_PKEY_PARAM_PRIV_KEY, jwk->d);

    EVP_PKEY_free(key);
    return ok;
}

static bool bind_device(const kab_world_t *w, const kab_account_t *account, const jwk_t *jwk,
                        char id[KAB_UUID_SIZE])
{
    kab_time_t now = w->env->now(w->env->ctx);
    kab_device_t device = {
        .has_account = true,
        .account = account->id,
        .state = KAB_DEVICE_ACTIVE,
        .platform = "cli",
        .push_token = kab_span_of(jwk->x), /* any will do for the sandbox */
        .phone = account->phone,
        .active_at = now,
        .proof_expires_at = now,
        .sent_at = now,
    };
    bool ok = account->has_phone &&
              kab_device_key_read(kab_span_of(jwk->x), kab_span_of(jwk->y), &device.key) &&
              kab_device_insert(w, &device) == KAB_OK;

    if (ok) {
        kab_uuid_text(device.id, id);
    }
    return ok;
}

/* The file first: a device whose key nobody has would be a lie. */
static bool write_device(const kab_world_t *w, int fd, const kab_account_t *account)
{
    char id[KAB_UUID_SIZE], text[512];
    jwk_t jwk;
    bool ok = make_key(&jwk) && bind_device(w, account, &jwk, id);

    if (ok) {
        int n = snprintf(text, sizeof text,
                         "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\","
                         "\"d\":\"%s\",\"kid\":\"%s\",\"state\":\"active\"}\n",
                         jwk.x, jwk.y, jwk.d, id);
        ok = write(fd, text, (size_t)n) == n;
    }
    kab_wipe(&jwk, sizeof jwk);
    kab_wipe(text, sizeof text);
    return ok;
}

bool import_device(const kab_world_t *w, const char *dir, const kab_account_t *account,
                   const char **why)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s.jwk", dir, account->iin.digits);

    if (n < 0 || (size_t)n >= sizeof path) {
        *why = "the directory's name is too long";
        return false;
    }
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        *why = "the directory cannot be made";
        return false;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        *why = "the key cannot be written";
        return false;
    }
    bool ok = write_device(w, fd, account);
    ok = close(fd) == 0 && ok;
    if (!ok) {
        unlink(path);
        *why = account->has_phone ? "the key cannot be written" : "there is no phone for it";
    }
    return ok;
}

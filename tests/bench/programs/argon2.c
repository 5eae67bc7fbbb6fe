/*
 * Argon2id hashes in a second of one core's time, of the library that the linker has found:
 * bench-argon2 libargon2|openssl SECONDS. First it must say what RFC 9106 says.
 * Links nothing but the two, so that it runs beside another system's libraries.
 */
#include <argon2.h>
#include <dlfcn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { TAG = 32, MEMORY = 48 * 1024 * 1024 };

typedef struct {
    uint32_t m, t, p;
    uint8_t password[32], salt[16], secret[8], ad[12];
} input_t;

typedef bool (*hash_t)(input_t *in, uint8_t tag[TAG]);

static uint8_t *kept;
static EVP_KDF *kdf;

static int take_kept(uint8_t **memory, size_t bytes)
{
    *memory = bytes <= MEMORY ? kept : NULL;
    return *memory ? ARGON2_OK : ARGON2_MEMORY_ALLOCATION_ERROR;
}

static void leave_kept(uint8_t *memory, size_t bytes)
{
    (void)memory;
    (void)bytes;
}

/* As core/identity/password/password_hash.c does. */
static bool by_libargon2(input_t *in, uint8_t tag[TAG])
{
    argon2_context context = {.out = tag,
                              .outlen = TAG,
                              .pwd = in->password,
                              .pwdlen = sizeof in->password,
                              .salt = in->salt,
                              .saltlen = sizeof in->salt,
                              .secret = in->secret,
                              .secretlen = sizeof in->secret,
                              .ad = in->ad,
                              .adlen = sizeof in->ad,
                              .t_cost = in->t,
                              .m_cost = in->m,
                              .lanes = in->p,
                              .threads = 1,
                              .version = ARGON2_VERSION_13,
                              .allocate_cbk = take_kept,
                              .free_cbk = leave_kept};

    return argon2id_ctx(&context) == ARGON2_OK;
}

/* The names of Argon2's own parameters are not in the headers of OpenSSL 3.0. */
static bool by_openssl(input_t *in, uint8_t tag[TAG])
{
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PASSWORD, in->password, sizeof in->password),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, in->salt, sizeof in->salt),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SECRET, in->secret, sizeof in->secret),
        OSSL_PARAM_octet_string("ad", in->ad, sizeof in->ad),
        OSSL_PARAM_uint32("memcost", &in->m),
        OSSL_PARAM_uint32("iter", &in->t),
        OSSL_PARAM_uint32("lanes", &in->p),
        OSSL_PARAM_END};
    bool done = ctx && EVP_KDF_derive(ctx, tag, TAG, params) == 1;

    EVP_KDF_CTX_free(ctx);
    return done;
}

/* RFC 9106, section 5.3. */
static bool is_argon2id(hash_t hash, input_t *in)
{
    static const uint8_t expected[TAG] = {0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c,
                                          0x08, 0xc0, 0x37, 0xa3, 0x4a, 0x8b, 0x53, 0xc9,
                                          0xd0, 0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e,
                                          0xb5, 0x25, 0x20, 0xe9, 0x6b, 0x01, 0xe6, 0x59};
    uint8_t tag[TAG];

    return hash(in, tag) && memcmp(tag, expected, TAG) == 0;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure(hash_t hash, input_t in, uint32_t m, uint32_t t, double seconds)
{
    uint8_t tag[TAG];
    unsigned n = 0;

    in.m = m;
    in.t = t;
    in.p = 1;
    hash(&in, tag);
    double begun = now(), took = 0;
    while (took < seconds && hash(&in, tag)) {
        n++;
        took = now() - begun;
    }
    printf("  m=%u,t=%u %6.1f/s", m, t, n / took);
}

static const char *file_of(void *symbol)
{
    Dl_info info;

    return dladdr(symbol, &info) ? info.dli_fname : "?";
}

int main(int argc, char **argv)
{
    input_t in = {.m = 32, .t = 3, .p = 4};
    bool openssl = argc == 3 && strcmp(argv[1], "openssl") == 0;
    hash_t hash = openssl ? by_openssl : by_libargon2;

    if (argc != 3 || (!openssl && strcmp(argv[1], "libargon2") != 0)) {
        fprintf(stderr, "usage: bench-argon2 libargon2|openssl SECONDS\n");
        return 2;
    }
    memset(in.password, 1, sizeof in.password);
    memset(in.salt, 2, sizeof in.salt);
    memset(in.secret, 3, sizeof in.secret);
    memset(in.ad, 4, sizeof in.ad);
    kept = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)madvise(kept, MEMORY, MADV_HUGEPAGE);
    kdf = openssl ? EVP_KDF_fetch(NULL, "ARGON2ID", NULL) : NULL;
    if (openssl && !kdf) {
        printf("  %s has no Argon2\n", OpenSSL_version(OPENSSL_VERSION));
        return 0;
    }
    if (!is_argon2id(hash, &in)) {
        fprintf(stderr, "this is not the Argon2id of RFC 9106\n");
        return 1;
    }
    measure(hash, in, 19456, 2, atof(argv[2]));
    measure(hash, in, 47104, 1, atof(argv[2]));
    printf("  %s\n",
           file_of(openssl ? (void *)(uintptr_t)EVP_KDF_derive : (void *)(uintptr_t)argon2id_ctx));
    return 0;
}

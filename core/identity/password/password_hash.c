#include "identity/password/password_hash.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <argon2.h>

#include "identity/key/mac.h"
#include "identity/password/phc.h"

enum { SALT = 16, HASH = 32, INPUT_MAX = 256 };

/* More than this is given back at once: one imported monster must not stay with every thread. */
#define KEEP_MAX ((size_t)KAB_HASH_KEEP_M * 1024)

struct kab_hasher_s {
    uint8_t *memory;
    size_t size;
    uint64_t count;
};

/* libargon2's allocator is told nothing but a size, so the thread says for whom it works. */
static _Thread_local kab_hasher_t *working;

kab_hasher_t *kab_hasher_open(void)
{
    return calloc(1, sizeof(kab_hasher_t));
}

static void give_back(kab_hasher_t *hasher)
{
    if (hasher->memory) {
        kab_wipe(hasher->memory, hasher->size);
        munmap(hasher->memory, hasher->size);
    }
    hasher->memory = NULL;
    hasher->size = 0;
}

void kab_hasher_close(kab_hasher_t *hasher)
{
    if (hasher) {
        give_back(hasher);
        free(hasher);
    }
}

uint64_t kab_hasher_count(const kab_hasher_t *hasher)
{
    return hasher->count;
}

const char *kab_hash_library(void)
{
    Dl_info info;

    return dladdr((void *)(uintptr_t)argon2id_ctx, &info) ? info.dli_fname : "libargon2";
}

/* Fresh pages cost as much time as a good part of the hash, so they are kept. */
static int kept_memory(uint8_t **memory, size_t bytes)
{
    kab_hasher_t *hasher = working;

    if (hasher->size < bytes) {
        give_back(hasher);
        void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED) {
            *memory = NULL;
            return ARGON2_MEMORY_ALLOCATION_ERROR;
        }
        /* Both are wishes; the hash is right without them. */
        (void)madvise(pages, bytes, MADV_HUGEPAGE);
        (void)madvise(pages, bytes, MADV_DONTDUMP);
        hasher->memory = pages;
        hasher->size = bytes;
    }
    *memory = hasher->memory;
    return ARGON2_OK;
}

/* libargon2 has wiped it by now (FLAG_clear_internal_memory, on unless somebody turns it off). */
static void keep_memory(uint8_t *memory, size_t bytes)
{
    (void)memory;
    (void)bytes;
}

/* libargon2 takes plain pointers to what it only reads. */
static uint8_t *readable(const uint8_t *p)
{
    return (uint8_t *)(uintptr_t)p;
}

static bool compute(kab_hasher_t *hasher, const kab_phc_t *phc, const kab_key_t *pepper,
                    kab_span_t account_id, kab_span_t normal, uint8_t *out)
{
    uint8_t secret[KAB_KEY_BYTES];
    argon2_context context = {
        .out = out,
        .outlen = (uint32_t)phc->hash_n,
        .pwd = readable(normal.p),
        .pwdlen = (uint32_t)normal.n,
        .salt = readable(phc->salt),
        .saltlen = (uint32_t)phc->salt_n,
        .t_cost = phc->params.t,
        .m_cost = phc->params.m,
        .lanes = phc->params.p,
        .threads = 1, /* the lane has as many threads as there are cores */
        .version = ARGON2_VERSION_13,
        .allocate_cbk = kept_memory,
        .free_cbk = keep_memory,
        .flags = ARGON2_FLAG_CLEAR_SECRET,
    };

    if (pepper) {
        memcpy(secret, pepper->key, sizeof secret);
        context.secret = secret;
        context.secretlen = sizeof secret;
        context.ad = readable(account_id.p);
        context.adlen = (uint32_t)account_id.n;
    }
    working = hasher;
    int rc = argon2id_ctx(&context);
    working = NULL;
    hasher->count++;
    if (pepper) {
        kab_wipe(secret, sizeof secret);
    }
    if (hasher->size > KEEP_MAX) {
        give_back(hasher);
    }
    return rc == ARGON2_OK;
}

static bool inputs_ok(kab_span_t account_id, kab_span_t normal)
{
    return account_id.n <= INPUT_MAX && normal.n <= INPUT_MAX;
}

bool kab_hash_make(kab_hasher_t *hasher, const kab_keyring_t *ring, const kab_env_t *env,
                   kab_hash_params_t params, kab_span_t account_id, kab_span_t normal,
                   char out[KAB_HASH_TEXT])
{
    const kab_key_t *pepper = kab_key_current(ring, KAB_KEY_PEPPER);
    kab_phc_t phc = {.params = params, .pepper = pepper->id, .salt_n = SALT, .hash_n = HASH};

    if (!kab_phc_params_ok(params) || !inputs_ok(account_id, normal)) {
        return false;
    }
    env->random(env->ctx, phc.salt, SALT);
    return compute(hasher, &phc, pepper, account_id, normal, phc.hash) && kab_phc_write(&phc, out);
}

bool kab_hash_verify(kab_hasher_t *hasher, const kab_keyring_t *ring, kab_span_t account_id,
                     kab_span_t normal, kab_span_t text)
{
    kab_phc_t phc;
    uint8_t computed[KAB_PHC_HASH_MAX];
    bool possible = inputs_ok(account_id, normal);

    if (!kab_phc_parse(text, &phc)) {
        return false;
    }
    const kab_key_t *pepper = phc.pepper ? kab_key_find(ring, KAB_KEY_PEPPER, phc.pepper) : NULL;
    if (phc.pepper && !pepper) {
        possible = false; /* the answer is known, but its time must not tell */
    }
    if (!inputs_ok(account_id, normal)) {
        account_id = normal = KAB_NONE;
    }
    bool same = compute(hasher, &phc, pepper, account_id, normal, computed) &&
                kab_same(computed, phc.hash, phc.hash_n);
    kab_wipe(computed, sizeof computed);
    return possible && same;
}

bool kab_hash_ok(kab_span_t text)
{
    kab_phc_t phc;
    return kab_phc_parse(text, &phc);
}

bool kab_hash_stale(const kab_keyring_t *ring, kab_hash_params_t params, kab_span_t text)
{
    kab_phc_t phc;

    return !kab_phc_parse(text, &phc) || phc.params.m != params.m || phc.params.t != params.t ||
           phc.params.p != params.p || phc.pepper != kab_key_current(ring, KAB_KEY_PEPPER)->id;
}

void kab_hash_stand_in(const kab_keyring_t *ring, kab_hash_params_t params, kab_span_t seed,
                       char out[KAB_HASH_TEXT])
{
    const kab_key_t *decoy = kab_key_current(ring, KAB_KEY_DECOY);
    kab_phc_t phc = {.params = params,
                     .pepper = kab_key_current(ring, KAB_KEY_PEPPER)->id,
                     .salt_n = SALT,
                     .hash_n = HASH};
    _Static_assert((int)HASH == (int)KAB_MAC_BYTES && (int)SALT <= (int)KAB_MAC_BYTES,
                   "one MAC fills each");

    kab_mac(decoy, "password stand-in salt", seed, phc.salt);
    kab_mac(decoy, "password stand-in hash", seed, phc.hash);
    if (!kab_phc_write(&phc, out)) {
        abort(); /* cannot be: every part has its bound */
    }
}

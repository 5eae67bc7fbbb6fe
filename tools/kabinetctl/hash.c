/* hash tune: what a password hash takes on this machine, and the grid that must lie above it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cabinet/person/account.h"
#include "ctl.h"
#include "identity/password/phc.h"

enum { KINDS = 32, PAGE = 1000, SAMPLES = 5, TRIES = 5 };

/* OWASP's least for two passes, which is the default too: the safe one that takes next to no time.
 */
static const kab_hash_params_t least = {.m = 19456, .t = 2, .p = 1};
static const kab_time_t grid_step = 50 * KAB_MS, grid_most = 5 * KAB_SECOND;

typedef struct {
    kab_hash_params_t params;
    int64_t accounts;
    kab_time_t slowest;
} kind_t;

typedef struct {
    ctl_t *ctl;
    kab_hash_params_t chosen;
    kind_t kind[KINDS];
    unsigned n;
} tune_t;

static int by_length(const void *a, const void *b)
{
    const kab_time_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The shortest first. False: told to stop, or it cannot be computed. */
static bool time_hashes(ctl_t *ctl, kab_hash_params_t params, kab_time_t took[SAMPLES])
{
    kab_hasher_t *hasher = kab_hasher_open();
    char out[KAB_HASH_TEXT];
    int n = 0;

    while (hasher && n < SAMPLES && !ctl_stop) {
        kab_time_t begun = kab_env_system.now(kab_env_system.ctx);
        if (!kab_hash_make(hasher, ctl->config->ring, &kab_env_system, params,
                           KAB_SPAN("an account"), KAB_SPAN("a password to be timed"), out)) {
            break;
        }
        took[n++] = kab_env_system.now(kab_env_system.ctx) - begun;
    }
    kab_hasher_close(hasher);
    if (n < SAMPLES) {
        return false;
    }
    qsort(took, SAMPLES, sizeof *took, by_length);
    return true;
}

kab_time_t ctl_hash_time(ctl_t *ctl, kab_hash_params_t params)
{
    kab_time_t took[SAMPLES];

    return time_hashes(ctl, params, took) ? took[SAMPLES - 1] : 0;
}

static bool same(kab_hash_params_t a, kab_hash_params_t b)
{
    return a.m == b.m && a.t == b.t && a.p == b.p;
}

/* False: more kinds than anybody imports. */
static bool count(tune_t *tune, kab_hash_params_t params, int64_t accounts)
{
    for (unsigned i = 0; i < tune->n; i++) {
        if (same(tune->kind[i].params, params)) {
            tune->kind[i].accounts += accounts;
            return true;
        }
    }
    if (tune->n == KINDS) {
        ctl_error("hash tune: accounts have more than %d kinds of hashes", KINDS);
        return false;
    }
    tune->kind[tune->n++] = (kind_t){.params = params, .accounts = accounts};
    return true;
}

/* Imported hashes keep their own cost until their owner signs in. */
static int count_hashes(tune_t *tune)
{
    ctl_t *ctl = tune->ctl;
    kab_uuid_t last = {{0}};
    unsigned n = PAGE;

    while (n == PAGE) {
        kab_span_t *hash = kab_alloc(ctl->arena, PAGE * sizeof *hash);
        kab_err_t err =
            hash ? kab_account_hashes(&ctl->world, &last, hash, PAGE, &n) : KAB_E_INTERNAL;
        if (err != KAB_OK) {
            return ctl_fail(ctl, "hash tune", err);
        }
        for (unsigned i = 0; i < n; i++) {
            kab_phc_t phc;
            if (kab_phc_parse(hash[i], &phc) && !count(tune, phc.params, 1)) {
                return CTL_FAILED;
            }
        }
        if (ctl_stop || !ctl_fresh_arena(ctl)) {
            return CTL_FAILED;
        }
    }
    return CTL_DONE;
}

/* RFC 9106 section 4: memory first, up to what a thread keeps, and passes for the rest of the time.
 * So the fewest passes with which `work`, in KiB times passes, fits into that; whole MiB. */
static kab_hash_params_t shape(double work)
{
    for (uint32_t t = 1; t <= KAB_PHC_T_MAX; t++) {
        uint32_t m = (uint32_t)(work / t) / 1024 * 1024;
        if (m <= KAB_HASH_KEEP_M && m >= kab_phc_least_m(t)) {
            return (kab_hash_params_t){.m = m, .t = t, .p = 1};
        }
    }
    return work < (double)KAB_HASH_KEEP_M
               ? least
               : (kab_hash_params_t){.m = KAB_HASH_KEEP_M, .t = KAB_PHC_T_MAX, .p = 1};
}

static double work_of(kab_hash_params_t params)
{
    return (double)params.m * params.t;
}

/* The costliest whose median was seen to keep within the budget; each try aims a little lower. */
static bool choose(tune_t *tune, kab_time_t budget)
{
    kab_hash_params_t params = least;
    kab_time_t took[SAMPLES];

    tune->chosen = least;
    for (int i = 0; i < TRIES; i++) {
        if (!time_hashes(tune->ctl, params, took)) {
            ctl_error("hash tune: m=%" PRIu32 " cannot be computed here", params.m);
            return false;
        }
        kab_time_t median = took[SAMPLES / 2];
        if (median > budget && same(params, least)) {
            ctl_error("hash tune: the least that is safe takes %lld ms here",
                      (long long)(median / KAB_MS));
            break;
        }
        if (median <= budget && work_of(params) > work_of(tune->chosen)) {
            tune->chosen = params;
        }
        double aim = 0.98 - 0.03 * i;
        params = shape(work_of(params) * aim * (double)budget / (double)median);
    }
    return true;
}

/* Twice the slowest: a machine at work is slower than one that measures. */
static kab_time_t grid_over(kab_time_t slowest)
{
    kab_time_t grid = (2 * slowest + grid_step - 1) / grid_step * grid_step;

    return grid < grid_step ? grid_step : grid;
}

static bool measure(tune_t *tune, kab_time_t *slowest)
{
    *slowest = 0;
    for (unsigned i = 0; i < tune->n; i++) {
        kind_t *kind = &tune->kind[i];
        kind->slowest = ctl_hash_time(tune->ctl, kind->params);
        if (kind->slowest == 0) {
            ctl_error("hash tune: m=%" PRIu32 " t=%" PRIu32 " p=%" PRIu32
                      " cannot be computed here",
                      kind->params.m, kind->params.t, kind->params.p);
            return false;
        }
        *slowest = kind->slowest > *slowest ? kind->slowest : *slowest;
        printf("# m=%" PRIu32 " t=%" PRIu32 " p=%" PRIu32 ": %.1f ms, %" PRId64 " accounts\n",
               kind->params.m, kind->params.t, kind->params.p,
               (double)kind->slowest / (double)KAB_MS, kind->accounts);
    }
    return true;
}

static int write_directive(const tune_t *tune, kab_time_t slowest)
{
    const kab_hash_params_t *p = &tune->chosen;
    unsigned threads = tune->ctl->config->hash_threads;
    kab_time_t grid = grid_over(slowest);

    printf("# memory of %u hashes at a time: %" PRIu64 " MiB\n", threads,
           (uint64_t)threads * p->m / 1024);
    printf("kabinet_password_hash argon2id m=%" PRIu32 " t=%" PRIu32 " p=%" PRIu32
           " grid=%lldms;\n",
           p->m, p->t, p->p, (long long)((grid < grid_most ? grid : grid_most) / KAB_MS));
    if (grid <= grid_most) {
        return CTL_DONE;
    }
    ctl_error("hash tune: the slowest hash is too slow for any grid; those accounts can be told "
              "from others by their time until their owners have signed in");
    return CTL_FAILED;
}

static bool read_budget(int argc, char **argv, kab_time_t *budget)
{
    char *end = NULL;
    long ms = argc == 2 ? strtol(argv[1], &end, 10) : 0;

    *budget = ms * KAB_MS;
    return argc == 0 || (argc == 2 && strcmp(argv[0], "--budget") == 0 && strcmp(end, "ms") == 0 &&
                         ms >= 5 && ms <= 2000);
}

static int tune_hash(ctl_t *ctl, int argc, char **argv)
{
    tune_t tune = {.ctl = ctl, .chosen = ctl->config->hash};
    kab_time_t budget, slowest;

    if (!read_budget(argc, argv, &budget)) {
        return CTL_MISUSED;
    }
    printf("# by %s\n", kab_hash_library());
    if ((budget && !choose(&tune, budget)) || !count(&tune, tune.chosen, 0)) {
        return CTL_FAILED;
    }
    int status = count_hashes(&tune);
    if (status == CTL_DONE) {
        status = measure(&tune, &slowest) ? write_directive(&tune, slowest) : CTL_FAILED;
    }
    return status;
}

const ctl_command_t ctl_hash_commands[] = {
    {"hash tune", "[--budget TIME]", "Measure password hashes here and write their directive",
     "Times the configured hash and every kind that accounts have, on this machine while it has\n"
     "nothing else to do, and writes kabinet_password_hash with a grid of twice the slowest: on "
     "it\n"
     "failures leave, so that their time tells nothing. On several machines take the longest "
     "grid.\n"
     "--budget TIME  5ms to 2000ms: choose m= and t= that fill this time: memory first, up to the\n"
     "               64 MiB that a thread keeps, then passes. Never less than is safe",
     CTL_WORLD, 0, 2, tune_hash},
    {0}};

/*
 * Looks accounts or children up by IINs from the standard input, at random, for SECONDS, as sign-in
 * and re-registration do: bench-lookups CONF account|child SECONDS < IINS. Prints how many a
 * second, and the milliseconds of the median and of the slowest in a hundred.
 */
#include <stdlib.h>
#include <string.h>

#include "cabinet/person/account.h"
#include "cabinet/person/child.h"
#include "world.h"

enum { MOST = 1000000 };

typedef struct {
    kab_world_t w;
    bool child;
} asking_t;

static kab_iin_t iins[MOST];
static double took[MOST];

static unsigned read_iins(void)
{
    char line[32];
    unsigned n = 0;

    while (n < MOST && fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        n += kab_iin_parse(KAB_IIN_STRICT, kab_span_of(line), &iins[n]) == NULL;
    }
    return n;
}

static bool ask(asking_t *asking, const kab_iin_t *iin)
{
    kab_account_t account;
    kab_child_t child;
    bool found = false;
    kab_err_t err = asking->child ? kab_child_find(&asking->w, iin, &child, &found)
                                  : kab_account_find(&asking->w, iin, NULL, &account, &found);

    return err == KAB_OK && found;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* False: somebody was not found. */
static bool measure(bench_t *bench, bool child, unsigned people, double seconds)
{
    const kab_env_t *env = bench->w.env;
    kab_time_t began = env->now(env->ctx), now = began;
    unsigned n = 0;

    while (n < MOST && (double)(now - began) < seconds * (double)KAB_SECOND) {
        kab_arena_t *arena = kab_arena_open();
        asking_t asking = {bench->w, child};
        uint32_t at;

        asking.w.arena = asking.w.db.arena = asking.w.cache.arena = arena;
        env->random(env->ctx, (uint8_t *)&at, sizeof(at));
        bool found = ask(&asking, &iins[at % people]);
        kab_arena_close(arena);
        if (!found) {
            return false;
        }
        kab_time_t after = env->now(env->ctx);
        took[n++] = (double)(after - now) / 1e3;
        now = after;
    }
    qsort(took, n, sizeof(took[0]), by_size);
    printf("%.0f %.3f %.3f\n", n / ((double)(now - began) / (double)KAB_SECOND), took[n / 2],
           took[n - 1 - n / 100]);
    return true;
}

int main(int argc, char **argv)
{
    bench_t bench;
    unsigned people = read_iins();

    if (argc != 4 || people == 0) {
        fprintf(stderr, "usage: bench-lookups CONF account|child SECONDS < IINS\n");
        return 2;
    }
    if (!bench_open(&bench, argv[1])) {
        return 2;
    }
    bool ok = measure(&bench, strcmp(argv[2], "child") == 0, people, atof(argv[3]));
    bench_close(&bench);
    if (!ok) {
        fprintf(stderr, "somebody was not found\n");
    }
    return ok ? 0 : 1;
}

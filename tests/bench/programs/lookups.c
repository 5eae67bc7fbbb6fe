/*
 * Looks accounts or children up by IINs from the standard input, at random, for SECONDS, as sign-in
 * and re-registration do: bench-lookups CONF account|child|nothing SECONDS < IINS. Nothing is a
 * statement that looks at no table. Prints how many a second, and the milliseconds of the median
 * and of the slowest in a hundred.
 */
#include <stdlib.h>
#include <string.h>

#include "cabinet/person/account.h"
#include "cabinet/person/child.h"
#include "world.h"

enum { MOST = 1000000 };

typedef bool (*ask_t)(const kab_world_t *w, const kab_iin_t *iin);

static const kab_sql_t sql_nothing = {"bench_nothing", "SELECT 1"};
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

static bool ask_account(const kab_world_t *w, const kab_iin_t *iin)
{
    kab_account_t account;
    bool found = false;

    return kab_account_find(w, iin, NULL, &account, &found) == KAB_OK && found;
}

static bool ask_child(const kab_world_t *w, const kab_iin_t *iin)
{
    kab_child_t child;
    bool found = false;

    return kab_child_find(w, iin, &child, &found) == KAB_OK && found;
}

static bool ask_nothing(const kab_world_t *w, const kab_iin_t *iin)
{
    (void)iin;
    return kab_pg_exec(&w->db, &sql_nothing, NULL, 0, NULL) == KAB_OK;
}

static const struct {
    const char *name;
    ask_t ask;
} kinds[] = {{"account", ask_account}, {"child", ask_child}, {"nothing", ask_nothing}, {0}};

static ask_t kind_of(const char *name)
{
    for (unsigned i = 0; kinds[i].name; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return kinds[i].ask;
        }
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* False: somebody was not found. */
static bool measure(bench_t *bench, ask_t ask, unsigned people, double seconds)
{
    const kab_env_t *env = bench->w.env;
    kab_time_t began = env->now(env->ctx), now = began;
    unsigned n = 0;

    while (n < MOST && (double)(now - began) < seconds * (double)KAB_SECOND) {
        kab_arena_t *arena = kab_arena_open();
        kab_world_t w = bench->w;
        uint32_t at;

        w.arena = w.db.arena = w.cache.arena = arena;
        env->random(env->ctx, (uint8_t *)&at, sizeof(at));
        bool found = ask(&w, &iins[at % people]);
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
    ask_t ask = argc == 4 ? kind_of(argv[2]) : NULL;

    if (!ask || people == 0) {
        fprintf(stderr, "usage: bench-lookups CONF account|child|nothing SECONDS < IINS\n");
        return 2;
    }
    if (!bench_open(&bench, argv[1])) {
        return 2;
    }
    bool ok = measure(&bench, ask, people, atof(argv[3]));
    bench_close(&bench);
    if (!ok) {
        fprintf(stderr, "somebody was not found\n");
    }
    return ok ? 0 : 1;
}

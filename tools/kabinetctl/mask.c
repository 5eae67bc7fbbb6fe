/* mask: how the numbers of real people begin, as a table for kabinet_mask. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cabinet/proof/decoy.h"
#include "ctl.h"

/* A batch's numbers are wiped before the next is read. */
static int count_people(ctl_t *ctl, kab_mask_count_t *count)
{
    for (bool more = true; more;) {
        if (ctl_stop) {
            ctl_error("mask: stopped; nothing was written");
            return CTL_FAILED;
        }
        kab_err_t err = kab_mask_count(&ctl->world, &ctl->config->phones, count, &more);
        if (err != KAB_OK) {
            return ctl_fail(ctl, "mask", err);
        }
        if (!ctl_fresh_arena(ctl)) {
            return CTL_FAILED;
        }
    }
    return CTL_DONE;
}

static void write_table(const kab_mask_t *mask)
{
    char day[16] = "";
    time_t now = (time_t)(kab_env_system.now(kab_env_system.ctx) / KAB_SECOND);
    struct tm utc;

    strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&now, &utc));
    printf("# For kabinet_mask, made by `kabinetctl mask` on %s. Of 10000 people so many have the\n"
           "# app, and so many a number that begins like this.\n"
           "app %" PRIu32 "\n",
           day, mask->app);
    for (unsigned i = 0; i < mask->n; i++) {
        printf("%s %" PRIu32 "\n", mask->row[i].prefix, mask->row[i].share);
    }
}

static int make_mask(ctl_t *ctl, int argc, char **argv)
{
    kab_mask_count_t count = {0};
    kab_mask_t mask;

    (void)argc;
    (void)argv;
    if (count_people(ctl, &count) != CTL_DONE) {
        return CTL_FAILED;
    }
    if (count.others > 0) {
        ctl_error("mask: %" PRId64 " accounts are left out: their numbers are of no known operator "
                  "or cannot be read",
                  count.others);
    }
    if (!kab_mask_of(&ctl->config->phones, &count, &mask)) {
        ctl_error("mask: only %" PRId64 " accounts with a number; a table of fewer than %d would "
                  "tell about people, so keep the built-in one",
                  count.people, KAB_MASK_LEAST);
        return CTL_FAILED;
    }
    write_table(&mask);
    return CTL_DONE;
}

const ctl_command_t ctl_mask_commands[] = {
    {"mask", "", "Write a table for kabinet_mask: how real people's numbers begin",
     "Counts the accounts with a number by its prefix, and those with the app, and writes shares\n"
     "of 10000 to standard output: kabinetctl mask > /etc/kabinet/mask. Fewer than 1000 accounts\n"
     "are refused. A new table changes the masks that some unknown IINs are shown, so make one\n"
     "when people are in, and again only when shares have moved.",
     CTL_WORLD, 0, 0, make_mask},
    {0}};

/* Commands that make files: the keyring, the breach list. */
#include <inttypes.h>

#include "ctl.h"

static int keys_create(ctl_t *ctl, int argc, char **argv)
{
    char why[512] = "";

    (void)ctl;
    (void)argc;
    if (!kab_keyring_create(argv[0], &kab_env_system, why, sizeof why)) {
        ctl_error("keys create: %s", why);
        return CTL_FAILED;
    }
    printf("%s: one key a purpose; keep a copy where no backup of the database is kept\n", argv[0]);
    return CTL_DONE;
}

static int breach_build(ctl_t *ctl, int argc, char **argv)
{
    char why[512] = "";
    int64_t n = kab_breach_build(argv[0], argv[1], why, sizeof why);

    (void)ctl;
    (void)argc;
    if (n < 0) {
        ctl_error("breach build: %s", why);
        return CTL_FAILED;
    }
    printf("%s: %" PRId64 " passwords\n", argv[1], n);
    return CTL_DONE;
}

const ctl_command_t ctl_file_commands[] = {
    {"keys create", "FILE", "Make a keyring with a fresh key for each purpose",
     "The file must not exist. It is made with mode 0600; without it nothing in the database can\n"
     "be read, and whoever has it and a dump can read all of it.",
     CTL_NOTHING, 1, 1, keys_create},
    {"breach build", "LIST OUT", "Make a breach file from a list of passwords, one a line",
     "A Bloom filter with one false alarm in a million. OUT is replaced at once or not at all.",
     CTL_NOTHING, 2, 2, breach_build},
    {0}};

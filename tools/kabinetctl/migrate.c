#include "ctl.h"
#include "store/migrate.h"

static int migrate(ctl_t *ctl, int argc, char **argv)
{
    unsigned applied = 0;
    kab_err_t err = kab_migrate(&ctl->world.db, &applied);

    (void)argc;
    (void)argv;
    if (err == KAB_E_WRONG_STATE) {
        ctl_show_log(ctl);
        ctl_error("migrate: this database was made by other migrations than this program has; "
                  "use the program of the right version");
        return CTL_FAILED;
    }
    if (err != KAB_OK) {
        return ctl_fail(ctl, "migrate", err);
    }
    printf("migrations: %u applied\n", applied);
    return CTL_DONE;
}

const ctl_command_t ctl_migrate_commands[] = {
    {"migrate", "", "Bring the database's tables up to this version",
     "Numbered migrations, each in a transaction of its own; what is applied already is left\n"
     "alone, so it may be run as often as one likes, and by two machines at once.",
     CTL_WORLD, 0, 0, migrate},
    {0}};

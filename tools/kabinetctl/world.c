/* The world that commands act on, built from the same configuration as nginx's. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "store/migrate.h"

void ctl_show_log(ctl_t *ctl)
{
    unsigned n = ctl->log.n < KAB_LOG_LINES ? ctl->log.n : KAB_LOG_LINES;

    for (unsigned i = 0; i < n; i++) {
        if (ctl->log.level[i] <= KAB_LOG_WARN) {
            ctl_error("%s", ctl->log.line[i]);
        }
    }
    memset(&ctl->log, 0, sizeof ctl->log);
}

/* The likeliest reason for a statement that is wrong. */
static bool tables_are_old(ctl_t *ctl)
{
    unsigned pending = 0;

    return ctl->world.db.pg && kab_migrate_pending(&ctl->world.db, &pending) == KAB_OK &&
           pending > 0;
}

int ctl_fail(ctl_t *ctl, const char *doing, kab_err_t err)
{
    ctl_show_log(ctl);
    if (err == KAB_E_INTERNAL && tables_are_old(ctl)) {
        ctl_error("%s: the database's tables are missing or old; run `kabinetctl migrate`", doing);
        return CTL_FAILED;
    }
    if (err == KAB_E_UNAVAILABLE) {
        ctl_error("%s: PostgreSQL is away or does not answer; `kabinetctl doctor` tells more",
                  doing);
    } else {
        ctl_error("%s: %s", doing, kab_error(err)->title);
    }
    return CTL_FAILED;
}

bool ctl_configure(ctl_t *ctl)
{
    ctl->config = kab_config_new();
    if (!ctl->config) {
        ctl_error("out of memory");
        return false;
    }
    const char *words = kab_config_read(ctl->config, ctl->config_path);
    if (words) {
        ctl_error("%s", words);
        return false;
    }
    return true;
}

bool ctl_fresh_arena(ctl_t *ctl)
{
    kab_arena_t *arena = kab_arena_open();

    if (!arena) {
        ctl_error("out of memory");
        return false;
    }
    kab_arena_close(ctl->arena);
    ctl->arena = ctl->world.arena = ctl->world.db.arena = ctl->world.cache.arena = arena;
    return true;
}

bool ctl_connect(ctl_t *ctl)
{
    kab_world_t *w = &ctl->world;

    w->ring = ctl->config->ring;
    w->env = &kab_env_system;
    w->log = w->db.log = w->cache.log = &ctl->log;
    w->db.pg = kab_pg_open(ctl->config->conninfo);
    w->cache.redis = kab_redis_open(ctl->config->redis, ctl->config->redis_n);
    if (!w->db.pg || !w->cache.redis) {
        ctl_error("out of memory");
        return false;
    }
    return ctl_fresh_arena(ctl);
}

void ctl_close(ctl_t *ctl)
{
    if (ctl->world.db.pg) {
        kab_pg_close(ctl->world.db.pg);
    }
    if (ctl->world.cache.redis) {
        kab_redis_close(ctl->world.cache.redis);
    }
    kab_arena_close(ctl->arena);
    kab_config_free(ctl->config);
}

/* Only root may say for whom it acts: anybody can set a variable. */
const char *ctl_login(void)
{
    const char *name = geteuid() == 0 ? getenv("SUDO_USER") : NULL;

    if (!name || !*name) {
        const struct passwd *user = getpwuid(getuid());
        name = user ? user->pw_name : "unknown";
    }
    return name;
}

void ctl_find_actor(char *out, size_t size)
{
    const char *name = ctl_login();
    size_t n = (size_t)snprintf(out, size, "operator:");

    for (; *name && n + 1 < size; name++) {
        bool plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
                            *name) != NULL;
        out[n++] = plain ? *name : '_';
    }
    out[n] = '\0';
}

/* doctor: what would go wrong later, said now. Each check writes its own line. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>

#include "cabinet/dispute/case.h"
#include "cabinet/health.h"
#include "ctl.h"
#include "store/migrate.h"

typedef enum { GOOD, WARN, FAIL } verdict_t;

typedef struct {
    ctl_t *ctl;
    verdict_t worst;
} doctor_t;

static void say(doctor_t *doctor, verdict_t verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(doctor_t *doctor, verdict_t verdict, const char *format, ...)
{
    static const char *const words[] = {"ok   ", "warn ", "fail "};
    va_list args;

    doctor->worst = verdict > doctor->worst ? verdict : doctor->worst;
    fputs(words[verdict], stdout);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

static void check_keyring(doctor_t *doctor)
{
    struct stat st;
    const char *path = doctor->ctl->config->keyring_path;

    if (stat(path, &st) != 0) {
        say(doctor, FAIL, "keyring: %s: cannot be looked at", path);
    } else if (st.st_mode & S_IRWXG) {
        say(doctor, WARN,
            "keyring: its group may read it (%04o); chmod 600 unless a service's "
            "own group needs it",
            (unsigned)st.st_mode & 07777);
    } else {
        say(doctor, GOOD, "keyring: a key for each purpose, mode %04o",
            (unsigned)st.st_mode & 07777);
    }
}

static void check_unsafe(doctor_t *doctor)
{
    const kab_config_t *config = doctor->ctl->config;

    if (config->unsafe) {
        say(doctor, WARN, "kabinet_unsafe is on: take it out before people sign in here");
    }
    if (config->breach) {
        say(doctor, GOOD, "breach list: %s", config->breach_path);
    } else {
        say(doctor, WARN, "breach list: none; make one with `kabinetctl breach build`");
    }
    say(doctor, GOOD, "mask table: %s",
        config->mask_path ? config->mask_path
                          : "the built-in one; `kabinetctl mask` makes one of real people");
    if (config->origin_n == 0) {
        say(doctor, WARN, "kabinet_origin is missing: only this machine itself can sign in");
    }
    if (config->consent_n == 0) {
        say(doctor, WARN, "kabinet_consent is missing: nobody is asked to agree to anything");
    }
}

static void check_connections(doctor_t *doctor, const kab_health_db_t *health)
{
    int64_t need = 2 * (int64_t)doctor->ctl->config->db_threads;

    if (health->max_connections < need) {
        say(doctor, FAIL,
            "postgresql: room for %" PRId64 " connections, but a reload of this machine may use "
            "%" PRId64 " (2 x db=%u); raise max_connections or lower kabinet_threads db=",
            health->max_connections, need, doctor->ctl->config->db_threads);
    } else {
        say(doctor, GOOD,
            "postgresql: room for %" PRId64 " connections, enough for %" PRId64 " machine%s",
            health->max_connections, health->max_connections / need,
            health->max_connections / need == 1 ? "" : "s");
    }
}

static void check_clock(doctor_t *doctor, kab_time_t theirs)
{
    struct timex state = {0};
    kab_time_t apart = kab_env_system.now(kab_env_system.ctx) - theirs;
    double seconds = (double)(apart < 0 ? -apart : apart) / (double)KAB_SECOND;

    if (seconds > 2) {
        say(doctor, seconds > 30 ? FAIL : WARN,
            "clock: %.1f s away from PostgreSQL's; run an NTP client on both", seconds);
    } else if (adjtimex(&state) == TIME_ERROR) {
        say(doctor, WARN,
            "clock: agrees with PostgreSQL's, but nobody keeps it right; run an NTP "
            "client");
    } else {
        say(doctor, GOOD, "clock: agrees with PostgreSQL's");
    }
}

static void check_cases(doctor_t *doctor)
{
    const kab_config_t *config = doctor->ctl->config;
    unsigned open = 0, late = 0;

    if (config->operator_n < 2) {
        say(doctor, WARN,
            "operators: %u; a case needs two to be decided: name them in "
            "kabinet_operators",
            config->operator_n);
    } else {
        say(doctor, GOOD, "operators: %u", config->operator_n);
    }
    if (kab_case_waiting(&doctor->ctl->world, &open, &late) != KAB_OK) {
        say(doctor, FAIL, "cases: cannot be counted");
    } else if (late > 0) {
        say(doctor, WARN,
            "cases: %u of %u open ones for more than %d working days; `kabinetctl case list`", late,
            open, KAB_CASE_DAYS);
    } else {
        say(doctor, GOOD, "cases: %u open, none for more than %d working days", open,
            KAB_CASE_DAYS);
    }
}

static void check_postgresql(doctor_t *doctor)
{
    ctl_t *ctl = doctor->ctl;
    kab_health_db_t health = {0};
    unsigned pending = 0;

    if (kab_health_db(&ctl->world, &health) != KAB_OK) {
        say(doctor, FAIL,
            "postgresql: does not answer; look at kabinet_database, the server, "
            "pg_hba.conf");
        return;
    }
    if (health.version < 130000) {
        say(doctor, FAIL, "postgresql: version %" PRId64 " is too old; 13 or newer",
            health.version / 10000);
    } else {
        say(doctor, GOOD, "postgresql: version %" PRId64, health.version / 10000);
    }
    if (!health.durable) {
        say(doctor, WARN,
            "postgresql: fsync or full_page_writes is off: a power cut loses "
            "everything");
    }
    check_connections(doctor, &health);
    check_clock(doctor, health.now);
    kab_err_t err = kab_migrate_pending(&ctl->world.db, &pending);
    if (err != KAB_OK) {
        say(doctor, FAIL,
            "migrations: this database was made by other migrations than this "
            "program has");
    } else if (pending > 0) {
        say(doctor, FAIL, "migrations: %u missing; run `kabinetctl migrate`", pending);
    } else {
        say(doctor, GOOD, "migrations: all applied");
        check_cases(doctor);
    }
}

static void check_redis(doctor_t *doctor)
{
    kab_span_t policy;

    if (kab_health_redis(&doctor->ctl->world, &policy) != KAB_OK) {
        say(doctor, FAIL, "redis: does not answer; look at kabinet_redis and the server");
    } else if (policy.n == 0) {
        say(doctor, WARN,
            "redis: answers, but does not tell maxmemory-policy; it must be "
            "noeviction");
    } else if (!kab_span_is(policy, "noeviction")) {
        say(doctor, FAIL,
            "redis: maxmemory-policy is %.*s: throttles could vanish; set "
            "noeviction",
            (int)policy.n, (const char *)policy.p);
    } else {
        say(doctor, GOOD, "redis: maxmemory-policy noeviction");
    }
}

static void check_hash(doctor_t *doctor)
{
    const kab_config_t *config = doctor->ctl->config;
    kab_time_t slowest = ctl_hash_time(doctor->ctl, config->hash);
    double hash = (double)slowest / (double)KAB_MS, grid = (double)config->grid / (double)KAB_MS;

    if (slowest == 0) {
        say(doctor, FAIL, "password hash: m=%u t=%u p=%u cannot be computed here", config->hash.m,
            config->hash.t, config->hash.p);
    } else if (slowest >= config->grid) {
        say(doctor, FAIL, "password hash: %.0f ms, not below grid=%.0fms; raise grid=", hash, grid);
    } else if (2 * slowest > config->grid) {
        say(doctor, WARN,
            "password hash: %.0f ms, close to grid=%.0fms: under load failures may "
            "miss a step; raise grid=",
            hash, grid);
    } else {
        say(doctor, GOOD, "password hash: %.0f ms, below grid=%.0fms", hash, grid);
    }
    say(doctor, GOOD, "libargon2: %s%s", kab_hash_library(),
        strstr(kab_hash_library(), "/glibc-hwcaps/")
            ? ""
            : "; docs/argon2.md tells how to get a fast one");
}

static int doctor(ctl_t *ctl, int argc, char **argv)
{
    doctor_t d = {ctl, GOOD};

    (void)argc;
    (void)argv;
    ctl->config = kab_config_new();
    const char *words =
        ctl->config ? kab_config_read(ctl->config, ctl->config_path) : "out of memory";
    if (words) {
        say(&d, FAIL, "configuration: %s", words);
        return CTL_FAILED;
    }
    say(&d, GOOD, "configuration: %s", ctl->config_path);
    if (!ctl_connect(ctl)) {
        return CTL_FAILED;
    }
    check_keyring(&d);
    check_unsafe(&d);
    check_postgresql(&d);
    check_redis(&d);
    check_hash(&d);
    memset(&ctl->log, 0, sizeof ctl->log); /* said above, in better words */
    return d.worst == FAIL ? CTL_FAILED : CTL_DONE;
}

const ctl_command_t ctl_doctor_commands[] = {
    {"doctor", "", "Look for what would go wrong: files, stores, clock, speed",
     "A line for each check: ok, warn with advice, or fail with advice. Status 1 if any failed.\n"
     "Changes nothing.",
     CTL_NOTHING, 0, 0, doctor},
    {0}};

/* kabinetctl: one table of commands, found by their words. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "ctl.h"

static const ctl_command_t *const groups[] = {
    ctl_migrate_commands, ctl_import_commands, ctl_account_commands, ctl_case_commands,
    ctl_outbox_commands,  ctl_audit_commands,  ctl_file_commands,    ctl_hash_commands,
    ctl_mask_commands,    ctl_doctor_commands,
};
enum { GROUPS = sizeof groups / sizeof groups[0] };

#define DEFAULT_CONFIG "/etc/kabinet/kabinet.conf"

volatile sig_atomic_t ctl_stop;

void ctl_error(const char *format, ...)
{
    va_list args;

    fputs("kabinetctl: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static void on_signal(int number)
{
    (void)number;
    ctl_stop = 1;
}

/* The first one asks; the second one, by the default action, does not. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void help(FILE *to)
{
    fputs("kabinetctl [-c FILE] COMMAND …\n\n", to);
    for (size_t g = 0; g < GROUPS; g++) {
        for (const ctl_command_t *c = groups[g]; c->name; c++) {
            char line[80];
            snprintf(line, sizeof line, "%s %s", c->name, c->args);
            fprintf(to, "  %-42s %s\n", line, c->what);
        }
    }
    fputs("  help                                       this list\n\n"
          "  -c FILE    the configuration, without it " DEFAULT_CONFIG "\n"
          "  --help     behind a command: more about it\n\n"
          "Exit status: 0 done, 1 refused or partly done, 2 called wrongly or badly configured.\n",
          to);
}

static int usage(const ctl_command_t *c, FILE *to)
{
    fprintf(to, "kabinetctl [-c FILE] %s %s\n\n%s.\n", c->name, c->args, c->what);
    if (c->more) {
        fprintf(to, "\n%s\n", c->more);
    }
    return to == stdout ? CTL_DONE : CTL_MISUSED;
}

/* How many of argv's words are the command's name; 0: not this one. */
static int words_of(const ctl_command_t *c, int argc, char **argv)
{
    kab_span_t rest = kab_span_of(c->name);
    int n = 0;

    while (rest.n > 0) {
        kab_span_t word = kab_span_cut(&rest, ' ');
        if (n >= argc || !kab_span_is(word, argv[n])) {
            return 0;
        }
        n++;
    }
    return n;
}

static const ctl_command_t *find(int argc, char **argv, int *words)
{
    for (size_t g = 0; g < GROUPS; g++) {
        for (const ctl_command_t *c = groups[g]; c->name; c++) {
            *words = words_of(c, argc, argv);
            if (*words) {
                return c;
            }
        }
    }
    return NULL;
}

/* "account" alone: what may stand behind it. */
static int say_unknown(int argc, char **argv)
{
    size_t n = strlen(argv[0]);
    bool group = false;

    for (size_t g = 0; g < GROUPS; g++) {
        for (const ctl_command_t *c = groups[g]; c->name; c++) {
            if (strncmp(c->name, argv[0], n) == 0 && c->name[n] == ' ') {
                fputs(group ? "" : "give one of:\n", stderr);
                fprintf(stderr, "  %s %s\n", c->name, c->args);
                group = true;
            }
        }
    }
    ctl_error("there is no command \"%s%s%s\"; `kabinetctl help` lists them all", argv[0],
              argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    return CTL_MISUSED;
}

static bool asks_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static int run(ctl_t *ctl, int argc, char **argv)
{
    int words = 0;
    const ctl_command_t *c = find(argc, argv, &words);

    if (!c && asks_help(argc, argv)) {
        help(stdout);
        return CTL_DONE;
    }
    if (!c) {
        return say_unknown(argc, argv);
    }
    argc -= words;
    argv += words;
    if (asks_help(argc, argv)) {
        return usage(c, stdout);
    }
    if (argc < c->min || argc > c->max) {
        return usage(c, stderr);
    }
    if ((c->need >= CTL_CONFIG && !ctl_configure(ctl)) ||
        (c->need >= CTL_WORLD && !ctl_connect(ctl))) {
        return CTL_MISUSED;
    }
    int status = c->run(ctl, argc, argv);
    return status == CTL_MISUSED ? usage(c, stderr) : status;
}

int main(int argc, char **argv)
{
    ctl_t ctl = {.config_path = DEFAULT_CONFIG};
    int at = 1, status;

    kab_json_init();
    catch_signals();
    ctl_find_actor(ctl.actor, sizeof ctl.actor);
    if (at + 1 < argc && strcmp(argv[at], "-c") == 0) {
        ctl.config_path = argv[at + 1];
        at += 2;
    }
    if (at >= argc) {
        help(stderr);
        return CTL_MISUSED;
    }
    if (strcmp(argv[at], "help") == 0 || strcmp(argv[at], "--help") == 0 ||
        strcmp(argv[at], "-h") == 0) {
        help(stdout);
        return CTL_DONE;
    }
    status = run(&ctl, argc - at, argv + at);
    ctl_show_log(&ctl);
    ctl_close(&ctl);
    if (fflush(stdout) != 0) {
        ctl_error("the output cannot be written");
        status = status ? status : CTL_FAILED;
    }
    return status;
}

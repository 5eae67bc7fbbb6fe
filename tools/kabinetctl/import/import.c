#include "import/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static kab_time_t now(void)
{
    return kab_env_system.now(kab_env_system.ctx);
}

bool import_begin(import_t *import, ctl_t *ctl, const char *path, const char *const *needed)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");

    import->ctl = ctl;
    import->path = standard ? "standard input" : path;
    import->begun = now();
    if (!file) {
        ctl_error("%s: %s", path, strerror(errno));
        return false;
    }
    const char *why = csv_open(&import->csv, file);
    import->csv.file = file;
    if (why) {
        ctl_error("%s: line 1: %s", import->path, why);
        return false;
    }
    for (; *needed; needed++) {
        if (csv_column(&import->csv, *needed) < 0) {
            ctl_error("%s: line 1: there is no column \"%s\"", import->path, *needed);
            return false;
        }
    }
    import->begun_well = true;
    return true;
}

static void progress(const import_t *import)
{
    bool watched = isatty(STDERR_FILENO) == 1;

    if (watched && import->read % 1000 == 0) {
        fprintf(stderr, "\r%lu lines", import->read);
    } else if (!watched && import->read % 10000 == 0) {
        fprintf(stderr, "%lu lines\n", import->read);
    }
}

bool import_next(import_t *import)
{
    const char *why = NULL;

    while (!ctl_stop) {
        csv_result_t result = csv_next(&import->csv, &why);
        if (result == CSV_END || ferror(import->csv.file)) {
            return false; /* half a record is none */
        }
        import->read++;
        progress(import);
        if (result == CSV_ROW) {
            return true;
        }
        import_bad(import, NULL, why);
    }
    return false;
}

void import_bad(import_t *import, const char *column, const char *why)
{
    import->bad++;
    fprintf(stderr, "%s: line %lu: %s%s%s\n", import->path, import->csv.line, column ? column : "",
            column ? ": " : "", why);
}

const char *import_iin(const import_t *import, kab_span_t text, const char *column, kab_iin_t *iin)
{
    const char *why = kab_iin_parse(import->ctl->config->iin_check, kab_span_trim(text), iin);

    if (!why && !kab_iin_fits(iin)) {
        fprintf(stderr, "%s: line %lu: %s: the check digit does not fit; taken all the same\n",
                import->path, import->csv.line, column);
    }
    return why;
}

/* Plans that gateways made while the tables were small are made anew. Else it comes a minute later,
 * by autovacuum. */
static void tell_the_planner(const import_t *import)
{
    if (kab_pg_script(&import->ctl->world.db, "ANALYZE account, child, guardianship") != KAB_OK) {
        ctl_error("PostgreSQL's statistics are as they were until it looks itself, in a minute");
    }
}

int import_end(import_t *import, int status)
{
    if (import->created > 0) {
        tell_the_planner(import);
    }
    double seconds = (double)(now() - import->begun) / (double)KAB_SECOND;

    if (import->read >= 1000 && isatty(STDERR_FILENO) == 1) {
        fputc('\n', stderr);
    }
    if (import->csv.file && ferror(import->csv.file) && !ctl_stop) {
        ctl_error("%s: cannot be read to its end", import->path);
        status = CTL_FAILED;
    }
    if (ctl_stop) {
        ctl_error("%s: stopped after line %lu; what is new stays, the same command goes on",
                  import->path, import->csv.line);
        status = CTL_FAILED;
    }
    if (import->begun_well) {
        printf("%s: %lu lines, %lu new, %lu there already, %lu bad; %.1f s\n", import->path,
               import->read, import->created, import->there, import->bad, seconds);
    }
    if (import->csv.file && import->csv.file != stdin) {
        fclose(import->csv.file);
    }
    csv_wipe(&import->csv);
    return status == CTL_DONE && import->bad > 0 ? CTL_FAILED : status;
}

const ctl_command_t ctl_import_commands[] = {
    {"import accounts", "FILE.csv [--devices DIR]", "Take accounts over from another system",
     "FILE.csv       \"-\" is standard input. CSV (RFC 4180) with a line of column names: iin is\n"
     "               needed; phone, locale (ru, kk, en), password, device may be there.\n"
     "               password is empty, an Argon2id string ($argon2id$v=19$…) or, for a\n"
     "               demonstration, plain text, which is hashed here and takes its time.\n"
     "--devices DIR  for lines with device=yes: a key for tools/kabinet-app in DIR/{iin}.jwk\n"
     "\n"
     "An account that is there already is never changed, so the same file may be taken twice.\n"
     "Lines that cannot be taken are told by number, the others are taken; status 1 then.",
     CTL_WORLD, 1, 3, import_accounts},
    {"import children", "FILE.csv", "Take children's records over from the queue",
     "FILE.csv  \"-\" is standard input. CSV (RFC 4180) with a line of column names: child_iin,\n"
     "          birth_certificate, parent1_iin, parent2_iin (may be empty), attendance (queue or\n"
     "          kindergarten), guardian_iin (an account's; may be empty).\n"
     "\n"
     "Data that differ are taken over and counted as new; a child that somebody holds stays with\n"
     "them.",
     CTL_WORLD, 1, 1, import_children},
    {0}};

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cabinet/record.h"
#include "ctl.h"

/* "number hex", as it was noted from syslog. */
static bool read_head(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");

    if (!file) {
        ctl_error("%s: %s", path, strerror(errno));
        return false;
    }
    bool ok = fgets(text, (int)size, file) != NULL;
    fclose(file);
    text[ok ? strcspn(text, "\r\n") : 0] = '\0';
    if (text[0] == '\0') {
        ctl_error("%s: holds no head; give a line \"NUMBER HEX\"", path);
        return false;
    }
    return true;
}

static int verify(ctl_t *ctl, int argc, char **argv)
{
    char head[256] = "";
    int64_t rows = 0, bad = 0;
    const char *why = NULL;

    if (argc != 0 && (argc != 2 || strcmp(argv[0], "--head") != 0)) {
        return CTL_MISUSED;
    }
    if (argc == 2 && !read_head(argv[1], head, sizeof head)) {
        return CTL_FAILED;
    }
    kab_err_t err = kab_audit_verify(&ctl->world, kab_span_of(head), &rows, &bad, &why);
    if (err == KAB_E_INTERNAL && why) {
        printf("audit: broken at row %" PRId64 ": %s\n", bad, why);
        return CTL_FAILED;
    }
    if (err != KAB_OK) {
        return ctl_fail(ctl, "audit verify", err);
    }
    printf("audit: %" PRId64 " rows, none changed, missing or out of order%s\n", rows,
           head[0] ? ", and the noted head is among them" : "");
    return CTL_DONE;
}

const ctl_command_t ctl_audit_commands[] = {
    {"audit verify", "[--head FILE]", "Walk the audit's chain and find what was tampered with",
     "--head FILE  a head noted earlier (from syslog), one line \"NUMBER HEX\": finds a tail that\n"
     "             was cut off, which the chain alone cannot show.",
     CTL_WORLD, 0, 2, verify},
    {0}};

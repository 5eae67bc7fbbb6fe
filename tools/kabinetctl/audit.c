#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cabinet/record/record.h"
#include "cabinet/row.h"
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

/* ---- export ---- */

enum { PAGE = 1000 };

static void set_time(json_t *line, const char *name, kab_time_t t)
{
    char text[KAB_RFC3339_SIZE];

    kab_time_text(t, text);
    json_object_set_new(line, name, json_string(text));
}

static void set_hex(json_t *line, const char *name, kab_span_t bytes)
{
    char text[KAB_HEX_SIZE(32)] = "";

    if (bytes.n == 32) {
        kab_hex(bytes.p, bytes.n, text);
    }
    json_object_set_new(line, name, json_string(text));
}

static void set_text(json_t *line, const char *name, kab_span_t text)
{
    json_object_set_new(line, name, json_stringn((const char *)text.p, text.n));
}

/* One object a line; what cannot be read is null. */
static bool write_entry(const kab_audit_entry_t *entry)
{
    char account[KAB_UUID_SIZE];
    json_t *line = json_object(), *details = kab_json_object(entry->details);

    json_object_set_new(line, "number", json_integer(entry->number));
    set_time(line, "at", entry->at);
    set_time(line, "sealed_at", entry->sealed_at);
    set_text(line, "kind", entry->kind);
    set_text(line, "actor", entry->actor);
    kab_uuid_text(entry->account, account);
    json_object_set_new(line, "account",
                        kab_uuid_zero(&entry->account) ? json_null() : json_string(account));
    json_object_set_new(line, "details", details ? details : json_null());
    set_hex(line, "mac", entry->mac);
    set_hex(line, "link", entry->link);
    bool written = json_dumpf(line, stdout, JSON_COMPACT) == 0 && putchar('\n') == '\n';
    json_decref(line);
    return written;
}

static bool read_number(int argc, char **argv, int64_t *first)
{
    char *end = NULL;

    *first = 1;
    if (argc == 0) {
        return true;
    }
    if (argc != 2 || strcmp(argv[0], "--from") != 0) {
        return false;
    }
    errno = 0;
    *first = strtoll(argv[1], &end, 10);
    return errno == 0 && end != argv[1] && *end == '\0' && *first > 0;
}

static int export_audit(ctl_t *ctl, int argc, char **argv)
{
    int64_t next, unreadable = 0;
    unsigned n = PAGE;

    if (!read_number(argc, argv, &next)) {
        return CTL_MISUSED;
    }
    while (n == PAGE && !ctl_stop) {
        kab_audit_entry_t *page = kab_alloc(ctl->arena, PAGE * sizeof *page);
        kab_err_t err =
            page ? kab_audit_read(&ctl->world, next - 1, page, PAGE, &n) : KAB_E_INTERNAL;
        if (err != KAB_OK) {
            return ctl_fail(ctl, "audit export", err);
        }
        for (unsigned i = 0; i < n; i++) {
            if (!write_entry(&page[i])) {
                ctl_error("audit export: the output cannot be written");
                return CTL_FAILED;
            }
            unreadable += !page[i].intact;
            next = page[i].number + 1;
        }
        if (!ctl_fresh_arena(ctl)) {
            return CTL_FAILED;
        }
    }
    if (unreadable > 0) {
        ctl_error("audit export: the details of %" PRId64 " rows cannot be read; `kabinetctl audit "
                  "verify` tells more",
                  unreadable);
    }
    return unreadable > 0 || ctl_stop ? CTL_FAILED : CTL_DONE;
}

const ctl_command_t ctl_audit_commands[] = {
    {"audit verify", "[--head FILE]", "Walk the audit's chain and find what was tampered with",
     "--head FILE  a head noted earlier (from syslog), one line \"NUMBER HEX\": finds a tail that\n"
     "             was cut off, which the chain alone cannot show.",
     CTL_WORLD, 0, 2, verify},
    {"audit export", "[--from NUMBER]", "Write the audit's sealed rows, a JSON object a line",
     "--from NUMBER  begin with this row: what was exported before need not be written again.\n"
     "Rows hold no IIN and no number of a phone; verify the chain first.",
     CTL_WORLD, 0, 2, export_audit},
    {0}};

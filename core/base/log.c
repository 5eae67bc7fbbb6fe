#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

/* A value must not be able to begin a line of its own. */
static void one_line(char *line)
{
    for (; *line; line++) {
        unsigned char c = (unsigned char)*line;
        if (c < 0x20 || c == 0x7F) {
            *line = '?';
        }
    }
}

void kab_log(kab_log_t *log, kab_level_t level, const char *format, ...)
{
    va_list args;

    if (!log) {
        return;
    }
    if (log->n >= KAB_LOG_LINES) {
        log->lost++;
        return;
    }
    va_start(args, format);
    int n = vsnprintf(log->line[log->n], KAB_LOG_LINE, format, args);
    va_end(args);
    if (n < 0) {
        log->lost++;
        return;
    }
    one_line(log->line[log->n]);
    log->level[log->n++] = level;
}

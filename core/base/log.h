/*
 * Log lines of one call, kept until a thread that may write them does so: the
 * event loop for nginx, stderr for tools. Account ids and request ids may
 * stand in a line; an IIN, a phone, a code, a password or a token never.
 */
#ifndef KAB_LOG_H
#define KAB_LOG_H

#include "base/base.h"

typedef enum { KAB_LOG_ERROR, KAB_LOG_WARN, KAB_LOG_NOTICE, KAB_LOG_INFO } kab_level_t;

enum { KAB_LOG_LINES = 8, KAB_LOG_LINE = 256 };

/* A ring: when it is full further lines are counted, not kept. Zero it to begin. */
typedef struct {
    unsigned n, lost;
    kab_level_t level[KAB_LOG_LINES];
    char line[KAB_LOG_LINES][KAB_LOG_LINE];
} kab_log_t;

void kab_log(kab_log_t *log, kab_level_t level, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* log may be NULL: the line is dropped */

#endif

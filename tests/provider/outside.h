/* The other end: the sandbox's own endpoints, and a server that says what it is told to. */
#ifndef KAB_OUTSIDE_H
#define KAB_OUTSIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

/* KAB_TEST_SANDBOX or KAB_TEST_TLS; the test fails without it. */
unsigned outside_port(const char *name);

/* A request to the sandbox. Its JSON (the caller's), or NULL if the answer has none. */
json_t *sandbox(const char *method, const char *path, const char *body);
void sandbox_fault(const char *channel, const char *mode, unsigned ms);
/* Messages to this number. */
size_t sandbox_count(const char *to);

/* One connection for each answer, then it hears nobody. What was asked is kept. */
enum { CANNED_ANSWERS = 8 };
typedef struct canned_s canned_t;
canned_t *canned_open(const char *const *answers, size_t n);
unsigned canned_port(const canned_t *canned);
/* Ends it; how many requests came. `last`: the last one, cut to what fits. */
unsigned canned_close(canned_t *canned, char *last, size_t last_size);

#endif

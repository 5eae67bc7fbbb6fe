/*
 * A whole gateway without nginx: calls go through kab_handle, the clock and the
 * dice are held by the test, PostgreSQL and Redis are real.
 */
#ifndef KAB_GATEWAY_H
#define KAB_GATEWAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "cabinet/person/account.h"
#include "cabinet/person/child.h"
#include "engine/call.h"
#include "flow/job/ports.h"
#include "provider/scripted.h"
#include "store/migrate.h"

enum { GATEWAY_COOKIES = 8, GATEWAY_STATEMENTS = 64 };

typedef struct {
    kab_config_t *config;
    kab_t *kab;
    kab_thread_t *thread[KAB_LANES];
    kab_time_t ahead;  /* the test's clock runs this much before the real one, */
    kab_time_t stands; /* or before this moment, if it is not 0 */
    uint64_t dice;
    char dir[32];
    kab_scripted_t script; /* the providers */
    unsigned statements;
    kab_sql_t statement[GATEWAY_STATEMENTS];
    char name[GATEWAY_STATEMENTS][16];
} gateway_t;

/* A browser: a cookie jar and the last answer. */
typedef struct browser_s {
    gateway_t *gateway;
    void (*sign)(struct browser_s *b, kab_request_t *request); /* a phone signs what it sends */
    unsigned n;
    char cookie[GATEWAY_COOKIES][256];
    char flow[64];
    int status;
    char body[8192];
    json_t *json;
    kab_time_t not_before, began;
    unsigned retry_after;
    kab_work_t work; /* what the last call cost */
    char address_last;
} browser_t;

gateway_t *gateway_open(const char *extra); /* further directives, a line each */
void gateway_close(gateway_t *g);
/* An account with this password (NULL: none); its id. */
kab_uuid_t gateway_account(gateway_t *g, const char *iin, const char *phone, const char *password);
/* A child's record, held by `guardian` (NULL: by nobody); parent2 "" if there is none. */
void gateway_child(gateway_t *g, const char *iin, const char *certificate, const char *parent1,
                   const char *parent2, bool kindergarten, const kab_uuid_t *guardian);
void gateway_block(gateway_t *g, kab_uuid_t account, bool blocked);
/* Two operators uphold what was objected to on this account; how many cases. */
unsigned gateway_decide(gateway_t *g, kab_uuid_t account);
/* First column of the first row, as a number. */
int64_t gateway_number(gateway_t *g, const char *sql);
void gateway_forget(gateway_t *g); /* whatever Redis holds */
/* Nobody is there, nobody has tried anything, and the clock and the providers are right. */
void gateway_empty(gateway_t *g);
/* Runs a timer job to its end. */
void gateway_timer(gateway_t *g, kab_timer_t timer);
void gateway_sql(gateway_t *g, const char *sql);
/* Both stores, for what the core's own functions can tell. */
kab_world_t gateway_world(gateway_t *g, kab_arena_t *arena, kab_log_t *log);

void browser_open(browser_t *b, gateway_t *g);
void browser_close(browser_t *b);
/* path after /kabinet/api/v1, "{flow}" stands for the flow at hand. Sets status, json, cookies. */
void browser_call(browser_t *b, const char *method, const char *path, const char *body);
/* A GET as nginx sees it: the call before its first run, and its one run on the db lane, which
 * frees it. */
kab_call_t *browser_begin(browser_t *b, const char *path, bool last_look, kab_todo_t *todo);
kab_todo_t browser_run(browser_t *b, kab_call_t *call);
/* A call that others may come between: on to the first change of lane. NULL: it was over before,
 * and the answer is there. */
kab_call_t *browser_half(browser_t *b, const char *method, const char *path, const char *body,
                         kab_todo_t *todo);
void browser_rest(browser_t *b, kab_call_t *call, kab_todo_t todo); /* frees it */
const char *browser_code(const browser_t *b);                       /* of the problem, or "" */
const char *browser_state(const browser_t *b);                      /* of the flow, or "" */
const char *browser_cookie(const browser_t *b, const char *name);   /* value or NULL */
/* New flow and both steps; the status of the last. */
int browser_identify(browser_t *b, const char *iin);
int browser_sign_in(browser_t *b, const char *iin, const char *password);

#endif

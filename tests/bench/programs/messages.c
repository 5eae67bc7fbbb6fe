/*
 * Puts N messages into the outbox, push and SMS in turns, each to a number of its own:
 * bench-messages kabinet.conf N. The numbers are +77000000000 and on.
 */
#include <stdlib.h>

#include "cabinet/message/message.h"
#include "cabinet/message/outbox.h"
#include "world.h"

enum { TOGETHER = 500 };

typedef struct {
    bench_t *bench;
    long first, n;
} job_t;

static kab_err_t add_one(const kab_world_t *w, long number)
{
    kab_uuid_t challenge = kab_uuid_new(w->env);
    kab_push_text_t push = {
        .what = "recovery", .challenge = &challenge, .push_token = KAB_SPAN("bench"), .ttl = 300};
    bool rings = number % 2 == 0;
    kab_message_t message = {
        .kind = rings ? KAB_OUTBOX_PUSH : KAB_OUTBOX_SMS,
        .account = kab_uuid_new(w->env),
        .to = kab_span_of(kab_format(w->arena, "+7700%07ld", number)),
        .body = rings ? kab_message_push(w->arena, 0, &push)
                      : kab_message_sms_code(w->arena, 0, "123456"),
        .expires_at = w->env->now(w->env->ctx) + KAB_HOUR,
    };

    return kab_outbox_add(w, &message);
}

static kab_err_t add_some(const kab_db_t *db, void *ctx)
{
    job_t *job = ctx;
    kab_err_t err = KAB_OK;

    (void)db;
    for (long i = 0; i < TOGETHER && i < job->n && err == KAB_OK; i++) {
        err = add_one(&job->bench->w, job->first + i);
    }
    return err;
}

int main(int argc, char **argv)
{
    bench_t bench;
    job_t job = {.bench = &bench, .n = argc == 3 ? strtol(argv[2], NULL, 10) : 0};
    kab_err_t err = KAB_OK;

    if (job.n <= 0) {
        fprintf(stderr, "usage: bench-messages CONF N\n");
        return 2;
    }
    if (!bench_open(&bench, argv[1])) {
        return 2;
    }
    for (; job.n > 0 && err == KAB_OK; job.first += TOGETHER, job.n -= TOGETHER) {
        err = kab_pg_transaction(&bench.w.db, add_some, &job);
    }
    if (err) {
        fprintf(stderr, "not added: %s\n", kab_error(err)->name);
    }
    bench_close(&bench);
    return err ? 1 : 0;
}

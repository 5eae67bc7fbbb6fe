/*
 * Makes N live sessions of each account, as sign-in would, and prints their cookie
 * values, a line each: bench-sessions kabinet.conf N IIN...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cabinet/person/account.h"
#include "world.h"

typedef struct {
    kab_world_t w;
    kab_account_t account;
    kab_session_limits_t limits;
    long n;
} job_t;

static kab_err_t make_one(job_t *job)
{
    const kab_world_t *w = &job->w;
    kab_session_t s = {.account = job->account.id, .methods = KAB_METHOD_PASSWORD};
    kab_origin_t origin = {.user_agent = KAB_SPAN("bench")};
    kab_ended_t ended = {0, NULL};
    uint8_t secret[32], browser[32] = {0};
    char token[KAB_TOKEN_TEXT + 1];
    kab_err_t err;

    w->env->random(w->env->ctx, secret, sizeof(secret));
    kab_token_make(w->ring, "session", secret, token, s.id);
    s.public_id = kab_uuid_new(w->env);
    memcpy(s.iin, job->account.iin.digits, sizeof(s.iin));
    s.auth_time = (uint32_t)(w->env->now(w->env->ctx) / KAB_SECOND);
    s.expires_at = s.auth_time + job->limits.total;
    err = kab_session_insert(w, &s, &job->limits, browser, &origin, &ended);
    if (err == KAB_OK) {
        kab_session_cache(w, &job->limits, &s);
        puts(token);
    }
    return err;
}

static kab_err_t make_all(const kab_db_t *db, void *ctx)
{
    job_t *job = ctx;
    kab_err_t err = KAB_OK;

    (void)db;
    for (long i = 0; i < job->n && err == KAB_OK; i++) {
        err = make_one(job);
    }
    return err;
}

static bool make_account(job_t *job, const char *text)
{
    const char *wrong;
    kab_iin_t iin;
    bool found = false;
    kab_err_t err;

    wrong = kab_iin_parse(KAB_IIN_STRICT, kab_span_of(text), &iin);
    err = wrong ? KAB_OK : kab_account_find(&job->w, &iin, NULL, &job->account, &found);
    if (err == KAB_OK && found) {
        err = kab_pg_transaction(&job->w.db, make_all, job);
    }
    if (err || !found) {
        fprintf(stderr, "no sessions made: %s\n",
                err ? kab_error(err)->name : "nobody has that IIN");
    }
    return err == KAB_OK && found;
}

int main(int argc, char **argv)
{
    bench_t bench;
    bool ok = true;

    if (argc < 4) {
        fprintf(stderr, "usage: bench-sessions CONF N IIN...\n");
        return 2;
    }
    if (!bench_open(&bench, argv[1])) {
        return 2;
    }
    job_t job = {
        .w = bench.w, .limits = bench.kab->config->session, .n = strtol(argv[2], NULL, 10)};
    job.limits.max = 1000000;
    for (int i = 3; i < argc && ok; i++) {
        ok = make_account(&job, argv[i]);
    }
    bench_close(&bench);
    return ok ? 0 : 1;
}

/* Wires the rooms: opens the gateway and hands out what the guard needs. */
#include "kabinet.h"

#include <stdlib.h>
#include <string.h>

#include "api/routes.h"
#include "engine/call.h"

const char *const kab_languages[] = {"ru", "kk", "en", NULL};

kab_err_t kab_open(const kab_config_t *config, const kab_env_t *env, kab_t **out)
{
    kab_t *kab;

    if (!config->finished) {
        return KAB_E_INTERNAL;
    }
    kab = calloc(1, sizeof(*kab));
    if (!kab) {
        return KAB_E_UNAVAILABLE;
    }
    kab_json_init();
    kab->config = config;
    kab->env = env ? *env : kab_env_system;
    kab->tables = &kab_tables;
    kab->ports = kab->tables->ports->open(kab);
    if (!kab->ports) {
        free(kab);
        return KAB_E_UNAVAILABLE;
    }
    *out = kab;
    return KAB_OK;
}

void kab_stop(kab_t *kab)
{
    kab->tables->ports->stop(kab->ports);
}

void kab_close(kab_t *kab)
{
    if (kab) {
        kab->tables->ports->close(kab->ports);
    }
    free(kab);
}

size_t kab_body_limit(const kab_t *kab, kab_span_t method, kab_span_t path)
{
    (void)kab;
    (void)method;
    (void)path;
    return KAB_BODY_MAX;
}

/* nginx's own look-up splits on commas, ignores case and takes the first; a
 * neighbouring site on the same domain could then toss a cookie before ours. */
kab_span_t kab_cookie(const kab_span_t *lines, size_t n, kab_span_t name)
{
    kab_span_t found = KAB_NONE;

    for (size_t i = 0; i < n; i++) {
        kab_span_t rest = lines[i];

        while (rest.n) {
            kab_span_t pair = kab_span_trim(kab_span_cut(&rest, ';'));

            if (pair.n > name.n && pair.p[name.n] == '=' && memcmp(pair.p, name.p, name.n) == 0) {
                if (found.p) {
                    return KAB_NONE;
                }
                found = (kab_span_t){pair.p + name.n + 1, pair.n - name.n - 1};
            }
        }
    }
    return found;
}

bool kab_session_token(const kab_t *kab, kab_span_t cookie, kab_token_t *token)
{
    return kab_token_parse(kab->config->ring, cookie, token);
}

bool kab_session_proven(const kab_t *kab, const kab_token_t *token)
{
    return kab_token_proven(kab->config->ring, "session", token);
}

bool kab_session_decode(const kab_t *kab, const uint8_t id[KAB_SESSION_ID], kab_span_t value,
                        kab_session_t *out)
{
    return kab_session_unpack(kab->config->ring, id, value, out) &&
           out->expires_at * KAB_SECOND > kab->env.now(kab->env.ctx);
}

kab_err_t kab_session_load(kab_thread_t *thread, const uint8_t id[KAB_SESSION_ID],
                           kab_session_t *out)
{
    kab_t *kab = thread->kab;
    kab_log_t log = {0};
    kab_arena_t *arena = kab_arena_open();
    kab_err_t err = KAB_E_UNAVAILABLE;

    if (arena) {
        kab_world_t w = {.db = {thread->pg, arena, &log},
                         .cache = {thread->redis, arena, &log},
                         .ring = kab->config->ring,
                         .env = &kab->env,
                         .arena = arena,
                         .log = &log};

        err = kab_session_find(&w, &kab->config->session, id, out);
    }
    kab_arena_close(arena);
    return err;
}

/* Touches are batched: the clock must never run out early. */
unsigned kab_session_idle_ttl(const kab_t *kab)
{
    const kab_session_limits_t *limits = &kab->config->session;

    return limits->idle + kab_session_touch(limits);
}

kab_span_t kab_consent_text(const kab_t *kab, kab_span_t kind, kab_span_t lang)
{
    const struct kab_config_s *config = kab->config;

    for (unsigned i = 0; i < config->consent_n; i++) {
        if (!kab_span_is(kind, config->consent[i].kind)) {
            continue;
        }
        for (unsigned l = 0; kab_languages[l]; l++) {
            if (kab_span_is(lang, kab_languages[l])) {
                return config->consent[i].text[l];
            }
        }
        return config->consent[i].text[0];
    }
    return KAB_NONE;
}

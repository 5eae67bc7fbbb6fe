/*
 * The whole public face of libkabinet: what the nginx module, the tests and the
 * tools call. LOOP: no I/O, never blocks. LANE: may block, called on a thread of
 * that lane. Spans are borrowed for the call unless a line says otherwise.
 */
#ifndef KABINET_H
#define KABINET_H

#include "base/base.h"
#include "base/error.h"
#include "base/log.h"

typedef struct kab_config_s kab_config_t;
typedef struct kab_s kab_t;
typedef struct kab_thread_s kab_thread_t;
typedef struct kab_call_s kab_call_t;

/* ---- configuration ------------------------------------------------------- */

kab_config_t *kab_config_new(void);
void kab_config_free(kab_config_t *config); /* wipes */

/* Applies one directive of http level (CONTRACT 5), args without its name. NULL, or
 * words for `nginx -t` that name the allowed values; they stand in the config and
 * hold no secret. */
const char *kab_config_set(kab_config_t *config, kab_span_t name, const kab_span_t *args, size_t n);
/* Every http-level directive, ended by NULL, for a binding that lists them. */
const char *const *kab_config_names(void);
/* Call once after the last directive: what is missing or contradicts, and files
 * that cannot be read (keyring, breach list, agreement texts). Reads files, so call it
 * while privileged. NULL, or words. Idempotent. */
const char *kab_config_finish(kab_config_t *config);
/* Reads a file that holds only kabinet_* directives in nginx's syntax (kabinetctl, tests).
 * NULL, or words that name file and line. Calls kab_config_finish. */
const char *kab_config_read(kab_config_t *config, const char *path);

typedef struct {
    kab_span_t zone_name; /* kabinet_zone */
    size_t zone_size;     /* bytes */
    unsigned db_threads;  /* kabinet_threads: a machine's */
    unsigned hash_threads;
    kab_span_t redis_url;   /* the first one: unix:/path or redis://host:port */
    unsigned session_idle;  /* seconds */
    unsigned session_touch; /* seconds between touches of the idle clock in Redis */
    unsigned session_stale; /* seconds */
    bool web_app;           /* /kabinet/app/ is served */
} kab_config_facts_t;
void kab_config_facts(const kab_config_t *config,
                      kab_config_facts_t *out); /* borrowed from config */

/* ---- the gateway --------------------------------------------------------- */

/* env NULL: the system's. No network: works with PostgreSQL and Redis away. Takes no ownership
 * of config, which must outlive it. LOOP. */
kab_err_t kab_open(const kab_config_t *config, const kab_env_t *env, kab_t **out);
/* The worker quits: nobody waits for a provider longer than 3 s more, so that a whole quit ends
 * within the 5 s of Debian's unit. What was not sent or asked is found again by its lease or its
 * flow. LOOP. */
void kab_stop(kab_t *kab);
void kab_close(kab_t *kab);

typedef enum {
    KAB_LANE_DB,
    KAB_LANE_HASH,
    KAB_LANE_HTTP, /* a person waits for a provider's answer */
    KAB_LANE_SEND, /* the outbox's: it does not queue behind those who wait */
    KAB_LANES
} kab_lane_t;

/* What a thread keeps: connections opened on demand, Argon2 memory. Used by one
 * thread at a time. */
kab_err_t kab_thread_open(kab_t *kab, kab_lane_t lane, kab_thread_t **out);
void kab_thread_close(kab_thread_t *thread);

/* ---- calls: requests and timer jobs --------------------------------------- */

typedef struct {
    kab_span_t method; /* "GET" */
    kab_span_t path;   /* decoded, normalised, "/kabinet/api/v1/flows" */
    kab_span_t query;  /* raw, without '?' */
    kab_span_t scheme; /* "http" or "https" */
    kab_span_t host;   /* the Host header, as sent */
    kab_span_t content_type, origin, fetch_site, user_agent, accept_language; /* empty: not sent */
    kab_span_t place;          /* value of kabinet_place, or empty */
    kab_span_t brand;          /* the brand's `meta`, or empty */
    const kab_span_t *cookies; /* each Cookie header line as sent */
    size_t cookies_n;
    kab_span_t target; /* of the request line, as sent: "/kabinet/…?…" */
    kab_span_t content_digest, signature_input, signature; /* RFC 9530, RFC 9421 */
    kab_span_t body;
    bool has_body;         /* a body was sent, perhaps empty */
    uint8_t address[16];   /* client, IPv4 as ::ffff:a.b.c.d (RFC 4291) */
    bool loopback;         /* client stands on this machine */
    bool last_look;        /* a long poll whose wait is over: it does not park */
    kab_span_t request_id; /* for the log */
} kab_request_t;

/* What a call wants next. */
typedef enum {
    KAB_TODO_DB = KAB_LANE_DB, /* kab_call_run on a thread of that lane */
    KAB_TODO_HASH = KAB_LANE_HASH,
    KAB_TODO_HTTP = KAB_LANE_HTTP,
    KAB_TODO_SEND = KAB_LANE_SEND,
    KAB_TODO_REPLY, /* kab_call_reply; send it at not_before */
    KAB_TODO_PARK   /* a long poll with nothing new: free it and make it anew when it is woken */
} kab_todo_t;

/* Largest body that may be read for a request to this path: bytes. LOOP. */
size_t kab_body_limit(const kab_t *kab, kab_span_t method, kab_span_t path);

/* Copies its inputs; routes; checks method, origin, media type, size. A refusal is a call that is
 * at once KAB_TODO_REPLY. NULL: out of memory. LOOP. */
kab_call_t *kab_call_new(kab_t *kab, const kab_request_t *request, kab_todo_t *todo);

typedef enum {
    KAB_TIMER_ENDED,  /* each second on worker 0: newly ended sessions (reply->ended; reply->status
                         200 if PostgreSQL was heard) */
    KAB_TIMER_AUDIT,  /* each second on worker 0: seals audit rows; each minute the head goes to
                         syslog */
    KAB_TIMER_OUTBOX, /* on worker 0, often: sends what waits; reply->again: there is more */
    KAB_TIMER_CASES,  /* on worker 0: holds that end; reply->again: there is more */
    KAB_TIMER_SWEEP,  /* each hour on worker 0: retention */
    KAB_TIMERS
} kab_timer_t;
kab_call_t *kab_call_timer(kab_t *kab, kab_timer_t timer, kab_todo_t *todo); /* LOOP */

kab_todo_t kab_call_run(kab_call_t *call, kab_thread_t *thread); /* LANE: every step of this lane */
/* The job will not run (queue full, deadline passed, thread refused): makes an
 * `overloaded` reply. Not while it runs. LOOP. */
void kab_call_shed(kab_call_t *call);
kab_time_t
kab_call_deadline(const kab_call_t *call); /* when a client should no longer be kept waiting */
const kab_log_t *kab_call_log(const kab_call_t *call);
void kab_call_free(kab_call_t *call); /* wipes; NULL is allowed. LOOP */

/* ---- long polls ------------------------------------------------------------ */

/* The channel on which Redis tells of every change; a message is a wake key, as text. */
#define KAB_WAKE_CHANNEL "kabinet:wake"
enum { KAB_WAKE_KEY = 22 };

typedef struct {
    char key[KAB_WAKE_KEY]; /* a wake with this key: make the call anew */
    unsigned wait;          /* seconds from the request on: make it anew with last_look */
} kab_poll_t;

/* What the call waits for if it parks. Listen for it before kab_call_run: a wake between the
 * reading and the parking counts. False: it never parks. LOOP. */
bool kab_call_poll(kab_call_t *call, kab_poll_t *out);

/* ---- sessions, as the guard sees them -------------------------------------- */

enum { KAB_SESSION_ID = 32 };

typedef enum { KAB_METHOD_PASSWORD = 1 } kab_method_t; /* bits */

/* Fixed size: fits a shared-memory node. */
typedef struct {
    uint8_t id[KAB_SESSION_ID]; /* SHA-256 of the token's secret */
    kab_uuid_t account;
    kab_uuid_t public_id; /* how lists name it */
    char iin[12];
    uint32_t auth_time;  /* seconds since 1970 */
    uint32_t expires_at; /* total life, seconds since 1970 */
    uint16_t methods;
} kab_session_t;

#define KAB_SESSION_COOKIE "__Host-kabinet_session"

/* Looks for `name` in Cookie lines: split on ';', exact name, a duplicate is refused (none).
 * Empty: not there. LOOP. */
kab_span_t kab_cookie(const kab_span_t *lines, size_t n, kab_span_t name);
/* A session's cookie, of which nothing is proven yet. False: not the form of one. LOOP. */
bool kab_session_token(const kab_t *kab, kab_span_t cookie, kab_token_t *token);
/* Whether the gateway made it; a MAC. Who remembers id, proof and generation of one that was proven
 * need not ask again. LOOP. */
bool kab_session_proven(const kab_t *kab, const kab_token_t *token);
/* Where Redis keeps the copy and the idle clock: NUL-terminated names. Ask with MGET copy idle:
 * alive in Redis means both are there. LOOP. */
enum { KAB_SESSION_KEY = 96 };
void kab_session_keys(const uint8_t id[KAB_SESSION_ID], char copy[KAB_SESSION_KEY],
                      char idle[KAB_SESSION_KEY]);
/* Opens a copy from Redis. False: damaged, expired or of another key. LOOP. */
bool kab_session_decode(const kab_t *kab, const uint8_t id[KAB_SESSION_ID], kab_span_t value,
                        kab_session_t *out);
/* The truth: PostgreSQL for life and end, Redis for the idle clock (its loss restarts the clock);
 * puts a copy into Redis. KAB_OK, KAB_E_NO_SESSION, or KAB_E_UNAVAILABLE. LANE_DB. */
kab_err_t kab_session_load(kab_thread_t *thread, const uint8_t id[KAB_SESSION_ID],
                           kab_session_t *out);
/* The channel on which ended sessions are told: messages are 32 raw bytes, a session id. */
#define KAB_ENDED_CHANNEL "kabinet:ended"
/* The idle clock is set in Redis by: SET <idle key> 1 EX <this many seconds>. */
unsigned kab_session_idle_ttl(const kab_t *kab);

/* ---- replies ----------------------------------------------------------------- */

enum { KAB_REPLY_COOKIES = 3 };

typedef struct {
    int status;
    const char *content_type; /* NULL: no body */
    kab_span_t body;
    const char *allow;                     /* Allow of a 405, or NULL */
    unsigned retry_after;                  /* seconds, 0: none */
    kab_span_t cookies[KAB_REPLY_COOKIES]; /* whole Set-Cookie values */
    unsigned cookies_n;
    kab_time_t not_before; /* 0: now */
    bool again;            /* of a timer job: at once */
    bool cacheable;        /* else Cache-Control: no-store */
    const uint8_t (
        *ended)[KAB_SESSION_ID]; /* sessions that this call ended, to drop from memory first */
    size_t ended_n;
    bool has_session; /* a session this call made, worth keeping in memory */
    kab_session_t session;
} kab_reply_t;

const kab_reply_t *kab_call_reply(const kab_call_t *call); /* valid until the call is freed */

/* Runs a call to its end on this thread, with one thread object a lane. A long poll's wait is
 * over at once. Tests and tools. */
kab_call_t *kab_handle(kab_t *kab, const kab_request_t *request,
                       kab_thread_t *const threads[KAB_LANES]);

/* What the pages' languages are; the first is the default. */
extern const char *const kab_languages[]; /* "ru", "kk", "en", NULL */

/* Text shown for a consent, for the page /kabinet/consents/{kind}: borrowed from the
 * configuration; empty if there is none. LOOP. */
kab_span_t kab_consent_text(const kab_t *kab, kab_span_t kind, kab_span_t lang);

/* ---- brands ---------------------------------------------------------------- */

typedef struct kab_brand_s kab_brand_t;

enum { KAB_BRAND_COLOURS = 6, KAB_BRAND_LINKS = 8 };

/* Everything is borrowed from the brand. */
typedef struct {
    kab_span_t name; /* as people see it; may hold any sign but control ones */
    struct {
        const char *role;       /* "link": the pages' custom property --link */
        kab_span_t light, dark; /* "#07465a" */
    } colour[KAB_BRAND_COLOURS];
    kab_span_t link[KAB_BRAND_LINKS]; /* "https://…" or "/…", without quotes, angles and spaces; its
                                         words are the text brand.link.1, … */
    unsigned links;
    kab_span_t meta; /* a JSON object: what GET /meta tells of it */
} kab_brand_facts_t;

/* NULL: out of memory. One thread at a time; works before kab_open and beside it. */
kab_brand_t *kab_brand_new(void);
void kab_brand_free(kab_brand_t *brand); /* NULL is allowed */
/* Reads a brand.json (docs/brands.md), once. NULL, or words for `nginx -t` that name the member
 * and what is allowed. */
const char *kab_brand_read(kab_brand_t *brand, kab_span_t json);
const kab_brand_facts_t *kab_brand_facts(const kab_brand_t *brand);

/* The pages' texts in a language (i18n/{lang}.json), read once for all brands. */
typedef struct kab_catalogue_s kab_catalogue_t;
/* NULL: not a JSON object, or out of memory. One thread at a time. */
kab_catalogue_t *kab_catalogue_read(kab_span_t lang, kab_span_t json);
void kab_catalogue_free(kab_catalogue_t *catalogue); /* NULL is allowed */

/* The catalogue with the brand's own texts in it, as JSON borrowed from the brand. NULL, or
 * words. */
const char *kab_brand_texts(kab_brand_t *brand, const kab_catalogue_t *catalogue, kab_span_t *out);

/* ---- the help tree ----------------------------------------------------------- */

typedef struct kab_help_s kab_help_t;

/* NULL: out of memory. One thread at a time; works before kab_open and beside it. */
kab_help_t *kab_help_new(void);
void kab_help_free(kab_help_t *help); /* NULL is allowed */
/* Reads a help.json (docs/help.md), once. NULL, or words that name the member: a text missing in
 * a language, a link to nowhere. */
const char *kab_help_read(kab_help_t *help, kab_span_t json);
/* The tree in one language, as JSON: kab_languages[lang]. Borrowed. */
kab_span_t kab_help_text(const kab_help_t *help, unsigned lang);

/* What happened, for tests and metrics: counters of one thread object. */
typedef struct {
    uint64_t statements; /* PostgreSQL round trips */
    uint64_t commands;   /* Redis commands */
    uint64_t hashes;     /* Argon2 */
} kab_work_t;
void kab_thread_work(const kab_thread_t *thread, kab_work_t *out);

#endif

/* A way to a provider as a lane's thread has it, in one word each. */
#ifndef KAB_LINE_H
#define KAB_LINE_H

#include "provider/provider.h"

/* Long enough for a machine that is busy; what must not be waited for is longer still. */
#define LINE_TIMEOUT KAB_SECOND
#define LINE_SLACK KAB_SECOND

/* Real time, moved on by hand where a pause would be waited for. */
extern kab_time_t line_ahead;
extern kab_time_t line_timeout; /* of lines that are opened from now on */

typedef struct {
    kab_provider_t *provider;
    kab_link_t *link;
} line_t;

int line_setup(void **state); /* no faults, the clock as it is */

line_t line_to(const char *url);
line_t line_at(const char *scheme, unsigned port);
line_t line_up(void); /* to the sandbox */
void line_close(line_t line);

kab_env_t line_env(void);
kab_time_t line_now(void);
kab_time_t line_took(kab_time_t since);

kab_uuid_t line_key(void);
kab_send_t line_sms(line_t line, kab_uuid_t key, const char *to);
kab_send_t line_push(line_t line, kab_uuid_t key, const char *to, const char *token);
/* The same many times over. */
enum { LINE_MANY = 200 };
void line_texts(line_t line, const kab_uuid_t *keys, unsigned n, const char *to, kab_time_t until,
                kab_send_t *sent);
void line_pushes(line_t line, const kab_uuid_t *keys, unsigned n, const char *to,
                 const char *const *tokens, kab_send_t *sent);
kab_bmg_result_t line_match(line_t line, const char *iin, const char *phone);

#endif

/*
 * What the gateway says to phones, in the person's language: texts of the one catalogue (i18n/,
 * ids "message.…"), compiled in. Any thread.
 */
#ifndef KAB_MESSAGE_H
#define KAB_MESSAGE_H

#include "base/arena.h"

typedef struct {
    const char *id;
    const char *text[3]; /* in the order of kab_languages */
} kab_message_text_t;
extern const kab_message_text_t kab_message_texts[]; /* generated, sorted; ended by a NULL id */

/* Index of kab_languages; 0 for what is unknown. */
unsigned kab_message_language(const char *locale);
/* Never NULL: the id itself if there is no such text. */
const char *kab_message_text(const char *id, unsigned lang);

/* "{code} — код для ed24.kz. …" */
kab_span_t kab_message_sms_code(kab_arena_t *arena, unsigned lang, const char *code);
/* A push: message.push.<what>.title and .body in the person's language. */
typedef struct {
    const char *what;
    const kab_uuid_t *challenge; /* that it is about; NULL: none */
    const char *code;            /* sent with it; NULL: the app opens it */
    kab_span_t push_token;       /* the device's */
    unsigned ttl; /* seconds that the push service may keep it: said once, because a repeat under
                   * the same idempotency key must be the same message */
} kab_push_text_t;
/* As JSON, for the outbox. */
kab_span_t kab_message_push(kab_arena_t *arena, unsigned lang, const kab_push_text_t *push);

#endif

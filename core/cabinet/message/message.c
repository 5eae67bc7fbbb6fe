#include "cabinet/message/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "kabinet.h"

unsigned kab_message_language(const char *locale)
{
    for (unsigned i = 0; kab_languages[i]; i++) {
        if (strcmp(kab_languages[i], locale) == 0) {
            return i;
        }
    }
    return 0;
}

const char *kab_message_text(const char *id, unsigned lang)
{
    for (const kab_message_text_t *row = kab_message_texts; row->id; row++) {
        if (strcmp(row->id, id) == 0) {
            return row->text[lang];
        }
    }
    return id;
}

kab_span_t kab_message_sms_code(kab_arena_t *arena, unsigned lang, const char *code)
{
    static const char mark[] = "{code}";
    const char *text = kab_message_text("message.sms.code", lang);
    const char *at = strstr(text, mark);

    if (!at) {
        return KAB_NONE;
    }
    return kab_span_of(
        kab_format(arena, "%.*s%s%s", (int)(at - text), text, code, at + strlen(mark)));
}

kab_span_t kab_message_push(kab_arena_t *arena, unsigned lang, const kab_push_text_t *push)
{
    char id[KAB_UUID_SIZE] = "";
    const char *title = kab_format(arena, "message.push.%s.title", push->what);
    const char *body = kab_format(arena, "message.push.%s.body", push->what);
    kab_span_t token = push->push_token, text = KAB_NONE;

    if (push->challenge) {
        kab_uuid_text(*push->challenge, id);
    }
    json_t *value = json_pack("{s:s, s:s, s:{s:s, s:s*}, s:s%, s:i}", "title",
                              kab_message_text(title, lang), "body", kab_message_text(body, lang),
                              "data", "challenge", id, "code", push->code, "push_token",
                              token.p ? (const char *)token.p : "", token.n, "ttl", (int)push->ttl);
    if (value) {
        text = kab_json_text(arena, value);
        json_decref(value);
    }
    return text;
}

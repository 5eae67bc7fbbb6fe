#include "line.h"

#include "outside.h"

kab_time_t line_ahead, line_timeout;

static kab_time_t now(void *ctx)
{
    return kab_env_system.now(ctx) + line_ahead;
}

kab_env_t line_env(void)
{
    return (kab_env_t){now, kab_env_system.random, kab_env_system.ctx};
}

kab_time_t line_now(void)
{
    return now(kab_env_system.ctx);
}

kab_time_t line_took(kab_time_t since)
{
    return line_now() - since;
}

int line_setup(void **state)
{
    (void)state;
    line_ahead = 0;
    line_timeout = LINE_TIMEOUT;
    sandbox_fault("push", "ok", 0);
    sandbox_fault("sms", "ok", 0);
    sandbox_fault("bmg", "ok", 0);
    return 0;
}

line_t line_to(const char *url)
{
    char why[160] = "";
    kab_env_t env = line_env();
    kab_provider_options_t options = {url, KAB_SPAN("sandbox"), line_timeout};
    line_t line = {.provider = kab_provider_open(&options, &env, why, sizeof why)};

    if (!line.provider) {
        fail_msg("%s: %s", url, why);
    }
    line.link = kab_link_open(line.provider);
    assert_non_null(line.link);
    return line;
}

line_t line_at(const char *scheme, unsigned port)
{
    char url[64];

    snprintf(url, sizeof url, "%s://127.0.0.1:%u/", scheme, port);
    return line_to(url);
}

line_t line_up(void)
{
    return line_at("http", outside_port("KAB_TEST_SANDBOX"));
}

void line_close(line_t line)
{
    kab_link_close(line.link);
    kab_provider_close(line.provider);
}

kab_uuid_t line_key(void)
{
    return kab_uuid_new(&kab_env_system);
}

kab_send_t line_sms(line_t line, kab_uuid_t key, const char *to)
{
    kab_send_t sent;

    line_texts(line, &key, 1, to, 0, &sent);
    return sent;
}

void line_texts(line_t line, const kab_uuid_t *keys, unsigned n, const char *to, kab_time_t until,
                kab_send_t *sent)
{
    kab_sms_message_t messages[LINE_MANY];
    kab_sms_t out = kab_sms_over(line.link);

    assert_true(n <= LINE_MANY);
    for (unsigned i = 0; i < n; i++) {
        messages[i] =
            (kab_sms_message_t){keys[i], kab_span_of(to), KAB_SPAN("1234 — код для ed24.kz.")};
    }
    out.send(out.ctx, messages, n, until, sent);
}

kab_send_t line_push(line_t line, kab_uuid_t key, const char *to, const char *token)
{
    kab_send_t sent;

    line_pushes(line, &key, 1, to, &token, &sent);
    return sent;
}

void line_pushes(line_t line, const kab_uuid_t *keys, unsigned n, const char *to,
                 const char *const *tokens, kab_send_t *sent)
{
    kab_push_message_t messages[LINE_MANY];
    json_t *data = json_pack("{s:s}", "challenge", "c-1");
    kab_push_t out = kab_push_over(line.link);

    assert_true(n <= LINE_MANY);
    for (unsigned i = 0; i < n; i++) {
        messages[i] = (kab_push_message_t){.key = keys[i],
                                           .phone = kab_span_of(to),
                                           .push_token = kab_span_of(tokens[i]),
                                           .title = KAB_SPAN("Восстановление"),
                                           .body = KAB_SPAN("Chrome, Алматы"),
                                           .data = data,
                                           .ttl = 300};
    }
    out.send(out.ctx, messages, n, 0, sent);
    json_decref(data);
}

kab_bmg_result_t line_match(line_t line, const char *iin, const char *phone)
{
    kab_bmg_t out = kab_bmg_over(line.link);

    return out.match(out.ctx, kab_span_of(iin), kab_span_of(phone)).result;
}

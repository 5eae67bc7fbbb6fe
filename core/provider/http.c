/* One thread's questions to one provider, over a connection that stays. */
#include "provider/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 3000, HEADERS = 3 };

struct kab_link_s {
    kab_provider_t *provider;
    CURL *curl;
    char url[KAB_HTTP_URL_MAX + 64];
    char key[32 + KAB_UUID_SIZE];
    size_t head, n; /* bytes so far */
    bool too_large;
    uint8_t body[KAB_HTTP_REPLY_MAX];
};

static size_t take_header(char *bytes, size_t size, size_t n, void *ctx)
{
    kab_link_t *link = ctx;

    (void)bytes;
    link->head += size * n;
    link->too_large = link->too_large || link->head > KAB_HTTP_REPLY_MAX;
    return link->too_large ? 0 : size * n;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    kab_link_t *link = ctx;

    n *= size;
    if (n > sizeof link->body - link->n) {
        link->too_large = true;
        return n ? 0 : 1; /* anything but n ends the transfer */
    }
    memcpy(link->body + link->n, bytes, n);
    link->n += n;
    return n;
}

/* What holds for every question. The environment's proxies are not asked: an address is what the
 * directives say, and a message goes nowhere else. */
static bool prepare(kab_link_t *link)
{
    CURL *c = link->curl;

    return !curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") &&
           !curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) &&
           !curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) &&
           !curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) &&
           !curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           !curl_easy_setopt(c, CURLOPT_PROXY, "") && !curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) &&
           !curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L) &&
           !curl_easy_setopt(c, CURLOPT_MAXCONNECTS, 2L) &&
           !curl_easy_setopt(c, CURLOPT_USERAGENT, "kabinet") &&
           !curl_easy_setopt(c, CURLOPT_POST, 1L) &&
           !curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header) &&
           !curl_easy_setopt(c, CURLOPT_HEADERDATA, (void *)link) &&
           !curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body) &&
           !curl_easy_setopt(c, CURLOPT_WRITEDATA, (void *)link);
}

kab_link_t *kab_link_open(kab_provider_t *provider)
{
    kab_link_t *link = calloc(1, sizeof *link);

    if (!link) {
        return NULL;
    }
    link->provider = provider;
    link->curl = curl_easy_init();
    if (!link->curl || !prepare(link)) {
        kab_link_close(link);
        return NULL;
    }
    return link;
}

void kab_link_close(kab_link_t *link)
{
    if (link) {
        curl_easy_cleanup(link->curl);
        kab_wipe(link, sizeof *link);
        free(link);
    }
}

const kab_env_t *kab_link_env(const kab_link_t *link)
{
    return &link->provider->env;
}

kab_time_t kab_link_now(const kab_link_t *link)
{
    return link->provider->env.now(link->provider->env.ctx);
}

kab_time_t kab_link_timeout(const kab_link_t *link)
{
    return link->provider->timeout;
}

/* ---- a question --------------------------------------------------------------- */

static bool address(kab_link_t *link, const kab_http_ask_t *ask)
{
    int n = snprintf(link->url, sizeof link->url, "%s%s", link->provider->url, ask->path);
    kab_time_t timeout = ask->timeout ? ask->timeout : link->provider->timeout;
    long ms = timeout > KAB_MS ? (long)(timeout / KAB_MS) : 1;
    CURL *c = link->curl;

    return n > 0 && (size_t)n < sizeof link->url && !curl_easy_setopt(c, CURLOPT_URL, link->url) &&
           !curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms) &&
           !curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, ms < CONNECT_MS ? ms : CONNECT_MS) &&
           !curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->body.n) &&
           !curl_easy_setopt(c, CURLOPT_POSTFIELDS, (const char *)ask->body.p);
}

static CURLcode perform(kab_link_t *link, const kab_http_ask_t *ask)
{
    char json[] = "Content-Type: application/json";
    char uuid[KAB_UUID_SIZE];
    /* Nodes of our own: curl's would leave the token in the heap. */
    struct curl_slist header[HEADERS] = {{json, NULL}, {link->provider->bearer, NULL}};

    header[0].next = &header[1];
    if (ask->key) {
        kab_uuid_text(*ask->key, uuid);
        snprintf(link->key, sizeof link->key, "Idempotency-Key: %s", uuid);
        header[2].data = link->key;
        header[1].next = &header[2];
    }
    link->head = link->n = 0;
    link->too_large = false;
    CURLcode code = address(link, ask) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    code = code ? code : curl_easy_setopt(link->curl, CURLOPT_HTTPHEADER, header);
    code = code ? code : curl_easy_perform(link->curl);
    curl_easy_setopt(link->curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(link->curl, CURLOPT_POSTFIELDS, NULL);
    return code;
}

/* For the log: static, and nothing in it that a stranger wrote. */
static const char *explain(int status)
{
    switch (status) {
    case 401:
    case 403:
        return "the token was refused";
    case 404:
        return "there is no such address";
    case 429:
        return "too many requests";
    default:
        break;
    }
    return status >= 500   ? "it failed"
           : status >= 400 ? "the request was refused"
                           : "the answer is not understood";
}

static void read_reply(kab_link_t *link, const kab_http_ask_t *ask, CURLcode code,
                       kab_http_reply_t *reply)
{
    curl_off_t seconds = 0;
    long status = 0;

    if (code != CURLE_OK) {
        reply->why = link->too_large ? "the answer is too large" : curl_easy_strerror(code);
        return;
    }
    curl_easy_getinfo(link->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(link->curl, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > 0) {
        reply->retry_after = seconds < 86400 ? seconds * KAB_SECOND : KAB_DAY;
    }
    reply->status = (int)status;
    reply->body = kab_json_object((kab_span_t){link->body, link->n});
    reply->good = reply->status == ask->success && (reply->body || !ask->wants_json);
    reply->broken = !reply->good && (status < 400 || status >= 500);
    reply->why = reply->good ? "" : explain(reply->status);
}

kab_http_reply_t kab_http_post(kab_link_t *link, const kab_http_ask_t *ask)
{
    kab_provider_t *provider = link->provider;
    kab_http_reply_t reply = {.broken = true, .why = "the circuit is open"};
    kab_time_t now = kab_link_now(link);

    pthread_mutex_lock(&provider->guard);
    uint64_t ticket = kab_breaker_ask(&provider->breaker, now);
    reply.retry_after = ticket ? 0 : kab_breaker_wait(&provider->breaker, now);
    pthread_mutex_unlock(&provider->guard);
    if (!ticket) {
        return reply;
    }
    reply.asked = true;
    read_reply(link, ask, perform(link, ask), &reply);
    kab_wipe(link->body, sizeof link->body);
    now = kab_link_now(link);
    pthread_mutex_lock(&provider->guard);
    kab_breaker_tell(&provider->breaker, now, ticket, !reply.broken);
    pthread_mutex_unlock(&provider->guard);
    return reply;
}

/* A request that is wrong in itself stays wrong. A token, an address or a limit can be mended while
 * the message waits. */
kab_send_t kab_http_send_result(const kab_http_reply_t *reply)
{
    kab_send_result_t result = KAB_SEND_LATER;

    if (reply->good) {
        return (kab_send_t){.result = KAB_SEND_OK, .why = ""};
    }
    if (reply->status == 400 || reply->status == 413 || reply->status == 422) {
        result = KAB_SEND_REFUSED;
    }
    return (kab_send_t){result, reply->retry_after, reply->why};
}

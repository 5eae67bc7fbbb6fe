#include "provider/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 3000 };

static size_t take_header(char *bytes, size_t size, size_t n, void *ctx)
{
    kab_transfer_t *t = ctx;

    (void)bytes;
    t->head += size * n;
    t->too_large = t->too_large || t->head > KAB_HTTP_REPLY_MAX;
    return t->too_large ? 0 : size * n;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    kab_transfer_t *t = ctx;

    n *= size;
    if (n > sizeof t->body - t->n) {
        t->too_large = true;
        return n ? 0 : 1; /* anything but n ends the transfer */
    }
    memcpy(t->body + t->n, bytes, n);
    t->n += n;
    return n;
}

/* What holds for every question. The environment's proxies are not asked: an address is what the
 * directives say, and a message goes nowhere else. */
static bool prepare(kab_transfer_t *t)
{
    CURL *c = t->curl;

    return !curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") &&
           !curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) &&
           !curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) &&
           !curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) &&
           !curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           !curl_easy_setopt(c, CURLOPT_PROXY, "") && !curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) &&
           !curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L) &&
           !curl_easy_setopt(c, CURLOPT_USERAGENT, "kabinet") &&
           !curl_easy_setopt(c, CURLOPT_POST, 1L) &&
           !curl_easy_setopt(c, CURLOPT_PRIVATE, (void *)t) &&
           !curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header) &&
           !curl_easy_setopt(c, CURLOPT_HEADERDATA, (void *)t) &&
           !curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body) &&
           !curl_easy_setopt(c, CURLOPT_WRITEDATA, (void *)t);
}

kab_transfer_t *kab_transfer_open(void)
{
    kab_transfer_t *t = calloc(1, sizeof *t);

    if (!t) {
        return NULL;
    }
    t->curl = curl_easy_init();
    if (!t->curl || !prepare(t)) {
        kab_transfer_close(t);
        return NULL;
    }
    return t;
}

void kab_transfer_close(kab_transfer_t *t)
{
    if (t) {
        curl_easy_cleanup(t->curl);
        kab_wipe(t, sizeof *t);
        free(t);
    }
}

/* ---- a question --------------------------------------------------------------- */

static bool address(kab_transfer_t *t, const kab_provider_t *provider)
{
    const kab_http_ask_t *ask = t->ask;
    int n = snprintf(t->url, sizeof t->url, "%s%s", provider->url, ask->path);
    kab_time_t timeout = ask->timeout ? ask->timeout : provider->timeout;
    long ms = timeout > KAB_MS ? (long)(timeout / KAB_MS) : 1;
    CURL *c = t->curl;

    return n > 0 && (size_t)n < sizeof t->url && !curl_easy_setopt(c, CURLOPT_URL, t->url) &&
           !curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms) &&
           !curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, ms < CONNECT_MS ? ms : CONNECT_MS) &&
           !curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->body.n) &&
           !curl_easy_setopt(c, CURLOPT_POSTFIELDS, (const char *)ask->body.p);
}

/* Nodes of our own: curl's would leave the token in the heap. */
static struct curl_slist *headers(kab_transfer_t *t, const kab_provider_t *provider)
{
    static char json[] = "Content-Type: application/json";
    char uuid[KAB_UUID_SIZE];

    t->header[0] = (struct curl_slist){json, &t->header[1]};
    t->header[1] = (struct curl_slist){provider->bearer, NULL};
    if (t->ask->key) {
        kab_uuid_text(*t->ask->key, uuid);
        snprintf(t->key, sizeof t->key, "Idempotency-Key: %s", uuid);
        t->header[1].next = &t->header[2];
        t->header[2] = (struct curl_slist){t->key, NULL};
    }
    return t->header;
}

bool kab_transfer_begin(kab_transfer_t *t, const kab_provider_t *provider,
                        const kab_http_ask_t *ask, kab_http_reply_t *reply, uint64_t ticket)
{
    t->ask = ask;
    t->ticket = ticket;
    t->head = t->n = 0;
    t->too_large = false;
    bool ready = address(t, provider) &&
                 !curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers(t, provider));
    t->reply = ready ? reply : NULL;
    return ready;
}

/* ---- its answer ----------------------------------------------------------------- */

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

static void read_reply(const kab_transfer_t *t, CURLcode code)
{
    kab_http_reply_t *reply = t->reply;
    curl_off_t seconds = 0;
    long status = 0;

    if (code != CURLE_OK) {
        reply->why = t->too_large ? "the answer is too large" : curl_easy_strerror(code);
        return;
    }
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > 0) {
        reply->retry_after = seconds < 3600 ? seconds * KAB_SECOND : KAB_HOUR;
    }
    reply->status = (int)status;
    reply->body = kab_json_object((kab_span_t){t->body, t->n});
    reply->good = reply->status == t->ask->success && (reply->body || !t->ask->wants_json);
    reply->broken = !reply->good && (status < 400 || status >= 500);
    reply->why = reply->good ? "" : explain(reply->status);
}

void kab_transfer_end(kab_transfer_t *t, CURLcode code)
{
    read_reply(t, code);
    kab_wipe(t->body, t->n);
    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, NULL);
}

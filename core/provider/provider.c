/* One provider: where it is, what it is told, whether it works. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/host.h"
#include "provider/http.h"

enum { TOKEN_MAX = 4096 };

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static char *part(CURLU *url, CURLUPart what)
{
    char *text = NULL;

    return curl_url_get(url, what, &text, 0) == CURLUE_OK ? text : NULL;
}

/* Asked again although the directives were checked: whoever opens a provider must not be able to
 * send people's numbers over a wire in the clear. */
static const char *check_url(const char *text)
{
    CURLU *url = curl_url();
    const char *wrong = "is not https://HOST[:PORT][/PATH]";

    if (url && strlen(text) <= KAB_HTTP_URL_MAX &&
        curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK) {
        char *scheme = part(url, CURLUPART_SCHEME), *host = part(url, CURLUPART_HOST);
        char *user = part(url, CURLUPART_USER), *query = part(url, CURLUPART_QUERY);
        if (scheme && host && !user && !query) {
            bool plain = strcmp(scheme, "http") == 0;
            if (plain && !kab_host_is_loopback(kab_span_of(host))) {
                wrong = "is not encrypted; http is for this machine itself";
            } else if (plain || strcmp(scheme, "https") == 0) {
                wrong = NULL;
            }
        }
        curl_free(scheme);
        curl_free(host);
        curl_free(user);
        curl_free(query);
    }
    curl_url_cleanup(url);
    return wrong;
}

/* What is not visible ASCII could begin another header. */
static bool token_ok(kab_span_t token)
{
    for (size_t i = 0; i < token.n; i++) {
        if (token.p[i] <= 0x20 || token.p[i] >= 0x7F) {
            return false;
        }
    }
    return token.n > 0 && token.n <= TOKEN_MAX;
}

static bool copy_options(kab_provider_t *provider, const kab_provider_options_t *options)
{
    static const char head[] = "Authorization: Bearer ";
    size_t n = strlen(options->url);

    while (n > 0 && options->url[n - 1] == '/') {
        n--;
    }
    provider->url = strndup(options->url, n);
    provider->bearer = calloc(1, sizeof head + options->token.n);
    if (!provider->url || !provider->bearer) {
        return false;
    }
    memcpy(provider->bearer, head, sizeof head - 1);
    memcpy(provider->bearer + sizeof head - 1, options->token.p, options->token.n);
    provider->timeout = options->timeout;
    return true;
}

kab_provider_t *kab_provider_open(const kab_provider_options_t *options, const kab_env_t *env,
                                  char *why, size_t why_size)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    kab_provider_t *provider = NULL;

    pthread_once(&once, start_curl);
    const char *wrong = check_url(options->url);
    if (wrong) {
        snprintf(why, why_size, "the address %s", wrong);
        return NULL;
    }
    if (!token_ok(options->token)) {
        snprintf(why, why_size, "the token is not one line of 1 to %d visible characters",
                 TOKEN_MAX);
        return NULL;
    }
    provider = calloc(1, sizeof *provider);
    if (!provider || pthread_mutex_init(&provider->guard, NULL) != 0) {
        free(provider);
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    provider->env = *env;
    if (!copy_options(provider, options)) {
        kab_provider_close(provider);
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    return provider;
}

void kab_provider_stop(kab_provider_t *provider)
{
    if (provider) {
        atomic_store(&provider->ends, provider->env.now(provider->env.ctx) + KAB_PROVIDER_GRACE);
    }
}

void kab_provider_close(kab_provider_t *provider)
{
    if (!provider) {
        return;
    }
    pthread_mutex_destroy(&provider->guard);
    if (provider->bearer) {
        kab_wipe(provider->bearer, strlen(provider->bearer));
    }
    free(provider->bearer);
    free(provider->url);
    free(provider);
}

/* Directives that say where something is: database, Redis, origins. */
#include "config/parts.h"

#include <string.h>
#include <strings.h>

#include "base/host.h"

static bool contains(kab_span_t text, uint8_t c)
{
    return text.n > 0 && memchr(text.p, c, text.n) != NULL;
}

static bool is_word(kab_span_t text, const char *word)
{
    return text.n == strlen(word) && strncasecmp((const char *)text.p, word, text.n) == 0;
}

static bool names_password(kab_span_t key)
{
    return is_word(key, "password") || is_word(key, "sslpassword");
}

/* postgresql://user:SECRET@host/db?password=SECRET; an escaped key could spell anything. */
static bool url_has_password(kab_span_t url)
{
    kab_span_t query = url, head = kab_span_cut(&query, '?');
    kab_span_t rest = {head.p + (strchr((const char *)head.p, '/') - (const char *)head.p) + 2, 0};

    rest.n = head.n - (size_t)(rest.p - head.p);
    kab_span_t authority = kab_span_cut(&rest, '/');
    if (contains(authority, '@') && contains(kab_span_cut(&authority, '@'), ':')) {
        return true;
    }
    while (query.n > 0) {
        kab_span_t pair = kab_span_cut(&query, '&'), key = kab_span_cut(&pair, '=');
        if (names_password(key) || contains(key, '%')) {
            return true;
        }
    }
    return false;
}

static size_t skip_space(kab_span_t text, size_t at)
{
    while (at < text.n && strchr(" \t\r\n\v\f", text.p[at])) {
        at++;
    }
    return at;
}

/* key = value, key='a value with \' in it': as libpq reads it. */
static bool pairs_have_password(kab_span_t text)
{
    for (size_t at = skip_space(text, 0); at < text.n; at = skip_space(text, at)) {
        size_t begin = at;
        while (at < text.n && text.p[at] != '=' && text.p[at] != ' ') {
            at++;
        }
        if (names_password((kab_span_t){text.p + begin, at - begin})) {
            return true;
        }
        at = skip_space(text, at);
        at += at < text.n && text.p[at] == '=';
        at = skip_space(text, at);
        bool quoted = at < text.n && text.p[at] == '\'';
        for (at += quoted; at < text.n && text.p[at] != (quoted ? '\'' : ' '); at++) {
            at += text.p[at] == '\\';
        }
        at += quoted;
    }
    return false;
}

/* Never echoed: somebody's first try may hold a password. */
const char *config_database(config_t *config, const kab_span_t *args, size_t n)
{
    kab_span_t text = args[0];
    const char *give = "give \"host=… dbname=… user=…\" and put a password into a file named by "
                       "passfile=, or use peer authentication";
    (void)n;

    if (text.n == 0 || text.n > 2048 || !kab_utf8_ok(text)) {
        return config_say(config, "is not a connection string; %s", give);
    }
    config->conninfo = kab_text(config->arena, text);
    if (!config->conninfo) {
        return config_say(config, "out of memory");
    }
    bool url = kab_span_starts(text, "postgresql://") || kab_span_starts(text, "postgres://");
    kab_span_t copy = kab_span_of(config->conninfo);
    if (!url && !contains(text, '=')) {
        return config_say(config, "is not a connection string; %s", give);
    }
    if (url ? url_has_password(copy) : pairs_have_password(copy)) {
        return config_say(config, "holds a password; %s", give);
    }
    return NULL;
}

/* HOST:PORT, [V6]:PORT or, if the port may be left out, HOST. */
static bool host_and_port(kab_span_t text, bool port_needed, kab_span_t *host, int64_t *port)
{
    kab_span_t rest = text;

    *port = 0;
    if (text.n > 0 && text.p[0] == '[') {
        *host = kab_span_cut(&rest, ']');
        host->n = host->n < text.n ? host->n + 1 : host->n;
        if (host->n < 3 || host->p[host->n - 1] != ']' || (rest.n > 0 && rest.p[0] != ':')) {
            return false;
        }
        bool colon = rest.n > 0;
        rest.p += colon;
        rest.n -= colon;
        if (colon && rest.n == 0) {
            return false;
        }
    } else {
        *host = kab_span_cut(&rest, ':');
        if (host->n < text.n && rest.n == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < host->n; i++) {
        uint8_t c = host->p[i];
        if (c <= 0x20 || c >= 0x7F || strchr("/?#@\\\"'<>", c)) {
            return false;
        }
    }
    if (rest.n == 0) {
        return host->n > 0 && !port_needed;
    }
    return host->n > 0 && config_count(rest, port) && *port >= 1 && *port <= 65535;
}

static bool redis_ok(kab_span_t url)
{
    kab_span_t host;
    int64_t port;

    if (kab_span_starts(url, "unix:/")) {
        return url.n > 6 && url.n - 5 < 108 && !contains(url, 0); /* sockaddr_un */
    }
    if (!kab_span_starts(url, "redis://")) {
        return false;
    }
    url.p += 8;
    url.n -= 8;
    return url.n < 256 && host_and_port(url, true, &host, &port);
}

const char *config_redis(config_t *config, const kab_span_t *args, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (contains(args[i], '@')) {
            return config_say(config, "holds a user or password; give unix:/PATH or "
                                      "redis://HOST:PORT of a Redis that only this machine and its "
                                      "peers reach");
        }
        if (!redis_ok(args[i])) {
            return config_say(config,
                              "\"%.*s\" is not an address; give unix:/PATH or redis://HOST:PORT",
                              CONFIG_SHOW(args[i]));
        }
        config->redis[i] = kab_text(config->arena, args[i]);
        if (!config->redis[i]) {
            return config_say(config, "out of memory");
        }
    }
    config->redis_n = (unsigned)n;
    return NULL;
}

/* As a browser writes the Origin header (RFC 6454 section 6.1): lower case, without a path and
 * without the scheme's own port. NULL: not an origin. */
static const char *origin_text(config_t *config, kab_span_t url, bool *plain)
{
    kab_span_t host, copy = kab_copy(config->arena, url);
    char *text = kab_text(config->arena, copy);
    int64_t port;

    for (char *c = text; c && *c; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
    }
    copy = kab_span_of(text);
    *plain = kab_span_starts(copy, "http://");
    size_t scheme = *plain ? 7 : 8;
    if ((!*plain && !kab_span_starts(copy, "https://")) || copy.n > 256) {
        return NULL;
    }
    copy.p += scheme;
    copy.n -= scheme;
    if (!host_and_port(copy, false, &host, &port)) {
        return NULL;
    }
    *plain = *plain && !kab_host_is_loopback(host);
    if (port == 0 || port == (scheme == 7 ? 80 : 443)) {
        return kab_format(config->arena, "%.*s%.*s", (int)scheme, text, CONFIG_SHOW(host));
    }
    return kab_format(config->arena, "%.*s%.*s:%lld", (int)scheme, text, CONFIG_SHOW(host),
                      (long long)port);
}

const char *config_origin(config_t *config, const kab_span_t *args, size_t n)
{
    bool plain;

    for (size_t i = 0; i < n; i++) {
        config->origin[i] = origin_text(config, args[i], &plain);
        if (!config->origin[i]) {
            return config_say(config,
                              "\"%.*s\" is not an origin; give https://HOST[:PORT] without a path",
                              CONFIG_SHOW(args[i]));
        }
        if (plain) {
            return config_say(config,
                              "\"%.*s\" is not encrypted; give https://HOST[:PORT], http:// only "
                              "for this machine itself",
                              CONFIG_SHOW(args[i]));
        }
    }
    config->origin_n = (unsigned)n;
    return NULL;
}

/* Behind `scheme` bytes a host; all of it visible ASCII and none of `never`. */
static bool address_ok(kab_span_t text, size_t scheme, const char *never, kab_span_t *host)
{
    kab_span_t rest = {text.p + scheme, text.n - scheme};
    int64_t port;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= 0x20 || text.p[i] >= 0x7F || strchr(never, text.p[i])) {
            return false;
        }
    }
    return host_and_port(kab_span_cut(&rest, '/'), false, host, &port);
}

const char *config_link(config_t *config, kab_span_t text, const char **out)
{
    kab_span_t host;

    if (text.n > 512 || !kab_span_starts(text, "https://") ||
        !address_ok(text, 8, "#@\\\"'<>", &host)) {
        return config_say(config, "\"%.*s\" is not a link; give https://HOST[:PORT][/PATH][?QUERY]",
                          CONFIG_SHOW(text));
    }
    *out = kab_text(config->arena, text);
    return *out ? NULL : config_say(config, "out of memory");
}

/* Where people's numbers and codes are sent: SECURITY 31. */
const char *config_url(config_t *config, kab_span_t text, const char **out)
{
    bool plain = kab_span_starts(text, "http://");
    kab_span_t host;

    if (text.n > 256 || !(plain || kab_span_starts(text, "https://")) ||
        !address_ok(text, plain ? 7 : 8, "?#@\\\"'<>", &host)) {
        return config_say(
            config, "\"%.*s\" is not the address of a service; give https://HOST[:PORT][/PATH]",
            CONFIG_SHOW(text));
    }
    if (plain && !kab_host_is_loopback(host)) {
        return config_say(
            config,
            "\"%.*s\" is not encrypted; give https://HOST[:PORT][/PATH], http:// only "
            "for this machine itself",
            CONFIG_SHOW(text));
    }
    while (text.p[text.n - 1] == '/') {
        text.n--;
    }
    *out = kab_text(config->arena, text);
    return *out ? NULL : config_say(config, "out of memory");
}

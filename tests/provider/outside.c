#include "outside.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

unsigned outside_port(const char *name)
{
    const char *text = getenv(name);

    if (!text) {
        fail_msg("%s is not set: run make provider-test", name);
    }
    return (unsigned)strtoul(text, NULL, 10);
}

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = send(fd, text, n, MSG_NOSIGNAL);
        if (done <= 0) {
            return; /* the other end has heard enough */
        }
        text += done;
        n -= (size_t)done;
    }
}

json_t *sandbox(const char *method, const char *path, const char *body)
{
    static char reply[256 * 1024];
    char ask[2048];
    unsigned port = outside_port("KAB_TEST_SANDBOX");
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0), length;
    size_t n = 0;

    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    length = snprintf(ask, sizeof ask,
                      "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n"
                      "Content-Length: %zu\r\n\r\n%s",
                      method, path, port, strlen(body), body);
    assert_true(length > 0 && (size_t)length < sizeof ask);
    write_all(fd, ask, (size_t)length);
    for (ssize_t got = 1; got > 0 && n<sizeof reply - 1; n += got> 0 ? (size_t)got : 0) {
        got = read(fd, reply + n, sizeof reply - 1 - n);
    }
    close(fd);
    reply[n] = '\0';
    if (strncmp(reply, "HTTP/1.1 20", 11) != 0) {
        fail_msg("%s %s: %.40s", method, path, reply);
    }
    const char *end = strstr(reply, "\r\n\r\n");
    return end ? json_loads(end + 4, 0, NULL) : NULL;
}

void sandbox_fault(const char *channel, const char *mode, unsigned ms)
{
    char path[64], body[64];

    snprintf(path, sizeof path, "/sandbox/faults/%s", channel);
    snprintf(body, sizeof body, "{\"mode\":\"%s\",\"ms\":%u}", mode, ms);
    assert_null(sandbox("PUT", path, body));
}

size_t sandbox_count(const char *to)
{
    char path[96];

    snprintf(path, sizeof path, "/sandbox/messages?to=%%2B%s", to + 1);
    json_t *list = sandbox("GET", path, "");
    assert_true(json_is_array(list));
    size_t n = json_array_size(list);
    json_decref(list);
    return n;
}

struct canned_s {
    int fd;
    unsigned port, asked;
    const char *const *answer;
    size_t n;
    pthread_t thread;
    char last[8192];
};

/* A whole request: its head and Content-Length bytes more. */
static void hear(canned_t *canned, int fd)
{
    size_t n = 0, whole = sizeof canned->last - 1;

    while (n < whole) {
        ssize_t got = read(fd, canned->last + n, whole - n);
        if (got <= 0) {
            break;
        }
        n += (size_t)got;
        canned->last[n] = '\0';
        const char *end = strstr(canned->last, "\r\n\r\n");
        const char *length = strstr(canned->last, "Content-Length: ");
        if (end && length) {
            whole = (size_t)(end - canned->last) + 4 + strtoul(length + 16, NULL, 10);
        }
    }
}

static void *serve(void *ctx)
{
    canned_t *canned = ctx;

    for (size_t i = 0; i < canned->n; i++) {
        int fd = accept(canned->fd, NULL, NULL);
        if (fd < 0) {
            break;
        }
        hear(canned, fd);
        canned->asked++;
        write_all(fd, canned->answer[i], strlen(canned->answer[i]));
        shutdown(fd, SHUT_WR);
        close(fd);
    }
    return NULL;
}

canned_t *canned_open(const char *const *answers, size_t n)
{
    canned_t *canned = calloc(1, sizeof *canned);
    struct sockaddr_in at = loopback(0);
    socklen_t size = sizeof at;

    assert_non_null(canned);
    canned->answer = answers;
    canned->n = n;
    canned->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(canned->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(canned->fd, 8), 0);
    assert_int_equal(getsockname(canned->fd, (struct sockaddr *)&at, &size), 0);
    canned->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&canned->thread, NULL, serve, canned), 0);
    return canned;
}

unsigned canned_port(const canned_t *canned)
{
    return canned->port;
}

unsigned canned_close(canned_t *canned, char *last, size_t last_size)
{
    shutdown(canned->fd, SHUT_RDWR); /* wakes its accept */
    pthread_join(canned->thread, NULL);
    close(canned->fd);
    unsigned asked = canned->asked;
    if (last) {
        snprintf(last, last_size, "%s", canned->last);
    }
    free(canned);
    return asked;
}

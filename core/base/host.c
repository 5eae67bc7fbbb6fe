#include "base/host.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

bool kab_host_is_loopback(kab_span_t host)
{
    char text[INET6_ADDRSTRLEN + 2] = "";
    uint8_t address[4];

    if (host.n == 0 || host.n >= sizeof text) {
        return false;
    }
    memcpy(text, host.p, host.n);
    if (strlen(text) != host.n) {
        return false;
    }
    return strcasecmp(text, "localhost") == 0 || strcmp(text, "::1") == 0 ||
           strcmp(text, "[::1]") == 0 ||
           (inet_pton(AF_INET, text, address) == 1 && address[0] == 127);
}

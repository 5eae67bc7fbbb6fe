/* The carriers' prefixes: behind one address of theirs are thousands of people (SECURITY 10). */
#include "config/parts.h"

#include <arpa/inet.h>
#include <string.h>

enum { LIST_MAX = 1024 * 1024 };

static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF}; /* ::ffff:0:0/96, RFC 4291 */

/* No bit beyond the prefix may be set: "10.0.0.1/8" is more often a slip than a wish. */
static bool rest_is_zero(const kab_network_t *network)
{
    for (unsigned bit = network->bits; bit < 128; bit++) {
        if (network->address[bit / 8] & 0x80 >> bit % 8) {
            return false;
        }
    }
    return true;
}

static bool parse_network(kab_span_t line, kab_network_t *out)
{
    char text[INET6_ADDRSTRLEN + 1] = "";
    kab_span_t length = line, address = kab_span_cut(&length, '/');
    int64_t bits = -1;

    if (address.n == 0 || address.n >= sizeof text ||
        (address.n < line.n && !config_count(length, &bits))) {
        return false;
    }
    memcpy(text, address.p, address.n);
    if (inet_pton(AF_INET, text, out->address + 12) == 1) {
        memcpy(out->address, mapped, sizeof mapped);
        bits = bits < 0 ? 32 : bits;
        out->bits = (unsigned)bits + 96;
        return bits <= 32 && rest_is_zero(out);
    }
    bits = bits < 0 ? 128 : bits;
    out->bits = (unsigned)bits;
    return bits <= 128 && inet_pton(AF_INET6, text, out->address) == 1 && rest_is_zero(out);
}

const char *config_read_networks(config_t *config)
{
    kab_span_t file, line;
    unsigned number = 0;

    if (!config->networks_path) {
        return NULL;
    }
    if (config_slurp(config, config->networks_path, LIST_MAX, &file)) {
        return config_say_of(config, "kabinet_networks");
    }
    config->carrier_n = 0;
    config->carrier = kab_alloc(config->arena, KAB_NETWORKS * sizeof *config->carrier);
    while (config->carrier && config_line(&file, &number, &line)) {
        if (config->carrier_n == KAB_NETWORKS) {
            return config_say(config, "kabinet_networks: %s: line %u: too many; give up to %d",
                              config->networks_path, number, KAB_NETWORKS);
        }
        if (!parse_network(line, &config->carrier[config->carrier_n++])) {
            return config_say(config,
                              "kabinet_networks: %s: line %u: \"%.*s\" is not a network; give "
                              "ADDRESS/BITS with nothing set beyond BITS",
                              config->networks_path, number, CONFIG_SHOW(line));
        }
    }
    return config->carrier ? NULL : config_say(config, "kabinet_networks: out of memory");
}

static bool belongs(const kab_network_t *network, const uint8_t address[16])
{
    unsigned bytes = network->bits / 8, bits = network->bits % 8;

    if (memcmp(network->address, address, bytes) != 0) {
        return false;
    }
    return bits == 0 || ((network->address[bytes] ^ address[bytes]) >> (8 - bits)) == 0;
}

bool kab_settings_carrier(const struct kab_config_s *config, const uint8_t address[16])
{
    for (unsigned i = 0; i < config->carrier_n; i++) {
        if (belongs(&config->carrier[i], address)) {
            return true;
        }
    }
    return false;
}

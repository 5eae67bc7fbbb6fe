#include "cabinet/decoy.h"

#include <stdio.h>
#include <string.h>

/* Numbers as real accounts have them: a prefix as often as its operator has subscribers, of 256,
 * and the app on three phones of five. A table of the installation's own belongs here once there is
 * one: whoever counts masks should count the same as among people. */
static const struct {
    const char *prefix;
    unsigned share;
} prefixes[] = {
    {"701", 38}, {"702", 24}, {"705", 26}, {"707", 40}, {"747", 34}, {"708", 18},
    {"771", 16}, {"775", 18}, {"776", 16}, {"777", 16}, {"778", 10},
};
static const unsigned app_share = 154;

void kab_decoy(const kab_keyring_t *ring, const kab_iin_t *iin, kab_decoy_t *out)
{
    uint8_t random[KAB_INDEX_BYTES];
    unsigned at = 0, rest;
    uint32_t number;

    kab_index(ring, KAB_KEY_DECOY, "decoy", kab_span_of(iin->digits), random);
    memset(out, 0, sizeof(*out));
    memcpy(out->id.b, random + 16, sizeof(out->id.b));
    memcpy(&number, random + 4, sizeof(number));
    for (rest = random[0]; rest >= prefixes[at].share; at++) {
        rest -= prefixes[at].share;
    }
    snprintf(out->phone.e164, sizeof(out->phone.e164), "+7%s%07u", prefixes[at].prefix,
             (unsigned)(number % 10000000));
    out->has_app = random[1] < app_share;
    kab_wipe(random, sizeof(random));
}

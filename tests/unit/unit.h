/* What the unit tests share: cmocka, a seeded dice, a keyring in a temporary file. */
#ifndef KAB_UNIT_H
#define KAB_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "identity/key/keyring.h"

/* xorshift64*: repeats itself from the seed that is printed. KAB_SEED=n chooses it. */
typedef struct {
    uint64_t state;
} unit_dice_t;

static inline uint64_t unit_roll(unit_dice_t *dice)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return dice->state * 2685821657736338717ULL;
}

static inline unit_dice_t unit_dice(void)
{
    const char *asked = getenv("KAB_SEED");
    unit_dice_t dice = {asked ? strtoull(asked, NULL, 10) : 20261121};

    dice.state += dice.state == 0; /* zero would stay zero */
    printf("seed %llu\n", (unsigned long long)dice.state);
    return dice;
}

static inline void unit_random(void *ctx, uint8_t *out, size_t n)
{
    while (n-- > 0) {
        *out++ = (uint8_t)(unit_roll(ctx) >> 32);
    }
}

static inline kab_env_t unit_env(unit_dice_t *dice)
{
    return (kab_env_t){kab_env_system.now, unit_random, dice};
}

typedef struct {
    char name[64];
} unit_path_t;

static inline unit_path_t unit_file(const void *content, size_t n, unsigned mode)
{
    unit_path_t path = {"/tmp/kab-unit-XXXXXX"};
    int fd = mkstemp(path.name);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, n), (ssize_t)n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static inline kab_keyring_t *unit_ring_of(const char *lines)
{
    char why[256] = "";
    unit_path_t path = unit_file(lines, strlen(lines), 0600);
    kab_keyring_t *ring = kab_keyring_open(path.name, why, sizeof why);

    unlink(path.name);
    if (!ring) {
        fail_msg("%s", why);
    }
    return ring;
}

/* Keys of bytes 0x00…, 0x01… so that expected values can be worked out elsewhere. */
#define UNIT_KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define UNIT_KEY_B "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
#define UNIT_RING                                                                                  \
    "index 1 " UNIT_KEY_A "\nseal 1 " UNIT_KEY_A "\npepper 1 " UNIT_KEY_A "\ntoken 1 " UNIT_KEY_A  \
    "\ndecoy 1 " UNIT_KEY_A "\naudit 1 " UNIT_KEY_A "\nthrottle 1 " UNIT_KEY_A "\n"

static inline kab_keyring_t *unit_ring(void)
{
    return unit_ring_of(UNIT_RING);
}

#endif

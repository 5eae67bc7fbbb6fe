/* UUIDs, RFC 9562. */
#include "base/base.h"

#include <string.h>

enum { GROUPS = 5 };
static const uint8_t group_bytes[GROUPS] = {4, 2, 2, 2, 6};

kab_uuid_t kab_uuid_new(const kab_env_t *env)
{
    kab_uuid_t id;

    env->random(env->ctx, id.b, sizeof id.b);
    id.b[6] = (id.b[6] & 0x0F) | 0x40; /* version 4, section 5.4 */
    id.b[8] = (id.b[8] & 0x3F) | 0x80; /* variant, section 4.1 */
    return id;
}

void kab_uuid_text(kab_uuid_t id, char out[KAB_UUID_SIZE])
{
    const uint8_t *from = id.b;

    for (size_t g = 0; g < GROUPS; g++) {
        kab_hex(from, group_bytes[g], out);
        from += group_bytes[g];
        out += 2 * group_bytes[g];
        *out++ = g + 1 < GROUPS ? '-' : '\0';
    }
}

bool kab_uuid_parse(kab_span_t in, kab_uuid_t *out)
{
    kab_uuid_t id;
    uint8_t *to = id.b;

    if (in.n != KAB_UUID_SIZE - 1) {
        return false;
    }
    for (size_t g = 0; g < GROUPS; g++) {
        if (!kab_unhex(kab_span_cut(&in, '-'), to, group_bytes[g])) {
            return false;
        }
        to += group_bytes[g];
    }
    *out = id;
    return true;
}

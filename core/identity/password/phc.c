#include "identity/password/phc.h"

#include <stdio.h>
#include <string.h>

/* m has at least 8 blocks a lane (RFC 9106 section 3.1); the upper bounds are ours, so that an
 * imported string cannot order a minute of work. */
bool kab_phc_params_ok(kab_hash_params_t params)
{
    return params.p >= 1 && params.p <= KAB_PHC_P_MAX && params.t >= 1 &&
           params.t <= KAB_PHC_T_MAX && params.m >= 8 * params.p && params.m <= KAB_HASH_MAX_M;
}

/* These five cost an attacker the same. */
uint32_t kab_phc_least_m(uint32_t t)
{
    static const uint32_t least[] = {UINT32_MAX, 47104, 19456, 12288, 9216, 7168};

    return least[t > 5 ? 5 : t];
}

static bool number(kab_span_t text, const char *name, uint32_t *out)
{
    uint32_t value = 0;
    size_t skip = strlen(name);

    if (!kab_span_starts(text, name)) {
        return false;
    }
    text.p += skip;
    text.n -= skip;
    if (text.n == 0 || text.n > 9 || text.p[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        value = value * 10 + (uint32_t)(text.p[i] - '0');
    }
    *out = value;
    return true;
}

static bool parse_params(kab_span_t text, kab_phc_t *out)
{
    kab_span_t m = kab_span_cut(&text, ','), t = kab_span_cut(&text, ',');
    kab_span_t p = kab_span_cut(&text, ',');
    uint32_t pepper = 0;

    /* After a comma something must stand; after `p` there may have been none. */
    if (text.p && (!number(text, "keyid=", &pepper) || pepper > UINT16_MAX)) {
        return false;
    }
    out->pepper = (uint16_t)pepper;
    return number(m, "m=", &out->params.m) && number(t, "t=", &out->params.t) &&
           number(p, "p=", &out->params.p) && kab_phc_params_ok(out->params);
}

/* PHC strings use the plain alphabet of RFC 4648 section 4, without padding. */
static bool parse_bytes(kab_span_t text, uint8_t *out, size_t min, size_t max, size_t *n)
{
    uint8_t url[KAB_B64_SIZE(KAB_PHC_HASH_MAX)];

    *n = text.n * 3 / 4;
    if (text.n > sizeof url || *n < min || *n > max) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '-' || c == '_') {
            return false;
        }
        url[i] = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    return kab_unb64url((kab_span_t){url, text.n}, out, *n);
}

static void write_bytes(const uint8_t *in, size_t n, char *out)
{
    kab_b64url(in, n, out);
    for (; *out; out++) {
        *out = *out == '-' ? '+' : *out == '_' ? '/' : *out;
    }
}

bool kab_phc_parse(kab_span_t text, kab_phc_t *out)
{
    if (text.n >= KAB_HASH_TEXT || kab_span_cut(&text, '$').n != 0 ||
        !kab_span_is(kab_span_cut(&text, '$'), "argon2id") ||
        !kab_span_is(kab_span_cut(&text, '$'), "v=19")) {
        return false;
    }
    kab_span_t params = kab_span_cut(&text, '$'), salt = kab_span_cut(&text, '$');

    return parse_params(params, out) &&
           parse_bytes(salt, out->salt, KAB_PHC_SALT_MIN, KAB_PHC_SALT_MAX, &out->salt_n) &&
           parse_bytes(text, out->hash, KAB_PHC_HASH_MIN, KAB_PHC_HASH_MAX, &out->hash_n);
}

bool kab_phc_write(const kab_phc_t *phc, char out[KAB_HASH_TEXT])
{
    char salt[KAB_B64_SIZE(KAB_PHC_SALT_MAX)], hash[KAB_B64_SIZE(KAB_PHC_HASH_MAX)];

    write_bytes(phc->salt, phc->salt_n, salt);
    write_bytes(phc->hash, phc->hash_n, hash);
    int n = snprintf(out, KAB_HASH_TEXT, "$argon2id$v=19$m=%u,t=%u,p=%u,keyid=%u$%s$%s",
                     phc->params.m, phc->params.t, phc->params.p, phc->pepper, salt, hash);
    return n > 0 && n < KAB_HASH_TEXT;
}

#include "cabinet/proof/decoy.h"

#include <stdio.h>
#include <string.h>

#include "cabinet/place.h"

/* Roughly the operators' shares of subscribers, for as long as the installation has no table of its
 * own. Every prefix of the plan is here: a mask that no decoy can have tells that its person is
 * real. */
const kab_mask_t kab_mask_default = {
    .app = 6000,
    .n = 19,
    .row = {{"700", 10},
            {"701", 1480},
            {"702", 940},
            {"705", 1010},
            {"706", 5},
            {"707", 1550},
            {"708", 700},
            {"747", 1330},
            {"760", 1},
            {"761", 1},
            {"762", 1},
            {"763", 1},
            {"764", 1},
            {"771", 620},
            {"775", 700},
            {"776", 620},
            {"777", 620},
            {"778", 400},
            {"785", 10}},
};

static uint32_t get32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* `random` as a number below `bound`. */
static uint32_t below(const uint8_t random[4], uint32_t bound)
{
    return (uint32_t)((uint64_t)get32(random) * bound >> 32);
}

/* By shares laid end to end in ascending order, so that a share which grows a little moves few. */
static const char *pick(const kab_mask_t *mask, const uint8_t random[4])
{
    uint32_t sum = 0, rest;
    unsigned at = 0;

    for (unsigned i = 0; i < mask->n; i++) {
        sum += mask->row[i].share;
    }
    for (rest = below(random, sum); rest >= mask->row[at].share; at++) {
        rest -= mask->row[at].share;
    }
    return mask->row[at].prefix;
}

void kab_decoy(const kab_keyring_t *ring, const kab_mask_t *mask, const kab_iin_t *iin,
               kab_decoy_t *out)
{
    uint8_t random[KAB_INDEX_BYTES];

    kab_index(ring, KAB_KEY_DECOY, "decoy", kab_span_of(iin->digits), random);
    memset(out, 0, sizeof(*out));
    memcpy(out->id.b, random + 16, sizeof(out->id.b));
    snprintf(out->phone.e164, sizeof(out->phone.e164), "+7%s%07u", pick(mask, random),
             (unsigned)below(random + 4, 10000000));
    out->has_app = below(random + 8, KAB_MASK_WHOLE) < mask->app;
    kab_wipe(random, sizeof(random));
}

bool kab_mask_put(kab_mask_t *mask, const char prefix[3], uint32_t share)
{
    unsigned at = 0;

    while (at < mask->n && memcmp(mask->row[at].prefix, prefix, 3) < 0) {
        at++;
    }
    if (mask->n == KAB_PHONE_PREFIXES ||
        (at < mask->n && memcmp(mask->row[at].prefix, prefix, 3) == 0)) {
        return false;
    }
    memmove(mask->row + at + 1, mask->row + at, (mask->n - at) * sizeof *mask->row);
    memcpy(mask->row[at].prefix, prefix, 3);
    mask->row[at].prefix[3] = '\0';
    mask->row[at].share = share;
    mask->n++;
    return true;
}

/* ---- a table of the installation's own ---- */

enum { BATCH = 1000 };

/* Who is real to a stranger (flow/subject.c), and whether an app rings for them (device_live). */
static const kab_sql_t sql_people = {
    "mask_people",
    "SELECT a.id, a.phone, EXISTS (SELECT FROM device d WHERE d.account = a.id"
    "   AND d.state IN ('active', 'held') AND (d.state = 'active' OR d.held_until <= $2)"
    "   AND (d.phone_index IN (a.phone_index, a.phone_index2)"
    "     OR d.phone_index2 IN (a.phone_index, a.phone_index2)))"
    " FROM account a WHERE a.phone IS NOT NULL AND a.blocked_at IS NULL AND a.id > $1"
    " ORDER BY a.id LIMIT $3"};

static void count_one(const kab_phone_plan_t *plan, kab_span_t phone, bool app,
                      kab_mask_count_t *count)
{
    for (unsigned i = 0; phone.n == KAB_PHONE_SIZE - 1 && i < plan->n; i++) {
        if (memcmp(phone.p + 2, plan->prefix[i], 3) == 0) {
            count->begin[i]++;
            count->people++;
            count->with_app += app;
            return;
        }
    }
    count->others++;
}

kab_err_t kab_mask_count(const kab_world_t *w, const kab_phone_plan_t *plan,
                         kab_mask_count_t *count, bool *more)
{
    kab_rows_t *rows;
    kab_param_t params[] = {kab_p_uuid(&count->last), kab_p_time(w->env->now(w->env->ctx)),
                            kab_p_int(BATCH)};
    kab_err_t err = kab_pg_exec(&w->db, &sql_people, params, 3, &rows);

    *more = false;
    if (err != KAB_OK) {
        return err;
    }
    for (unsigned i = 0; i < kab_rows_count(rows); i++) {
        kab_span_t phone = KAB_NONE;

        count->last = kab_rows_uuid(rows, i, 0);
        if (!kab_place_open(w, &count->last, kab_place("account", "phone", &count->last),
                            kab_rows_span(rows, i, 1), &phone)) {
            phone = KAB_NONE;
        }
        count_one(plan, phone, kab_rows_bool(rows, i, 2), count);
    }
    *more = kab_rows_count(rows) == BATCH;
    return KAB_OK;
}

static uint32_t share_of(int64_t part, int64_t whole)
{
    int64_t share = (part * KAB_MASK_WHOLE + whole / 2) / whole;

    return share < 1 ? 1 : share < KAB_MASK_WHOLE ? (uint32_t)share : KAB_MASK_WHOLE - 1;
}

bool kab_mask_of(const kab_phone_plan_t *plan, const kab_mask_count_t *count, kab_mask_t *out)
{
    if (count->people < KAB_MASK_LEAST) {
        return false;
    }
    *out = (kab_mask_t){.app = share_of(count->with_app, count->people)};
    for (unsigned i = 0; i < plan->n; i++) {
        kab_mask_put(out, plan->prefix[i], share_of(count->begin[i], count->people));
    }
    return true;
}

/* A family for tests of cases: a child whom the mother holds, a father who asks for it, operators.
 */
#ifndef KAB_STORE_CASES_H
#define KAB_STORE_CASES_H

#include "chain.h"
#include "rows.h"

#include "cabinet/person/account.h"
#include "cabinet/proof/device.h"
#include "cabinet/record/event.h"
#include "cabinet/person/guardianship.h"
#include "cabinet/person/move.h"
#include "cabinet/person/number.h"
#include "cabinet/dispute/objection.h"
#include "cabinet/row.h"
#include "cabinet/dispute/settlement.h"

typedef struct {
    store_t *s;
    kab_account_t mother, father;
    kab_child_t child;
} family_t;

static inline kab_phone_t case_phone(store_t *s)
{
    kab_phone_t phone;
    snprintf(phone.e164, sizeof phone.e164, "+77%09u", (unsigned)(store_roll(s) % 1000000000));
    return phone;
}

static inline kab_account_t case_account(store_t *s)
{
    kab_account_t a = {
        .iin = store_iin(s), .locale = "ru", .has_phone = true, .phone = case_phone(s)};
    assert_int_equal(kab_account_create(&s->w, &a), KAB_OK);
    return a;
}

static inline family_t family(store_t *s)
{
    family_t f = {.s = s, .mother = case_account(s), .father = case_account(s)};
    bool changed;
    f.child = (kab_child_t){.iin = store_iin(s),
                            .certificate = {"1904518"},
                            .parent = {f.mother.iin, f.father.iin},
                            .has_second = true};
    assert_int_equal(kab_child_import(&s->w, &f.child, &f.mother.id, &changed), KAB_OK);
    return f;
}

/* What the father asks for, not yet opened. */
static inline kab_case_t case_wanted(const family_t *f)
{
    return (kab_case_t){.kind = KAB_CASE_GUARDIANSHIP,
                        .applicant = f->father.id,
                        .iin = f->father.iin,
                        .holder = f->mother.id,
                        .child = f->child.id,
                        .due_at = f->s->now + KAB_DAY};
}

/* A hold begins. */
static inline kab_case_t case_held(const family_t *f)
{
    kab_case_t c = case_wanted(f);
    assert_int_equal(kab_hold_begin(&f->s->w, &c, NULL), KAB_OK);
    return c;
}

/* The father's own account gets another number, and a password. */
static inline kab_case_t case_number(const family_t *f, const char *hash)
{
    kab_case_t c = {.kind = KAB_CASE_NUMBER,
                    .applicant = f->father.id,
                    .iin = f->father.iin,
                    .holder = f->father.id,
                    .has_phone = true,
                    .phone = case_phone(f->s),
                    .hash = kab_span_of(hash),
                    .due_at = f->s->now + KAB_DAY};
    assert_int_equal(kab_hold_begin(&f->s->w, &c, NULL), KAB_OK);
    return c;
}

/* The account's latest event of this kind; zero id: none. */
static inline kab_event_t case_event(store_t *s, kab_uuid_t account, kab_event_kind_t kind)
{
    static kab_event_t events[KAB_EVENTS];
    unsigned n;
    assert_int_equal(kab_event_list(&s->w, account, events, &n), KAB_OK);
    for (unsigned i = 0; i < n; i++) {
        if (kab_span_is(events[i].kind, kab_event_name(kind))) {
            return events[i];
        }
    }
    return (kab_event_t){.at = 0};
}

/* «Это был не я», from a session or a device that was there before. */
static inline kab_err_t case_object(store_t *s, kab_uuid_t account, const kab_uuid_t *device,
                                    kab_event_kind_t kind, kab_ended_t *ended)
{
    kab_objector_t who = {.account = account, .since = 1, .device = device};
    kab_event_t event;
    return kab_object(&s->w, &who, case_event(s, account, kind).id, NULL, &event, ended);
}

static inline kab_case_t case_now(store_t *s, kab_uuid_t id)
{
    kab_case_t c;
    assert_int_equal(kab_case_get(&s->w, id, &c), KAB_OK);
    return c;
}

/* The only one of this kind and state that concerns the applicant. */
static inline kab_case_t case_of(store_t *s, kab_uuid_t applicant, kab_case_state_t state)
{
    kab_case_t *all = kab_alloc(s->w.arena, 64 * sizeof *all), found = {.told = 0};
    unsigned n, hits = 0;
    assert_int_equal(kab_case_list(&s->w, true, all, 64, &n), KAB_OK);
    for (unsigned i = 0; i < n; i++) {
        if (kab_same(all[i].applicant.b, applicant.b, 16) && all[i].state == state) {
            found = all[i];
            hits++;
        }
    }
    assert_int_equal(hits, 1);
    return found;
}

/* An operator's word; "": it counts, else why not. */
static inline const char *case_says(store_t *s, kab_uuid_t id, const char *name,
                                    const kab_iin_t *iin, bool approve, bool *final,
                                    kab_ended_t *ended)
{
    kab_case_t c = case_now(s, id);
    kab_word_t word = {kab_format(s->w.arena, "operator:%s", name), *iin, approve};
    kab_err_t err;
    const char *why = kab_case_decide(&s->w, &c, &word, final, ended, &err);
    assert_int_equal(err, KAB_OK);
    return why ? why : "";
}

/* Two people say the same. */
static inline void case_decided(store_t *s, kab_uuid_t id, bool approve, kab_ended_t *ended)
{
    kab_iin_t one = store_iin(s), two = store_iin(s);
    bool final;
    assert_string_equal(case_says(s, id, "aigul", &one, approve, &final, ended), "");
    assert_false(final);
    assert_string_equal(case_says(s, id, "berik", &two, approve, &final, ended), "");
    assert_true(final);
}

static inline bool case_holds(const family_t *f, kab_uuid_t account)
{
    kab_guardianship_t held;
    return kab_guardianship_of(&f->s->w, f->child.id, &held) == KAB_OK &&
           kab_same(held.account.b, account.b, 16);
}

/* Messages to this account so far. */
static inline int64_t case_told(store_t *s, kab_uuid_t account)
{
    return store_count(s,
                       kab_format(s->w.arena, "outbox WHERE account = '%s'", store_id(s, account)));
}

static inline void case_sql(store_t *s, const kab_case_t *c, const char *set)
{
    assert_int_equal(
        store_other(s, kab_format(s->w.arena, "UPDATE moderation SET %s WHERE id = '%s'", set,
                                  store_id(s, c->id))),
        KAB_OK);
}

/* ---- what people have ---- */

static const kab_session_limits_t case_limits = {1200, 28800, 3};

static inline kab_session_t case_sign_in(store_t *s, const kab_account_t *a)
{
    static const kab_origin_t origin;
    kab_session_t x = {.account = a->id, .public_id = kab_uuid_new(s->w.env), .methods = 1};
    uint8_t browser[32] = {3};
    kab_ended_t ended = {0, NULL};
    store_random(s, x.id, sizeof x.id);
    memcpy(x.iin, a->iin.digits, 12);
    x.auth_time = (uint32_t)(s->now / KAB_SECOND);
    x.expires_at = x.auth_time + case_limits.total;
    assert_int_equal(kab_session_insert(&s->w, &x, &case_limits, browser, &origin, &ended), KAB_OK);
    return x;
}

static inline kab_device_t case_device(store_t *s, kab_uuid_t account, const kab_phone_t *phone)
{
    kab_device_t d = {.has_account = true,
                      .account = account,
                      .state = KAB_DEVICE_ACTIVE,
                      .platform = "cli",
                      .phone = *phone,
                      .activation = kab_uuid_new(s->w.env),
                      .active_at = s->now,
                      .proof_expires_at = s->now,
                      .sent_at = s->now};
    s->env.random(s->env.ctx, d.key.xy, sizeof d.key.xy);
    assert_int_equal(kab_device_insert(&s->w, &d), KAB_OK);
    return d;
}

/* Nothing of other tests is due, listed or counted. */
static inline int case_fresh(void **state)
{
    store_t *s = *state;
    kab_arena_close(s->w.arena);
    s->w.arena = s->w.db.arena = s->w.cache.arena = kab_arena_open();
    memset(&s->log, 0, sizeof s->log);
    print_message("dice %llu\n", (unsigned long long)s->dice);
    return store_other(s, "TRUNCATE moderation") != KAB_OK;
}

#endif

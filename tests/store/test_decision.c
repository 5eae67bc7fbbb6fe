/* What operators decide, who of them may, and what becomes of it. */
#include "cases.h"

static kab_ended_t ended;

/* A child whom somebody holds who is no parent: the mother's IIN stands in no record but the
 * child's. */
typedef struct {
    family_t f;
    kab_iin_t third; /* a parent without an account */
    kab_case_t c;    /* disputed */
} dispute_t;

static dispute_t dispute(store_t *s)
{
    dispute_t d = {.f = family(s), .third = store_iin(s)};
    bool changed;
    d.f.child.parent[0] = d.third;
    assert_int_equal(kab_child_import(&s->w, &d.f.child, NULL, &changed), KAB_OK);
    d.c = case_held(&d.f);
    assert_int_equal(case_object(s, d.f.mother.id, NULL, KAB_EV_HOLD, &ended), KAB_OK);
    return d;
}

static int64_t words(store_t *s, const kab_case_t *c)
{
    return store_count(s, kab_format(s->w.arena,
                                     "audit WHERE kind = 'case' AND account = '%s'"
                                     " AND actor LIKE 'operator:%%'",
                                     store_id(s, c->applicant)));
}

static void refused(store_t *s, kab_uuid_t id, const char *name, const kab_iin_t *iin, bool approve,
                    const char *why)
{
    kab_case_t before = case_now(s, id), after;
    int64_t said = words(s, &before);
    bool final = true;
    const char *got = case_says(s, id, name, iin, approve, &final, &ended);
    if (strstr(got, why) == NULL) {
        fail_msg("said \"%s\", not \"%s\"", got, why);
    }
    assert_false(final);
    after = case_now(s, id);
    assert_memory_equal(before.mac, after.mac, sizeof after.mac);
    assert_int_equal(words(s, &before), said + 1); /* that it was tried is in the audit */
}

static void counts(store_t *s, kab_uuid_t id, const char *name, const kab_iin_t *iin, bool approve,
                   bool last)
{
    bool final;
    assert_string_equal(case_says(s, id, name, iin, approve, &final, &ended), "");
    assert_int_equal(final, last);
}

static void test_who_may_not(void **state)
{
    store_t *s = *state;
    dispute_t d = dispute(s);
    kab_iin_t one = store_iin(s), two = store_iin(s);
    family_t g = family(s);
    kab_case_t held = case_held(&g);
    for (int approve = 0; approve < 2; approve++) {
        refused(s, held.id, "aigul", &one, approve, "not open");
        refused(s, d.c.id, "ai", &d.f.father.iin, approve, "concerned"); /* the applicant */
        refused(s, d.c.id, "bi", &d.f.mother.iin, approve, "concerned"); /* the holder */
        refused(s, d.c.id, "ci", &d.third, approve, "concerned");        /* a parent */
        assert_int_equal(case_now(s, d.c.id).first_at, 0);
    }
    counts(s, d.c.id, "aigul", &one, true, false);
    refused(s, d.c.id, "aigul", &one, true, "somebody else must say the same");
    refused(s, d.c.id, "bi", &d.f.mother.iin, true, "concerned"); /* nor as the second */
    assert_int_equal(case_now(s, d.c.id).state, KAB_CASE_OPEN);
    counts(s, d.c.id, "berik", &two, true, true);
    refused(s, d.c.id, "aigul", &one, true, "decided");
    assert_int_equal(case_now(s, d.c.id).state, KAB_CASE_APPROVED);
}

static void test_who_opened_it(void **state)
{
    store_t *s = *state;
    dispute_t d = dispute(s);
    kab_iin_t one = store_iin(s), two = store_iin(s);
    family_t f = family(s);
    kab_case_t c = case_wanted(&f);
    c.kind = KAB_CASE_OBJECTION;
    c.state = KAB_CASE_OPEN;
    c.objected_at = c.next_at = s->now;
    memcpy(c.opened_by, "operator:aigul", 15);
    assert_int_equal(kab_case_open(&s->w, &c), KAB_OK);
    refused(s, c.id, "aigul", &one, true, "opened");
    refused(s, c.id, "aigul", &one, false, "opened");
    counts(s, c.id, "berik", &two, false, false);
    refused(s, c.id, "aigul", &one, false, "opened");
    counts(s, d.c.id, "aigul", &one, false, false); /* another's she may */
}

static void test_two_who_differ(void **state)
{
    store_t *s = *state;
    dispute_t d = dispute(s);
    kab_iin_t one = store_iin(s), two = store_iin(s), three = store_iin(s);
    counts(s, d.c.id, "aigul", &one, true, false);
    counts(s, d.c.id, "berik", &two, false, false); /* nothing is decided */
    assert_int_equal(case_now(s, d.c.id).state, KAB_CASE_OPEN);
    assert_string_equal(case_now(s, d.c.id).first_by, "operator:berik");
    refused(s, d.c.id, "berik", &two, false, "somebody else must say the same");
    counts(s, d.c.id, "berik", &two, true, false); /* thinks again: a first word, not a second */
    counts(s, d.c.id, "berik", &two, false, false);
    counts(s, d.c.id, "dana", &three, true, false);
    assert_int_equal(case_now(s, d.c.id).decided_at, 0);
    counts(s, d.c.id, "aigul", &one, true, true);
    kab_case_t c = case_now(s, d.c.id);
    assert_int_equal(c.state, KAB_CASE_APPROVED);
    assert_string_equal(c.first_by, "operator:dana");
    assert_string_equal(c.decided_by, "operator:aigul");
    assert_int_equal(words(s, &c), 7);
}

static void test_approved(void **state)
{
    store_t *s = *state;
    dispute_t d = dispute(s);
    kab_case_t c;
    case_decided(s, d.c.id, true, &ended);
    assert_true(case_holds(&d.f, d.f.mother.id));       /* the gateway asks BMG first */
    assert_int_equal(kab_case_take(&s->w, &c), KAB_OK); /* at once */
    assert_memory_equal(c.id.b, d.c.id.b, 16);
    assert_int_equal(kab_case_execute(&s->w, c.id, true, &ended), KAB_OK);
    assert_int_equal(case_now(s, d.c.id).state, KAB_CASE_DONE);
    assert_true(case_holds(&d.f, d.f.father.id));
    /* she was heard: no tap takes back what two people decided */
    assert_int_equal(case_event(s, d.f.mother.id, KAB_EV_CHILD_LEFT).object_until, 0);
    assert_int_equal(case_object(s, d.f.mother.id, NULL, KAB_EV_CHILD_LEFT, &ended),
                     KAB_E_WRONG_STATE);
}

static void test_approved_and_no_longer_true(void **state)
{
    store_t *s = *state;
    dispute_t d = dispute(s);
    case_decided(s, d.c.id, true, &ended);
    assert_int_equal(kab_account_block(&s->w, d.f.father.id, true), KAB_OK);
    assert_int_equal(kab_case_execute(&s->w, d.c.id, true, &ended), KAB_OK);
    assert_int_equal(case_now(s, d.c.id).state, KAB_CASE_REFUSED);
    assert_true(case_holds(&d.f, d.f.mother.id));
}

static void test_rejected(void **state)
{
    store_t *s = *state;
    dispute_t d = dispute(s);
    int64_t mother = case_told(s, d.f.mother.id), father = case_told(s, d.f.father.id);
    case_decided(s, d.c.id, false, &ended);
    assert_int_equal(case_now(s, d.c.id).state, KAB_CASE_REJECTED);
    assert_true(case_holds(&d.f, d.f.mother.id));
    assert_int_equal(case_told(s, d.f.mother.id), mother + 1); /* both hear of it */
    assert_int_equal(case_told(s, d.f.father.id), father + 1);
    assert_true(case_event(s, d.f.mother.id, KAB_EV_HOLD_OVER).at == s->now);
    assert_true(case_event(s, d.f.father.id, KAB_EV_HOLD_OVER).at == s->now);
    assert_int_equal(kab_case_execute(&s->w, d.c.id, true, &ended), KAB_OK);
    assert_true(case_holds(&d.f, d.f.mother.id));
}

/* SECURITY 13: who lost has no second objection for 180 days; who was right has. */
static void test_180_days(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    for (int approve = 0; approve < 2; approve++) {
        dispute_t d = dispute(s);
        bool lost;
        case_decided(s, d.c.id, approve, &ended);
        if (approve) { /* and yet the child stays: BMG no longer says so */
            assert_int_equal(kab_case_execute(&s->w, d.c.id, false, &ended), KAB_OK);
        }
        s->now += 180 * KAB_DAY - KAB_SECOND;
        kab_case_t c = case_held(&d.f);
        kab_event_t hold = case_event(s, d.f.mother.id, KAB_EV_HOLD);
        assert_true(hold.at == s->now && hold.object_until == (approve ? 0 : c.due_at));
        assert_int_equal(case_object(s, d.f.mother.id, NULL, KAB_EV_HOLD, &ended),
                         approve ? KAB_E_WRONG_STATE : KAB_OK);
        assert_int_equal(kab_case_lost_lately(&s->w, d.f.father.id, d.f.child.id, &lost), KAB_OK);
        assert_false(lost); /* that one never objected */
        case_sql(s, &c, "state = 'rejected'");
        s->now += 2 * KAB_SECOND;
        c = case_held(&d.f);
        assert_true(case_event(s, d.f.mother.id, KAB_EV_HOLD).object_until == c.due_at);
        s->now = begun;
    }
}

/* A row that says so and was not written by the gateway silences nobody. */
static void test_180_days_cannot_be_forged(void **state)
{
    store_t *s = *state;
    family_t f = family(s);
    kab_case_t c = case_held(&f);
    bool lost;
    case_sql(s, &c,
             "state = 'done', objected_at = now(), decided_by = 'operator:x',"
             " decided_at = now() + interval '1 day'");
    assert_int_equal(kab_case_lost_lately(&s->w, f.mother.id, f.child.id, &lost), KAB_OK);
    assert_false(lost);
    assert_int_equal(store_tampered(s, f.father.id), 1);
}

/* ---- objections to what was done ---- */

/* The child came to the father by a hold, and the mother objects afterwards. */
static kab_case_t moved(store_t *s, family_t *f)
{
    kab_guardianship_t held;
    kab_case_t c = case_held(f);
    s->now += KAB_DAY;
    assert_int_equal(kab_case_execute(&s->w, c.id, true, &ended), KAB_OK);
    assert_int_equal(case_object(s, f->mother.id, NULL, KAB_EV_CHILD_LEFT, &ended), KAB_OK);
    assert_int_equal(kab_guardianship_of(&s->w, f->child.id, &held), KAB_OK);
    assert_true(held.frozen && case_holds(f, f->father.id));
    return case_of(s, f->father.id, KAB_CASE_OPEN);
}

static void test_a_child_goes_back_or_stays(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    for (int upheld = 0; upheld < 2; upheld++) {
        family_t f = family(s);
        kab_case_t c = moved(s, &f);
        kab_guardianship_t held;
        bool lost;
        int64_t mother = case_told(s, f.mother.id);
        assert_int_equal(c.kind, KAB_CASE_OBJECTION);
        refused(s, c.id, "ai", &f.mother.iin, upheld, "concerned");
        refused(s, c.id, "bi", &f.father.iin, upheld, "concerned");
        case_decided(s, c.id, upheld, &ended);
        assert_int_equal(case_now(s, c.id).state, upheld ? KAB_CASE_DONE : KAB_CASE_REJECTED);
        assert_int_equal(kab_guardianship_of(&s->w, f.child.id, &held), KAB_OK);
        assert_false(held.frozen);
        assert_true(case_holds(&f, upheld ? f.mother.id : f.father.id));
        assert_int_equal(case_told(s, f.mother.id), mother + 1);
        assert_true(case_event(s, f.mother.id, KAB_EV_CASE).at == s->now);
        assert_int_equal(kab_case_lost_lately(&s->w, f.mother.id, f.child.id, &lost), KAB_OK);
        assert_int_equal(lost, !upheld);
        if (upheld) { /* the other side has its first objection, and then no second */
            assert_int_equal(case_object(s, f.father.id, NULL, KAB_EV_CHILD_LEFT, &ended), KAB_OK);
            c = case_of(s, f.mother.id, KAB_CASE_OPEN);
            case_decided(s, c.id, false, &ended);
            assert_true(case_holds(&f, f.mother.id));
            assert_int_equal(kab_move_child(&s->w, f.child.id, f.father.id, NULL), KAB_OK);
            assert_int_equal(kab_move_child(&s->w, f.child.id, f.mother.id, NULL), KAB_OK);
            assert_int_equal(case_event(s, f.father.id, KAB_EV_CHILD_LEFT).object_until, 0);
        }
        s->now = begun;
    }
}

typedef struct {
    family_t f;
    kab_device_t device; /* the old one, that objects */
    kab_phone_t number;  /* the new one */
    kab_case_t c;
    kab_session_t inside; /* made while the objection waits */
} moved_number_t;

/* The father's number was changed, and the app on the old one objects. */
static moved_number_t moved_number(store_t *s)
{
    moved_number_t m = {.f = family(s), .number = case_phone(s)};
    kab_account_t a = m.f.father;
    m.device = case_device(s, a.id, &a.phone);
    assert_int_equal(kab_account_set_hash(&s->w, a.id, KAB_SPAN("$argon2id$a"), false), KAB_OK);
    assert_int_equal(kab_move_number(&s->w, &a, &m.number, NULL, false, NULL, &ended), KAB_OK);
    assert_int_equal(case_object(s, a.id, &m.device.id, KAB_EV_NUMBER_CHANGED, &ended), KAB_OK);
    assert_int_equal(kab_account_get(&s->w, a.id, &a), KAB_OK);
    assert_string_equal(a.phone.e164, m.f.father.phone.e164); /* back at once */
    assert_true(a.hash.n == 0 && kab_same(a.only_device.b, m.device.id.b, 16));
    m.c = case_of(s, a.id, KAB_CASE_OPEN);
    assert_true(m.c.has_phone && strcmp(m.c.phone.e164, m.number.e164) == 0);
    assert_int_equal(kab_account_set_hash(&s->w, a.id, KAB_SPAN("$argon2id$b"), false), KAB_OK);
    m.inside = case_sign_in(s, &a);
    return m;
}

static void test_a_number_stays_back_or_returns(void **state)
{
    store_t *s = *state;
    for (int upheld = 0; upheld < 2; upheld++) {
        moved_number_t m = moved_number(s);
        kab_account_t a;
        kab_session_t out;
        kab_ended_t out_now = {0, NULL};
        case_decided(s, m.c.id, upheld, &out_now);
        assert_int_equal(kab_account_get(&s->w, m.f.father.id, &a), KAB_OK);
        assert_true(kab_uuid_zero(&a.only_device));
        assert_string_equal(a.phone.e164, upheld ? m.f.father.phone.e164 : m.number.e164);
        /* who objected without ground is out again, with the password that was set meanwhile */
        assert_int_equal(a.hash.n > 0, upheld);
        assert_int_equal(out_now.n, upheld ? 0 : 1);
        assert_int_equal(kab_session_find(&s->w, &case_limits, m.inside.id, &out),
                         upheld ? KAB_OK : KAB_E_NO_SESSION);
        kab_case_t c = case_now(s, m.c.id);
        assert_true(!c.has_phone && c.state == (upheld ? KAB_CASE_DONE : KAB_CASE_REJECTED));
    }
}

/* The state handed it on while operators thought. */
static void test_a_number_that_is_somebody_elses_by_now(void **state)
{
    store_t *s = *state;
    moved_number_t m = moved_number(s);
    kab_account_t a;
    assert_int_equal(kab_number_take(&s->w, m.f.mother.id, &m.number), KAB_OK);
    assert_int_equal(kab_number_set(&s->w, m.f.mother.id, &m.number), KAB_OK);
    case_decided(s, m.c.id, false, &ended);
    assert_int_equal(kab_account_get(&s->w, m.f.father.id, &a), KAB_OK);
    assert_false(a.has_phone); /* neither the objector's */
    assert_int_equal(kab_account_get(&s->w, m.f.mother.id, &a), KAB_OK);
    assert_string_equal(a.phone.e164, m.number.e164);
}

static void test_a_disputed_number_that_is_approved(void **state)
{
    store_t *s = *state;
    family_t f = family(s);
    kab_account_t a;
    kab_device_t device = case_device(s, f.father.id, &f.father.phone);
    kab_case_t c = case_number(&f, "");
    assert_int_equal(case_object(s, f.father.id, &device.id, KAB_EV_HOLD, &ended), KAB_OK);
    refused(s, c.id, "ai", &f.father.iin, true, "concerned");
    case_decided(s, c.id, true, &ended);
    assert_int_equal(kab_case_execute(&s->w, c.id, true, &ended), KAB_OK);
    assert_int_equal(kab_account_get(&s->w, f.father.id, &a), KAB_OK);
    assert_string_equal(a.phone.e164, c.phone.e164);
    assert_int_equal(case_object(s, f.father.id, &device.id, KAB_EV_NUMBER_CHANGED, &ended),
                     KAB_E_WRONG_STATE);
}

/* ---- the audit ---- */

static bool in_audit(store_t *s, const char *actor, const char *details)
{
    static kab_audit_entry_t entries[1000];
    unsigned n;
    int64_t after = 0;
    for (bool more = true; more;) {
        assert_int_equal(kab_audit_read(&s->w, after, entries, 1000, &n), KAB_OK);
        for (unsigned i = 0; i < n; i++) {
            after = entries[i].number;
            if (kab_span_is(entries[i].actor, actor) && kab_span_is(entries[i].details, details)) {
                return true;
            }
        }
        more = n == 1000;
    }
    return false;
}

static void test_the_audit_says_who_did_what(void **state)
{
    store_t *s = *state;
    dispute_t d = dispute(s);
    kab_iin_t one = store_iin(s), two = store_iin(s);
    const char *id = store_id(s, d.c.id);
    int64_t head;
    uint8_t link[32];
    /* those of other tests have keys of their own */
    assert_int_equal(store_other(s, "DELETE FROM audit; UPDATE audit_chain SET number = 0,"
                                    " link = decode(repeat('00', 32), 'hex')"),
                     KAB_OK);
    refused(s, d.c.id, "ci", &d.third, true, "concerned");
    counts(s, d.c.id, "aigul", &one, true, false);
    counts(s, d.c.id, "berik", &two, false, false);
    counts(s, d.c.id, "aigul", &one, false, true);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(kab_audit_seal(&s->w, &head, link), KAB_OK);
    }
    static const char *const rows[][2] = {
        {"operator:ci", "{\"case\":\"%s\",\"word\":\"approve\",\"refused\":\"who is concerned by a "
                        "case does not decide it\"}"},
        {"operator:aigul", "{\"case\":\"%s\",\"word\":\"approve\"}"},
        {"operator:berik", "{\"case\":\"%s\",\"word\":\"reject\"}"},
        {"operator:aigul", "{\"case\":\"%s\",\"word\":\"reject\"}"},
        {"operator:aigul", "{\"case\":\"%s\",\"state\":\"rejected\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        kab_span_t rest = kab_span_of(rows[i][1]), before = kab_span_cut(&rest, '%');
        snprintf(text, sizeof text, "%.*s%s%.*s", (int)before.n, (const char *)before.p, id,
                 (int)rest.n - 1, (const char *)rest.p + 1);
        if (!in_audit(s, rows[i][0], text)) {
            fail_msg("%s: %s is not in the audit", rows[i][0], text);
        }
    }
    verify(s, "", KAB_OK, 0);
}

static int begin(void **state)
{
    ended = (kab_ended_t){0, NULL};
    return case_fresh(state);
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_may_not),
        TEST(test_who_opened_it),
        TEST(test_two_who_differ),
        TEST(test_approved),
        TEST(test_approved_and_no_longer_true),
        TEST(test_rejected),
        TEST(test_180_days),
        TEST(test_180_days_cannot_be_forged),
        TEST(test_a_child_goes_back_or_stays),
        TEST(test_a_number_stays_back_or_returns),
        TEST(test_a_number_that_is_somebody_elses_by_now),
        TEST(test_a_disputed_number_that_is_approved),
        TEST(test_the_audit_says_who_did_what),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

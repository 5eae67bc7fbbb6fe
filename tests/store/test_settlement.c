/* How a hold goes on and ends by itself. */
#include "cases.h"

/* One look of the timer at whatever is due. */
static bool look(store_t *s)
{
    kab_case_t c;
    if (kab_case_take(&s->w, &c) != KAB_OK) {
        return false;
    }
    assert_int_equal(c.state, KAB_CASE_HELD);
    if (c.due_at > s->now) {
        assert_int_equal(kab_hold_remind(&s->w, &c), KAB_OK);
    }
    return true;
}

static void test_notices(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    family_t f = family(s);
    kab_case_t c = case_held(&f);
    int told = 1;
    assert_int_equal(case_told(s, f.mother.id), 1); /* at once */
    assert_int_equal(case_told(s, f.father.id), 0);
    for (int minute = 1; minute < 24 * 60; minute++) {
        s->now += KAB_MINUTE;
        bool due = minute == 60 || minute == 12 * 60 || minute == 23 * 60;
        assert_int_equal(look(s), due);
        told += due;
        assert_int_equal(case_told(s, f.mother.id), told);
    }
    assert_int_equal(told, 4);
    assert_true(case_now(s, c.id).next_at == c.due_at);
    s->now += KAB_MINUTE;
    assert_true(look(s)); /* due: it is done, or refused */
    assert_int_equal(case_told(s, f.mother.id), 4);
    assert_int_equal(
        store_count(s, kab_format(s->w.arena, "event WHERE account = '%s' AND kind = 'hold'",
                                  store_id(s, f.mother.id))),
        1); /* one to object to, however many notices */
    s->now = begun;
}

/* A crash between taking and telling: told a minute late, and once. */
static void test_a_notice_survives_a_crash(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    family_t f = family(s);
    kab_case_t c = case_held(&f), got;
    s->now += KAB_HOUR;
    assert_int_equal(kab_case_take(&s->w, &got), KAB_OK);
    s->now += KAB_MINUTE;
    assert_true(look(s));
    assert_false(look(s));
    c = case_now(s, c.id);
    assert_int_equal(c.told, 2);
    assert_true(c.next_at == c.created_at + 12 * KAB_HOUR);
    assert_int_equal(case_told(s, f.mother.id), 2);
    s->now = begun;
}

static void test_a_short_hold_has_fewer(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    family_t f = family(s);
    kab_case_t c = case_wanted(&f);
    c.due_at = s->now + 90 * KAB_MINUTE;
    assert_int_equal(kab_hold_begin(&s->w, &c, NULL), KAB_OK);
    s->now += KAB_HOUR;
    assert_true(look(s));
    assert_true(case_now(s, c.id).next_at == c.due_at);
    assert_int_equal(case_told(s, f.mother.id), 2);
    s->now = begun;
}

/* After an objection nobody rings any more, and nothing happens by itself. */
static void test_an_objection_in_time_wins(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    family_t f = family(s);
    kab_case_t c = case_held(&f), stale = c;
    kab_ended_t ended = {0, NULL};
    s->now += KAB_DAY - 1;
    assert_int_equal(case_object(s, f.mother.id, NULL, KAB_EV_HOLD, &ended), KAB_OK);
    assert_int_equal(case_object(s, f.mother.id, NULL, KAB_EV_HOLD, &ended), KAB_OK); /* a repeat */
    assert_int_equal(kab_hold_remind(&s->w, &stale), KAB_OK); /* taken before it */
    s->now += KAB_DAY;
    assert_int_equal(kab_case_execute(&s->w, c.id, true, &ended), KAB_OK);
    assert_int_equal(case_now(s, c.id).state, KAB_CASE_OPEN);
    assert_true(case_now(s, c.id).objected_at == begun + KAB_DAY - 1);
    assert_true(case_holds(&f, f.mother.id));
    assert_int_equal(case_told(s, f.mother.id), 1);
    assert_int_equal(case_told(s, f.father.id), 1); /* that there is an objection */
    assert_int_equal(kab_case_take(&s->w, &stale), KAB_E_NOT_FOUND);
    s->now = begun;
}

static void test_a_hold_that_ends(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    family_t f = family(s);
    kab_case_t c = case_held(&f);
    kab_ended_t ended = {0, NULL};
    s->now += KAB_DAY - 1;
    assert_int_equal(kab_case_execute(&s->w, c.id, true, &ended), KAB_OK);
    assert_int_equal(case_now(s, c.id).state, KAB_CASE_HELD); /* not yet */
    s->now++;
    assert_int_equal(kab_case_execute(&s->w, c.id, true, &ended), KAB_OK);
    assert_int_equal(case_now(s, c.id).state, KAB_CASE_DONE);
    assert_true(case_holds(&f, f.father.id));
    int64_t mother = case_told(s, f.mother.id), father = case_told(s, f.father.id);
    assert_true(mother == 2 && father == 1); /* the hold and the move; the end */
    kab_event_t left = case_event(s, f.mother.id, KAB_EV_CHILD_LEFT);
    assert_true(left.object_until == s->now + KAB_OBJECTION_TIME);
    assert_true(case_event(s, f.father.id, KAB_EV_CHILD_CAME).at == s->now);
    assert_true(case_event(s, f.father.id, KAB_EV_HOLD_OVER).at == s->now);
    assert_int_equal(kab_case_execute(&s->w, c.id, true, &ended), KAB_OK); /* once */
    assert_int_equal(case_told(s, f.mother.id), mother);
    assert_int_equal(case_told(s, f.father.id), father);
    s->now = begun;
}

/* ---- what must still be true ---- */

typedef void (*spoil_t)(family_t *f);

static void no_parent(family_t *f)
{
    bool changed;
    f->child.has_second = false;
    assert_int_equal(kab_child_import(&f->s->w, &f->child, NULL, &changed), KAB_OK);
    assert_true(changed);
}

static void blocked(family_t *f)
{
    assert_int_equal(kab_account_block(&f->s->w, f->father.id, true), KAB_OK);
}

static void disputed_account(family_t *f)
{
    assert_int_equal(kab_account_set_only_device(&f->s->w, f->father.id, kab_uuid_new(f->s->w.env)),
                     KAB_OK);
}

/* The mother objected to how it came to whoever has it now. */
static void disputed_child(family_t *f)
{
    assert_int_equal(kab_guardianship_freeze(&f->s->w, f->child.id, true), KAB_OK);
}

/* Somebody holds the child by now who was never told of this hold. */
static void another_holder(family_t *f)
{
    kab_account_t other = case_account(f->s);
    assert_int_equal(kab_guardianship_move(&f->s->w, f->child.id, other.id), KAB_OK);
}

static void nothing(family_t *f)
{
    (void)f;
}

static void test_what_no_longer_may_be(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    static const struct {
        spoil_t spoil;
        bool match;
        kab_case_state_t end;
    } ways[] = {
        {no_parent, true, KAB_CASE_REFUSED},
        {blocked, true, KAB_CASE_REFUSED},
        {disputed_account, true, KAB_CASE_REFUSED},
        {disputed_child, true, KAB_CASE_REFUSED},
        {another_holder, true, KAB_CASE_REFUSED},
        {nothing, false, KAB_CASE_REFUSED},
        {nothing, true, KAB_CASE_DONE},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        family_t f = family(s);
        kab_case_t c = case_held(&f);
        kab_ended_t ended = {0, NULL};
        ways[i].spoil(&f);
        s->now += KAB_DAY;
        assert_int_equal(kab_case_execute(&s->w, c.id, ways[i].match, &ended), KAB_OK);
        assert_int_equal(case_now(s, c.id).state, ways[i].end);
        assert_int_equal(case_holds(&f, f.father.id), ways[i].end == KAB_CASE_DONE);
        assert_int_equal(case_told(s, f.father.id), 1);
        assert_int_equal(case_told(s, f.mother.id), 2); /* it is over, or the child has left */
        s->now = begun;
    }
}

static void test_nobody_held_the_child_or_the_applicant_does(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    for (int his = 0; his < 2; his++) {
        family_t f = family(s);
        kab_case_t c = case_held(&f);
        kab_ended_t ended = {0, NULL};
        if (his) {
            assert_int_equal(kab_guardianship_move(&s->w, f.child.id, f.father.id), KAB_OK);
        } else {
            assert_int_equal(store_other(s, kab_format(s->w.arena,
                                                       "UPDATE guardianship SET ended_at = now()"
                                                       " WHERE child = '%s'",
                                                       store_id(s, f.child.id))),
                             KAB_OK);
        }
        s->now += KAB_DAY;
        assert_int_equal(kab_case_execute(&s->w, c.id, true, &ended), KAB_OK);
        assert_int_equal(case_now(s, c.id).state, KAB_CASE_DONE);
        assert_true(case_holds(&f, f.father.id));
        s->now = begun;
    }
}

/* ---- a number ---- */

static void test_a_number(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    family_t f = family(s);
    kab_case_t c = case_number(&f, "$argon2id$new");
    kab_session_t session = case_sign_in(s, &f.father), out;
    kab_device_t device = case_device(s, f.mother.id, &c.phone);
    kab_account_t a;
    kab_ended_t ended = {0, NULL};
    kab_phone_t old = f.father.phone;
    assert_int_equal(kab_number_set(&s->w, f.mother.id, &c.phone),
                     KAB_OK); /* the state hands it on */
    s->now += KAB_DAY;
    session = case_sign_in(s, &f.father);
    assert_int_equal(kab_case_execute(&s->w, c.id, true, &ended), KAB_OK);
    assert_int_equal(case_now(s, c.id).state, KAB_CASE_DONE);
    assert_int_equal(kab_account_get(&s->w, f.father.id, &a), KAB_OK);
    assert_string_equal(a.phone.e164, c.phone.e164);
    assert_true(kab_span_is(a.hash, "$argon2id$new"));
    assert_int_equal(kab_session_find(&s->w, &case_limits, session.id, &out), KAB_E_NO_SESSION);
    assert_true(ended.n >= 1);
    assert_int_equal(kab_account_get(&s->w, f.mother.id, &a), KAB_OK);
    assert_false(a.has_phone);
    assert_int_equal(kab_device_get(&s->w, device.id, &device), KAB_OK);
    assert_int_equal(device.state, KAB_DEVICE_REMOVED);
    assert_true(case_event(s, f.mother.id, KAB_EV_PHONE_LOST).at == s->now);
    kab_event_t changed = case_event(s, f.father.id, KAB_EV_NUMBER_CHANGED);
    assert_true(changed.object_until == s->now + KAB_OBJECTION_TIME);
    assert_true(strcmp(old.e164, c.phone.e164) != 0);
    assert_int_equal(case_told(s, f.father.id), 3); /* the hold and the change on the old one, the
                                                     * end on the new one */
    s->now = begun;
}

static void test_numbers(void **state)
{
    store_t *s = *state;
    kab_account_t a = case_account(s), b = case_account(s), got;
    kab_phone_t phone = case_phone(s);
    assert_int_equal(kab_number_set(&s->w, kab_uuid_new(s->w.env), &phone), KAB_E_NOT_FOUND);
    assert_int_equal(kab_number_return(&s->w, a.id, &phone), KAB_OK);
    assert_int_equal(kab_account_get(&s->w, a.id, &got), KAB_OK);
    assert_string_equal(got.phone.e164, phone.e164);
    assert_int_equal(kab_number_return(&s->w, a.id, &phone),
                     KAB_OK); /* its own is in nobody's way */
    assert_int_equal(kab_account_get(&s->w, a.id, &got), KAB_OK);
    assert_true(got.has_phone);
    assert_int_equal(kab_number_take(&s->w, b.id, &phone), KAB_OK);
    assert_int_equal(kab_number_set(&s->w, b.id, &phone), KAB_OK);
    assert_int_equal(kab_account_get(&s->w, a.id, &got), KAB_OK);
    assert_false(got.has_phone);
    assert_int_equal(kab_number_set(&s->w, a.id, &a.phone), KAB_OK);
    assert_int_equal(kab_number_return(&s->w, a.id, &phone), KAB_OK); /* b proved it meanwhile */
    assert_int_equal(kab_account_get(&s->w, a.id, &got), KAB_OK);
    assert_false(got.has_phone);
    assert_int_equal(kab_account_get(&s->w, b.id, &got), KAB_OK);
    assert_string_equal(got.phone.e164, phone.e164);
}

#define TEST(f) cmocka_unit_test_setup(f, case_fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_notices),
        TEST(test_a_notice_survives_a_crash),
        TEST(test_a_short_hold_has_fewer),
        TEST(test_an_objection_in_time_wins),
        TEST(test_a_hold_that_ends),
        TEST(test_what_no_longer_may_be),
        TEST(test_nobody_held_the_child_or_the_applicant_does),
        TEST(test_a_number),
        TEST(test_numbers),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

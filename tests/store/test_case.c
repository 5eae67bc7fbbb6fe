/* The queue of cases: rows, who takes them, what a stranger's hand in them is worth. */
#include "cases.h"

static void test_written_and_read(void **state)
{
    store_t *s = *state;
    family_t f = family(s);
    static const char hash[] = "$argon2id$v=19$m=8,t=1,p=1$YWFhYWFhYWE$YWFhYWFhYWE";
    for (int kind = 0; kind < KAB_CASE_KINDS; kind++) {
        kab_case_t c = case_wanted(&f), got;
        c.kind = (kab_case_kind_t)kind;
        c.state = kind == KAB_CASE_OBJECTION ? KAB_CASE_OPEN : KAB_CASE_HELD;
        c.objected_at = kind == KAB_CASE_OBJECTION ? s->now : 0;
        c.child = kind == KAB_CASE_NUMBER ? (kab_uuid_t){{0}} : f.child.id;
        c.device = kab_uuid_new(s->w.env);
        c.has_phone = kind == KAB_CASE_NUMBER;
        c.phone = c.has_phone ? f.father.phone : (kab_phone_t){""};
        c.hash = c.has_phone ? kab_span_of(hash) : KAB_NONE;
        c.next_at = s->now + KAB_HOUR;
        c.told = 1;
        memcpy(c.opened_by, "self", 5);
        assert_int_equal(kab_case_open(&s->w, &c), KAB_OK);
        assert_int_equal(kab_case_get(&s->w, c.id, &got), KAB_OK);
        assert_true(kab_span_eq(got.hash, c.hash));
        got.hash = c.hash;
        assert_memory_equal(&got, &c, sizeof c);
        assert_true(c.created_at == s->now);
    }
    assert_int_equal(store_tampered(s, f.father.id), 0);
    const char *clear = kab_format(s->w.arena,
                                   "moderation WHERE position('%s'::bytea IN applicant_iin) > 0 OR"
                                   " position('%s'::bytea IN phone) > 0"
                                   " OR position('argon2'::bytea IN hash) > 0",
                                   f.father.iin.digits, f.father.phone.e164 + 1);
    assert_int_equal(store_count(s, clear), 0);
    kab_case_t none;
    assert_int_equal(kab_case_get(&s->w, kab_uuid_new(s->w.env), &none), KAB_E_NOT_FOUND);
}

static void test_one_for_each_applicant_and_child(void **state)
{
    store_t *s = *state;
    family_t f = family(s), other = family(s);
    kab_ended_t ended = {0, NULL};
    kab_case_t c = case_held(&f), again = case_wanted(&f), another = case_wanted(&f);
    assert_int_equal(kab_hold_begin(&s->w, &again, NULL), KAB_E_WRONG_STATE);
    another.child = other.child.id; /* the same person, another child */
    another.holder = other.mother.id;
    assert_int_equal(kab_hold_begin(&s->w, &another, NULL), KAB_OK);
    assert_int_equal(case_object(s, f.mother.id, NULL, KAB_EV_HOLD, &ended), KAB_OK);
    assert_int_equal(kab_hold_begin(&s->w, &again, NULL), KAB_E_WRONG_STATE); /* open, too */
    case_decided(s, c.id, false, &ended);
    assert_int_equal(kab_hold_begin(&s->w, &again, NULL), KAB_OK); /* that one is over */

    kab_case_t number = case_number(&f, "");
    kab_case_t second = number;
    assert_int_equal(kab_hold_begin(&s->w, &second, NULL), KAB_E_WRONG_STATE);
    number = case_number(&other, ""); /* somebody else's account */
}

/* Each of these would move something, silence somebody or hide who decided. */
static void test_a_changed_row_is_refused(void **state)
{
    store_t *s = *state;
    static const char *const harm[] = {
        "state = 'approved'",
        "state = 'open'",
        "kind = 'objection'",
        "holder = NULL",
        "holder = applicant",
        "child = NULL",
        "device = gen_random_uuid()",
        "opened_by = 'operator:aigul'",
        "created_at = created_at - interval '1 day'",
        "due_at = due_at - interval '1 day'",
        "objected_at = now()",
        "first_by = 'operator:aigul', first_at = now(), first_approve = true",
        "first_approve = true",
        "decided_by = 'operator:berik', decided_at = now()",
        "mac = decode(repeat('00', 32), 'hex')",
        "mac_key = 9",
        "applicant_iin = (SELECT iin FROM account WHERE id = moderation.applicant)",
        "applicant_iin = (SELECT applicant_iin FROM moderation m WHERE m.id <> moderation.id LIMIT "
        "1)",
    };
    family_t other = family(s);
    case_held(&other);
    for (size_t i = 0; i < sizeof harm / sizeof *harm; i++) {
        family_t f = family(s);
        kab_case_t c = case_held(&f), got;
        case_sql(s, &c, harm[i]);
        if (kab_case_get(&s->w, c.id, &got) != KAB_E_NOT_FOUND) {
            fail_msg("%s was believed", harm[i]);
        }
        assert_int_equal(store_tampered(s, f.father.id), 1);
        assert_true(log_has(s, "refused: moderation"));
    }
    family_t f = family(s);
    kab_case_t c = case_held(&f);
    case_sql(s, &c, "applicant = holder");
    assert_int_equal(kab_case_get(&s->w, c.id, &c), KAB_E_NOT_FOUND);
    assert_int_equal(store_tampered(s, f.mother.id), 1);
}

/* A number that was sealed for another row cannot be put into this one. */
static void test_number_and_password_are_bound_to_their_row(void **state)
{
    store_t *s = *state;
    static const char *const columns[] = {"phone", "hash"};
    for (int i = 0; i < 2; i++) {
        family_t f = family(s), other = family(s);
        kab_case_t c = case_number(&f, "$argon2id$a"), from = case_number(&other, "$argon2id$b");
        case_sql(s, &c,
                 kab_format(s->w.arena, "%s = (SELECT %s FROM moderation WHERE id = '%s')",
                            columns[i], columns[i], store_id(s, from.id)));
        assert_int_equal(kab_case_get(&s->w, c.id, &c), KAB_E_NOT_FOUND);
        assert_int_equal(store_tampered(s, f.father.id), 1);
        assert_int_equal(kab_case_get(&s->w, from.id, &from), KAB_OK);
    }
}

/* The gateway moves these on while it looks, and they give nothing. */
static void test_what_is_not_bound(void **state)
{
    store_t *s = *state;
    family_t f = family(s);
    kab_case_t c = case_held(&f);
    case_sql(s, &c, "next_at = next_at + interval '1 hour', told = 3");
    c = case_now(s, c.id);
    assert_true(c.told == 3 && c.next_at == s->now + 2 * KAB_HOUR);
}

static void test_only_the_row_that_was_read_is_written(void **state)
{
    store_t *s = *state;
    family_t f = family(s);
    kab_case_t c = case_number(&f, "$argon2id$a"), one = case_now(s, c.id), two = one;
    one.state = KAB_CASE_OPEN;
    one.objected_at = s->now;
    assert_int_equal(kab_case_update(&s->w, &one), KAB_OK);
    two.state = KAB_CASE_APPROVED;
    assert_int_equal(kab_case_update(&s->w, &two), KAB_E_WRONG_STATE);
    one = case_now(s, c.id);
    assert_true(one.state == KAB_CASE_OPEN && one.has_phone && one.hash.n > 0);
    one.state = KAB_CASE_REJECTED;
    one.next_at += KAB_HOUR;
    assert_int_equal(kab_case_update(&s->w, &one), KAB_OK);
    one = case_now(s, c.id); /* what is over keeps neither */
    assert_true(one.state == KAB_CASE_REJECTED && !one.has_phone && one.hash.n == 0);
}

static kab_err_t take(store_t *s, kab_case_t *c)
{
    return kab_case_take(&s->w, c);
}

static void test_taking(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    family_t f = family(s), g = family(s);
    kab_case_t one = case_held(&f), two, got;
    s->now += KAB_SECOND;
    two = case_held(&g);
    assert_int_equal(take(s, &got), KAB_E_NOT_FOUND); /* the next notice is in an hour */
    s->now += KAB_HOUR;
    assert_int_equal(take(s, &got), KAB_OK); /* the oldest first */
    assert_memory_equal(got.id.b, one.id.b, 16);
    s->now += KAB_SECOND;
    assert_int_equal(take(s, &got), KAB_OK);
    assert_memory_equal(got.id.b, two.id.b, 16);
    assert_int_equal(take(s, &got), KAB_E_NOT_FOUND); /* both are in somebody's hands */
    s->now += KAB_MINUTE - KAB_SECOND - 1;
    assert_int_equal(take(s, &got), KAB_E_NOT_FOUND);
    s->now++; /* whoever had them is dead: nothing is lost */
    assert_int_equal(take(s, &got), KAB_OK);
    assert_memory_equal(got.id.b, one.id.b, 16);
    assert_int_equal(got.told, 1);
    s->now += KAB_DAY;
    kab_ended_t ended = {0, NULL};
    assert_int_equal(take(s, &got), KAB_OK);
    assert_int_equal(kab_case_execute(&s->w, got.id, true, &ended), KAB_OK);
    assert_int_equal(take(s, &got), KAB_OK);
    case_sql(s, &got, "state = 'approved'"); /* a stranger's hand */
    s->now += KAB_DAY;
    assert_int_equal(take(s, &got), KAB_E_NOT_FOUND);
    s->now = begun;
}

typedef struct {
    store_t *s;
    kab_err_t beside;
} taking_t;

static kab_err_t take_beside(const kab_db_t *db, void *ctx)
{
    taking_t *t = ctx;
    kab_case_t c;
    kab_log_t log = {0};
    (void)db;
    assert_int_equal(take(t->s, &c), KAB_OK);
    kab_world_t w = store_second(t->s, &log);
    t->beside = kab_case_take(&w, &c); /* not waited for, not taken twice */
    kab_arena_close(w.arena);
    return KAB_E_INTERNAL; /* and dies */
}

static void test_two_takers(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    family_t f = family(s);
    kab_case_t c = case_held(&f), got;
    taking_t t = {s, KAB_OK};
    s->now += KAB_HOUR;
    assert_int_equal(kab_pg_transaction(&s->w.db, take_beside, &t), KAB_E_INTERNAL);
    assert_int_equal(t.beside, KAB_E_NOT_FOUND);
    assert_int_equal(take(s, &got), KAB_OK); /* at once: the take was rolled back */
    assert_memory_equal(got.id.b, c.id.b, 16);
    s->now = begun;
}

static void test_lists(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    kab_case_t c[4], got[8];
    kab_ended_t ended = {0, NULL};
    unsigned n;
    for (int i = 0; i < 4; i++) {
        family_t f = family(s);
        s->now += KAB_SECOND;
        c[i] = case_held(&f);
        if (i == 1) {
            assert_int_equal(case_object(s, f.mother.id, NULL, KAB_EV_HOLD, &ended), KAB_OK);
            case_decided(s, c[i].id, false, &ended);
        }
    }
    assert_int_equal(kab_case_list(&s->w, false, got, 8, &n), KAB_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(got[0].id.b, c[0].id.b, 16);
    assert_memory_equal(got[1].id.b, c[2].id.b, 16);
    assert_int_equal(kab_case_list(&s->w, false, got, 2, &n), KAB_OK);
    assert_int_equal(n, 2);
    assert_int_equal(kab_case_list(&s->w, true, got, 8, &n), KAB_OK);
    assert_int_equal(n, 4);
    assert_memory_equal(got[0].id.b, c[3].id.b, 16);
    assert_int_equal(got[2].state, KAB_CASE_REJECTED);
    case_sql(s, &c[3], "state = 'approved'");
    assert_int_equal(kab_case_list(&s->w, true, got, 8, &n), KAB_OK);
    assert_int_equal(n, 3); /* one that was changed is not shown, and audited */
    s->now = begun;
}

/* ---- the operators' time ---- */

static kab_time_t at(int day, int hour, int minute)
{
    /* 2 November 2026 is a Monday; 00:00 in Kazakhstan is 19:00 UTC of the day before */
    return 1793559600 * KAB_SECOND + (day - 2) * KAB_DAY + hour * KAB_HOUR + minute * KAB_MINUTE;
}

static void test_five_working_days(void **state)
{
    char text[KAB_RFC3339_SIZE];
    (void)state;
    kab_time_text(at(2, 0, 0), text);
    assert_string_equal(text, "2026-11-01T19:00:00Z");
    static const int days[][2] = {/* objected on → the end of */
                                  {2, 9},  {3, 10}, {4, 11}, {5, 12}, {6, 13},
                                  {7, 13}, {8, 13}, {9, 16}, {13, 20}};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        assert_true(kab_case_deadline(at(days[i][0], 0, 0)) == at(days[i][1] + 1, 0, 0));
        assert_true(kab_case_deadline(at(days[i][0], 23, 59)) == at(days[i][1] + 1, 0, 0));
    }
}

static void test_how_many_wait(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    kab_ended_t ended = {0, NULL};
    unsigned open, late;
    s->now = at(2, 12, 0);
    for (int i = 0; i < 3; i++) {
        family_t f = family(s);
        case_held(&f);
        if (i > 0) {
            assert_int_equal(case_object(s, f.mother.id, NULL, KAB_EV_HOLD, &ended), KAB_OK);
        }
        s->now += KAB_DAY;
    }
    s->now = at(10, 0, 0) - 1;
    assert_int_equal(kab_case_waiting(&s->w, &open, &late), KAB_OK);
    assert_true(open == 2 && late == 0);
    s->now = at(11, 0, 0) - 1;
    assert_int_equal(kab_case_waiting(&s->w, &open, &late), KAB_OK);
    assert_true(open == 2 && late == 0);
    s->now++;
    assert_int_equal(kab_case_waiting(&s->w, &open, &late), KAB_OK);
    assert_true(open == 2 && late == 1);
    s->now += KAB_DAY;
    assert_int_equal(kab_case_waiting(&s->w, &open, &late), KAB_OK);
    assert_true(open == 2 && late == 2);
    s->now = begun;
}

/* ---- who holds a child ---- */

static void test_guardianship(void **state)
{
    store_t *s = *state;
    family_t f = family(s);
    kab_guardianship_t held;
    assert_true(case_holds(&f, f.mother.id));
    assert_int_equal(kab_guardianship_freeze(&s->w, f.child.id, true), KAB_OK);
    assert_int_equal(kab_guardianship_of(&s->w, f.child.id, &held), KAB_OK);
    assert_true(held.frozen);
    assert_int_equal(kab_guardianship_move(&s->w, f.child.id, f.mother.id), KAB_OK);
    assert_int_equal(kab_guardianship_of(&s->w, f.child.id, &held), KAB_OK);
    assert_false(held.frozen); /* hers already: nothing else changes */
    kab_uuid_t row = held.id;
    assert_int_equal(kab_guardianship_move(&s->w, f.child.id, f.father.id), KAB_OK);
    assert_true(case_holds(&f, f.father.id));
    assert_int_equal(
        store_count(s,
                    kab_format(s->w.arena, "guardianship WHERE id = '%s' AND ended_at IS NOT NULL",
                               store_id(s, row))),
        1);
    assert_int_equal(store_other(s, kab_format(s->w.arena,
                                               "UPDATE guardianship SET account = '%s'"
                                               " WHERE child = '%s' AND ended_at IS NULL",
                                               store_id(s, f.mother.id), store_id(s, f.child.id))),
                     KAB_OK);
    assert_int_equal(kab_guardianship_of(&s->w, f.child.id, &held), KAB_E_NOT_FOUND);
    assert_int_equal(store_tampered(s, f.mother.id), 1);
    assert_true(kab_uuid_zero(&held.account));
}

#define TEST(f) cmocka_unit_test_setup(f, case_fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_written_and_read),
        TEST(test_one_for_each_applicant_and_child),
        TEST(test_a_changed_row_is_refused),
        TEST(test_number_and_password_are_bound_to_their_row),
        TEST(test_what_is_not_bound),
        TEST(test_only_the_row_that_was_read_is_written),
        TEST(test_taking),
        TEST(test_two_takers),
        TEST(test_lists),
        TEST(test_five_working_days),
        TEST(test_how_many_wait),
        TEST(test_guardianship),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

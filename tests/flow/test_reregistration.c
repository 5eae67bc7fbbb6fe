/* Re-registration over kab_handle: the way, each refusal and what it costs, holds and objections.
 */
#include "applicant.h"

#define MOTHER "880314493312"
#define FATHER "860922390740"
#define STRANGER "790130392190"
#define CHILD "190901692284"
#define OTHER_CHILD "210228590636"
#define MOTHER_NUMBER "+77015559223"
#define FATHER_NUMBER "+77055550740"
#define NEW_NUMBER "+77785550715"
#define OLD "Kabinet!Demo2026"
#define NEW "Altyn-Kun#2027zhol"
#define EVIDENCE(child, certificate, first, second, attendance)                                    \
    "{\"child_iin\":\"" child "\",\"birth_certificate\":\"" certificate                            \
    "\",\"parent1_iin\":\"" first "\",\"parent2_iin\":\"" second "\",\"attendance\":\"" attendance \
    "\"}"
#define RIGHT EVIDENCE(CHILD, "1904518", MOTHER, FATHER, "kindergarten")

static gateway_t *g;
static kab_uuid_t mother, father;

static int open_all(void **state)
{
    (void)state;
    g = gateway_open("kabinet_code length=4 ttl=5m attempts=3 arm=on;\n");
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    gateway_close(g);
    return 0;
}

/* The mother holds the child; the father has an account without a password. */
static int fresh(void **state)
{
    (void)state;
    gateway_empty(g);
    mother = gateway_account(g, MOTHER, MOTHER_NUMBER, OLD);
    father = gateway_account(g, FATHER, FATHER_NUMBER, NULL);
    gateway_child(g, CHILD, "1904518", MOTHER, FATHER, true, &mother);
    return 0;
}

static int64_t held_by(kab_uuid_t account)
{
    char id[KAB_UUID_SIZE], sql[160];

    kab_uuid_text(account, id);
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM guardianship WHERE ended_at IS NULL AND account = '%s'", id);
    return gateway_number(g, sql);
}

static int object_hold(phone_t *p)
{
    const json_t *row;
    char path[96] = "";
    size_t i;

    phone_call(p, "GET", "/app/events", NULL);
    json_array_foreach(json_object_get(p->at.json, "events"), i, row)
    {
        if (!path[0] && json_object_get(row, "object_until") &&
            strcmp(json_string_value(json_object_get(row, "kind")), "device") != 0) {
            snprintf(path, sizeof(path), "/app/events/%s/object",
                     json_string_value(json_object_get(row, "id")));
        }
    }
    if (!path[0]) {
        return 0;
    }
    g->ahead += KAB_SECOND;
    phone_call(p, "POST", path, "{}");
    return p->at.status;
}

/* Runs the holds' timer until nothing is due. */
static void look_after(void)
{
    for (int i = 0; i < 8; i++) {
        gateway_timer(g, KAB_TIMER_CASES);
    }
}

/* ---- the ways ---- */

static void a_hold_that_nobody_objects_to(void **state)
{
    browser_t b, a, sign_in;
    phone_t old, p;

    (void)state;
    applicant_app(g, &a, &old, MOTHER, MOTHER_NUMBER);
    applicant_app(g, &a, &p, FATHER, FATHER_NUMBER);
    applicant_proves(g, &b, RIGHT);
    assert_int_equal(applicant_contact(&b, FATHER, FATHER_NUMBER), 200);
    applicant_finishes(g, &b, &p, FATHER_NUMBER);
    assert_int_equal(b.status, 200);
    assert_string_equal(browser_state(&b), "held");
    assert_true(strlen(journey_data(&b, "until")) == 20);
    assert_string_equal(journey_data(&b, "waits"), "child");
    assert_int_equal(held_by(mother), 1);
    browser_open(&sign_in, g);
    assert_int_equal(browser_sign_in(&sign_in, FATHER, NEW), 200); /* already, without the child */
    g->script.pushes = 0;
    gateway_timer(g, KAB_TIMER_OUTBOX);
    unsigned told = g->script.pushes;
    assert_true(told >= 1); /* the mother, at once */
    for (int hour = 0; hour < 23; hour++) {
        g->ahead += KAB_HOUR;
        look_after();
        gateway_timer(g, KAB_TIMER_OUTBOX);
    }
    assert_int_equal(g->script.pushes, told + 3); /* after 1, 12 and 23 hours */
    assert_int_equal(held_by(mother), 1);
    g->ahead += KAB_HOUR + KAB_MINUTE;
    unsigned asked = g->script.questions;
    look_after();
    assert_int_equal(g->script.questions, asked + 1);
    assert_int_equal(held_by(mother), 0);
    assert_int_equal(held_by(father), 1);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM moderation WHERE state = 'done'"), 1);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM guardianship"), 2);
    phone_close(&old);
    phone_close(&p);
    browser_close(&b);
    browser_close(&sign_in);
}

static void an_objection_in_time_wins(void **state)
{
    browser_t b, a;
    phone_t old, p;

    (void)state;
    applicant_app(g, &a, &old, MOTHER, MOTHER_NUMBER);
    applicant_app(g, &a, &p, FATHER, FATHER_NUMBER);
    applicant_proves(g, &b, RIGHT);
    assert_int_equal(applicant_contact(&b, FATHER, FATHER_NUMBER), 200);
    applicant_finishes(g, &b, &p, FATHER_NUMBER);
    assert_string_equal(browser_state(&b), "held");
    g->ahead += 23 * KAB_HOUR;
    assert_int_equal(object_hold(&old), 204);
    g->ahead += 100 * KAB_DAY;
    look_after();
    assert_int_equal(held_by(mother), 1);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM moderation WHERE state = 'open'"), 1);
    phone_close(&old);
    phone_close(&p);
    browser_close(&b);
}

/* Nobody holds the child, the applicant's own number is nobody's any more: at once. */
static void a_new_number_and_no_app(void **state)
{
    browser_t b, sign_in;
    phone_t p;

    (void)state;
    gateway_sql(g, "UPDATE guardianship SET ended_at = now()");
    applicant_proves(g, &b, RIGHT);
    assert_int_equal(applicant_contact(&b, FATHER, NEW_NUMBER), 200);
    assert_string_equal(browser_state(&b), "activate");
    applicant_finishes(g, &b, &p, NEW_NUMBER);
    assert_int_equal(b.status, 200);
    assert_string_equal(browser_state(&b), "done");
    assert_int_equal(held_by(father), 1);
    browser_open(&sign_in, g);
    assert_int_equal(browser_sign_in(&sign_in, FATHER, NEW), 200);
    browser_call(&sign_in, "GET", "/session", NULL);
    assert_non_null(strstr(sign_in.body, "+777****0715"));
    gateway_timer(g, KAB_TIMER_OUTBOX);
    assert_true(g->script.texts >= 2); /* the proof's code, and the old number is told */
    phone_close(&p);
    browser_close(&b);
    browser_close(&sign_in);
}

/* Who has no account gets one, at the end and not before. */
static void somebody_new(void **state)
{
    browser_t b, sign_in;
    phone_t p;

    (void)state;
    gateway_sql(g, "UPDATE guardianship SET ended_at = now()");
    gateway_child(g, OTHER_CHILD, "II ЖА 204511", STRANGER, "", false, NULL);
    applicant_proves(g, &b, EVIDENCE(OTHER_CHILD, "II жа № 204511", STRANGER, "", "queue"));
    assert_int_equal(applicant_contact(&b, STRANGER, NEW_NUMBER), 200);
    assert_string_equal(browser_state(&b), "activate");
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM account"), 2);
    applicant_finishes(g, &b, &p, NEW_NUMBER);
    assert_string_equal(browser_state(&b), "done");
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM account"), 3);
    browser_open(&sign_in, g);
    assert_int_equal(browser_sign_in(&sign_in, STRANGER, NEW), 200);
    phone_call(&p, "GET", "/app/challenges", NULL);
    assert_int_equal(p.at.status, 200);
    phone_close(&p);
    browser_close(&b);
    browser_close(&sign_in);
}

/* The applicant's own account is alive on another number: number and password wait, and its old app
 * may object. */
static void the_own_account_is_alive(void **state)
{
    browser_t b, a, sign_in;
    phone_t old, p;

    (void)state;
    gateway_sql(g, "UPDATE guardianship SET ended_at = now()");
    applicant_app(g, &a, &old, FATHER, FATHER_NUMBER);
    for (int object = 0; object < 2; object++) {
        applicant_proves(g, &b, RIGHT);
        assert_int_equal(applicant_contact(&b, FATHER, NEW_NUMBER), 200);
        assert_string_equal(journey_data(&b, "iin"), FATHER);
        assert_string_equal(journey_data(&b, "phone"), NEW_NUMBER);
        if (object) { /* the app on the new number is there by now */
            assert_string_equal(browser_state(&b), "code");
        }
        applicant_finishes(g, &b, &p, NEW_NUMBER);
        assert_string_equal(browser_state(&b), "held");
        assert_string_equal(journey_data(&b, "waits"), "number");
        browser_open(&sign_in, g);
        assert_int_equal(browser_sign_in(&sign_in, FATHER, NEW), 401);
        if (object) {
            g->ahead += 25 * KAB_HOUR;
            look_after();
            assert_int_equal(browser_sign_in(&sign_in, FATHER, NEW), 200);
        } else {
            assert_int_equal(object_hold(&old), 204);
            g->ahead += 25 * KAB_HOUR;
            look_after();
            assert_int_equal(browser_sign_in(&sign_in, FATHER, NEW), 401);
            gateway_sql(g, "DELETE FROM moderation");
        }
        browser_close(&sign_in);
        browser_close(&b);
    }
    phone_close(&old);
    phone_close(&p);
}

/* ---- refusals ---- */

static void every_wrong_answer_is_the_same(void **state)
{
    static const char *const wrong[] = {
        EVIDENCE(OTHER_CHILD, "1904518", MOTHER, FATHER, "kindergarten"),
        EVIDENCE(CHILD, "1904519", MOTHER, FATHER, "kindergarten"),
        EVIDENCE(CHILD, "1904518", STRANGER, FATHER, "kindergarten"),
        EVIDENCE(CHILD, "1904518", MOTHER, "", "kindergarten"),
        EVIDENCE(CHILD, "1904518", MOTHER, FATHER, "queue"),
    };
    char first[256] = "";
    kab_work_t work = {0};
    browser_t b;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        applicant_begins(g, &b);
        applicant_step(&b, "evidence", wrong[i], 200);
        applicant_step(&b, "confirm", "{}", 422);
        assert_string_equal(browser_code(&b), "evidence_mismatch");
        if (i == 0) {
            snprintf(first, sizeof(first), "%.255s", b.body);
            work = b.work;
        }
        assert_string_equal(b.body, first);
        assert_memory_equal(&b.work, &work, sizeof(work));
        assert_true(b.not_before > b.began);
        browser_close(&b);
    }
    applicant_proves(
        g, &b, EVIDENCE(CHILD, "№ 1904518", FATHER, MOTHER, "kindergarten")); /* either order */
    assert_int_equal(applicant_contact(&b, STRANGER, NEW_NUMBER), 422);       /* no parent */
    assert_string_equal(browser_code(&b), "evidence_mismatch");
    assert_int_equal(g->script.questions, 0);
    browser_close(&b);
}

static void three_tries_a_day(void **state)
{
    browser_t b, other;

    (void)state;
    applicant_begins(g, &b);
    applicant_step(&b, "evidence", EVIDENCE(CHILD, "1904519", MOTHER, FATHER, "queue"), 200);
    for (int i = 0; i < 3; i++) {
        applicant_step(&b, "confirm", "{}", 422);
    }
    applicant_step(&b, "confirm", "{}", 429);
    assert_true(b.retry_after > 23 * 3600);
    applicant_step(&b, "back", "{}", 200);
    assert_string_equal(journey_data(&b, "birth_certificate"), "1904519");
    applicant_step(&b, "evidence", RIGHT, 200);
    applicant_step(&b, "confirm", "{}", 429); /* for the child, whatever is typed besides */
    applicant_proves(g, &other, RIGHT);       /* another browser has its own */
    browser_close(&other);
    for (int i = 0; i < 6; i++) { /* what was right is given back */
        browser_open(&other, g);
        applicant_proves(g, &other, RIGHT);
        browser_close(&other);
    }
    browser_close(&b);
}

static void bmg_is_asked_rarely(void **state)
{
    browser_t b;

    (void)state;
    applicant_proves(g, &b, RIGHT);
    g->script.bmg_answer = KAB_BMG_NOT_REGISTERED;
    assert_int_equal(applicant_contact(&b, FATHER, NEW_NUMBER), 422);
    assert_string_equal(browser_code(&b), "bmg_mismatch"); /* not told before proof */
    assert_int_equal(applicant_contact(&b, FATHER, NEW_NUMBER), 422);
    assert_int_equal(g->script.questions, 1); /* the repeat is answered from the flow */
    g->script.bmg_answer = KAB_BMG_UNAVAILABLE;
    assert_int_equal(applicant_contact(&b, FATHER, "+77011112233"), 503);
    assert_string_equal(browser_state(&b), "");
    journey_look(&b);
    assert_string_equal(browser_state(&b), "contact"); /* nothing is lost */
    g->script.bmg_answer = KAB_BMG_MATCH;
    assert_int_equal(applicant_contact(&b, FATHER, "+77011112233"), 200);
    assert_string_equal(browser_state(&b), "activate");
    applicant_step(&b, "back", "{}", 200);
    assert_string_equal(browser_state(&b), "contact");
    assert_string_equal(journey_data(&b, "phone"), "+77011112233");
    assert_int_equal(applicant_contact(&b, FATHER, "+77011112234"), 429);
    assert_int_equal(g->script.questions, 3);
    browser_close(&b);
}

static void a_hold_that_no_longer_may_be(void **state)
{
    browser_t b, a;
    phone_t p;

    (void)state;
    applicant_app(g, &a, &p, FATHER, FATHER_NUMBER);
    applicant_proves(g, &b, RIGHT);
    assert_int_equal(applicant_contact(&b, FATHER, FATHER_NUMBER), 200);
    applicant_finishes(g, &b, &p, FATHER_NUMBER);
    assert_string_equal(browser_state(&b), "held");
    g->ahead += 25 * KAB_HOUR;
    g->script.bmg_answer = KAB_BMG_UNAVAILABLE; /* never a verdict */
    look_after();
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM moderation WHERE state = 'held'"), 1);
    g->script.bmg_answer = KAB_BMG_MATCH;
    gateway_block(g, father, true);
    g->ahead += 6 * KAB_MINUTE;
    look_after();
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM moderation WHERE state = 'refused'"),
                     1);
    assert_int_equal(held_by(mother), 1);
    phone_close(&p);
    browser_close(&b);
}

/* An app on another number of the same account opens the code: it is not the number that was asked.
 */
static void the_wrong_apps_code_is_worth_nothing(void **state)
{
    browser_t b, a;
    phone_t old, p;
    char code[9];

    (void)state;
    applicant_app(g, &a, &old, FATHER, FATHER_NUMBER);
    applicant_proves(g, &b, RIGHT);
    assert_int_equal(applicant_contact(&b, FATHER, NEW_NUMBER), 200);
    assert_int_equal(journey_bind(g, &b, &p, NEW_NUMBER), 200);
    applicant_step(&b, "send", "{}", 200);
    journey_open_code(&b, &old, code);
    applicant_completes(&b, code);
    assert_int_equal(b.status, 410);
    assert_int_equal(held_by(mother), 1);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM moderation"), 0);
    phone_close(&old);
    phone_close(&p);
    browser_close(&b);
}

static void a_move_is_objected_to_afterwards(void **state)
{
    browser_t b, a;
    phone_t old, p;

    (void)state;
    applicant_app(g, &a, &old, MOTHER, MOTHER_NUMBER);
    applicant_app(g, &a, &p, FATHER, FATHER_NUMBER);
    applicant_proves(g, &b, RIGHT);
    assert_int_equal(applicant_contact(&b, FATHER, FATHER_NUMBER), 200);
    applicant_finishes(g, &b, &p, FATHER_NUMBER);
    g->ahead += 25 * KAB_HOUR;
    look_after();
    assert_int_equal(held_by(father), 1);
    assert_int_equal(object_hold(&old), 204);
    assert_int_equal(
        gateway_number(g, "SELECT count(*) FROM guardianship WHERE frozen_at IS NOT NULL"), 1);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM moderation WHERE state = 'open'"
                                       " AND kind = 'objection'"),
                     1);
    phone_close(&old);
    phone_close(&p);
    browser_close(&b);
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_hold_that_nobody_objects_to),
        TEST(an_objection_in_time_wins),
        TEST(a_new_number_and_no_app),
        TEST(somebody_new),
        TEST(the_own_account_is_alive),
        TEST(every_wrong_answer_is_the_same),
        TEST(three_tries_a_day),
        TEST(bmg_is_asked_rarely),
        TEST(a_hold_that_no_longer_may_be),
        TEST(the_wrong_apps_code_is_worth_nothing),
        TEST(a_move_is_objected_to_afterwards),
    };

    return cmocka_run_group_tests_name("reregistration", tests, open_all, close_all);
}

/*
 * Random walks over re-registration: three browsers, four phones, three people, a state base that
 * changes its mind, time that passes. After every act the laws are looked at:
 *
 *   - a child moves only to a parent of its record, for whom BMG said "match" and whose own app, on
 *     that number, made the code that was typed; never sooner than its hold allows;
 *   - an objection in time always wins;
 *   - nobody's password or number changes but by such a code;
 *   - nothing is ever answered but what is documented.
 */
#include "applicant.h"
#include "walk.h"

#define MOTHER "880314493312"
#define FATHER "860922390740"
#define STRANGER "790130392190"
#define EVIDENCE(certificate, attendance)                                                          \
    "{\"child_iin\":\"190901692284\",\"birth_certificate\":\"" certificate                         \
    "\",\"parent1_iin\":\"" MOTHER "\",\"parent2_iin\":\"" FATHER                                  \
    "\",\"attendance\":\"" attendance "\"}"

enum { BROWSERS = 3, PHONES = 4, NUMBERS = 4, STEPS = 2400, EPISODE = 300 };

static const char *const people[] = {MOTHER, FATHER, STRANGER};
static const char *const numbers[NUMBERS] = {"+77015559223", "+77055550740", "+77071112190",
                                             "+77785550715"};

typedef struct {
    browser_t at;
    bool open, proved; /* the evidence was right */
    int applicant, number;
    bool match;   /* BMG said so, for this pair, in this flow */
    char code[9]; /* the last one that an app opened for this flow */
} page_t;

static gateway_t *g;
static page_t page[BROWSERS];
static walk_app_t app[PHONES];
static int holder; /* of the child: index into people; -1: nobody */

/* Where a walk has to lead. */
#define OUTCOMES(X)                                                                                \
    X(MOVED, "moved at once")                                                                      \
    X(HELD, "held")                                                                                \
    X(DONE_BY_HOLD, "done by its hold")                                                            \
    X(OBJECTED, "objected")                                                                        \
    X(WRONG_EVIDENCE, "wrong evidence")                                                            \
    X(NO_MATCH, "no match")                                                                        \
    X(DEAD_CODE, "dead code")
#define NAME(name, words) name,
#define WORDS(name, words) words,
enum { OUTCOMES(NAME) ALL };
static const char *const outcome[ALL] = {OUTCOMES(WORDS)};
static unsigned reached[ALL];

static bool is_parent(int person)
{
    return person == 0 || person == 1;
}

/* Who holds the child, by the account's order of creation: mother, father, stranger. */
static int holder_now(void)
{
    return (int)gateway_number(
        g, "SELECT coalesce((SELECT count(*) - 1 FROM account b WHERE b.created_at <= (SELECT"
           " a.created_at FROM guardianship h JOIN account a ON a.id = h.account"
           " WHERE h.ended_at IS NULL)), -1)::integer");
}

/* ---- browsers ---- */

static void begin_anew(page_t *p)
{
    if (p->open) {
        browser_close(&p->at);
    }
    memset(p, 0, sizeof(*p));
    p->open = true;
    browser_open(&p->at, g);
    p->at.address_last = (char)walk_roll(100);
    browser_call(&p->at, "POST", "/flows", "{\"kind\":\"reregistration\"}");
    assert_int_equal(p->at.status, 201);
}

static void give_contact(page_t *p)
{
    p->applicant = walk_mostly() ? 1 : (int)walk_roll(3);
    p->number = walk_mostly() ? (walk_roll(2) ? 1 : 3) : (int)walk_roll(NUMBERS);
    bool match = walk_bmg(g);
    unsigned asked = g->script.questions;
    int status = applicant_contact(&p->at, people[p->applicant], numbers[p->number]);
    p->match = status == 200;
    if (status == 200) {
        assert_true(p->proved && is_parent(p->applicant));
        assert_true(g->script.questions == asked || match);
        p->code[0] = '\0';
    }
    reached[NO_MATCH] += status == 422;
}

static void type_code(page_t *p)
{
    const char *code = p->code[0] && walk_mostly() ? p->code : "0000";
    bool right = code == p->code;
    int before = holder_now();

    applicant_completes(&p->at, code);
    if (p->at.status != 200) {
        reached[DEAD_CODE] += right && p->at.status == 410;
        return;
    }
    assert_true(p->proved && p->match && is_parent(p->applicant));
    bool held = strcmp(browser_state(&p->at), "held") == 0;
    assert_true(held || strcmp(browser_state(&p->at), "done") == 0);
    if (!held) { /* at once: nobody else held it */
        assert_true(before == -1 || before == p->applicant);
        assert_int_equal(holder_now(), p->applicant);
        holder = p->applicant;
    }
    reached[held ? HELD : MOVED]++;
}

static void act(page_t *p)
{
    const char *state = browser_state(&p->at);

    if (!p->open || strcmp(state, "done") == 0 || strcmp(state, "held") == 0 ||
        walk_roll(40) == 0 || !*state) {
        begin_anew(p);
    } else if (strcmp(state, "explain") == 0) {
        browser_call(&p->at, "POST", "/flows/{flow}/begin", "{}");
    } else if (walk_roll(12) == 0) {
        browser_call(&p->at, "POST", "/flows/{flow}/back", "{}");
    } else if (strcmp(state, "evidence") == 0) {
        p->proved = walk_mostly();
        browser_call(&p->at, "POST", "/flows/{flow}/evidence",
                     p->proved ? EVIDENCE("1904518", "kindergarten")
                               : EVIDENCE("1904519", "kindergarten"));
    } else if (strcmp(state, "confirm") == 0) {
        browser_call(&p->at, "POST", "/flows/{flow}/confirm", "{}");
        assert_true(p->at.status != 200 || p->proved);
        reached[WRONG_EVIDENCE] += p->at.status == 422;
    } else if (strcmp(state, "contact") == 0) {
        give_contact(p);
    } else if (strcmp(state, "activate") == 0) {
        browser_call(&p->at, "POST", "/flows/{flow}/send", "{}");
    } else if (walk_roll(8) == 0) {
        browser_call(&p->at, "POST", "/flows/{flow}/resend", "{}");
    } else {
        type_code(p);
    }
    walk_documented(&p->at);
    journey_look(&p->at);
}

/* ---- phones ---- */

static void activate(page_t *p, walk_app_t *a)
{
    const char *number = numbers[walk_mostly() ? p->number : (int)walk_roll(NUMBERS)];

    if (walk_app_activate(g, a, journey_data(&p->at, "one_time_password"), number)) {
        assert_string_equal(number, numbers[p->number]);
    }
}

/* The test knows for which page that was by the sign. */
static void open_something(page_t *p, walk_app_t *a)
{
    char id[40];

    if (walk_app_challenge(a, id)) {
        const char *code =
            walk_app_open(g, a, id, walk_mostly() ? journey_data(&p->at, "sign") : "11");

        snprintf(p->code, sizeof(p->code), "%s", code ? code : p->code);
    }
}

/* ---- time, and what it brings ---- */

static void look_after(void)
{
    int before = holder_now();
    int64_t due = gateway_number(g, "SELECT count(*) FROM moderation WHERE state = 'held'"
                                    " AND kind = 'guardianship'");

    bool match = walk_bmg(g);
    gateway_timer(g, KAB_TIMER_CASES);
    if (holder_now() != before) {
        assert_true(due > 0 && match && is_parent(holder_now()));
        reached[DONE_BY_HOLD]++;
        holder = holder_now();
    }
}

static void laws(void)
{
    assert_int_equal(holder_now(), holder);
    /* every code that was used was made by an app of that person */
    assert_int_equal(gateway_number(g,
                                    "SELECT count(*) FROM challenge c WHERE state = 'used' AND NOT"
                                    " EXISTS (SELECT FROM device d WHERE d.id = c.armed_by"
                                    " AND d.account = c.account)"),
                     0);
    /* what was objected to is never done */
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM moderation WHERE state = 'done'"
                                       " AND objected_at IS NOT NULL AND decided_at IS NULL"),
                     0);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM guardianship WHERE ended_at IS NULL"),
                     holder != -1);
    assert_int_equal(gateway_number(g, "SELECT count(*) FROM account WHERE phone IS NOT NULL"
                                       " GROUP BY phone_index HAVING count(*) > 1"),
                     -1);
}

static void phone_acts(page_t *p, walk_app_t *a)
{
    const char *state = p->open ? browser_state(&p->at) : "";

    if (strcmp(state, "activate") == 0 && !a->bound) {
        activate(p, a);
        journey_look(&p->at);
    } else if (strcmp(state, "code") == 0 && a->bound) {
        open_something(p, a);
    }
}

static void one_step(void)
{
    page_t *p = &page[walk_roll(BROWSERS)];
    walk_app_t *a = &app[walk_roll(PHONES)];

    if (p->open) { /* what time has brought */
        browser_call(&p->at, "GET", "/flows/{flow}", NULL);
        walk_documented(&p->at);
        if (p->at.status != 200) {
            begin_anew(p);
        }
    }
    unsigned face = walk_roll(24);
    if (face == 0) {
        g->ahead += walk_roll(4) ? KAB_MINUTE : 25 * KAB_HOUR;
    } else if (face == 1) {
        look_after();
    } else if (face == 2) {
        reached[OBJECTED] += a->bound && walk_app_object(g, a, "hold");
    } else if (face ==
               3) { /* the budgets of a day, without the day: they have tests of their own */
        gateway_sql(g, "TRUNCATE limit_count");
    } else if (face < 12) {
        phone_acts(p, a);
    } else {
        act(p);
    }
}

static void forget_people(void)
{
    for (int i = 0; i < BROWSERS; i++) {
        if (page[i].open) {
            browser_close(&page[i].at);
        }
        page[i] = (page_t){.open = false};
    }
    for (int i = 0; i < PHONES; i++) {
        walk_app_away(&app[i]);
    }
}

/* Another family; `held`: the mother has the child, else nobody does. */
static void begin_episode(bool held)
{
    forget_people();
    gateway_empty(g);
    kab_uuid_t mother = gateway_account(g, MOTHER, numbers[0], NULL);
    g->ahead += KAB_SECOND;
    gateway_account(g, FATHER, held ? numbers[1] : NULL, NULL);
    g->ahead += KAB_SECOND;
    gateway_account(g, STRANGER, numbers[2], NULL);
    gateway_child(g, "190901692284", "1904518", MOTHER, FATHER, true, held ? &mother : NULL);
    g->script.bmg_answer = KAB_BMG_MATCH;
    applicant_app(g, &page[0].at, &app[0].at, MOTHER, numbers[0]); /* who may object */
    app[0].asked = app[0].bound = true;
    holder = held ? 0 : -1;
}

static void nothing_moves_but_by_the_law(void **state)
{
    unsigned steps = walk_steps(STEPS);

    (void)state;
    /* longer, if chance has not led everywhere yet */
    for (unsigned i = 0; i < steps || (i < 4 * steps && !walk_led_everywhere(reached, ALL)); i++) {
        if (i % EPISODE == 0) {
            begin_episode(i / EPISODE % 2 == 1);
        }
        one_step();
        laws();
    }
    walk_tell(outcome, reached, ALL);
    assert_true(walk_led_everywhere(reached, ALL));
}

static int open_all(void **state)
{
    (void)state;
    g = walk_open("kabinet_code length=4 ttl=5m attempts=3 arm=on;\n", 1);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    forget_people();
    gateway_close(g);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_moves_but_by_the_law)};

    return cmocka_run_group_tests_name("move walk", tests, open_all, close_all);
}

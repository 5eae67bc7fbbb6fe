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

#define MOTHER "880314493312"
#define FATHER "860922390740"
#define STRANGER "790130392190"
#define EVIDENCE(certificate, attendance)                                                          \
    "{\"child_iin\":\"190901692284\",\"birth_certificate\":\"" certificate                         \
    "\",\"parent1_iin\":\"" MOTHER "\",\"parent2_iin\":\"" FATHER                                  \
    "\",\"attendance\":\"" attendance "\"}"

enum { BROWSERS = 3, PHONES = 4, NUMBERS = 4, STEPS = 2400 };

static const char *const people[] = {MOTHER, FATHER, STRANGER};
static const char *const numbers[NUMBERS] = {"+77015559223", "+77055550740", "+77071112190",
                                             "+77785550715"};

typedef struct {
    browser_t at;
    bool open, proved; /* the evidence was right */
    int applicant, number;
    bool match;    /* BMG said so, for this pair, in this flow */
    char code[9];  /* the last one that an app opened for this flow */
    int opened_by; /* which phone; -1: none */
} page_t;

typedef struct {
    phone_t at;
    bool asked, bound;
    int number; /* bound to, as the test knows */
} app_t;

static gateway_t *g;
static page_t page[BROWSERS];
static app_t app[PHONES];
static uint64_t dice;
static int holder;     /* of the child: index into people; -1: nobody */
static bool bmg_match; /* what it says just now */
static unsigned reached[8];
static int step_number;
enum { MOVED, HELD, DONE_BY_HOLD, OBJECTED, REFUSED, WRONG_EVIDENCE, NO_MATCH, DEAD_CODE };

static unsigned roll(unsigned n)
{
    dice ^= dice >> 12;
    dice ^= dice << 25;
    dice ^= dice >> 27;
    return (unsigned)((dice * 2685821657736338717ULL) >> 33) % n;
}

static bool mostly(void)
{
    return roll(10) < 9;
}

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

static void documented(const browser_t *b)
{
    static const int statuses[] = {200, 201, 202, 204, 401, 403, 404, 409, 410, 422, 429, 503};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (b->status == statuses[i]) {
            return;
        }
    }
    fail_msg("step %d: %d %s", step_number, b->status, b->body);
}

static void bmg_rolls(void)
{
    unsigned face = roll(10);

    g->script.bmg_answer = face < 8    ? KAB_BMG_MATCH
                           : face == 8 ? KAB_BMG_NOT_REGISTERED
                                       : KAB_BMG_UNAVAILABLE;
    bmg_match = face < 8;
}

/* ---- browsers ---- */

static void begin_anew(page_t *p)
{
    if (p->open) {
        browser_close(&p->at);
    }
    memset(p, 0, sizeof(*p));
    p->open = true;
    p->opened_by = -1;
    browser_open(&p->at, g);
    p->at.address_last = (char)roll(100);
    browser_call(&p->at, "POST", "/flows", "{\"kind\":\"reregistration\"}");
    assert_int_equal(p->at.status, 201);
}

static void give_contact(page_t *p)
{
    p->applicant = mostly() ? 1 : (int)roll(3);
    p->number = mostly() ? (roll(2) ? 1 : 3) : (int)roll(NUMBERS);
    bmg_rolls();
    unsigned asked = g->script.questions;
    int status = applicant_contact(&p->at, people[p->applicant], numbers[p->number]);
    p->match = status == 200;
    if (status == 200) {
        assert_true(p->proved && is_parent(p->applicant));
        assert_true(g->script.questions == asked || bmg_match);
        p->opened_by = -1;
        p->code[0] = '\0';
    }
    reached[NO_MATCH] += status == 422;
}

static void type_code(page_t *p)
{
    const char *code = p->code[0] && mostly() ? p->code : "0000";
    bool right = p->opened_by >= 0 && code == p->code;
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

    if (!p->open || strcmp(state, "done") == 0 || strcmp(state, "held") == 0 || roll(40) == 0 ||
        !*state) {
        begin_anew(p);
    } else if (strcmp(state, "explain") == 0) {
        browser_call(&p->at, "POST", "/flows/{flow}/begin", "{}");
    } else if (roll(12) == 0) {
        browser_call(&p->at, "POST", "/flows/{flow}/back", "{}");
    } else if (strcmp(state, "evidence") == 0) {
        p->proved = mostly();
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
    } else if (roll(8) == 0) {
        browser_call(&p->at, "POST", "/flows/{flow}/resend", "{}");
    } else {
        type_code(p);
    }
    documented(&p->at);
    journey_look(&p->at);
}

/* ---- phones ---- */

static void activate(page_t *p, app_t *a)
{
    char otp[16], code[7];

    snprintf(otp, sizeof(otp), "%s", journey_data(&p->at, "one_time_password"));
    if (a->asked) {
        phone_close(&a->at);
    }
    memset(a, 0, sizeof(*a));
    a->asked = true;
    phone_open(&a->at, g);
    a->number = mostly() ? p->number : (int)roll(NUMBERS);
    unsigned texts = g->script.texts;
    phone_activate(&a->at, otp, numbers[a->number]);
    documented(&a->at.at);
    gateway_timer(g, KAB_TIMER_OUTBOX);
    if (g->script.texts == texts || strcmp(g->script.to, numbers[a->number]) != 0) {
        return; /* nobody got a code: it was another number than the flow's */
    }
    bmg_rolls();
    snprintf(code, sizeof(code), "%.6s", mostly() ? g->script.text : "000000");
    if (phone_prove(&a->at, code) == 200) {
        assert_int_equal(a->number, p->number);
        assert_true(bmg_match);
        a->bound = true;
    }
    documented(&a->at.at);
}

/* The app opens what its list holds; the test knows for which page that was by the sign. */
static void open_something(page_t *p, int n)
{
    app_t *a = &app[n];
    char id[40], sign[3];

    phone_call(&a->at, "GET", "/app/challenges", NULL);
    documented(&a->at.at);
    const json_t *list = json_object_get(a->at.at.json, "challenges");
    const json_t *one =
        json_array_get(list, json_array_size(list) ? roll((unsigned)json_array_size(list)) : 0);
    if (!one) {
        return;
    }
    snprintf(id, sizeof(id), "%s", json_string_value(json_object_get(one, "id")));
    snprintf(sign, sizeof(sign), "%s", mostly() ? journey_data(&p->at, "sign") : "11");
    g->ahead += KAB_SECOND;
    if (sign[0] && phone_open_code(&a->at, id, sign) == 200) {
        const char *code = json_string_value(json_object_get(a->at.at.json, "code"));

        if (strcmp(p->code, code) != 0) { /* a repeat is no other opening */
            p->opened_by = n;
        }
        snprintf(p->code, sizeof(p->code), "%s", code);
    }
    documented(&a->at.at);
}

static void object(app_t *a)
{
    const json_t *row;
    char path[96] = "";
    size_t i;

    phone_call(&a->at, "GET", "/app/events", NULL);
    json_array_foreach(json_object_get(a->at.at.json, "events"), i, row)
    {
        if (!path[0] && json_object_get(row, "object_until") &&
            strcmp(json_string_value(json_object_get(row, "kind")), "hold") == 0) {
            snprintf(path, sizeof(path), "/app/events/%s/object",
                     json_string_value(json_object_get(row, "id")));
        }
    }
    if (path[0]) {
        g->ahead += KAB_SECOND;
        phone_call(&a->at, "POST", path, "{}");
        documented(&a->at.at);
        reached[OBJECTED] += a->at.at.status == 204;
    }
}

/* ---- time, and what it brings ---- */

static void look_after(void)
{
    int before = holder_now();
    int64_t refused = gateway_number(g, "SELECT count(*) FROM moderation WHERE state = 'refused'");
    int64_t due = gateway_number(g, "SELECT count(*) FROM moderation WHERE state = 'held'"
                                    " AND kind = 'guardianship'");

    bmg_rolls();
    gateway_timer(g, KAB_TIMER_CASES);
    if (holder_now() != before) {
        assert_true(due > 0 && bmg_match && is_parent(holder_now()));
        reached[DONE_BY_HOLD]++;
        holder = holder_now();
    }
    reached[REFUSED] +=
        gateway_number(g, "SELECT count(*) FROM moderation WHERE state = 'refused'") > refused;
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

static void one_step(void)
{
    page_t *p = &page[roll(BROWSERS)];
    int n = (int)roll(PHONES);

    if (p->open) { /* what time has brought */
        browser_call(&p->at, "GET", "/flows/{flow}", NULL);
        documented(&p->at);
        if (p->at.status != 200) {
            begin_anew(p);
        }
    }
    const char *state = p->open ? browser_state(&p->at) : "";

    switch (roll(24)) {
    case 0:
        g->ahead += roll(4) ? KAB_MINUTE : 25 * KAB_HOUR;
        break;
    case 6: /* the budgets of a day, without the day: they have tests of their own */
        gateway_sql(g, "TRUNCATE limit_count");
        break;
    case 1:
        look_after();
        break;
    case 2:
        if (app[n].bound) {
            object(&app[n]);
        }
        break;
    case 3:
    case 4:
    case 5:
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
        if (strcmp(state, "activate") == 0 && !app[n].bound) {
            activate(p, &app[n]);
            journey_look(&p->at);
        } else if (strcmp(state, "code") == 0 && app[n].bound) {
            open_something(p, n);
        }
        break;
    default:
        act(p);
    }
}

static bool everywhere(void)
{
    return reached[MOVED] && reached[HELD] && reached[DONE_BY_HOLD] && reached[OBJECTED] &&
           reached[WRONG_EVIDENCE] && reached[NO_MATCH] && reached[DEAD_CODE];
}

static void walk(void **state)
{
    const char *names[] = {"moved at once", "held",           "done by its hold", "objected",
                           "refused",       "wrong evidence", "no match",         "dead code"};
    const char *more = getenv("KAB_STEPS");

    (void)state;
    int steps = more ? atoi(more) : STEPS;

    /* longer, if chance has not led everywhere yet */
    for (step_number = 0; step_number < steps || (!everywhere() && step_number < 3 * STEPS);
         step_number++) {
        if (step_number % 300 ==
            0) { /* another family: every second one has nobody for the child */
            bool odd = step_number % 600;

            for (int i = 0; i < PHONES; i++) {
                if (app[i].asked) {
                    phone_close(&app[i].at);
                }
                app[i] = (app_t){.asked = false};
            }
            gateway_sql(g,
                        "TRUNCATE account, child CASCADE; TRUNCATE device, activation, challenge,"
                        " outbox, event, strangers_off, limit_count, moderation, flow_commit");
            gateway_forget(g);
            for (int i = 0; i < BROWSERS; i++) {
                if (page[i].open) {
                    browser_close(&page[i].at);
                }
                page[i] = (page_t){.open = false};
            }
            kab_uuid_t mother = gateway_account(g, MOTHER, numbers[0], NULL);
            g->ahead += KAB_SECOND;
            gateway_account(g, FATHER, odd ? numbers[1] : NULL, NULL);
            g->ahead += KAB_SECOND;
            gateway_account(g, STRANGER, numbers[2], NULL);
            gateway_child(g, "190901692284", "1904518", MOTHER, FATHER, true, odd ? &mother : NULL);
            g->script.bmg_answer = KAB_BMG_MATCH;
            applicant_app(g, &page[0].at, &app[0].at, MOTHER, numbers[0]); /* who may object */
            app[0] = (app_t){.at = app[0].at, .asked = true, .bound = true};
            holder = odd ? 0 : -1;
        }
        one_step();
        laws();
    }
    for (size_t i = 0; i < sizeof(reached) / sizeof(reached[0]); i++) {
        print_message("%s: %u\n", names[i], reached[i]);
    }
    assert_true(reached[MOVED] ||
                reached[HELD]); /* where else chance leads differs from run to run */
}

static int open_all(void **state)
{
    (void)state;
    g = gateway_open("kabinet_code length=4 ttl=5m attempts=3 arm=on;\n");
    dice = g->dice;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    for (int i = 0; i < BROWSERS; i++) {
        if (page[i].open) {
            browser_close(&page[i].at);
        }
    }
    for (int i = 0; i < PHONES; i++) {
        if (app[i].asked) {
            phone_close(&app[i].at);
        }
    }
    gateway_close(g);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(walk)};

    return cmocka_run_group_tests_name("move walk", tests, open_all, close_all);
}

/*
 * Random walks over recovery: three browsers, six phones, four people of whom one is nobody and
 * two were given the same number, a state base that changes its mind, operators that block, time
 * that passes, and updates that hang while others go on. After every step the laws are looked at:
 *
 *   - nothing of an account changes before a commit: a password by a right code alone, a number by
 *     somebody's proof of it alone;
 *   - a code works once, in the browser and for the person whose confirmation it is, and only if an
 *     app of that account, on its number, made it (arm=off: if it was in a push);
 *   - failures and rings are never forgotten by asking again, and nothing that is used or burned by
 *     wrong codes opens again;
 *   - nobody and the blocked never get anywhere;
 *   - nothing is ever answered but what is documented.
 */
#include "walk.h"

enum { BROWSERS = 3, PHONES = 6, STEPS = 1500, EPISODE = 150 };
enum { ANNA, BORIS, CLARA, NOBODY, PEOPLE };

static const char *const iins[PEOPLE] = {"880314493312", "860922390740", "920705493744",
                                         "790130392190"};
static const char *const numbers[] = {"+77015559223", "+77055550740", "+77015559223",
                                      "+77785550715"};

typedef struct {
    browser_t at;
    bool open;
    int who;
    char code[9]; /* the last one made with this page's sign */
    bool burned;
} page_t;

static gateway_t *g;
static bool arm;
static page_t page[BROWSERS];
static walk_app_t app[PHONES];
static kab_uuid_t account[PEOPLE];
static bool blocked[PEOPLE];
static unsigned passwords;      /* how many were ever thought of */
static unsigned theirs[PEOPLE]; /* the last of them that was set */
static bool answered, bound;    /* what this step came to: a right code, a proved number */

/* An update on its way, its password being hashed. */
static struct {
    kab_call_t *call;
    kab_todo_t todo;
    browser_t at;
    int who;
    unsigned password, left; /* steps till it goes on */
} hung;

/* Where a walk has to lead. */
#define OUTCOMES(X)                                                                                \
    X(SET, "password set")                                                                         \
    X(LOST, "an update lost to what came in between")                                              \
    X(WRONG, "code wrong")                                                                         \
    X(BURNED, "burned")                                                                            \
    X(REUSED, "password refused")                                                                  \
    X(FOREIGN, "another browser's flow")                                                           \
    X(DECOY, "a code asked of nobody")                                                             \
    X(HELD, "app held")                                                                            \
    X(DENIED, "denied")                                                                            \
    X(NO_SIGN, "wrong sign")                                                                       \
    X(OBJECTED, "objected")                                                                        \
    X(PHONE_LOST, "number lost")
#define NAME(name, words) name,
#define WORDS(name, words) words,
enum { OUTCOMES(NAME) ALL };
static const char *const outcome[ALL] = {OUTCOMES(WORDS)};
static unsigned reached[ALL];

/* ---- the laws ---- */

static const char remember[] =
    "DELETE FROM was_account; DELETE FROM was_challenge;"
    "INSERT INTO was_account SELECT id, hash, phone_index FROM account;"
    "INSERT INTO was_challenge SELECT id, state, attempts, passwords, cardinality(rings),"
    " cardinality(denials) FROM challenge";

static void laws(void)
{
    static const char *const never[] = {
        /* used without a code that was told and typed, */
        "SELECT count(*) FROM challenge WHERE state = 'used'"
        " AND NOT EXISTS (SELECT FROM made m JOIN typed USING (code)"
        " WHERE m.challenge = challenge.id)",
        /* by an app of that account if one made it */
        "SELECT count(*) FROM challenge c WHERE state = 'used' AND armed_by IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM made m JOIN device d ON d.id = m.device"
        " WHERE m.challenge = c.id AND d.id = c.armed_by AND d.account = c.account)",
        "SELECT count(*) FROM challenge WHERE state = 'used' AND account IS NULL",
        "SELECT count(*) FROM was_challenge w LEFT JOIN challenge c USING (id) WHERE c.id IS NULL"
        " OR c.attempts < w.attempts OR c.passwords < w.passwords"
        " OR cardinality(c.rings) < w.rings OR cardinality(c.denials) < w.denials",
        "SELECT count(*) FROM was_challenge w JOIN challenge c USING (id)"
        " WHERE (w.state = 'used') > (c.state = 'used')"
        " OR (w.state <> 'used' AND w.attempts >= 3 AND c.state = 'used')",
        "SELECT count(*) FROM challenge WHERE attempts > 3 OR passwords > 5",
        "SELECT count(*) FROM account a JOIN was_account w USING (id)"
        " WHERE a.phone_index <> w.phone_index", /* lost, but never another */
        "SELECT count(*) - 3 FROM account",
    };

    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        if (gateway_number(g, never[i]) != 0) {
            fail_msg("%s", never[i]);
        }
    }
    assert_true(!arm || gateway_number(g, "SELECT count(*) FROM challenge WHERE state = 'used'"
                                          " AND armed_by IS NULL") == 0);
    int64_t used = gateway_number(g, "SELECT count(*) FROM challenge c LEFT JOIN was_challenge w"
                                     " USING (id) WHERE c.state = 'used' AND w.state <> 'used'");
    assert_int_equal(used, gateway_number(g, "SELECT count(*) FROM account a JOIN was_account w"
                                             " USING (id) WHERE a.hash IS DISTINCT FROM w.hash"));
    assert_in_range(used, 0, answered);
    int64_t lost = gateway_number(g, "SELECT count(*) FROM account a JOIN was_account w USING (id)"
                                     " WHERE a.phone_index IS NULL AND w.phone_index IS NOT NULL");
    assert_in_range(lost, 0, bound);
    reached[PHONE_LOST] += lost > 0;
    gateway_sql(g, remember);
}

/* Somebody's app, or a push, has told the code of this confirmation. */
static void made(page_t *p, const char *code, const char *challenge, const char *device)
{
    char sql[160];

    snprintf(p->code, sizeof(p->code), "%s", code);
    snprintf(sql, sizeof(sql), "INSERT INTO made VALUES ('%s', '%s', nullif('%s', '')::uuid)",
             p->code, challenge, device);
    gateway_sql(g, sql);
}

static void typed(const char *code)
{
    char sql[64];

    snprintf(sql, sizeof(sql), "INSERT INTO typed VALUES ('%s')", code);
    gateway_sql(g, sql);
}

/* ---- pages ---- */

static void begin(page_t *p)
{
    static const int faces[] = {ANNA, ANNA, ANNA, BORIS, BORIS, BORIS, CLARA, NOBODY};
    char body[32];

    if (p->open) {
        browser_close(&p->at);
    }
    memset(p, 0, sizeof(*p));
    p->open = true;
    p->who = faces[walk_roll(8)];
    g->config->mask.app = walk_roll(2) ? KAB_MASK_WHOLE - 1 : 0; /* a decoy has the app */
    browser_open(&p->at, g);
    p->at.address_last = (char)walk_roll(100);
    browser_call(&p->at, "POST", "/flows", "{\"kind\":\"recovery\"}");
    assert_int_equal(p->at.status, 201);
    snprintf(body, sizeof(body), "{\"iin\":\"%s\"}", iins[p->who]);
    browser_call(&p->at, "POST", "/flows/{flow}/identify", body);
    reached[DECOY] += p->who == NOBODY && strcmp(browser_state(&p->at), "code") == 0;
}

static void judge_update(browser_t *b, int who, unsigned password)
{
    walk_documented(b);
    reached[WRONG] += strcmp(browser_code(b), "code_wrong") == 0;
    reached[BURNED] += strcmp(browser_code(b), "challenge_burned") == 0;
    reached[REUSED] += strstr(b->body, "password_reused") != NULL;
    if (b->status == 200) {
        assert_string_equal(browser_state(b), "done");
        assert_true(who != NOBODY && !blocked[who]);
        answered = true;
        theirs[who] = password;
        reached[SET]++;
    }
}

static void update(page_t *p)
{
    const char *code = walk_mostly() ? p->code : page[walk_roll(BROWSERS)].code;
    char password[32];

    unsigned n = walk_roll(4) ? ++passwords : theirs[p->who];
    snprintf(password, sizeof(password), "Altyn-Kun#%05u-zhol", n);
    if (!code[0] || walk_roll(3) == 0) {
        code = journey_other(code);
    }
    typed(code);
    if (hung.call || walk_roll(4)) {
        journey_change(&p->at, code, password);
        judge_update(&p->at, p->who, n);
        p->burned = strcmp(browser_code(&p->at), "challenge_burned") == 0;
        return;
    }
    hung.at = p->at; /* the page itself may go on meanwhile */
    hung.at.json = NULL;
    hung.who = p->who;
    hung.password = n;
    hung.left = walk_roll(6);
    hung.call = journey_change_half(&hung.at, code, password, &hung.todo);
    if (!hung.call) {
        judge_update(&hung.at, hung.who, hung.password);
        browser_close(&hung.at);
    }
}

static void update_goes_on(void)
{
    browser_rest(&hung.at, hung.call, hung.todo);
    hung.call = NULL;
    judge_update(&hung.at, hung.who, hung.password);
    reached[LOST] += hung.at.status != 200;
    browser_close(&hung.at);
}

/* With a flow of another browser, and the very code. */
static void steal(page_t *thief, const page_t *victim)
{
    char own[sizeof(thief->at.flow)];

    memcpy(own, thief->at.flow, sizeof(own));
    memcpy(thief->at.flow, victim->at.flow, sizeof(own));
    journey_change(&thief->at, victim->code[0] ? victim->code : "0000", "Urlangan-Kun#2027");
    assert_int_equal(thief->at.status, 404);
    memcpy(thief->at.flow, own, sizeof(own));
    reached[FOREIGN]++;
}

static void act(page_t *p)
{
    const char *state = p->open ? browser_state(&p->at) : "";

    if (!*state || strcmp(state, "done") == 0 || walk_roll(20) == 0) {
        begin(p);
    } else if (walk_roll(20) == 0) {
        page_t *victim = &page[walk_roll(BROWSERS)];

        if (victim != p && victim->open) {
            steal(p, victim);
        }
    } else if (walk_roll(25) == 0) {
        browser_call(&p->at, "POST", "/flows/{flow}/back", "{}");
    } else if (strcmp(state, "activate") == 0) {
        browser_call(&p->at, "POST", "/flows/{flow}/send", "{}");
    } else if (strcmp(state, "code") != 0) {
        begin(p);
    } else if (p->burned || walk_roll(8) == 0) {
        browser_call(&p->at, "POST", "/flows/{flow}/resend", "{}");
        p->burned = p->at.status == 200 ? false : p->burned;
    } else if (walk_roll(12) == 0) {
        browser_call(&p->at, "POST", "/flows/{flow}/new_device", "{}");
    } else if (p->code[0] || walk_roll(6) == 0) {
        update(p);
    }
    walk_documented(&p->at);
}

/* ---- phones ---- */

/* Any phone takes what the page shows; mostly it is theirs. */
static void activate(page_t *p, walk_app_t *a)
{
    const char *number = numbers[walk_mostly() ? (unsigned)p->who : walk_roll(PEOPLE)];

    if (walk_app_activate(g, a, journey_data(&p->at, "one_time_password"), number)) {
        assert_true(p->who != NOBODY && strcmp(number, numbers[p->who]) == 0);
        bound = true;
        reached[HELD] += strstr(a->at.at.body, "\"held\"") != NULL;
    }
}

static void deny(walk_app_t *a, const char *id)
{
    char path[96];

    snprintf(path, sizeof(path), "/app/challenges/%s/deny", id);
    g->ahead += KAB_SECOND;
    phone_call(&a->at, "POST", path, "{}");
    walk_documented(&a->at.at);
    reached[DENIED] += a->at.at.status == 204;
}

static void open_one(page_t *p, walk_app_t *a)
{
    const char *sign = journey_data(&p->at, "sign");
    char id[40], other[3];

    if (!walk_app_challenge(a, id)) {
        return;
    }
    if (walk_roll(8) == 0) {
        deny(a, id);
        return;
    }
    snprintf(other, sizeof(other), "%02u", 10 + walk_roll(90));
    const char *code = walk_app_open(g, a, id, sign[0] && walk_mostly() ? sign : other);
    if (code) {
        made(p, code, id, a->at.device);
    } else {
        reached[NO_SIGN] += a->at.at.status == 410;
    }
}

/* arm=off: the code is in the push. */
static void read_push(page_t *p)
{
    const char *id = strstr(g->script.data, "\"challenge\":\"");
    const char *code = strstr(g->script.data, "\"code\":\"");
    char challenge[40], told[9];

    if (id && code) {
        snprintf(challenge, sizeof(challenge), "%.36s", id + strlen("\"challenge\":\""));
        snprintf(told, sizeof(told), "%.8s", code + strlen("\"code\":\""));
        made(p, told, challenge, "");
        memset(g->script.data, 0, sizeof(g->script.data));
    }
}

/* ---- the world ---- */

static void pass_time(void)
{
    unsigned face = walk_roll(8);

    g->ahead += face == 0 ? 25 * KAB_HOUR : face == 1 ? 6 * KAB_MINUTE : KAB_MINUTE;
}

static void block_or_free(void)
{
    unsigned who = hung.call && hung.who != NOBODY ? (unsigned)hung.who : walk_roll(NOBODY);

    blocked[who] = !blocked[who] && (hung.call || walk_roll(2));
    gateway_block(g, account[who], blocked[who]);
}

static void objects(walk_app_t *a)
{
    static const char *const kinds[] = {"device", "password"};

    reached[OBJECTED] += walk_app_object(g, a, kinds[walk_roll(2)]);
    for (int i = 0; i < NOBODY; i++) {
        gateway_decide(g, account[i]);
    }
}

static void around(page_t *p, walk_app_t *a)
{
    switch (walk_roll(8)) {
    case 0:
        pass_time();
        break;
    case 1:
        block_or_free();
        break;
    case 2: /* the budgets of a day, without the day: they have tests of their own */
        gateway_sql(g, "TRUNCATE limit_count");
        break;
    case 3:
        if (a->bound) {
            objects(a);
        }
        break;
    case 4:
        if (walk_roll(6) == 0) {
            gateway_forget(g);
        }
        break;
    default:
        gateway_timer(g, KAB_TIMER_OUTBOX);
        if (!arm) {
            read_push(p);
        }
    }
}

/* Mostly one that proved this page's number, or else one that proved none. */
static walk_app_t *some_app(const page_t *p, bool proved)
{
    walk_app_t *a = &app[walk_roll(PHONES)];

    for (int i = 0; i < PHONES && walk_mostly(); i++) {
        if (proved ? a->bound && strcmp(a->number, numbers[p->who]) == 0 : !a->bound) {
            break;
        }
        a = &app[(a - app + 1) % PHONES];
    }
    return a;
}

static void step(void)
{
    page_t *p = &page[walk_roll(BROWSERS)];
    walk_app_t *a = some_app(p, true);

    answered = bound = false;
    g->ahead += KAB_SECOND;
    if (hung.call && hung.left-- == 0) {
        update_goes_on();
        return;
    }
    if (p->open) { /* what time has brought */
        browser_call(&p->at, "GET", "/flows/{flow}", NULL);
        walk_documented(&p->at);
    }
    const char *state = p->open ? browser_state(&p->at) : "";
    switch (walk_roll(3)) {
    case 0:
        if (strcmp(state, "activate") == 0 && *journey_data(&p->at, "one_time_password")) {
            activate(p, some_app(p, false));
            break;
        }
        if (strcmp(state, "code") == 0 && a->bound && (!p->code[0] || walk_roll(8) == 0)) {
            open_one(p, a);
            break;
        }
        /* fall through */
    case 1:
        act(p);
        break;
    default:
        around(p, a);
    }
}

/* ---- episodes ---- */

static void forget_people(void)
{
    while (hung.call) {
        update_goes_on();
    }
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

static void begin_episode(void)
{
    forget_people();
    gateway_empty(g);
    gateway_sql(g, "TRUNCATE made, typed");
    for (int i = 0; i < NOBODY; i++) {
        account[i] = gateway_account(g, iins[i], numbers[i], i == ANNA ? "Kabinet!Demo2026" : NULL);
        blocked[i] = false;
        theirs[i] = 0;
    }
    gateway_sql(g, remember);
}

static void walk(unsigned steps, unsigned patience)
{
    /* longer, if chance has not led everywhere yet */
    for (unsigned i = 0; i < steps || (i < patience && !walk_led_everywhere(reached, ALL)); i++) {
        if (i % EPISODE == 0) {
            begin_episode();
        }
        step();
        laws();
    }
    forget_people();
    walk_tell(outcome, reached, ALL);
}

static void nothing_but_by_the_law(void **state)
{
    (void)state;
    unsigned steps = walk_steps(STEPS);
    walk(steps, 4 * steps);
    assert_true(walk_led_everywhere(reached, ALL));
}

/* kabinet_code arm=off: the code is in the push, and all else is as before. */
static void nor_with_codes_that_are_sent(void **state)
{
    (void)state;
    walk(walk_steps(STEPS) / 4, 0);
    assert_true(reached[SET] > 0);
}

static int open_all(const char *code, unsigned number)
{
    memset(reached, 0, sizeof(reached));
    passwords = 0;
    g = walk_open(code, number);
    gateway_sql(g, "CREATE TEMP TABLE made (code text, challenge uuid, device uuid);"
                   "CREATE TEMP TABLE typed (code text);"
                   "CREATE TEMP TABLE was_account (id uuid, hash bytea, phone_index bytea);"
                   "CREATE TEMP TABLE was_challenge (id uuid, state text, attempts integer,"
                   " passwords integer, rings integer, denials integer)");
    return 0;
}

static int open_armed(void **state)
{
    (void)state;
    arm = true;
    return open_all("kabinet_code length=4 ttl=5m attempts=3 arm=on;\n", 2);
}

static int open_unarmed(void **state)
{
    (void)state;
    arm = false;
    return open_all("kabinet_code length=8 ttl=5m attempts=3 arm=off;\n", 3);
}

static int close_all(void **state)
{
    (void)state;
    gateway_close(g);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_but_by_the_law, open_armed, close_all),
        cmocka_unit_test_setup_teardown(nor_with_codes_that_are_sent, open_unarmed, close_all),
    };

    return cmocka_run_group_tests_name("recovery walk", tests, NULL, NULL);
}

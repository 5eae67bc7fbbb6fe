/* A move is one transaction: a connection that dies at any statement of it, or at its COMMIT,
 * leaves everything as it was, or everything as it shall be. */
#include "applicant.h"

#define MOTHER "880314493312"
#define FATHER "860922390740"
#define CHILD "190901692284"
#define EVIDENCE                                                                                   \
    "{\"child_iin\":\"" CHILD "\",\"birth_certificate\":\"1904518\",\"parent1_iin\":\"" MOTHER     \
    "\",\"parent2_iin\":\"" FATHER "\",\"attendance\":\"kindergarten\"}"
#define NUMBER "+77785550715"

enum { TRIES = 4 /* an accepted code is good for five passwords */ };

static gateway_t *g;

/* The n-th change of a row dies, and so does every one after it: the repeats too. nextval is not
 * rolled back. 1000: the COMMIT. */
static const char *const murder =
    "CREATE SEQUENCE IF NOT EXISTS crash_count MINVALUE 0 START 0;"
    "CREATE SEQUENCE IF NOT EXISTS crash_at MINVALUE 0 START 0;"
    "CREATE OR REPLACE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF TG_ARGV[0] = 'commit' THEN"
    "  IF (SELECT last_value FROM crash_at) = 1000 THEN"
    "   PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); END IF;"
    " ELSIF (SELECT last_value FROM crash_at) > 0"
    "  AND nextval('crash_count') >= (SELECT last_value FROM crash_at) THEN"
    "  PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1);"
    " END IF; RETURN NULL; END $$;"
    "DO $$ DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['account', 'challenge', 'session',"
    " 'session_end', 'strangers_off', 'password_history', 'guardianship', 'event', 'audit',"
    " 'outbox', 'device', 'moderation', 'flow_commit'] LOOP EXECUTE format("
    " 'CREATE OR REPLACE TRIGGER crash AFTER INSERT OR UPDATE OR DELETE ON %I"
    "  FOR EACH STATEMENT EXECUTE FUNCTION crash(''statement'')', t); END LOOP; END $$;"
    "DROP TRIGGER IF EXISTS crash_commit ON flow_commit;"
    "CREATE CONSTRAINT TRIGGER crash_commit AFTER INSERT ON flow_commit DEFERRABLE INITIALLY "
    "DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION crash('commit')";

/* Everything that a move may change, as one number. The counted tries of the code are not of it. */
static const char *const everything =
    "SELECT ('x' || substr(md5(string_agg(line, '|' ORDER BY line)), 1, 15))::bit(60)::bigint FROM "
    "("
    " SELECT 'a' || id || coalesce(encode(phone, 'hex'), '') || coalesce(encode(hash, 'hex'), '')"
    "  AS line FROM account"
    " UNION ALL SELECT 'g' || id || account || coalesce(ended_at::text, '') FROM guardianship"
    " UNION ALL SELECT 's' || encode(id, 'hex') || coalesce(ended_at::text, '') FROM session"
    " UNION ALL SELECT 'd' || id || state FROM device"
    " UNION ALL SELECT 'c' || id || state || coalesce(ended_at::text, '') FROM challenge"
    " UNION ALL SELECT 'e' || id FROM event UNION ALL SELECT 'u' || id FROM audit"
    " UNION ALL SELECT 'o' || id FROM outbox UNION ALL SELECT 'm' || id || state FROM moderation"
    " UNION ALL SELECT 'h' || id FROM password_history"
    " UNION ALL SELECT 'f' || flow || version FROM flow_commit) all_lines";

static int open_all(void **state)
{
    (void)state;
    g = gateway_open("kabinet_code length=4 ttl=5m attempts=3 arm=on;\n");
    gateway_sql(g, murder);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    gateway_sql(g, "DROP FUNCTION crash CASCADE; DROP SEQUENCE crash_count, crash_at");
    gateway_close(g);
    return 0;
}

static void crash_at(int n)
{
    char sql[96];

    snprintf(sql, sizeof(sql), "SELECT setval('crash_count', 0); SELECT setval('crash_at', %d)", n);
    gateway_sql(g, sql);
}

/* Before `complete`: the father has an account on an old number, nobody or the mother has the
 * child. */
static void prepare(bool held, browser_t *b, phone_t *p, char code[9])
{
    crash_at(0);
    gateway_empty(g);
    gateway_sql(g, "TRUNCATE audit");
    kab_uuid_t mother = gateway_account(g, MOTHER, "+77015559223", NULL);
    gateway_account(g, FATHER, "+77055550740", "Kabinet!Demo2026");
    gateway_child(g, CHILD, "1904518", MOTHER, FATHER, true, held ? &mother : NULL);
    applicant_proves(g, b, EVIDENCE);
    assert_int_equal(applicant_contact(b, FATHER, NUMBER), 200);
    assert_int_equal(journey_bind(g, b, p, NUMBER), 200);
    applicant_step(b, "send", "{}", 200);
    journey_open_code(b, p, code);
}

/* Dies at statement after statement, each time twice over (the transaction is tried again by
 * itself), until there is none left; then once at COMMIT. */
static void all_or_nothing(bool held)
{
    browser_t b;
    phone_t p;
    char code[9];
    int at = 1, died = 0;
    bool done = false;

    while (!done) {
        prepare(held, &b, &p, code);
        int64_t before = gateway_number(g, everything);
        for (int i = 0; i < TRIES && !done; i++, at += 1) {
            crash_at(at + 1); /* the first one counts the try: it is a transaction of its own */
            applicant_completes(&b, code);
            crash_at(0);
            done = b.status == 200;
            died += !done;
            if (!done && b.status != 503) {
                print_error("at %d: %s\n", at, b.body);
            }
            assert_true(done || b.status == 503);
            assert_true(done == (gateway_number(g, everything) != before));
        }
        if (!done) { /* nothing is lost: the same again goes through */
            applicant_completes(&b, code);
            assert_int_equal(b.status, 200);
            assert_true(gateway_number(g, everything) != before);
        }
        assert_string_equal(browser_state(&b), held ? "held" : "done");
        phone_close(&p);
        browser_close(&b);
    }
    print_message("died at %d statements\n", died);
    assert_true(died > 15);
    prepare(held, &b, &p, code);
    int64_t before = gateway_number(g, everything);
    crash_at(1000);
    applicant_completes(&b, code);
    crash_at(0);
    assert_int_equal(b.status, 503);
    assert_int_equal(gateway_number(g, everything), before);
    applicant_completes(&b, code);
    assert_int_equal(b.status, 200);
    phone_close(&p);
    browser_close(&b);
}

static void a_move_at_once(void **state)
{
    (void)state;
    all_or_nothing(false);
}

static void a_move_that_waits(void **state)
{
    (void)state;
    all_or_nothing(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_move_at_once),
        cmocka_unit_test(a_move_that_waits),
    };

    return cmocka_run_group_tests_name("crash", tests, open_all, close_all);
}

/* What has had its time goes, what has not stays, in every table that there is. */
#include "chain.h"
#include "rows.h"

/* Not the directive's defaults: what is asked is whether it is heard. */
static const kab_retention_t keep = {.events = 100 * KAB_DAY,
                                     .audit = 4 * KAB_YEAR,
                                     .challenges = 40 * KAB_DAY,
                                     .consents = 400 * KAB_DAY,
                                     .devices = 95 * KAB_DAY};

/* The column by which a row ages, and what else it must be. */
static const struct {
    const char *table, *column, *also;
    kab_time_t age;
} swept[] = {
    {"session", "expires_at", NULL, 30 * KAB_DAY},
    {"session_end", "at", NULL, KAB_DAY},
    {"flow_commit", "created_at", NULL, KAB_DAY},
    {"known_browser", "expires_at", NULL, 0},
    {"limit_count", "ends_at", NULL, 0},
    {"event", "at", NULL, 100 * KAB_DAY},
    {"consent", "withdrawn_at", NULL, 400 * KAB_DAY},
    {"activation", "expires_at", NULL, 40 * KAB_DAY},
    {"challenge", "expires_at", NULL, 40 * KAB_DAY},
    {"outbox", "done_at", NULL, 40 * KAB_DAY},
    {"device", "removed_at", "removed", 95 * KAB_DAY},
    {"device", "created_at", "pending", 40 * KAB_DAY},
    {"moderation", "created_at", "done", 4 * KAB_YEAR},
};
enum { SWEPT = sizeof swept / sizeof *swept };

/* Tables that no sweep touches, and why. A new table belongs in one of the two lists. */
static const char *const kept[][2] = {
    {"account", "as long as the person is there"},
    {"audit", "kab_audit_trim, below"},
    {"audit_chain", "one row"},
    {"child", "as long as the child is there"},
    {"guardianship", "who stood for a child, and when"},
    {"migration", "what the tables are"},
    {"password_history", "five an account"},
    {"strangers_off", "until recovery"},
};
enum { KEPT = sizeof kept / sizeof *kept };

static bool is_listed(kab_span_t table)
{
    for (int i = 0; i < SWEPT; i++) {
        if (kab_span_is(table, swept[i].table)) {
            return true;
        }
    }
    for (int i = 0; i < KEPT; i++) {
        if (kab_span_is(table, kept[i][0])) {
            return true;
        }
    }
    return false;
}

static const kab_rows_t *all_tables(store_t *s)
{
    static const kab_sql_t sql = {"tables", "SELECT tablename::text FROM pg_tables"
                                            " WHERE schemaname = 'public' ORDER BY 1"};
    kab_rows_t *rows;
    assert_int_equal(kab_pg_exec(&s->w.db, &sql, NULL, 0, &rows), KAB_OK);
    return rows;
}

static void test_no_table_is_forgotten(void **state)
{
    store_t *s = *state;
    const kab_rows_t *rows = all_tables(s);
    assert_true(kab_rows_count(rows) > 15);
    for (unsigned i = 0; i < kab_rows_count(rows); i++) {
        kab_span_t table = kab_rows_span(rows, i, 0);
        if (!is_listed(table)) {
            fail_msg("%.*s: is it swept (retention.c), or why not?", (int)table.n,
                     (const char *)table.p);
        }
    }
}

static void script(store_t *s, const char *sql)
{
    assert_non_null(sql);
    assert_int_equal(kab_pg_script(&s->w.db, sql), KAB_OK);
}

/* Copies of the tables without their rules, so that a row is nothing but its time. */
static void bare_tables(store_t *s)
{
    script(s,
           "DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare;"
           "DO $$ DECLARE t text; c text; BEGIN"
           " FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP"
           "  EXECUTE format('CREATE TABLE bare.%I (LIKE public.%I)', t, t);"
           "  FOR c IN SELECT attname FROM pg_attribute WHERE attrelid = ('bare.' || t)::regclass"
           "    AND attnum > 0 AND attnotnull LOOP"
           "   EXECUTE format('ALTER TABLE bare.%I ALTER %I DROP NOT NULL', t, c);"
           "  END LOOP;"
           " END LOOP; END $$;"
           "SET search_path = bare");
}

static void bare_over(store_t *s)
{
    script(s, "RESET search_path; DROP SCHEMA bare CASCADE");
}

static void add_bare(store_t *s, int i, kab_time_t at, int n)
{
    const char *also = swept[i].also;
    script(s, kab_format(s->w.arena,
                         "INSERT INTO %s (%s%s) SELECT 'epoch'::timestamptz + %lld * interval"
                         " '1 us'%s%s%s FROM generate_series(1, %d)",
                         swept[i].table, swept[i].column, also ? ", state" : "", (long long)at,
                         also ? ", '" : "", also ? also : "", also ? "'" : "", n));
}

static int64_t bare_count(store_t *s, int i)
{
    const char *also = swept[i].also;
    return store_count(s, kab_format(s->w.arena, "%s%s%s%s", swept[i].table,
                                     also ? " WHERE state = '" : "", also ? also : "",
                                     also ? "'" : ""));
}

static void test_each_table_has_its_time(void **state)
{
    store_t *s = *state;
    bare_tables(s);
    for (int i = 0; i < SWEPT; i++) {
        add_bare(s, i, s->now - swept[i].age - KAB_SECOND, 1 + i);
        add_bare(s, i, s->now - swept[i].age + KAB_SECOND, 2);
    }
    script(s, "INSERT INTO consent (kind) VALUES ('terms');"
              "INSERT INTO outbox (created_at, state) VALUES ('2001-01-01', 'waiting');"
              "INSERT INTO device (created_at, state) VALUES ('2001-01-01', 'active');"
              "INSERT INTO device (created_at, state) VALUES ('2001-01-01', 'held');"
              "INSERT INTO moderation (created_at, state) VALUES ('2001-01-01', 'open'),"
              " ('2001-01-01', 'held'), ('2001-01-01', 'approved'), ('2001-01-01', 'refused'),"
              " ('2001-01-01', 'rejected')");
    assert_int_equal(kab_retention_sweep(&s->w, &keep), KAB_OK);
    for (int i = 0; i < SWEPT; i++) {
        bool one_more =
            strcmp(swept[i].table, "consent") == 0 || strcmp(swept[i].table, "outbox") == 0;
        if (bare_count(s, i) != 2 + one_more) {
            fail_msg("%s by %s: %lld rows are left", swept[i].table, swept[i].column,
                     (long long)bare_count(s, i));
        }
    }
    assert_int_equal(store_count(s, "device WHERE state IN ('active', 'held')"), 2);
    assert_int_equal(store_count(s, "moderation WHERE state IN ('open', 'held', 'approved')"), 3);
    assert_int_equal(store_count(s, "moderation"), 5);
    bare_over(s);
}

/* More than a sweep takes away waits for the next one. */
static void test_a_sweep_ends(void **state)
{
    store_t *s = *state;
    const int most = KAB_SWEEP_ROWS * KAB_SWEEP_BATCHES;
    bare_tables(s);
    add_bare(s, 1, s->now - 2 * KAB_DAY, most + 1500);
    add_bare(s, 2, s->now - 2 * KAB_DAY, 1000); /* exactly a batch */
    assert_int_equal(kab_retention_sweep(&s->w, &keep), KAB_OK);
    assert_int_equal(bare_count(s, 1), 1500);
    assert_int_equal(bare_count(s, 2), 0);
    assert_int_equal(kab_retention_sweep(&s->w, &keep), KAB_OK);
    assert_int_equal(bare_count(s, 1), 0);
    bare_over(s);
}

/* ---- the audit ---- */

static int64_t seal(store_t *s, uint8_t head[32])
{
    int64_t number = 0;
    assert_int_equal(kab_audit_seal(&s->w, &number, head), KAB_OK);
    return number;
}

static const char *noted(store_t *s, int64_t number, const uint8_t head[32])
{
    char hex[KAB_HEX_SIZE(32)];
    kab_hex(head, 32, hex);
    return kab_format(s->w.arena, "%lld %s", (long long)number, hex);
}

static void test_the_chain_loses_its_beginning(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now = s->now / KAB_DAY * KAB_DAY + KAB_HOUR;
    uint8_t head[32];
    assert_int_equal(store_other(s, "DELETE FROM audit; UPDATE audit_chain SET number = 0,"
                                    " link = decode(repeat('00', 32), 'hex')"),
                     KAB_OK);
    add_rows(s, 600);
    assert_int_equal(seal(s, head), 600);
    const char *middle = noted(s, 600, head);
    add_rows(s, 600);
    assert_int_equal(seal(s, head), 1200);
    const char *edge = noted(s, 1200, head);
    s->now = begun + 500 * KAB_DAY;
    add_rows(s, 10);
    assert_int_equal(seal(s, head), 1210);
    const char *later = noted(s, 1210, head);

    s->now = begun + keep.audit - KAB_HOUR; /* nothing is old enough */
    assert_int_equal(kab_retention_sweep(&s->w, &keep), KAB_OK);
    assert_int_equal(store_count(s, "audit"), 1210);
    s->now = begun + keep.audit + KAB_DAY;
    assert_int_equal(store_other(s, "SELECT pg_advisory_lock(7236281)"), KAB_OK);
    assert_int_equal(kab_retention_sweep(&s->w, &keep), KAB_OK); /* somebody else is at it */
    assert_int_equal(store_count(s, "audit"), 1210);
    assert_int_equal(store_other(s, "SELECT pg_advisory_unlock(7236281)"), KAB_OK);

    for (int again = 0; again < 2; again++) { /* the second sweep of a day finds nothing */
        assert_int_equal(kab_retention_sweep(&s->w, &keep), KAB_OK);
        assert_int_equal(store_count(s, "audit WHERE number <= 1200"), 0);
        assert_int_equal(store_count(s, "audit"), 11);
        verify(s, "", KAB_OK, 0); /* its note is not sealed yet, then it is */
        verify(s, later, KAB_OK, 0);
        verify(s, edge, KAB_OK, 0);
        verify(s, middle, KAB_E_INTERNAL, 1201);
        assert_int_equal(seal(s, head), 1211);
    }
    s->now = begun + 500 * KAB_DAY + keep.audit + 2 * KAB_DAY;
    add_rows(s, 3);
    assert_int_equal(kab_retention_sweep(&s->w, &keep), KAB_OK);
    assert_int_equal(seal(s, head), 1215);
    assert_int_equal(store_count(s, "audit"), 5); /* two notes, three rows */
    verify(s, noted(s, 1215, head), KAB_OK, 0);
    verify(s, later, KAB_OK, 0);
    s->now = begun;
}

/* On the chain that the test before left: 1211 … 1215, of which 1211 and 1215 are the notes. */
static void test_a_shorter_chain_is_a_chain(void **state)
{
    store_t *s = *state;
    assert_int_equal(store_count(s, "audit WHERE kind = 'audit_trimmed'"), 2);
    tamper(s, "", "DELETE FROM audit WHERE number = 1211", 1211);
    tamper(s, "", "DELETE FROM audit WHERE number <= 1212", 1211);
    tamper(s, "", "DELETE FROM audit WHERE number = 1215", 1201); /* the older note speaks */
    tamper(s, "", "UPDATE audit SET details = NULL WHERE number = 1215", 1);
    tamper(s, "",
           "UPDATE audit SET details = (SELECT details FROM audit WHERE number = 1211)"
           " WHERE number = 1215",
           1);
    tamper(s, "", "UPDATE audit SET actor = 'operator:x' WHERE number = 1213", 1213);
    tamper(s, "", /* a removed row put back */
           "INSERT INTO audit (id, at, account, kind, actor, mac, mac_key, number, link, link_key,"
           " sealed_at) SELECT gen_random_uuid(), at, account, kind, actor, mac, mac_key, 1210,"
           " link, link_key, sealed_at FROM audit WHERE number = 1213",
           1211);
    tamper(s, "",
           "DELETE FROM audit; UPDATE audit_chain SET number = 0,"
           " link = decode(repeat('00', 32), 'hex');"
           "INSERT INTO audit (id, at, kind, actor, mac, mac_key) SELECT gen_random_uuid(), now(),"
           " 'audit_trimmed', 'gateway', decode(repeat('00', 32), 'hex'), 1",
           1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_table_is_forgotten),
        cmocka_unit_test(test_each_table_has_its_time),
        cmocka_unit_test(test_a_sweep_ends),
        cmocka_unit_test(test_the_chain_loses_its_beginning),
        cmocka_unit_test(test_a_shorter_chain_is_a_chain),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

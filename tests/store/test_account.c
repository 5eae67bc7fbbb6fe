#include "world.h"

#include "cabinet/person/account.h"
#include "cabinet/flow_commit.h"
#include "cabinet/throttle.h"

static kab_account_t make(store_t *s, const char *hash)
{
    kab_account_t a = {.iin = store_iin(s),
                       .has_phone = true,
                       .phone = {"+77010009223"},
                       .locale = "kk",
                       .hash = kab_span_of(hash)};
    assert_int_equal(kab_account_create(&s->w, &a), KAB_OK);
    return a;
}

static void test_create_and_find(void **state)
{
    store_t *s = *state;
    kab_account_t a = make(s, "$argon2id$x"), out;
    bool found;
    uint8_t browser[32] = {1, 2, 3};
    assert_int_equal(kab_account_find(&s->w, &a.iin, browser, &out, &found), KAB_OK);
    assert_true(found);
    assert_memory_equal(out.id.b, a.id.b, 16);
    assert_string_equal(out.iin.digits, a.iin.digits);
    assert_string_equal(out.phone.e164, a.phone.e164);
    assert_string_equal(out.locale, "kk");
    assert_true(kab_span_is(out.hash, "$argon2id$x"));
    assert_false(out.blocked || out.known_browser || out.strangers_off);
    assert_int_equal(kab_account_know_browser(&s->w, a.id, browser), KAB_OK);
    assert_int_equal(kab_account_block(&s->w, a.id, true), KAB_OK);
    assert_int_equal(kab_account_set_locale(&s->w, a.id, KAB_SPAN("en")), KAB_OK);
    assert_int_equal(kab_account_find(&s->w, &a.iin, browser, &out, &found), KAB_OK);
    assert_true(out.blocked && out.known_browser);
    assert_string_equal(out.locale, "en");
    s->now += 181 * KAB_DAY;
    assert_int_equal(kab_account_find(&s->w, &a.iin, browser, &out, &found), KAB_OK);
    assert_false(out.known_browser);
    kab_account_t again = a;
    assert_int_equal(kab_account_create(&s->w, &again), KAB_E_WRONG_STATE);
    kab_uuid_t nobody = kab_uuid_new(s->w.env);
    assert_int_equal(kab_account_get(&s->w, nobody, &out), KAB_E_NOT_FOUND);
    assert_int_equal(kab_account_get(&s->w, a.id, &out), KAB_OK);
}

static void test_nothing_stands_bare(void **state)
{
    store_t *s = *state;
    kab_account_t a = make(s, "$argon2id$bare");
    static const kab_sql_t sql = {"dump", "SELECT a::text FROM account a WHERE id = $1"};
    kab_rows_t *rows;
    char iin_hex[KAB_HEX_SIZE(12)];
    kab_param_t id = kab_p_uuid(&a.id);
    assert_int_equal(kab_pg_exec(&s->w.db, &sql, &id, 1, &rows), KAB_OK);
    const char *text = kab_text(s->w.arena, kab_rows_span(rows, 0, 0));
    kab_hex((const uint8_t *)a.iin.digits, 12, iin_hex);
    assert_null(strstr(text, a.iin.digits));
    assert_null(strstr(text, iin_hex));
    assert_null(strstr(text, "7010009223"));
    assert_null(strstr(text, "argon2id"));
}

static void test_a_moved_value_is_refused_and_audited(void **state)
{
    store_t *s = *state;
    kab_account_t a = make(s, "$argon2id$a"), b = make(s, "$argon2id$b"), out;
    static const kab_sql_t move = {"move", "UPDATE account SET hash = (SELECT hash FROM account"
                                           " WHERE id = $2) WHERE id = $1"};
    static const kab_sql_t seen = {"seen", "SELECT count(*) FROM audit WHERE account = $1"
                                           " AND kind = 'tampered'"};
    kab_rows_t *rows;
    bool found;
    kab_param_t ids[] = {kab_p_uuid(&a.id), kab_p_uuid(&b.id)};
    assert_int_equal(kab_pg_exec(&s->w.db, &move, ids, 2, NULL), KAB_OK);
    assert_int_equal(kab_account_find(&s->w, &a.iin, NULL, &out, &found), KAB_E_INTERNAL);
    assert_int_equal(kab_account_get(&s->w, a.id, &out), KAB_E_INTERNAL);
    assert_int_equal(kab_pg_exec(&s->w.db, &seen, ids, 1, &rows), KAB_OK);
    assert_int_equal(kab_rows_int(rows, 0, 0), 2);
    assert_true(log_has(s, "sealed value refused: account.hash"));
}

/* What one IIN costs along the way of a failed sign-in. */
static void cost(store_t *s, const kab_iin_t *iin, uint64_t *statements, uint64_t *commands)
{
    kab_account_t out;
    kab_try_t try;
    bool found;
    uint8_t browser[32] = {9}, address[16] = {[10] = 0xff, 0xff, 10, 0, 0, 1};
    uint64_t before = kab_pg_statements(s->w.db.pg);
    uint64_t asked = kab_redis_commands(s->w.cache.redis);
    assert_int_equal(kab_account_find(&s->w, iin, browser, &out, &found), KAB_OK);
    assert_int_equal(
        kab_throttle_reserve(&s->w, &kab_throttle_default, iin, NULL, address, false, &try),
        KAB_OK);
    assert_true(try.allowed);
    assert_int_equal(kab_account_strangers(&s->w, iin, false, false), KAB_OK);
    kab_throttle_release(&s->w, iin, NULL, address);
    *statements = kab_pg_statements(s->w.db.pg) - before;
    *commands = kab_redis_commands(s->w.cache.redis) - asked;
}

static void test_known_and_unknown_cost_the_same(void **state)
{
    store_t *s = *state;
    kab_account_t a = make(s, "$argon2id$cost");
    kab_iin_t nobody = store_iin(s);
    uint64_t known[2], unknown[2];
    cost(s, &a.iin, &known[0], &known[1]);
    cost(s, &nobody, &unknown[0], &unknown[1]);
    assert_int_equal(known[0], unknown[0]);
    assert_int_equal(known[1], unknown[1]);
    assert_int_equal(known[0], 2);
    assert_int_equal(known[1], 4);
}

static void test_strangers_are_told_for_unknown_iins_too(void **state)
{
    store_t *s = *state;
    kab_account_t a = make(s, "$argon2id$s"), out;
    kab_iin_t both[] = {a.iin, store_iin(s)};
    bool found;
    for (int i = 0; i < 2; i++) {
        const struct {
            bool reached, off, then;
        } steps[] = {{false, false, false},
                     {true, false, true},
                     {true, false, true},
                     {false, false, true},
                     {false, true, false}};
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
            assert_int_equal(kab_account_strangers(&s->w, &both[i], steps[k].reached, steps[k].off),
                             KAB_OK);
            assert_int_equal(kab_account_find(&s->w, &both[i], NULL, &out, &found), KAB_OK);
            assert_int_equal(found, i == 0);
            assert_int_equal(out.strangers_off, steps[k].then);
        }
    }
}

static void test_history_keeps_five(void **state)
{
    store_t *s = *state;
    kab_account_t a = make(s, "h0");
    kab_span_t hashes[KAB_HISTORY];
    unsigned n;
    static const char *const names[] = {"h1", "h2", "h3", "h4", "h5", "h6", "h7"};
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(kab_account_set_hash(&s->w, a.id, kab_span_of(names[i]), false), KAB_OK);
    }
    assert_int_equal(kab_account_set_hash(&s->w, a.id, KAB_SPAN("h7 anew"), true), KAB_OK);
    assert_int_equal(kab_account_history(&s->w, a.id, hashes, &n), KAB_OK);
    assert_int_equal(n, KAB_HISTORY);
    assert_true(kab_span_is(hashes[0], "h7 anew"));
    assert_true(kab_span_is(hashes[1], "h6"));
    assert_true(kab_span_is(hashes[4], "h3"));
    static const kab_sql_t sql = {"kept",
                                  "SELECT count(*) FROM password_history WHERE account = $1"};
    kab_rows_t *rows;
    kab_param_t id = kab_p_uuid(&a.id);
    assert_int_equal(kab_pg_exec(&s->w.db, &sql, &id, 1, &rows), KAB_OK);
    assert_int_equal(kab_rows_int(rows, 0, 0), KAB_HISTORY);
}

static void test_a_changed_hash_is_noticed(void **state)
{
    store_t *s = *state;
    kab_account_t a = make(s, "h0");
    bool same;
    assert_int_equal(kab_account_hash_still(&s->w, a.id, KAB_SPAN("h0"), &same), KAB_OK);
    assert_true(same);
    assert_int_equal(kab_account_set_hash(&s->w, a.id, KAB_SPAN("h1"), false), KAB_OK);
    assert_int_equal(kab_account_hash_still(&s->w, a.id, KAB_SPAN("h0"), &same), KAB_OK);
    assert_false(same);
    assert_int_equal(kab_account_hash_still(&s->w, kab_uuid_new(s->w.env), KAB_SPAN("h0"), &same),
                     KAB_OK);
    assert_false(same);
}

static void test_a_flow_commits_once(void **state)
{
    store_t *s = *state;
    char flow[KAB_UUID_SIZE];
    kab_uuid_text(kab_uuid_new(s->w.env), flow);
    bool again = true;
    kab_span_t earlier;
    assert_int_equal(
        kab_flow_commit(&s->w, kab_span_of(flow), 3, KAB_SPAN("first"), &again, &earlier), KAB_OK);
    assert_false(again);
    assert_int_equal(
        kab_flow_commit(&s->w, kab_span_of(flow), 3, KAB_SPAN("second"), &again, &earlier), KAB_OK);
    assert_true(again);
    assert_true(kab_span_is(earlier, "first"));
    assert_int_equal(kab_flow_commit(&s->w, kab_span_of(flow), 4, KAB_NONE, &again, &earlier),
                     KAB_OK);
    assert_false(again);
}

static void test_look_ups_are_bounded(void **state)
{
    store_t *s = *state;
    kab_db_t db = {s->other, s->w.arena, &s->log};
    static const kab_sql_t sql = {
        "plan", "EXPLAIN SELECT a.id FROM (SELECT 1) one LEFT JOIN account a"
                " ON a.iin_index IN ('\\x00', '\\x01') OR a.iin_index2 IN ('\\x00', '\\x01')"};
    kab_rows_t *rows;
    assert_int_equal(store_other(s, "SET enable_seqscan = off"), KAB_OK);
    assert_int_equal(kab_pg_exec(&db, &sql, NULL, 0, &rows), KAB_OK);
    for (unsigned i = 0; i < kab_rows_count(rows); i++) {
        const char *line = kab_text(s->w.arena, kab_rows_span(rows, i, 0));
        assert_null(strstr(line, "Seq Scan"));
    }
    assert_int_equal(store_other(s, "RESET enable_seqscan"), KAB_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_and_find),
        cmocka_unit_test(test_nothing_stands_bare),
        cmocka_unit_test(test_a_moved_value_is_refused_and_audited),
        cmocka_unit_test(test_known_and_unknown_cost_the_same),
        cmocka_unit_test(test_strangers_are_told_for_unknown_iins_too),
        cmocka_unit_test(test_history_keeps_five),
        cmocka_unit_test(test_a_changed_hash_is_noticed),
        cmocka_unit_test(test_a_flow_commits_once),
        cmocka_unit_test(test_look_ups_are_bounded),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

#include "rows.h"

#include "cabinet/proof/device.h"
#include "cabinet/retention.h"

static const kab_phone_t phone = {"+77010009223"}, other_phone = {"+77020001111"};

static kab_device_t make(store_t *s, bool has_account, kab_device_state_t state)
{
    kab_device_t d = {.has_account = has_account,
                      .account = has_account ? kab_uuid_new(s->w.env) : (kab_uuid_t){{0}},
                      .state = state,
                      .platform = "cli",
                      .phone = phone,
                      .push_token = KAB_SPAN("token-of-the-app"),
                      .activation = kab_uuid_new(s->w.env),
                      .sends = 1,
                      .proof_expires_at = s->now + 5 * KAB_MINUTE,
                      .sent_at = s->now};
    s->env.random(s->env.ctx, d.key.xy, sizeof d.key.xy);
    s->env.random(s->env.ctx, d.drawn, sizeof d.drawn);
    d.held_until = state == KAB_DEVICE_HELD ? s->now + KAB_DAY : 0;
    assert_int_equal(kab_device_insert(&s->w, &d), KAB_OK);
    return d;
}

static void sql_on(store_t *s, const kab_device_t *d, const char *set)
{
    const char *text =
        kab_format(s->w.arena, "UPDATE device SET %s WHERE id = '%s'", set, store_id(s, d->id));
    assert_int_equal(store_other(s, text), KAB_OK);
}

static void test_written_and_read(void **state)
{
    store_t *s = *state;
    for (int decoy = 0; decoy < 2; decoy++) {
        uint64_t before = kab_pg_statements(s->w.db.pg);
        kab_device_t d = make(s, !decoy, KAB_DEVICE_PENDING), got;
        assert_int_equal(kab_device_get(&s->w, d.id, &got), KAB_OK);
        assert_int_equal(kab_pg_statements(s->w.db.pg) - before, 2);
        assert_int_equal(got.has_account, !decoy);
        assert_memory_equal(got.account.b, d.account.b, 16);
        assert_memory_equal(got.key.xy, d.key.xy, sizeof d.key.xy);
        assert_memory_equal(got.drawn, d.drawn, sizeof d.drawn);
        assert_memory_equal(got.mac, d.mac, sizeof d.mac);
        assert_string_equal(got.thumbprint, d.thumbprint);
        assert_string_equal(got.platform, "cli");
        assert_string_equal(got.phone.e164, phone.e164);
        assert_true(kab_span_is(got.push_token, "token-of-the-app"));
        assert_true(got.created_at == s->now && got.sent_at == s->now && got.sends == 1);
        assert_true(got.state == KAB_DEVICE_PENDING && got.active_at == 0 && got.removed_at == 0);
    }
    kab_device_t none;
    assert_int_equal(kab_device_get(&s->w, kab_uuid_new(s->w.env), &none), KAB_E_NOT_FOUND);
    assert_int_equal(store_count(s, "device WHERE position('9223'::bytea IN phone) > 0"
                                    " OR position('token'::bytea IN push_token) > 0"),
                     0);
}

static void test_a_repeat_is_found(void **state)
{
    store_t *s = *state;
    kab_device_t d = make(s, true, KAB_DEVICE_PENDING), got, again = d;
    assert_int_equal(kab_device_by_thumbprint(&s->w, d.thumbprint, d.activation, &phone, &got),
                     KAB_OK);
    assert_memory_equal(got.id.b, d.id.b, 16);
    assert_int_equal(kab_device_insert(&s->w, &again), KAB_E_WRONG_STATE);
    again.phone = other_phone; /* «ввести другой номер» */
    assert_int_equal(
        kab_device_by_thumbprint(&s->w, d.thumbprint, d.activation, &other_phone, &got),
        KAB_E_NOT_FOUND);
    assert_int_equal(kab_device_insert(&s->w, &again), KAB_OK);
    assert_int_equal(
        kab_device_by_thumbprint(&s->w, d.thumbprint, kab_uuid_new(s->w.env), &phone, &got),
        KAB_E_NOT_FOUND);
}

static void test_a_life(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    kab_device_t d = make(s, true, KAB_DEVICE_PENDING), live[KAB_DEVICES];
    unsigned n;
    d.attempts = 1;
    assert_int_equal(kab_device_update(&s->w, &d, KAB_DEVICE_PENDING), KAB_OK);
    assert_int_equal(kab_device_live(&s->w, d.account, &phone, live, &n), KAB_OK);
    assert_int_equal(n, 0);
    d.state = KAB_DEVICE_HELD;
    d.held_until = s->now + KAB_DAY;
    d.weak = true;
    assert_int_equal(kab_device_update(&s->w, &d, KAB_DEVICE_ACTIVE), KAB_E_WRONG_STATE);
    assert_int_equal(kab_device_update(&s->w, &d, KAB_DEVICE_PENDING), KAB_OK);
    assert_int_equal(kab_device_live(&s->w, d.account, &phone, live, &n), KAB_OK);
    assert_int_equal(n, 0);
    s->now += KAB_DAY;
    assert_int_equal(kab_device_live(&s->w, d.account, &phone, live, &n), KAB_OK);
    assert_true(n == 1 && live[0].weak && live[0].attempts == 1);
    assert_int_equal(live[0].state, KAB_DEVICE_ACTIVE);
    assert_int_equal(live[0].active_at, begun + KAB_DAY);
    assert_int_equal(kab_device_live(&s->w, d.account, &other_phone, live, &n), KAB_OK);
    assert_int_equal(n, 0);
    assert_int_equal(kab_device_get(&s->w, d.id, &d), KAB_OK);
    d.state = KAB_DEVICE_REMOVED;
    assert_int_equal(kab_device_update(&s->w, &d, KAB_DEVICE_HELD), KAB_E_WRONG_STATE);
    assert_int_equal(kab_device_update(&s->w, &d, KAB_DEVICE_ACTIVE), KAB_OK);
    assert_int_equal(kab_device_live(&s->w, d.account, &phone, live, &n), KAB_OK);
    assert_int_equal(n, 0);
    assert_int_equal(kab_device_get(&s->w, d.id, &d), KAB_OK);
    assert_true(d.state == KAB_DEVICE_REMOVED && d.removed_at == s->now && d.push_token.n == 0);
    assert_int_equal(kab_device_set_push_token(&s->w, d.id, KAB_SPAN("x")), KAB_E_NOT_FOUND);
    s->now = begun;
}

static void test_newest_first_and_no_more_than_eight(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    kab_device_t d = make(s, true, KAB_DEVICE_ACTIVE), live[KAB_DEVICES];
    unsigned n;
    for (int i = 0; i < 10; i++) {
        s->now += KAB_SECOND;
        d.activation = kab_uuid_new(s->w.env);
        assert_int_equal(kab_device_insert(&s->w, &d), KAB_OK);
    }
    assert_int_equal(kab_device_live(&s->w, d.account, &phone, live, &n), KAB_OK);
    assert_int_equal(n, KAB_DEVICES);
    assert_memory_equal(live[0].id.b, d.id.b, 16);
    assert_int_equal(live[7].created_at, begun + 3 * KAB_SECOND);
    s->now = begun;
}

static void test_push_token(void **state)
{
    store_t *s = *state;
    kab_device_t d = make(s, true, KAB_DEVICE_ACTIVE), got;
    assert_int_equal(kab_device_set_push_token(&s->w, d.id, KAB_SPAN("renewed")), KAB_OK);
    assert_int_equal(kab_device_get(&s->w, d.id, &got), KAB_OK);
    assert_true(kab_span_is(got.push_token, "renewed"));
    d.attempts = 2; /* as it was read, for the token is not bound */
    assert_int_equal(kab_device_update(&s->w, &d, KAB_DEVICE_ACTIVE), KAB_OK);
    assert_int_equal(kab_device_get(&s->w, d.id, &got), KAB_OK);
    assert_true(kab_span_is(got.push_token, "renewed"));
    assert_int_equal(kab_device_set_push_token(&s->w, d.id, KAB_NONE), KAB_OK);
    assert_int_equal(kab_device_get(&s->w, d.id, &got), KAB_OK);
    assert_int_equal(got.push_token.n, 0);
}

static void test_of_two_tries_one_is_written(void **state)
{
    store_t *s = *state;
    kab_log_t log = {0};
    kab_world_t second = store_second(s, &log);
    kab_device_t d = make(s, true, KAB_DEVICE_PENDING), mine, theirs;
    assert_int_equal(kab_device_get(&s->w, d.id, &mine), KAB_OK);
    assert_int_equal(kab_device_get(&second, d.id, &theirs), KAB_OK);
    mine.attempts++;
    theirs.attempts++;
    assert_int_equal(kab_device_update(&second, &theirs, KAB_DEVICE_PENDING), KAB_OK);
    assert_int_equal(kab_device_update(&s->w, &mine, KAB_DEVICE_PENDING), KAB_E_WRONG_STATE);
    theirs.attempts++;
    assert_int_equal(kab_device_update(&second, &theirs, KAB_DEVICE_PENDING), KAB_OK);
    assert_int_equal(kab_device_get(&s->w, d.id, &mine), KAB_OK);
    assert_int_equal(mine.attempts, 2);
    kab_arena_close(second.arena);
}

static void test_a_changed_row_is_not_found_and_audited(void **state)
{
    store_t *s = *state;
    static const char *const harms[] = {
        "state = 'active'", "weak = true", "held_until = now()",
        "attempts = 1",     "drawn = mac", "thumbprint = reverse(thumbprint)",
        "mac_key = 7",      "mac = drawn", "public_key = drawn || drawn",
    };
    for (size_t i = 0; i < sizeof harms / sizeof *harms; i++) {
        kab_device_t d = make(s, true, KAB_DEVICE_PENDING), got;
        sql_on(s, &d, harms[i]);
        assert_int_equal(kab_device_get(&s->w, d.id, &got), KAB_E_NOT_FOUND);
        assert_int_equal(store_tampered(s, d.account), 1);
    }
}

static void test_a_moved_row_is_not_found_and_audited(void **state)
{
    store_t *s = *state;
    kab_device_t mine = make(s, true, KAB_DEVICE_ACTIVE), live[KAB_DEVICES];
    kab_device_t victim = make(s, true, KAB_DEVICE_ACTIVE);
    unsigned n;
    sql_on(s, &mine, kab_format(s->w.arena, "account = '%s'", store_id(s, victim.account)));
    assert_int_equal(kab_device_live(&s->w, victim.account, &phone, live, &n), KAB_OK);
    assert_int_equal(n, 1); /* the other one is still found */
    assert_memory_equal(live[0].id.b, victim.id.b, 16);
    assert_int_equal(store_tampered(s, victim.account), 1);
    assert_true(log_has(s, "changed row refused: device"));
    /* Another row's number, sealed for that row. */
    kab_device_t third = make(s, true, KAB_DEVICE_ACTIVE);
    sql_on(s, &third,
           kab_format(s->w.arena, "phone = (SELECT phone FROM device WHERE id = '%s')",
                      store_id(s, victim.id)));
    assert_int_equal(kab_device_get(&s->w, third.id, &mine), KAB_E_NOT_FOUND);
    assert_int_equal(store_tampered(s, third.account), 1);
}

static void test_retention(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    assert_int_equal(store_other(s, "DELETE FROM device"), KAB_OK);
    make(s, false, KAB_DEVICE_PENDING);
    make(s, true, KAB_DEVICE_ACTIVE);
    kab_device_t gone = make(s, true, KAB_DEVICE_ACTIVE);
    gone.state = KAB_DEVICE_REMOVED;
    assert_int_equal(kab_device_update(&s->w, &gone, KAB_DEVICE_ACTIVE), KAB_OK);
    s->now = begun + 29 * KAB_DAY;
    assert_int_equal(kab_retention_sweep(&s->w, &store_keep), KAB_OK);
    assert_int_equal(store_count(s, "device"), 3);
    s->now = begun + 31 * KAB_DAY;
    assert_int_equal(kab_retention_sweep(&s->w, &store_keep), KAB_OK);
    assert_int_equal(store_count(s, "device"), 2);
    s->now = begun + 3 * KAB_YEAR + KAB_DAY;
    assert_int_equal(kab_retention_sweep(&s->w, &store_keep), KAB_OK);
    assert_int_equal(store_count(s, "device WHERE state = 'active'"), 1);
    assert_int_equal(store_count(s, "device"), 1);
    s->now = begun;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_and_read),
        cmocka_unit_test(test_a_repeat_is_found),
        cmocka_unit_test(test_a_life),
        cmocka_unit_test(test_newest_first_and_no_more_than_eight),
        cmocka_unit_test(test_push_token),
        cmocka_unit_test(test_of_two_tries_one_is_written),
        cmocka_unit_test(test_a_changed_row_is_not_found_and_audited),
        cmocka_unit_test(test_a_moved_row_is_not_found_and_audited),
        cmocka_unit_test(test_retention),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

#include "rows.h"

#include "cabinet/message/outbox.h"
#include "cabinet/retention.h"

static int64_t rows_of(store_t *s, const char *where)
{
    return store_count(s, kab_format(s->w.arena, "outbox WHERE %s", where));
}

static void begin(store_t *s)
{
    assert_int_equal(store_other(s, "DELETE FROM outbox; DELETE FROM device"), KAB_OK);
}

static kab_message_t add(store_t *s, kab_outbox_kind_t kind, const char *body)
{
    kab_message_t m = {.kind = kind,
                       .account = kab_uuid_new(s->w.env),
                       .to = KAB_SPAN("+77010009223"),
                       .body = kab_span_of(body),
                       .expires_at = s->now + 10 * KAB_MINUTE};
    assert_int_equal(kab_outbox_add(&s->w, &m), KAB_OK);
    return m;
}

static unsigned lease(store_t *s, kab_message_t *out, unsigned max)
{
    unsigned n;
    assert_int_equal(kab_outbox_lease(&s->w, out, max, &n), KAB_OK);
    return n;
}

static void mark(store_t *s, kab_uuid_t id, kab_sent_t outcome, kab_time_t due)
{
    kab_sent_row_t row = {id, outcome, due};
    assert_int_equal(kab_outbox_mark(&s->w, &row, 1), KAB_OK);
}

static void test_leased_sent_erased(void **state)
{
    store_t *s = *state;
    kab_message_t out[4];
    int64_t waiting;
    kab_time_t oldest;
    begin(s);
    kab_message_t first = add(s, KAB_OUTBOX_SMS, "1234 is your code");
    s->now += KAB_SECOND;
    add(s, KAB_OUTBOX_PUSH, "{}");
    assert_int_equal(kab_outbox_backlog(&s->w, &waiting, &oldest), KAB_OK);
    assert_true(waiting == 2 && oldest == KAB_SECOND);
    assert_int_equal(lease(s, out, 1), 1);
    assert_memory_equal(out[0].id.b, first.id.b, 16);
    assert_memory_equal(out[0].account.b, first.account.b, 16);
    assert_int_equal(out[0].kind, KAB_OUTBOX_SMS);
    assert_true(kab_span_is(out[0].to, "+77010009223"));
    assert_true(kab_span_is(out[0].body, "1234 is your code"));
    assert_true(out[0].attempts == 0 && out[0].expires_at == first.expires_at);
    assert_int_equal(lease(s, out, 4), 1); /* the push; the other is taken */
    assert_int_equal(out[0].kind, KAB_OUTBOX_PUSH);
    assert_int_equal(lease(s, out, 4), 0);
    mark(s, first.id, KAB_SENT_OK, 0);
    assert_int_equal(rows_of(s, "state = 'sent' AND body IS NULL AND recipient IS NULL"), 1);
    mark(s, first.id, KAB_SENT_NEVER, 0); /* a late one changes nothing */
    assert_int_equal(rows_of(s, "state = 'sent'"), 1);
}

static void test_nothing_stands_bare(void **state)
{
    store_t *s = *state;
    begin(s);
    add(s, KAB_OUTBOX_SMS, "1234 is your code");
    assert_int_equal(rows_of(s, "position('9223'::bytea IN recipient) > 0"
                                " OR position('1234'::bytea IN body) > 0"),
                     0);
}

static void test_a_crash_lets_the_lease_run_out(void **state)
{
    store_t *s = *state;
    kab_message_t out[1];
    begin(s);
    kab_message_t m = add(s, KAB_OUTBOX_SMS, "x");
    assert_int_equal(lease(s, out, 1), 1);
    s->now += (KAB_OUTBOX_LEASE - 1) * KAB_SECOND;
    assert_int_equal(lease(s, out, 1), 0);
    s->now += KAB_SECOND;
    assert_int_equal(lease(s, out, 1), 1);
    assert_memory_equal(out[0].id.b, m.id.b, 16);
    assert_int_equal(out[0].attempts, 1);
}

static void test_later_and_never(void **state)
{
    store_t *s = *state;
    kab_message_t out[1];
    begin(s);
    kab_message_t m = add(s, KAB_OUTBOX_SMS, "x");
    assert_int_equal(lease(s, out, 1), 1);
    mark(s, m.id, KAB_SENT_LATER, s->now + 5 * KAB_SECOND);
    s->now += 4 * KAB_SECOND;
    assert_int_equal(lease(s, out, 1), 0);
    s->now += KAB_SECOND;
    assert_int_equal(lease(s, out, 1), 1);
    assert_true(kab_span_is(out[0].body, "x"));
    mark(s, m.id, KAB_SENT_NEVER, 0);
    assert_int_equal(rows_of(s, "state = 'failed' AND body IS NULL"), 1);
    m = add(s, KAB_OUTBOX_SMS, "y");
    assert_int_equal(lease(s, out, 1), 1);
    mark(s, m.id, KAB_SENT_LATER, m.expires_at); /* that would be too late */
    assert_int_equal(rows_of(s, "state = 'expired' AND body IS NULL"), 1);
}

static void test_expired_ones_are_erased_unsent(void **state)
{
    store_t *s = *state;
    kab_message_t out[4];
    int64_t waiting;
    kab_time_t oldest;
    begin(s);
    add(s, KAB_OUTBOX_SMS, "leased when it expires");
    s->now += 10 * KAB_MINUTE - KAB_SECOND;
    assert_int_equal(lease(s, out, 4), 1);
    add(s, KAB_OUTBOX_SMS, "never leased");
    s->now += 10 * KAB_SECOND;
    assert_int_equal(lease(s, out, 1), 1);
    mark(s, out[0].id, KAB_SENT_LATER, s->now);
    assert_int_equal(rows_of(s, "state = 'waiting'"), 2);
    s->now += 11 * KAB_MINUTE;
    assert_int_equal(kab_outbox_backlog(&s->w, &waiting, &oldest), KAB_OK);
    assert_true(waiting == 0 && oldest == 0);
    assert_int_equal(lease(s, out, 4), 0);
    assert_int_equal(rows_of(s, "state = 'expired' AND body IS NULL"), 2);
}

static void test_void_is_written_alike_and_never_sent(void **state)
{
    store_t *s = *state;
    kab_message_t out[4], none = {.kind = KAB_OUTBOX_VOID,
                                  .to = KAB_SPAN("+77010009223"),
                                  .body = KAB_SPAN("0000 is your code"),
                                  .expires_at = s->now + KAB_MINUTE};
    int64_t waiting;
    kab_time_t oldest;
    begin(s);
    uint64_t before = kab_pg_statements(s->w.db.pg);
    add(s, KAB_OUTBOX_SMS, "1234 is your code");
    uint64_t one = kab_pg_statements(s->w.db.pg) - before;
    assert_int_equal(kab_outbox_add(&s->w, &none), KAB_OK);
    assert_int_equal(kab_pg_statements(s->w.db.pg) - before, 2 * one);
    assert_int_equal(rows_of(s, "kind = 'void' AND account IS NULL"), 1);
    assert_int_equal(rows_of(s, "length(body) = (SELECT max(length(body)) FROM outbox)"), 2);
    assert_int_equal(lease(s, out, 4), 1);
    assert_int_equal(out[0].kind, KAB_OUTBOX_SMS);
    assert_int_equal(kab_outbox_backlog(&s->w, &waiting, &oldest), KAB_OK);
    assert_int_equal(waiting, 1);
    s->now += KAB_MINUTE;
    lease(s, out, 4);
    assert_int_equal(rows_of(s, "kind = 'void' AND state = 'expired' AND body IS NULL"), 1);
}

static void test_a_moved_body_is_refused_and_audited(void **state)
{
    store_t *s = *state;
    kab_message_t out[4];
    begin(s);
    kab_message_t good = add(s, KAB_OUTBOX_SMS, "mine");
    kab_message_t bad = add(s, KAB_OUTBOX_SMS, "yours");
    assert_int_equal(
        store_other(s, kab_format(s->w.arena,
                                  "UPDATE outbox SET recipient = (SELECT recipient FROM outbox"
                                  " WHERE id = '%s') WHERE id = '%s'",
                                  store_id(s, good.id), store_id(s, bad.id))),
        KAB_OK);
    assert_int_equal(lease(s, out, 4), 1);
    assert_memory_equal(out[0].id.b, good.id.b, 16);
    assert_int_equal(rows_of(s, "state = 'failed' AND body IS NULL"), 1);
    assert_int_equal(store_tampered(s, bad.account), 1);
}

static void with_token(store_t *s, kab_uuid_t id, kab_time_t at)
{
    static const kab_sql_t sql = {
        "with_token",
        "INSERT INTO device (id, state, public_key, thumbprint, platform, phone_index,"
        " phone_index_key, phone, push_token, push_token_at, weak, created_at, drawn,"
        " attempts, sends, mac, mac_key) SELECT $1, 'active', h || h,"
        " rpad('x', 43), 'cli', h, 1, h, h, $2, false, $2, h, 0, 0, h, 1"
        " FROM (SELECT decode(repeat('00', 32), 'hex') AS h) x"};
    kab_param_t params[] = {kab_p_uuid(&id), kab_p_time(at)};
    assert_int_equal(kab_pg_exec(&s->w.db, &sql, params, 2, NULL), KAB_OK);
}

static void test_an_unknown_token_is_retired_unless_renewed(void **state)
{
    store_t *s = *state;
    static const kab_sql_t sql = {"tokens", "SELECT push_token IS NULL FROM device WHERE id = $1"};
    begin(s);
    for (int renewed = 0; renewed < 2; renewed++) {
        kab_rows_t *rows;
        kab_message_t m = {.kind = KAB_OUTBOX_PUSH,
                           .device = kab_uuid_new(s->w.env),
                           .to = KAB_SPAN("+77010009223"),
                           .body = KAB_SPAN("{}"),
                           .expires_at = s->now + KAB_MINUTE};
        with_token(s, m.device, s->now + renewed);
        assert_int_equal(kab_outbox_add(&s->w, &m), KAB_OK);
        mark(s, m.id, KAB_SENT_UNKNOWN_DEVICE, 0);
        kab_param_t param = kab_p_uuid(&m.device);
        assert_int_equal(kab_pg_exec(&s->w.db, &sql, &param, 1, &rows), KAB_OK);
        assert_int_equal(kab_rows_bool(rows, 0, 0), !renewed);
    }
    assert_int_equal(rows_of(s, "state = 'failed'"), 2);
}

/* ---- as operators see it ---- */

static unsigned listed(store_t *s, kab_outbox_state_t state, kab_outbox_row_t *out, unsigned max)
{
    unsigned n;
    assert_int_equal(kab_outbox_list(&s->w, state, out, max, &n), KAB_OK);
    return n;
}

static unsigned retried(store_t *s, const kab_uuid_t *id)
{
    unsigned n;
    assert_int_equal(kab_outbox_retry(&s->w, id, &n), KAB_OK);
    return n;
}

static void test_operators_see_what_waits(void **state)
{
    store_t *s = *state;
    kab_message_t out[4];
    kab_outbox_row_t rows[4];
    begin(s);
    kab_message_t first = add(s, KAB_OUTBOX_SMS, "1234 is your code");
    kab_message_t second = add(s, KAB_OUTBOX_PUSH, "{}"), third = add(s, KAB_OUTBOX_SMS, "5678");
    add(s, KAB_OUTBOX_VOID, "nobody's");
    assert_int_equal(lease(s, out, 2), 2);
    mark(s, first.id, KAB_SENT_LATER, s->now + 5 * KAB_MINUTE);
    assert_int_equal(listed(s, KAB_OUTBOX_WAITING, rows, 4), 3);
    assert_memory_equal(rows[0].id.b, third.id.b, 16); /* due first */
    assert_memory_equal(rows[1].id.b, second.id.b, 16);
    assert_memory_equal(rows[2].id.b, first.id.b, 16);
    assert_true(kab_span_is(rows[1].kind, "push") && kab_span_is(rows[2].kind, "sms"));
    assert_memory_equal(rows[2].account.b, first.account.b, 16);
    assert_true(rows[2].attempts == 1 && rows[2].due_at == s->now + 5 * KAB_MINUTE);
    assert_true(rows[2].expires_at == first.expires_at && rows[2].done_at == 0);
    assert_int_equal(listed(s, KAB_OUTBOX_WAITING, rows, 2), 2);
    mark(s, second.id, KAB_SENT_NEVER, 0);
    s->now += KAB_SECOND;
    mark(s, first.id, KAB_SENT_NEVER, 0);
    assert_int_equal(listed(s, KAB_OUTBOX_FAILED, rows, 4), 2);
    assert_memory_equal(rows[0].id.b, first.id.b, 16); /* newest first */
    assert_true(rows[0].done_at == s->now);
    assert_int_equal(listed(s, KAB_OUTBOX_SENT, rows, 4), 0);
    assert_int_equal(listed(s, KAB_OUTBOX_EXPIRED, rows, 4), 0);
}

/* A message in a worker's hands is not given to a second one. */
static void test_a_retry_moves_those_that_wait(void **state)
{
    store_t *s = *state;
    kab_message_t out[4];
    begin(s);
    kab_message_t far = add(s, KAB_OUTBOX_SMS, "1"), other = add(s, KAB_OUTBOX_SMS, "2"),
                  held = add(s, KAB_OUTBOX_SMS, "3"), gone = add(s, KAB_OUTBOX_SMS, "4");
    assert_int_equal(lease(s, out, 4), 4);
    mark(s, far.id, KAB_SENT_LATER, s->now + 5 * KAB_MINUTE);
    mark(s, other.id, KAB_SENT_LATER, s->now + 6 * KAB_MINUTE);
    mark(s, gone.id, KAB_SENT_NEVER, 0);
    assert_int_equal(lease(s, out, 4), 0);
    assert_int_equal(retried(s, &held.id), 0);
    assert_int_equal(retried(s, &gone.id), 0);
    assert_int_equal(lease(s, out, 4), 0);
    assert_int_equal(retried(s, &other.id), 1);
    assert_int_equal(lease(s, out, 4), 1);
    assert_memory_equal(out[0].id.b, other.id.b, 16);
    assert_true(kab_span_is(out[0].body, "2"));
    assert_int_equal(retried(s, NULL), 1); /* the other one is leased anew */
    assert_int_equal(lease(s, out, 4), 1);
    assert_memory_equal(out[0].id.b, far.id.b, 16);
    mark(s, far.id, KAB_SENT_LATER, s->now + 9 * KAB_MINUTE);
    s->now += 10 * KAB_MINUTE + KAB_SECOND;
    assert_int_equal(retried(s, NULL), 0); /* expired: not sent afterwards */
    s->now -= 10 * KAB_MINUTE + KAB_SECOND;
}

static void test_retention(void **state)
{
    store_t *s = *state;
    kab_time_t now = s->now;
    begin(s);
    kab_message_t m = add(s, KAB_OUTBOX_SMS, "x");
    mark(s, m.id, KAB_SENT_OK, 0);
    s->now = now + 29 * KAB_DAY;
    add(s, KAB_OUTBOX_SMS, "waits");
    assert_int_equal(kab_retention_sweep(&s->w, &store_keep), KAB_OK);
    assert_int_equal(rows_of(s, "true"), 2);
    s->now = now + 31 * KAB_DAY;
    assert_int_equal(kab_retention_sweep(&s->w, &store_keep), KAB_OK);
    assert_int_equal(rows_of(s, "true"), 1);
    s->now = now;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leased_sent_erased),
        cmocka_unit_test(test_nothing_stands_bare),
        cmocka_unit_test(test_a_crash_lets_the_lease_run_out),
        cmocka_unit_test(test_later_and_never),
        cmocka_unit_test(test_expired_ones_are_erased_unsent),
        cmocka_unit_test(test_void_is_written_alike_and_never_sent),
        cmocka_unit_test(test_a_moved_body_is_refused_and_audited),
        cmocka_unit_test(test_an_unknown_token_is_retired_unless_renewed),
        cmocka_unit_test(test_operators_see_what_waits),
        cmocka_unit_test(test_a_retry_moves_those_that_wait),
        cmocka_unit_test(test_retention),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

#include "chain.h"

#include "cabinet/person/account.h"
#include "cabinet/person/child.h"
#include "cabinet/person/consent.h"
#include "cabinet/record/record.h"
#include "cabinet/retention.h"

static const kab_origin_t origin = {{1}, {(const uint8_t *)"ua", 2}, {NULL, 0}};

static kab_account_t account(store_t *s)
{
    kab_account_t a = {.iin = store_iin(s), .locale = "ru"};
    assert_int_equal(kab_account_create(&s->w, &a), KAB_OK);
    return a;
}

static int64_t number(store_t *s, const char *sql_text)
{
    kab_rows_t *rows;
    kab_sql_t *sql = kab_alloc(s->w.arena, sizeof *sql); /* an address of its own */
    *sql = (kab_sql_t){"number", sql_text};
    assert_int_equal(kab_pg_exec(&s->w.db, sql, NULL, 0, &rows), KAB_OK);
    return kab_rows_int(rows, 0, 0);
}

static int64_t consents(store_t *s, const kab_account_t *a)
{
    char id[KAB_UUID_SIZE];
    kab_uuid_text(a->id, id);
    return number(s,
                  kab_format(s->w.arena, "SELECT count(*) FROM consent WHERE account = '%s'", id));
}

static void test_consents(void **state)
{
    store_t *s = *state;
    kab_account_t a = account(s);
    kab_consent_doc_t terms = {.kind = "terms", .version = "1"},
                      other = {.kind = "notifications", .version = "1"};
    kab_consent_row_t *rows;
    unsigned n;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kab_consent_give(&s->w, a.id, &terms, 0, &origin), KAB_OK);
        assert_int_equal(kab_consent_give(&s->w, a.id, &other, 1, &origin), KAB_OK);
    }
    assert_int_equal(consents(s, &a), 2);
    memcpy(terms.version, "2", 2);
    assert_int_equal(kab_consent_give(&s->w, a.id, &terms, 0, &origin), KAB_OK);
    assert_int_equal(kab_consent_give(&s->w, a.id, &terms, 0, &origin), KAB_OK);
    assert_int_equal(consents(s, &a), 3);
    assert_int_equal(kab_consent_withdraw(&s->w, a.id, KAB_SPAN("terms")), KAB_OK);
    assert_int_equal(kab_consent_withdraw(&s->w, a.id, KAB_SPAN("terms")), KAB_E_NOT_FOUND);
    assert_int_equal(kab_consent_list(&s->w, a.id, &rows, &n), KAB_OK);
    assert_int_equal(n, 2);
    assert_true(kab_span_is(rows[1].kind, "terms") && kab_span_is(rows[1].version, "2"));
    assert_true(rows[1].withdrawn_at == s->now && rows[0].withdrawn_at == 0);
    assert_int_equal(kab_consent_give(&s->w, a.id, &terms, 2, &origin), KAB_OK);
    assert_int_equal(consents(s, &a), 4);
}

static void test_children(void **state)
{
    store_t *s = *state;
    kab_account_t a = account(s), b = account(s);
    kab_child_t child = {.iin = store_iin(s),
                         .certificate = {"IЖБ123456"},
                         .parent = {a.iin, b.iin},
                         .has_second = true};
    bool changed;
    assert_int_equal(kab_child_import(&s->w, &child, &a.id, &changed), KAB_OK);
    assert_true(changed);
    assert_int_equal(kab_child_import(&s->w, &child, &a.id, &changed), KAB_OK);
    assert_false(changed);
    assert_int_equal(kab_child_import(&s->w, &child, &b.id, &changed), KAB_OK);
    assert_false(changed); /* somebody holds the child */
    child.kindergarten = true;
    assert_int_equal(kab_child_import(&s->w, &child, NULL, &changed), KAB_OK);
    assert_true(changed);
    static const kab_sql_t sql = {"guardian", "SELECT id, account, since, mac FROM guardianship"
                                              " WHERE child = $1"};
    kab_rows_t *rows;
    kab_param_t param = kab_p_uuid(&child.id);
    assert_int_equal(kab_pg_exec(&s->w.db, &sql, &param, 1, &rows), KAB_OK);
    assert_int_equal(kab_rows_count(rows), 1);
    kab_uuid_t id = kab_rows_uuid(rows, 0, 0), holder = kab_rows_uuid(rows, 0, 1);
    const kab_key_t *key = kab_key_current(s->ring, KAB_KEY_AUDIT);
    uint8_t mac[KAB_INDEX_BYTES];
    assert_memory_equal(holder.b, a.id.b, 16);
    kab_guardian_mac(key, &id, &child.id, &a.id, kab_rows_time(rows, 0, 2), mac);
    assert_memory_equal(mac, kab_rows_span(rows, 0, 3).p, sizeof mac);
    kab_guardian_mac(key, &id, &child.id, &b.id, kab_rows_time(rows, 0, 2), mac);
    assert_memory_not_equal(mac, kab_rows_span(rows, 0, 3).p, sizeof mac);
}

static void test_audit(void **state)
{
    store_t *s = *state;
    int64_t head_number = 0, rows, bad;
    uint8_t head[32];
    char hex[KAB_HEX_SIZE(32)];
    const char *why;
    assert_int_equal(store_other(s, "DELETE FROM audit; UPDATE audit_chain SET number = 0,"
                                    " link = decode(repeat('00', 32), 'hex')"),
                     KAB_OK);
    add_rows(s, 5);
    assert_int_equal(kab_audit_seal(&s->w, &head_number, head), KAB_OK);
    assert_int_equal(head_number, 5);
    s->now += 3 * KAB_DAY; /* other days' keys */
    add_rows(s, 1500);     /* more than one batch, more than one page */
    assert_int_equal(kab_audit_seal(&s->w, &head_number, head), KAB_OK);
    assert_int_equal(kab_audit_seal(&s->w, &head_number, head), KAB_OK);
    assert_int_equal(head_number, 1505);
    kab_hex(head, 32, hex);
    const char *noted = kab_format(s->w.arena, "1505 %s", hex);
    add_rows(s, 3); /* not sealed yet */
    assert_int_equal(kab_audit_verify(&s->w, kab_span_of(noted), &rows, &bad, &why), KAB_OK);
    assert_int_equal(rows, 1508);
    tamper(s, "", "UPDATE audit SET actor = 'operator:x' WHERE number = 7", 7);
    tamper(s, "", "UPDATE audit SET account = NULL WHERE number = 2", 2);
    tamper(s, "", "UPDATE audit SET at = at + interval '1 us' WHERE number = 900", 900);
    tamper(s, "", "UPDATE audit SET details = NULL WHERE number = 3", 3);
    tamper(s, "", "DELETE FROM audit WHERE number = 700", 700);
    tamper(s, "",
           "DELETE FROM audit WHERE number = 700;"
           "UPDATE audit SET number = number - 10000 WHERE number > 700;"
           "UPDATE audit SET number = number + 9999 WHERE number < 0;"
           "UPDATE audit_chain SET number = 1504",
           700);
    tamper(s, "", "DELETE FROM audit WHERE number > 1490", 1491);
    tamper(s, "",
           "UPDATE audit SET number = -1 WHERE number = 10;"
           "UPDATE audit SET number = 10 WHERE number = 11;"
           "UPDATE audit SET number = 11 WHERE number = -1",
           10);
    tamper(s, "", "UPDATE audit SET kind = 'sign_out' WHERE number IS NULL", 1506);
    /* The tail and the head beside it: only a head noted elsewhere tells. */
    static const char tail[] = "DELETE FROM audit WHERE number > 1490; UPDATE audit_chain SET"
                               " (number, link) = (SELECT number, link FROM audit"
                               " WHERE number = 1490)";
    tamper(s, noted, tail, 1491);
    verify(s, "5 zz", KAB_E_INTERNAL, 0);
    hex[0] = hex[0] == '0' ? '1' : '0';
    verify(s, kab_format(s->w.arena, "1505 %s", hex), KAB_E_INTERNAL, 1506);
}

static void test_events_are_sealed(void **state)
{
    store_t *s = *state;
    kab_account_t a = account(s);
    assert_int_equal(kab_event_add(&s->w, &a.id, KAB_EV_SIGN_IN, KAB_SPAN("{\"x\":1}"), &origin),
                     KAB_OK);
    assert_int_equal(kab_event_add(&s->w, NULL, KAB_EV_SIGN_IN_FAILED, KAB_NONE, &origin), KAB_OK);
    assert_int_equal(number(s,
                            "SELECT count(*) FROM event WHERE position('x'::bytea IN details) > 0"
                            " AND length(details) < 12"),
                     0);
    for (int kind = 0; kind < KAB_EV_KINDS; kind++) {
        assert_non_null(kab_event_name((kab_event_kind_t)kind));
    }
}

static void test_retention(void **state)
{
    store_t *s = *state;
    kab_time_t now = s->now;
    kab_account_t a = account(s);
    uint8_t browser[32] = {1};
    assert_int_equal(kab_event_add(&s->w, &a.id, KAB_EV_SIGN_IN, KAB_NONE, NULL), KAB_OK);
    assert_int_equal(kab_account_know_browser(&s->w, a.id, browser), KAB_OK);
    assert_int_equal(
        store_other(s, "INSERT INTO flow_commit SELECT 'sweep', g, now() - interval '9 d', NULL"
                       " FROM generate_series(1, 2500) g;"
                       "INSERT INTO session_end (session, at) SELECT"
                       " decode(repeat('00', 32), 'hex'), now() - interval '9 d'"),
        KAB_OK);
    assert_int_equal(kab_retention_sweep(&s->w, &store_keep), KAB_OK);
    assert_int_equal(number(s, "SELECT count(*) FROM flow_commit WHERE flow = 'sweep'"), 0);
    assert_true(number(s, "SELECT count(*) FROM event") > 0);
    s->now = now + 400 * KAB_DAY;
    assert_int_equal(kab_retention_sweep(&s->w, &store_keep), KAB_OK);
    assert_int_equal(number(s, "SELECT count(*) FROM event"), 0);
    assert_int_equal(number(s, "SELECT count(*) FROM known_browser"), 0);
    assert_int_equal(number(s, "SELECT count(*) FROM session"), 0);
    assert_true(number(s, "SELECT count(*) FROM consent") > 0);
    s->now = now;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_consents),  cmocka_unit_test(test_children),
        cmocka_unit_test(test_audit),     cmocka_unit_test(test_events_are_sealed),
        cmocka_unit_test(test_retention),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

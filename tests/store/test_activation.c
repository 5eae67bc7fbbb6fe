#include "rows.h"

#include <pthread.h>

#include "cabinet/proof/activation.h"
#include "cabinet/retention.h"
#include "identity/app/proof.h"

static kab_activation_t wanted(store_t *s, bool has_account)
{
    return (kab_activation_t){.flow = kab_span_of(store_id(s, kab_uuid_new(s->w.env))),
                              .generation = 1,
                              .has_account = has_account,
                              .account = has_account ? kab_uuid_new(s->w.env) : (kab_uuid_t){{0}},
                              .iin = store_iin(s),
                              .locale = "ru"};
}

static kab_activation_t open_one(store_t *s, bool has_account)
{
    kab_activation_t a = wanted(s, has_account);
    assert_int_equal(kab_activation_open(&s->w, &a), KAB_OK);
    return a;
}

static kab_err_t by_otp(store_t *s, const kab_activation_t *a, kab_activation_t *out)
{
    char *otp = kab_alloc(s->w.arena, KAB_OTP_DIGITS + 1);
    kab_otp_make(s->ring, a->flow, a->generation, otp);
    return kab_activation_find(&s->w, kab_span_of(otp), KAB_NONE, out);
}

static kab_err_t by_qr(store_t *s, const kab_activation_t *a, kab_activation_t *out)
{
    char *qr = kab_alloc(s->w.arena, KAB_QR_SECRET + 1);
    kab_qr_secret(s->ring, "activation", a->flow, a->generation, qr);
    return kab_activation_find(&s->w, KAB_NONE, kab_span_of(qr), out);
}

static void assert_same(const kab_activation_t *a, const kab_activation_t *b)
{
    assert_memory_equal(a->id.b, b->id.b, 16);
    assert_true(kab_span_eq(a->flow, b->flow) && a->generation == b->generation);
    assert_int_equal(a->has_account, b->has_account);
    assert_memory_equal(a->account.b, b->account.b, 16);
    assert_string_equal(a->iin.digits, b->iin.digits);
    assert_int_equal(a->expires_at, b->expires_at);
}

static void test_opened_and_found_in_every_way(void **state)
{
    store_t *s = *state;
    uint64_t cost[2];
    for (int decoy = 0; decoy < 2; decoy++) {
        kab_activation_t a = wanted(s, !decoy), got;
        uint64_t before = kab_pg_statements(s->w.db.pg);
        assert_int_equal(kab_activation_open(&s->w, &a), KAB_OK);
        assert_int_equal(a.expires_at, s->now + KAB_ACTIVATION_LIFE * KAB_SECOND);
        assert_int_equal(by_otp(s, &a, &got), KAB_OK);
        assert_same(&a, &got);
        assert_int_equal(by_qr(s, &a, &got), KAB_OK);
        assert_same(&a, &got);
        assert_int_equal(kab_activation_of_flow(&s->w, a.flow, a.generation, &got), KAB_OK);
        assert_same(&a, &got);
        cost[decoy] = kab_pg_statements(s->w.db.pg) - before;
    }
    assert_int_equal(cost[0], cost[1]);
    assert_int_equal(cost[0], 5);
}

static void test_wrong_ones_are_not_found(void **state)
{
    store_t *s = *state;
    kab_activation_t a = open_one(s, true), got;
    assert_int_equal(kab_activation_find(&s->w, KAB_SPAN("0000000000000"), KAB_NONE, &got),
                     KAB_E_NOT_FOUND);
    assert_int_equal(kab_activation_find(&s->w, KAB_NONE, KAB_SPAN("x"), &got), KAB_E_NOT_FOUND);
    assert_int_equal(kab_activation_find(&s->w, KAB_NONE, KAB_NONE, &got), KAB_E_NOT_FOUND);
    assert_int_equal(kab_activation_of_flow(&s->w, a.flow, 2, &got), KAB_E_NOT_FOUND);
    a.generation = 2; /* not shown yet */
    assert_int_equal(by_otp(s, &a, &got), KAB_E_NOT_FOUND);
}

static void test_found_again_until_it_ends(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    kab_activation_t a = wanted(s, true), first = a, again = a, other = a, got;
    assert_int_equal(kab_activation_open(&s->w, &first), KAB_OK);
    s->now += 9 * KAB_MINUTE;
    assert_int_equal(kab_activation_open(&s->w, &again), KAB_OK);
    assert_same(&first, &again);
    other.iin = store_iin(s); /* «Назад», another IIN */
    assert_int_equal(kab_activation_open(&s->w, &other), KAB_E_WRONG_STATE);
    other = a;
    other.has_account = false;
    assert_int_equal(kab_activation_open(&s->w, &other), KAB_E_WRONG_STATE);
    s->now += KAB_MINUTE;
    assert_int_equal(by_otp(s, &a, &got), KAB_E_NOT_FOUND);
    assert_int_equal(by_qr(s, &a, &got), KAB_E_NOT_FOUND);
    again = a;
    assert_int_equal(kab_activation_open(&s->w, &again), KAB_E_WRONG_STATE);
    again.generation = 2;
    assert_int_equal(kab_activation_open(&s->w, &again), KAB_OK);
    assert_int_equal(again.expires_at, s->now + KAB_ACTIVATION_LIFE * KAB_SECOND);
    assert_int_equal(kab_activation_of_flow(&s->w, a.flow, 1, &got), KAB_OK);
    s->now = begun;
}

static void test_used_once(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    kab_activation_t a = open_one(s, true), got;
    kab_uuid_t device = kab_uuid_new(s->w.env);
    s->now += 12 * KAB_MINUTE; /* the SMS came late, the app had asked in time */
    assert_int_equal(kab_activation_use(&s->w, a.id, device), KAB_OK);
    assert_int_equal(kab_activation_use(&s->w, a.id, device), KAB_E_WRONG_STATE);
    s->now = begun;
    assert_int_equal(by_otp(s, &a, &got), KAB_E_NOT_FOUND);
    assert_int_equal(by_qr(s, &a, &got), KAB_E_NOT_FOUND);
    assert_int_equal(kab_activation_of_flow(&s->w, a.flow, 1, &got), KAB_OK);
    assert_memory_equal(got.device.b, device.b, 16);
    assert_int_equal(got.used_at, begun + 12 * KAB_MINUTE);
    assert_int_equal(kab_activation_open(&s->w, &a), KAB_E_WRONG_STATE);
}

static void test_five_numbers(void **state)
{
    store_t *s = *state;
    kab_activation_t a = open_one(s, false), b = open_one(s, true);
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < KAB_ACTIVATION_NUMBERS; i++) {
            kab_phone_t phone = {"+77010009220"};
            phone.e164[11] = (char)('0' + i);
            assert_int_equal(kab_activation_number(&s->w, &a, &phone), KAB_OK);
            assert_int_equal(a.numbers, round == 0 ? i + 1 : KAB_ACTIVATION_NUMBERS);
        }
    }
    kab_phone_t sixth = {"+77010009229"};
    assert_int_equal(kab_activation_number(&s->w, &a, &sixth), KAB_E_THROTTLED);
    assert_int_equal(kab_activation_number(&s->w, &b, &sixth), KAB_OK);
    assert_int_equal(kab_activation_of_flow(&s->w, a.flow, 1, &b), KAB_OK);
    assert_int_equal(b.numbers, KAB_ACTIVATION_NUMBERS);
}

static void test_a_moved_row_is_not_found_and_audited(void **state)
{
    store_t *s = *state;
    static const char *const harms[] = {"account = v.account", "iin = v.iin",
                                        "expires_at = v.expires_at + interval '1 d'"};
    for (size_t i = 0; i < sizeof harms / sizeof *harms; i++) {
        kab_activation_t a = open_one(s, true), victim = open_one(s, true), got;
        const char *text = kab_format(s->w.arena,
                                      "UPDATE activation a SET %s FROM activation v"
                                      " WHERE a.id = '%s' AND v.id = '%s'",
                                      harms[i], store_id(s, a.id), store_id(s, victim.id));
        assert_int_equal(store_other(s, text), KAB_OK);
        assert_int_equal(by_otp(s, &a, &got), KAB_E_NOT_FOUND);
        assert_int_equal(store_tampered(s, i == 0 ? victim.account : a.account), 1);
    }
}

typedef struct {
    store_t *s;
    kab_world_t w;
    kab_log_t log;
    const kab_activation_t *a;
    kab_err_t found, used, err;
    bool begun;
} proof_t;

static kab_err_t prove(const kab_db_t *db, void *ctx)
{
    proof_t *p = ctx;
    kab_activation_t got;
    char otp[KAB_OTP_DIGITS + 1];
    kab_otp_make(p->w.ring, p->a->flow, p->a->generation, otp);
    p->found = kab_activation_find(&p->w, kab_span_of(otp), KAB_NONE, &got);
    __atomic_store_n(&p->begun, true, __ATOMIC_SEQ_CST);
    usleep(100000);
    p->used = p->found == KAB_OK ? kab_activation_use(&p->w, got.id, got.id) : KAB_OK;
    (void)db;
    return KAB_OK;
}

static void *prove_thread(void *ctx)
{
    proof_t *p = ctx;
    p->err = kab_pg_transaction(&p->w.db, prove, p);
    return NULL;
}

static void test_of_two_proofs_one_uses_it_up(void **state)
{
    store_t *s = *state;
    kab_activation_t a = open_one(s, true);
    proof_t first = {.s = s, .w = s->w, .a = &a}, second = {.s = s, .a = &a};
    pthread_t thread;
    second.w = store_second(s, &second.log);
    assert_int_equal(pthread_create(&thread, NULL, prove_thread, &second), 0);
    while (!__atomic_load_n(&second.begun, __ATOMIC_SEQ_CST)) {
        usleep(1000);
    }
    first.err = kab_pg_transaction(&s->w.db, prove, &first); /* waits for the other */
    pthread_join(thread, NULL);
    kab_arena_close(second.w.arena);
    assert_true(first.err == KAB_OK && second.err == KAB_OK);
    assert_true(second.found == KAB_OK && second.used == KAB_OK);
    assert_int_equal(first.found, KAB_E_NOT_FOUND);
}

static void test_retention(void **state)
{
    store_t *s = *state;
    kab_time_t begun = s->now;
    open_one(s, true);
    s->now = begun + 29 * KAB_DAY;
    assert_int_equal(kab_retention_sweep(&s->w, &store_keep), KAB_OK);
    assert_true(store_count(s, "activation") > 0);
    s->now = begun + 32 * KAB_DAY;
    assert_int_equal(kab_retention_sweep(&s->w, &store_keep), KAB_OK);
    assert_int_equal(store_count(s, "activation"), 0);
    s->now = begun;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opened_and_found_in_every_way),
        cmocka_unit_test(test_wrong_ones_are_not_found),
        cmocka_unit_test(test_found_again_until_it_ends),
        cmocka_unit_test(test_used_once),
        cmocka_unit_test(test_five_numbers),
        cmocka_unit_test(test_a_moved_row_is_not_found_and_audited),
        cmocka_unit_test(test_of_two_proofs_one_uses_it_up),
        cmocka_unit_test(test_retention),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

#include "world.h"

#include "cabinet/person/account.h"
#include "cabinet/session/session.h"

static const kab_session_limits_t limits = {1200, 28800, 3};
static const kab_origin_t origin = {{[10] = 0xff, 0xff, 10, 0, 0, 7},
                                    {(const uint8_t *)"Firefox", 7},
                                    {(const uint8_t *)"Almaty", 6}};

static kab_account_t account(store_t *s)
{
    kab_account_t a = {.iin = store_iin(s), .locale = "ru"};
    assert_int_equal(kab_account_create(&s->w, &a), KAB_OK);
    return a;
}

static kab_session_t sign_in(store_t *s, const kab_account_t *a, kab_ended_t *ended)
{
    kab_session_t x = {.account = a->id, .public_id = kab_uuid_new(s->w.env), .methods = 1};
    uint8_t browser[32] = {3};
    store_random(s, x.id, sizeof x.id);
    memcpy(x.iin, a->iin.digits, 12);
    x.auth_time = (uint32_t)(s->now / KAB_SECOND);
    x.expires_at = x.auth_time + limits.total;
    assert_int_equal(kab_session_insert(&s->w, &x, &limits, browser, &origin, ended), KAB_OK);
    return x;
}

static void del(store_t *s, const kab_session_t *x)
{
    char copy[KAB_SESSION_KEY], idle[KAB_SESSION_KEY];
    kab_session_keys(x->id, copy, idle);
    store_redis(s, kab_format(s->w.arena, "DEL %s", idle));
}

static void test_the_truth(void **state)
{
    store_t *s = *state;
    kab_account_t a = account(s);
    kab_ended_t ended = {0, NULL};
    kab_session_t x = sign_in(s, &a, &ended), out;
    assert_int_equal(kab_session_find(&s->w, &limits, x.id, &out), KAB_OK);
    assert_memory_equal(out.public_id.b, x.public_id.b, 16);
    assert_memory_equal(out.iin, x.iin, 12);
    assert_int_equal(out.expires_at, x.expires_at);
    uint8_t other[32] = {1};
    assert_int_equal(kab_session_find(&s->w, &limits, other, &out), KAB_E_NO_SESSION);
    assert_int_equal(kab_account_block(&s->w, a.id, true), KAB_OK);
    assert_int_equal(kab_session_find(&s->w, &limits, x.id, &out), KAB_E_NO_SESSION);
    assert_int_equal(kab_account_block(&s->w, a.id, false), KAB_OK);
    s->now += (kab_time_t)limits.total * KAB_SECOND;
    assert_int_equal(kab_session_find(&s->w, &limits, x.id, &out), KAB_E_NO_SESSION);
}

static void test_the_oldest_give_way(void **state)
{
    store_t *s = *state;
    kab_account_t a = account(s);
    kab_ended_t ended = {0, NULL};
    kab_session_t x[5], out;
    for (int i = 0; i < 5; i++) {
        x[i] = sign_in(s, &a, &ended);
        s->now += i % 2 * KAB_SECOND; /* some at the same moment */
    }
    assert_int_equal(ended.n, 2);
    kab_session_row_t *rows;
    unsigned n;
    assert_int_equal(kab_session_list(&s->w, a.id, &rows, &n), KAB_OK);
    assert_int_equal(n, 3);
    assert_int_equal(kab_session_find(&s->w, &limits, x[4].id, &out), KAB_OK);
    assert_true(kab_span_is(rows[0].user_agent, "Firefox"));
    assert_true(kab_span_is(rows[0].place, "Almaty"));
    assert_memory_equal(rows[0].address, origin.address, 16);
}

static void test_ending(void **state)
{
    store_t *s = *state;
    kab_account_t a = account(s), b = account(s);
    kab_ended_t ended = {0, NULL};
    kab_session_t one = sign_in(s, &a, &ended), two = sign_in(s, &a, &ended),
                  three = sign_in(s, &a, &ended), out;
    assert_int_equal(kab_session_end_public(&s->w, b.id, one.public_id, &ended), KAB_E_NOT_FOUND);
    assert_int_equal(ended.n, 0);
    assert_int_equal(kab_session_end_public(&s->w, a.id, one.public_id, &ended), KAB_OK);
    assert_int_equal(kab_session_end_public(&s->w, a.id, one.public_id, &ended), KAB_E_NOT_FOUND);
    assert_int_equal(kab_session_end_all(&s->w, a.id, two.id, &ended), KAB_OK);
    assert_int_equal(ended.n, 2);
    assert_memory_equal(ended.id[0], one.id, 32);
    assert_memory_equal(ended.id[1], three.id, 32);
    assert_int_equal(kab_session_find(&s->w, &limits, two.id, &out), KAB_OK);
    assert_int_equal(kab_session_end(&s->w, two.id, &ended), KAB_OK);
    assert_int_equal(kab_session_end(&s->w, two.id, &ended), KAB_OK);
    assert_int_equal(ended.n, 3);
    assert_int_equal(kab_session_find(&s->w, &limits, two.id, &out), KAB_E_NO_SESSION);
}

static bool holds(const kab_ended_t *ended, const uint8_t *id)
{
    for (unsigned i = 0; i < ended->n; i++) {
        if (memcmp(ended->id[i], id, 32) == 0) {
            return true;
        }
    }
    return false;
}

/* A row numbered early and committed late must still be heard. */
static void test_ended_since_overlaps(void **state)
{
    store_t *s = *state;
    kab_account_t a = account(s);
    kab_ended_t ended = {0, NULL}, heard = {0, NULL};
    kab_session_t one = sign_in(s, &a, &ended), two = sign_in(s, &a, &ended);
    char hex[KAB_HEX_SIZE(32)];
    int64_t cursor = 0;
    kab_hex(one.id, 32, hex);
    assert_int_equal(
        store_other(s,
                    kab_format(s->w.arena,
                               "BEGIN; INSERT INTO session_end (session) VALUES ('\\x%s')", hex)),
        KAB_OK);
    assert_int_equal(kab_session_end(&s->w, two.id, &ended), KAB_OK);
    assert_int_equal(kab_session_ended_since(&s->w, &cursor, 60, &heard), KAB_OK);
    assert_true(cursor > 0);
    assert_true(holds(&heard, two.id));
    assert_false(holds(&heard, one.id));
    assert_int_equal(store_other(s, "COMMIT"), KAB_OK);
    int64_t before = cursor;
    heard = (kab_ended_t){0, NULL};
    assert_int_equal(kab_session_ended_since(&s->w, &cursor, 60, &heard), KAB_OK);
    assert_true(holds(&heard, one.id));
    assert_true(cursor >= before);
    /* Older than the overlap and before the cursor: not again. */
    assert_int_equal(store_other(s, "UPDATE session_end SET at = at - interval '6 s'"), KAB_OK);
    heard = (kab_ended_t){0, NULL};
    assert_int_equal(kab_session_ended_since(&s->w, &cursor, 60, &heard), KAB_OK);
    assert_int_equal(heard.n, 0);
}

static void test_idle_ends_it(void **state)
{
    store_t *s = *state;
    kab_account_t a = account(s);
    kab_ended_t ended = {0, NULL};
    kab_session_t x = sign_in(s, &a, &ended), out;
    assert_int_equal(kab_session_find(&s->w, &limits, x.id, &out), KAB_OK);
    /* Redis remembers and the clock is gone: it ran out. */
    s->now += (kab_time_t)(limits.idle + 1) * KAB_SECOND;
    del(s, &x);
    assert_int_equal(kab_session_find(&s->w, &limits, x.id, &out), KAB_E_NO_SESSION);
}

static void test_losing_redis_ends_nothing(void **state)
{
    store_t *s = *state;
    kab_account_t a = account(s);
    kab_ended_t ended = {0, NULL};
    kab_session_t x = sign_in(s, &a, &ended), out;
    assert_int_equal(kab_session_find(&s->w, &limits, x.id, &out), KAB_OK);
    s->now += (kab_time_t)(limits.idle + 1) * KAB_SECOND;
    store_redis(s, "FLUSHALL");
    assert_int_equal(kab_session_find(&s->w, &limits, x.id, &out), KAB_OK);
    /* The clock began anew and can run out again. */
    s->now += (kab_time_t)(limits.idle + 1) * KAB_SECOND;
    del(s, &x);
    assert_int_equal(kab_session_find(&s->w, &limits, x.id, &out), KAB_E_NO_SESSION);
}

static void test_redis_away_ends_nothing(void **state)
{
    store_t *s = *state;
    static const char *const urls[] = {"unix:/nowhere"};
    kab_account_t a = account(s);
    kab_ended_t ended = {0, NULL};
    kab_session_t x = sign_in(s, &a, &ended), out;
    kab_world_t w = s->w;
    w.cache.redis = kab_redis_open(urls, 1);
    s->now += 2 * KAB_HOUR;
    assert_int_equal(kab_session_find(&w, &limits, x.id, &out), KAB_OK);
    kab_redis_close(w.cache.redis);
    /* It comes back with its epoch but without the clock that nobody could wind. */
    s->now += KAB_MINUTE;
    assert_int_equal(kab_session_find(&s->w, &limits, x.id, &out), KAB_OK);
}

static void test_copies(void **state)
{
    store_t *s = *state;
    kab_account_t a = account(s);
    kab_ended_t ended = {0, NULL};
    kab_session_t x = sign_in(s, &a, &ended), y = sign_in(s, &a, &ended), out;
    char copy[KAB_SESSION_KEY], idle[KAB_SESSION_KEY];
    kab_session_keys(x.id, copy, idle);
    kab_session_cache(&s->w, &limits, &x);
    const kab_redis_reply_t *r = store_redis(s, kab_format(s->w.arena, "GET %s", copy));
    assert_true(kab_session_unpack(s->ring, x.id, r->text, &out));
    assert_memory_equal(&out, &x, sizeof x);
    assert_false(kab_session_unpack(s->ring, y.id, r->text, &out));
    assert_in_range(store_redis(s, kab_format(s->w.arena, "TTL %s", copy))->i, 55, 60);
    assert_in_range(store_redis(s, kab_format(s->w.arena, "TTL %s", idle))->i, 1310, 1320);
    /* A look-up that read PostgreSQL before the end cannot put the copy back. */
    assert_int_equal(kab_session_end(&s->w, x.id, &ended), KAB_OK);
    kab_session_forget(&s->w, &ended);
    kab_session_cache(&s->w, &limits, &x);
    r = store_redis(s, kab_format(s->w.arena, "MGET %s %s", copy, idle));
    assert_true(kab_span_is(r->item[0].text, "-"));
    assert_int_equal(r->item[1].type, KAB_R_NIL);
    assert_false(kab_session_unpack(s->ring, x.id, r->item[0].text, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_truth),
        cmocka_unit_test(test_the_oldest_give_way),
        cmocka_unit_test(test_ending),
        cmocka_unit_test(test_ended_since_overlaps),
        cmocka_unit_test(test_idle_ends_it),
        cmocka_unit_test(test_losing_redis_ends_nothing),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_redis_away_ends_nothing), /* last: its memory lasts */
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

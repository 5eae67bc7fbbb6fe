#include "world.h"

static const kab_script_t script = {"echo", "redis.call('SET', KEYS[1], ARGV[1]) "
                                            "return {1, ARGV[1], false, {2, 3}}"};

static kab_err_t run(store_t *s, const kab_redis_reply_t **reply)
{
    kab_span_t key = KAB_SPAN("kabinet:{test}:x"), arg = KAB_SPAN("a\0b");
    return kab_redis_script(&s->w.cache, &script, &key, 1, &arg, 1, reply);
}

static void test_replies(void **state)
{
    store_t *s = *state;
    const kab_redis_reply_t *r = NULL;
    assert_int_equal(run(s, &r), KAB_OK);
    assert_int_equal(r->type, KAB_R_ARRAY);
    assert_int_equal(r->n, 4);
    assert_int_equal(r->item[0].i, 1);
    assert_true(kab_span_eq(r->item[1].text, KAB_SPAN("a\0b")));
    assert_int_equal(r->item[2].type, KAB_R_NIL);
    assert_int_equal(r->item[3].item[1].i, 3);
}

static void test_a_lost_script_is_loaded(void **state)
{
    store_t *s = *state;
    const kab_redis_reply_t *r = NULL;
    assert_int_equal(run(s, &r), KAB_OK);
    store_redis(s, "SCRIPT FLUSH");
    uint64_t before = kab_redis_commands(s->w.cache.redis);
    assert_int_equal(run(s, &r), KAB_OK);
    assert_int_equal(r->item[0].i, 1);
    assert_int_equal(kab_redis_commands(s->w.cache.redis), before + 1);
}

static const kab_script_t script_count = {"count", "return redis.call('INCR', KEYS[1])"};

/* Echo writes a text; counting it fails, counting something else does not. */
static kab_err_t run_three(store_t *s, kab_span_t counted, kab_run_t runs[3])
{
    static const kab_span_t key = KAB_SPAN("kabinet:{test}:x"), arg = KAB_SPAN("text");
    static const kab_span_t other = KAB_SPAN("kabinet:{test}:n");
    runs[0] = (kab_run_t){&script, &key, 1, &arg, 1, NULL};
    runs[1] = (kab_run_t){&script_count, &counted, 1, NULL, 0, NULL};
    runs[2] = (kab_run_t){&script_count, &other, 1, NULL, 0, NULL};
    return kab_redis_scripts(&s->w.cache, runs, 3);
}

static void test_several_at_once(void **state)
{
    store_t *s = *state;
    kab_run_t runs[3];
    kab_span_t key = KAB_SPAN("kabinet:{test}:m");
    store_redis(s, "FLUSHALL");
    for (int known = 0; known < 2; known++) {
        uint64_t before = kab_redis_commands(s->w.cache.redis);
        assert_int_equal(run_three(s, key, runs), KAB_OK);
        assert_int_equal(kab_redis_commands(s->w.cache.redis), before + 3);
        assert_true(kab_span_eq(runs[0].reply->item[1].text, KAB_SPAN("text")));
        assert_int_equal(runs[1].reply->i, known + 1);
        assert_int_equal(runs[2].reply->i, known + 1);
        if (known == 0) {
            store_redis(s, "SCRIPT FLUSH");
        }
    }
}

static void test_one_of_several_fails(void **state)
{
    store_t *s = *state;
    kab_run_t runs[3];
    store_redis(s, "FLUSHALL");
    assert_int_equal(run_three(s, KAB_SPAN("kabinet:{test}:m"), runs), KAB_OK);
    assert_int_equal(run_three(s, KAB_SPAN("kabinet:{test}:x"), runs), KAB_E_INTERNAL);
    assert_null(runs[1].reply);
    assert_int_equal(runs[2].reply->i, 2); /* the others were tried, and each has its own answer */
    assert_int_equal(run_three(s, KAB_SPAN("kabinet:{test}:m"), runs), KAB_OK);
    assert_int_equal(runs[2].reply->i, 3);
}

static void test_full(void **state)
{
    store_t *s = *state;
    store_redis(s, "CONFIG SET maxmemory 1");
    kab_err_t err = run(s, NULL);
    store_redis(s, "CONFIG SET maxmemory 0");
    assert_int_equal(err, KAB_E_UNAVAILABLE);
    assert_true(log_has(s, "redis: echo: OOM"));
    assert_int_equal(run(s, NULL), KAB_OK);
}

static void test_a_replica_is_left(void **state)
{
    store_t *s = *state;
    kab_cache_t side = {kab_redis_open(s->urls, 1), s->w.arena, NULL};
    kab_span_t ping = KAB_SPAN("PING"),
               back[] = {KAB_SPAN("REPLICAOF"), KAB_SPAN("NO"), KAB_SPAN("ONE")};
    assert_int_equal(kab_redis_command(&side, &ping, 1, NULL), KAB_OK);
    store_redis(s, "REPLICAOF 127.0.0.1 1");
    assert_int_equal(run(s, NULL), KAB_E_UNAVAILABLE);
    assert_int_equal(run(s, NULL), KAB_E_UNAVAILABLE);
    assert_int_equal(kab_redis_command(&side, back, 3, NULL), KAB_OK);
    usleep(300000);
    assert_int_equal(run(s, NULL), KAB_OK);
    kab_redis_close(side.redis);
}

static void test_a_closed_connection_is_opened_again(void **state)
{
    store_t *s = *state;
    kab_cache_t side = {kab_redis_open(s->urls, 1), s->w.arena, NULL};
    kab_span_t killing[] = {KAB_SPAN("CLIENT"), KAB_SPAN("KILL"), KAB_SPAN("TYPE"),
                            KAB_SPAN("normal")};
    assert_int_equal(run(s, NULL), KAB_OK);
    assert_int_equal(kab_redis_command(&side, killing, 4, NULL), KAB_OK);
    assert_int_equal(run(s, NULL), KAB_OK);
    kab_redis_close(side.redis);
}

static void test_silence_ends(void **state)
{
    store_t *s = *state;
    store_redis(s, "CLIENT PAUSE 1500");
    time_t begun = time(NULL);
    assert_int_equal(run(s, NULL), KAB_E_UNAVAILABLE);
    assert_true(time(NULL) - begun <= 2);
    sleep(1);
    assert_int_equal(run(s, NULL), KAB_OK);
}

static void test_nobody_there(void **state)
{
    store_t *s = *state;
    const char *urls[] = {"unix:/nowhere", "redis://127.0.0.1:1", "redis://[::1]:1", "nonsense",
                          s->urls[0]};
    kab_cache_t none = {kab_redis_open(urls, 4), s->w.arena, NULL};
    kab_cache_t last = {kab_redis_open(urls, 5), s->w.arena, NULL};
    kab_span_t ping = KAB_SPAN("PING");
    assert_int_equal(kab_redis_command(&none, &ping, 1, NULL), KAB_E_UNAVAILABLE);
    assert_int_equal(kab_redis_command(&last, &ping, 1, NULL), KAB_OK);
    kab_redis_close(none.redis);
    kab_redis_close(last.redis);
}

static void test_no_argument_is_logged(void **state)
{
    store_t *s = *state;
    kab_span_t argv[] = {KAB_SPAN("INCRBY"), KAB_SPAN("kabinet:{test}:x"),
                         KAB_SPAN("880101300012")};
    assert_int_equal(run(s, NULL), KAB_OK);
    assert_int_equal(kab_redis_command(&s->w.cache, argv, 3, NULL), KAB_E_INTERNAL);
    assert_true(log_has(s, "redis: INCRBY: ERR"));
    assert_false(log_has(s, "880101300012"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_a_lost_script_is_loaded),
        cmocka_unit_test(test_several_at_once),
        cmocka_unit_test(test_one_of_several_fails),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_a_replica_is_left),
        cmocka_unit_test(test_a_closed_connection_is_opened_again),
        cmocka_unit_test(test_silence_ends),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_no_argument_is_logged),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

/*
 * Long polls without nginx: which calls park, what wakes them, and that every change of a flow is
 * told on the wake channel once it can be read.
 */
#include <hiredis/hiredis.h>
#include <sys/time.h>

#include "gateway.h"

#define IIN "880314493312"
#define IDENTIFY "{\"iin\":\"" IIN "\",\"consents\":{\"terms\":true,\"notifications\":true}}"

static gateway_t *g;
static redisContext *ear;

static int open_all(void **state)
{
    const char *url = getenv("KAB_TEST_REDIS");
    redisReply *reply;

    (void)state;
    g = gateway_open(NULL);
    assert_int_equal(strncmp(url, "unix:", 5), 0);
    ear = redisConnectUnix(url + 5);
    assert_true(ear && !ear->err);
    reply = redisCommand(ear, "SUBSCRIBE %s", KAB_WAKE_CHANNEL);
    assert_non_null(reply);
    freeReplyObject(reply);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    redisFree(ear);
    gateway_close(g);
    return 0;
}

/* The next wake is of this flow. */
static void assert_told(const char *flow)
{
    redisReply *reply = NULL;
    struct timeval patience = {.tv_sec = 2};

    redisSetTimeout(ear, patience);
    assert_int_equal(redisGetReply(ear, (void **)&reply), REDIS_OK);
    assert_int_equal(reply->elements, 3);
    assert_string_equal(reply->element[2]->str, flow);
    freeReplyObject(reply);
}

static void assert_silence(void)
{
    redisReply *reply = NULL;
    struct timeval moment = {.tv_usec = 50000};

    redisSetTimeout(ear, moment);
    assert_int_equal(redisGetReply(ear, (void **)&reply), REDIS_ERR);
    assert_int_equal(ear->err, REDIS_ERR_IO);
    ear->err = 0; /* the connection is as good as before */
    memset(ear->errstr, 0, sizeof(ear->errstr));
}

static int version(const browser_t *b)
{
    return (int)json_integer_value(json_object_get(b->json, "version"));
}

static void begin(browser_t *b)
{
    browser_open(b, g);
    browser_call(b, "POST", "/flows", "{\"kind\":\"login\"}");
    assert_int_equal(b->status, 201);
    assert_int_equal(version(b), 1);
}

static void a_poll_parks_until_the_version_differs(void **state)
{
    browser_t b, tab;
    kab_todo_t todo;
    kab_poll_t poll;
    kab_call_t *call;

    (void)state;
    begin(&b);
    tab = b;
    tab.json = NULL;

    call = browser_begin(&b, "/flows/{flow}?wait=25&version=1", false, &todo);
    assert_int_equal(todo, KAB_TODO_DB);
    assert_true(kab_call_poll(call, &poll));
    assert_int_equal(poll.wait, 25);
    assert_memory_equal(poll.key, b.flow, KAB_WAKE_KEY);
    assert_int_equal(browser_run(&b, call), KAB_TODO_PARK);

    browser_call(&tab, "POST", "/flows/{flow}/identify", IDENTIFY);
    assert_int_equal(tab.status, 200);
    assert_told(b.flow);
    call = browser_begin(&b, "/flows/{flow}?version=1&wait=25", false, &todo);
    assert_int_equal(browser_run(&b, call), KAB_TODO_REPLY);
    assert_int_equal(b.status, 200);
    assert_int_equal(version(&b), 2);
    assert_string_equal(browser_state(&b), "password");
    browser_close(&tab);
    browser_close(&b);
}

static void the_last_look_answers(void **state)
{
    browser_t b;
    kab_todo_t todo;
    kab_call_t *call;

    (void)state;
    begin(&b);
    call = browser_begin(&b, "/flows/{flow}?wait=1&version=1", true, &todo);
    assert_int_equal(browser_run(&b, call), KAB_TODO_REPLY);
    assert_int_equal(b.status, 200);
    assert_int_equal(version(&b), 1);
    browser_call(&b, "GET", "/flows/{flow}?wait=25&version=1",
                 NULL); /* kab_handle waits for nobody */
    assert_int_equal(b.status, 200);
    assert_int_equal(version(&b), 1);
    browser_close(&b);
}

static void what_cannot_wait_does_not(void **state)
{
    static const char *const paths[] = {"/flows/{flow}", "/flows/{flow}?wait=25&version=2",
                                        "/flows/{flow}?other=1",
                                        "/flows/AAAAAAAAAAAAAAAAAAAAAA?wait=25&version=1"};
    static const int statuses[] = {200, 200, 200, 404};
    browser_t b;
    kab_todo_t todo;
    kab_call_t *call;
    kab_poll_t poll;

    (void)state;
    begin(&b);
    for (size_t i = 0; i < 4; i++) {
        call = browser_begin(&b, paths[i], false, &todo);
        assert_int_equal(kab_call_poll(call, &poll), i % 2);
        assert_int_equal(browser_run(&b, call), KAB_TODO_REPLY);
        assert_int_equal(b.status, statuses[i]);
    }
    call = browser_begin(&b, "/flows/x?wait=25&version=1", false, &todo);
    assert_false(kab_call_poll(call, &poll)); /* no key can be made of this */
    assert_int_equal(browser_run(&b, call), KAB_TODO_REPLY);
    assert_int_equal(b.status, 404);
    call = browser_begin(&b, "/meta?wait=25&version=1", false, &todo);
    assert_int_equal(todo, KAB_TODO_REPLY);
    assert_false(kab_call_poll(call, &poll));
    kab_call_free(call);
    browser_close(&b);
}

static void bad_numbers_are_refused(void **state)
{
    static const char *const queries[] = {"wait=25",
                                          "version=1",
                                          "wait=0&version=1",
                                          "wait=26&version=1",
                                          "wait=-1&version=1",
                                          "wait=&version=1",
                                          "wait&version=1",
                                          "wait=025&version=1",
                                          "wait=1.5&version=1",
                                          "wait=5&version=0",
                                          "wait=5&version=x",
                                          "wait=5&version=+1",
                                          "wait=5&wait=5&version=1",
                                          "wait=5&version=1&version=1",
                                          "wait=5&version=%31",
                                          "wait=5&version=99999999999999999999",
                                          "wait=5&version=9007199254740993"};
    browser_t b;
    char path[128];

    (void)state;
    begin(&b);
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        snprintf(path, sizeof(path), "/flows/{flow}?%s", queries[i]);
        browser_call(&b, "GET", path, NULL);
        assert_int_equal(b.status, 400);
        assert_string_equal(browser_code(&b), "bad_request");
    }
    browser_call(&b, "GET", "/flows/{flow}?wait=25&version=9007199254740992", NULL);
    assert_int_equal(b.status, 200);
    browser_close(&b);
}

static void every_change_is_told(void **state)
{
    browser_t b;
    char first[64];

    (void)state;
    begin(&b);
    snprintf(first, sizeof(first), "%s", b.flow);
    assert_silence(); /* nobody can wait for a flow before it is there */
    browser_call(&b, "GET", "/flows/{flow}", NULL);
    browser_call(&b, "POST", "/flows/{flow}/password", "{\"password\":\"x\"}");
    assert_int_equal(b.status, 409);
    assert_silence();
    browser_call(&b, "POST", "/flows/{flow}/identify", IDENTIFY);
    assert_told(first);
    browser_call(&b, "POST", "/flows/{flow}/back", "{}");
    assert_told(first);
    for (unsigned i = 0; i < KAB_FLOWS_A_BROWSER; i++) {
        assert_silence();
        browser_call(&b, "POST", "/flows", "{\"kind\":\"login\"}");
        assert_int_equal(b.status, 201);
    }
    assert_told(first); /* the ninth put it out */
    browser_call(&b, "DELETE", "/flows/{flow}", NULL);
    assert_int_equal(b.status, 204);
    assert_told(b.flow);
    browser_call(&b, "GET", "/flows/{flow}?wait=25&version=1", NULL);
    assert_int_equal(b.status, 404);
    assert_silence();
    browser_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_poll_parks_until_the_version_differs),
        cmocka_unit_test(the_last_look_answers),
        cmocka_unit_test(what_cannot_wait_does_not),
        cmocka_unit_test(bad_numbers_are_refused),
        cmocka_unit_test(every_change_is_told),
    };

    return cmocka_run_group_tests_name("park", tests, open_all, close_all);
}

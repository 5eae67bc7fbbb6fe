#include "unit.h"

#include "base/json.h"

static bool reads(const char *text)
{
    json_t *object = kab_json_object(kab_span_of(text));
    bool ok = object != NULL;

    json_decref(object);
    return ok;
}

static void one_object_and_nothing_else(void **state)
{
    (void)state;
    assert_true(reads("{}"));
    assert_true(reads(" {\"a\": [1, 2.5, null, true, \"\\u0416\"]}\n"));
    assert_false(reads(""));
    assert_false(reads("[]"));
    assert_false(reads("1"));
    assert_false(reads("{} {}"));
    assert_false(reads("{}x"));
    assert_false(reads("{\"a\":1,}"));
    assert_false(reads("{'a':1}"));
    assert_false(reads("\xef\xbb\xbf{}"));
    assert_false(reads("{\"a\":01}"));
    assert_false(reads("{\"a\":1e999}"));
}

static void duplicates_are_refused(void **state)
{
    (void)state;
    assert_false(reads("{\"a\":1,\"a\":1}"));
    assert_false(reads("{\"a\":1,\"\\u0061\":2}"));
    assert_false(reads("{\"o\":{\"a\":1,\"a\":1}}"));
}

static void nul_and_bad_utf8_are_refused(void **state)
{
    (void)state;
    assert_false(reads("{\"a\":\"\\u0000\"}"));
    assert_false(reads("{\"\\u0000\":1}"));
    assert_null(kab_json_object(KAB_SPAN("{}\0")));
    assert_null(kab_json_object(KAB_SPAN("{\"a\":\"x\0y\"}")));
    assert_false(reads("{\"a\":\"\xff\"}"));
    assert_false(reads("{\"a\":\"\xc0\xaf\"}"));
    assert_false(reads("{\"a\":\"\xed\xa0\x80\"}"));
    assert_false(reads("{\"a\":\"\\ud800\"}"));
    assert_false(reads("{\"a\":\"\\ud800x\"}"));
}

static void depth_has_a_limit(void **state)
{
    static char deep[200001];

    (void)state;
    assert_true(reads("{\"a\":[[[[[[[1]]]]]]]}"));
    assert_false(reads("{\"a\":[[[[[[[[1]]]]]]]]}"));
    assert_true(reads("{\"a\":\"[[[[[[[[[[{{{{\\\"[[[[[[[[[\"}"));
    assert_true(
        reads("{\"a\\\\\":[],\"b\":[],\"c\":[],\"d\":[],\"e\":[],\"f\":[],\"g\":[],\"h\":[]}"));
    memset(deep, '[', sizeof deep - 1);
    memcpy(deep, "{\"a\":", 5);
    assert_false(reads(deep));
}

static const kab_field_t fields[] = {
    {"iin", KAB_FIELD_TEXT, true, 12},
    {"remember", KAB_FIELD_BOOL, false, 0},
    {"consents", KAB_FIELD_OBJECT, false, 0},
    {NULL, KAB_FIELD_TEXT, false, 0},
};

static void expect(const char *text, const char *field, const char *code)
{
    kab_field_errors_t errors = {0};
    json_t *object = kab_json_object(kab_span_of(text));

    assert_non_null(object);
    bool ok = kab_fields_check(object, fields, &errors);
    json_decref(object);
    assert_int_equal(ok, code == NULL);
    assert_int_equal(errors.n, code ? 1 : 0);
    if (code) {
        assert_string_equal(errors.e[0].field, field);
        assert_string_equal(errors.e[0].code, code);
    }
}

static void fields_follow_their_declaration(void **state)
{
    (void)state;
    expect("{\"iin\":\"880314493312\"}", NULL, NULL);
    expect("{\"iin\":\"\",\"remember\":false,\"consents\":{}}", NULL, NULL);
    expect("{}", "iin", "missing");
    expect("{\"iin\":880314493312}", "iin", "type");
    expect("{\"iin\":null}", "iin", "type");
    expect("{\"iin\":\"8803144933120\"}", "iin", "too_long");
    expect("{\"iin\":\"ЖЖЖЖЖЖЖ\"}", "iin", "too_long"); /* bytes, not letters */
    expect("{\"iin\":\"1\",\"remember\":\"yes\"}", "remember", "type");
    expect("{\"iin\":\"1\",\"consents\":[]}", "consents", "type");
    expect("{\"iin\":\"1\",\"admin\":true}", "", "unknown");
    expect("{\"iin\":\"1\",\"IIN\":\"1\",\"x\":1}", "", "unknown");
}

static void errors_beyond_the_list_still_count(void **state)
{
    kab_field_errors_t errors = {.n = KAB_FIELD_ERRORS};
    json_t *object = kab_json_object(KAB_SPAN("{\"x\":1}"));

    (void)state;
    assert_false(kab_fields_check(object, fields, &errors));
    assert_int_equal(errors.n, KAB_FIELD_ERRORS);
    json_decref(object);
}

static void spans_and_text(void **state)
{
    kab_arena_t *arena = kab_arena_open();
    json_t *object = kab_json_object(KAB_SPAN("{ \"a\" : \"Ж\\n\", \"b\" : 1 }"));

    (void)state;
    assert_true(kab_span_is(kab_json_span(object, "a"), "Ж\n"));
    assert_int_equal(kab_json_span(object, "b").n, 0);
    assert_int_equal(kab_json_span(object, "c").n, 0);
    assert_int_equal(kab_json_span(NULL, "c").n, 0);
    json_t *again = kab_json_object(kab_json_text(arena, object));
    assert_true(json_equal(object, again));
    json_decref(again);
    json_decref(object);
    kab_arena_close(arena);
}

static void the_allocator_is_the_wiping_one(void **state)
{
    json_malloc_t get;
    json_free_t give;

    (void)state;
    json_get_alloc_funcs(&get, &give);
    assert_ptr_not_equal(get, malloc);
    assert_ptr_not_equal(give, free);
    assert_null(get(SIZE_MAX));
    give(NULL);
    char *p = get(64);
    assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
    memset(p, 'x', 64);
    give(p);
}

/* Text in, text out, and no crash or leak between: random damage to a good body. */
static void damaged_bodies_do_no_harm(void **state)
{
    static const char good[] =
        "{\"iin\":\"880314493312\",\"a\":[1,{\"b\":\"\\u0416\"}],\"c\":true}";
    unit_dice_t dice = unit_dice();

    (void)state;
    for (int i = 0; i < 20000; i++) {
        char body[sizeof good];
        memcpy(body, good, sizeof good);
        for (uint64_t k = unit_roll(&dice) % 4; k < 4; k++) {
            body[unit_roll(&dice) % (sizeof good - 1)] = (char)unit_roll(&dice);
        }
        size_t n = unit_roll(&dice) % sizeof good;
        json_decref(kab_json_object((kab_span_t){(const uint8_t *)body, n}));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_object_and_nothing_else),
        cmocka_unit_test(duplicates_are_refused),
        cmocka_unit_test(nul_and_bad_utf8_are_refused),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(fields_follow_their_declaration),
        cmocka_unit_test(errors_beyond_the_list_still_count),
        cmocka_unit_test(spans_and_text),
        cmocka_unit_test(the_allocator_is_the_wiping_one),
        cmocka_unit_test(damaged_bodies_do_no_harm),
    };
    kab_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* brand.json: what is taken, and that each mistake is named. */
#include "unit.h"

#include "base/arena.h"
#include "kabinet.h"

#define LIGHT                                                                                      \
    "{\"brand\":\"#3a2d8f\",\"brand-deep\":\"#231a5e\",\"on-brand\":\"#ffffff\","                  \
    "\"accent\":\"#f2b84b\",\"link\":\"#4335a8\",\"focus\":\"#b86e00\"}"
#define DARK                                                                                       \
    "{\"brand\":\"#4a3cab\",\"brand-deep\":\"#2a2070\",\"on-brand\":\"#FFFFFF\","                  \
    "\"accent\":\"#f2b84b\",\"link\":\"#b3acff\",\"focus\":\"#ffc457\"}"
#define COLOURS "\"colours\":{\"light\":" LIGHT ",\"dark\":" DARK "}"
#define THREE "{\"kk\":\"Көмек\",\"ru\":\"Помощь\",\"en\":\"Help\"}"
#define LINK "{\"url\":\"https://indigo.example.kz/a?b=1&c\",\"text\":" THREE "}"
#define BRAND "{\"name\":\"INDIGO\"," COLOURS

static const char *read_as(kab_brand_t *brand, const char *json)
{
    return kab_brand_read(brand, kab_span_of(json));
}

static void bad(const char *json, const char *must_say)
{
    kab_brand_t *brand = kab_brand_new();
    const char *words = read_as(brand, json);

    if (!words || !strstr(words, must_say)) {
        fail_msg("%s: said \"%s\", not \"%s\"", json, words ? words : "nothing", must_say);
    }
    kab_brand_free(brand);
}

static void good(const char *json)
{
    kab_brand_t *brand = kab_brand_new();
    const char *words = read_as(brand, json);

    if (words) {
        fail_msg("%s: %s", json, words);
    }
    kab_brand_free(brand);
}

/* The brand with one text in it put in another's place. */
static void bad_with(const char *json, const char *old, const char *new, const char *must_say)
{
    const char *at = strstr(json, old);
    char changed[4096];

    assert_non_null(at);
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - json), json, new,
                   at + strlen(old));
    bad(changed, must_say);
}

static void test_what_is_taken(void **state)
{
    (void)state;
    kab_brand_t *brand = kab_brand_new();
    const kab_brand_facts_t *facts = kab_brand_facts(brand);

    assert_null(read_as(brand, BRAND ",\"links\":[" LINK "]}"));
    assert_true(kab_span_is(facts->name, "INDIGO"));
    assert_string_equal(facts->colour[4].role, "link");
    assert_true(kab_span_is(facts->colour[4].light, "#4335a8"));
    assert_true(kab_span_is(facts->colour[4].dark, "#b3acff"));
    assert_int_equal(facts->links, 1);
    assert_true(kab_span_is(facts->link[0], "https://indigo.example.kz/a?b=1&c"));
    assert_true(kab_span_is(facts->meta, "{\"name\":\"INDIGO\",\"links\":[" LINK "]}"));
    kab_brand_free(brand);

    good(BRAND "}");
    good(BRAND ",\"links\":[],\"texts\":{\"kk\":{},\"ru\":{},\"en\":{}}}");
    good(BRAND ",\"links\":[{\"url\":\"/kabinet/help\",\"text\":" THREE "}]}");
    good("{\"name\":\"Бала & Ko <3\"," COLOURS "}");
}

static void test_members(void **state)
{
    (void)state;
    bad("", "line");
    bad("[1]", "a brand: an object is needed");
    bad("{\n\"name\":\"INDIGO\",\n}", "line 3 is not JSON");
    bad("{\"name\":\"A\",\"name\":\"B\"}", "is not JSON");
    bad("{" COLOURS "}", "a brand: \"name\" is missing");
    bad("{\"name\":\"INDIGO\"}", "a brand: \"colours\" is missing");
    bad(BRAND ",\"logo\":\"x\"}", "a brand: \"logo\" is not known");
    bad(BRAND ",\"lo\\ngo\":\"x\"}", "\"lo?go\" is not known");
    bad("{\"name\":\"\"," COLOURS "}", "name: a text of");
    bad("{\"name\":7," COLOURS "}", "name: a text of");
    bad("{\"name\":\"A\\nB\"," COLOURS "}", "name: a text of");
    bad("{\"name\":\" A\"," COLOURS "}", "name: a text of");
}

static void test_colours(void **state)
{
    (void)state;
    bad_with(BRAND "}", ",\"dark\":" DARK, "", "colours: \"dark\" is missing");
    bad_with(BRAND "}", "\"dark\"", "\"night\":{},\"dark\"", "colours: \"night\" is not known");
    bad_with(BRAND "}", ",\"focus\":\"#b86e00\"", "", "colours.light: \"focus\" is missing");
    bad_with(BRAND "}", "\"focus\":\"#ffc457\"", "\"focus\":\"#ffc457\",\"ink\":\"#000000\"",
             "colours.dark: \"ink\" is not known");
    for (unsigned i = 0; i < 6; i++) {
        static const char *const wrong[] = {"\"#33f\"",   "\"blue\"",     "\"#3a2d8g\"",
                                            "\"3a2d8f\"", "\"#3a2d8f \"", "\"#3a2d8f00\""};
        bad_with(BRAND "}", "\"#3a2d8f\"", wrong[i], "colours.light.brand: \"");
    }
    bad_with(BRAND "}", "\"#3a2d8f\"", "7",
             "colours.light.brand: \"\" is not a colour; give #RRGGBB");
    bad_with(BRAND "}", "\"#3a2d8f\"", "\"#3a2d8f}body{color:red\"", "is not a colour");
}

/* Expected figures from WCAG's own definition, worked out elsewhere. */
static void test_contrast(void **state)
{
    (void)state;
    /* white on #777777 is 4.478, on #767676 4.542: the two sides of 4.5 */
    bad_with(BRAND "}", "#3a2d8f", "#777777",
             "colours.light.on-brand: #ffffff on #777777 has a contrast of 4.47;"
             " at least 4.5");
    bad_with(BRAND "}", "#231a5e", "#777777", "colours.light.on-brand");
    bad_with(BRAND "}", "#4335a8", "#767676", "colours.light.link: #767676 on #f3f6f7");
    bad_with(BRAND "}", "#b3acff", "#4335a8", "colours.dark.link: #4335a8 on #152329");
    bad_with(BRAND "}", "#b86e00", "#c47a00", "colours.light.focus: #c47a00 on #e6eff3");
    bad_with(BRAND "}", "#ffc457", "#404040", "colours.dark.focus: #404040 on #152329");

    static const char narrow[] =
        "{\"name\":\"A\",\"colours\":{\"light\":"
        "{\"brand\":\"#767676\",\"brand-deep\":\"#000000\",\"on-brand\":"
        "\"#ffffff\",\"accent\":\"#ffffff\",\"link\":\"#000000\",\"focus\":"
        "\"#000000\"},\"dark\":" DARK "}}";
    good(narrow);
}

static void test_links(void **state)
{
    static const char *const wrong[] = {"http://indigo.example.kz/",
                                        "//indigo.example.kz/",
                                        "javascript:alert(1)",
                                        "https://",
                                        "https:///x",
                                        "https://a b",
                                        "https://a\\\"b",
                                        "https://a<b",
                                        "",
                                        "help",
                                        "https://a\\u0001b",
                                        "https://ы.kz"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bad_with(BRAND ",\"links\":[" LINK "]}", "https://indigo.example.kz/a?b=1&c", wrong[i],
                 "links[0].url: \"");
    }
    bad(BRAND ",\"links\":{}}", "links: a list of at most 8");
    bad(BRAND ",\"links\":[1,2,3,4,5,6,7,8,9]}", "links: a list of at most 8");
    bad(BRAND ",\"links\":[" LINK ",7]}", "links[1]: an object is needed");
    bad_with(BRAND ",\"links\":[" LINK "]}", "\"url\"", "\"href\"", "links[0]: \"url\" is missing");
    bad_with(BRAND ",\"links\":[" LINK "]}", ",\"en\":\"Help\"", "",
             "links[0].text: \"en\" is missing");
    bad_with(BRAND ",\"links\":[" LINK "]}", "Help", "", "links[0].text.en: a text of");
    bad_with(BRAND ",\"links\":[" LINK "]}", "\"en\"", "\"de\":\"x\",\"en\"",
             "links[0].text: \"de\" is not known");
}

#define CATALOGUE "{\"a.b\":\"Алма {n}\",\"c\":\"{x} {y}\",\"z\":\"я\"}"

static const char *texts(const char *json, const char *catalogue, char *out, size_t size)
{
    static char kept[512];
    kab_brand_t *brand = kab_brand_new();
    kab_catalogue_t *whole = kab_catalogue_read(KAB_SPAN("ru"), kab_span_of(catalogue));
    kab_span_t made;
    const char *words = read_as(brand, json);

    assert_non_null(whole);
    if (!words) {
        words = kab_brand_texts(brand, whole, &made);
        (void)snprintf(out, size, "%.*s", (int)made.n, made.n ? (const char *)made.p : "");
    }
    if (words) {
        (void)snprintf(kept, sizeof kept, "%s", words);
    }
    kab_catalogue_free(whole);
    kab_brand_free(brand);
    return words ? kept : NULL;
}

static void bad_texts(const char *ru, const char *must_say)
{
    char json[2048], out[512];
    const char *words;

    (void)snprintf(json, sizeof json, BRAND ",\"texts\":{\"kk\":%s,\"ru\":%s,\"en\":%s}}", ru, ru,
                   ru);
    words = texts(json, CATALOGUE, out, sizeof out);
    if (!words || !strstr(words, must_say)) {
        fail_msg("%s: said \"%s\", not \"%s\"", ru, words ? words : "nothing", must_say);
    }
}

static void test_texts(void **state)
{
    char out[512] = "";

    (void)state;
    assert_null(texts(BRAND ",\"links\":[" LINK "],\"texts\":{\"kk\":{\"c\":\"{y}{x}\"},\"ru\":"
                            "{\"c\":\"{y} и {x}\"},\"en\":{\"c\":\"{x}{y}\"}}}",
                      CATALOGUE, out, sizeof out));
    assert_string_equal(out, "{\"a.b\":\"Алма {n}\",\"c\":\"{y} и {x}\",\"z\":\"я\","
                             "\"brand.link.1\":\"Помощь\"}");
    assert_null(texts(BRAND "}", CATALOGUE, out, sizeof out));
    assert_string_equal(out, CATALOGUE);
    assert_null(kab_catalogue_read(KAB_SPAN("ru"), KAB_SPAN("{")));
    assert_null(kab_catalogue_read(KAB_SPAN("ru"), KAB_SPAN("[]")));

    bad_texts("{\"d\":\"x\"}", "the pages have no text \"d\"");
    bad_texts("{\"a.b\":\"no place\"}",
              "texts.ru.a.b: what stands in braces must be as in \"Алма {n}\"");
    bad_texts("{\"z\":\"{n}\"}", "texts.ru.z: what stands in braces");
    bad_texts("{\"c\":\"{x} {xy}\"}", "texts.ru.c: what stands in braces");
    bad_texts("{\"a.b\":\"\"}", "texts.kk.a.b: a text of 1 to 2000 bytes");
    bad_texts("{\"a.b\":1}", "texts.kk.a.b: a text of");
    bad_texts("{\"consent.terms.label\":\"x\"}",
              "\"consent.terms.label\" is not a brand's to change");
    bad_texts("{\"message.sms.code\":\"x\"}", "\"message.sms.code\" is not a brand's to change");
    bad_texts("[]", "texts: an object with kk, ru and en is needed");
    bad(BRAND ",\"texts\":7}", "texts: an object with");
    bad(BRAND ",\"texts\":{\"kk\":{},\"ru\":{},\"en\":{},\"de\":{}}}", "texts: nothing but");
    bad(BRAND ",\"texts\":{\"kk\":{},\"ru\":{\"c\":\"x\"},\"en\":{\"c\":\"x\"}}}",
        "texts.kk: \"c\" is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_taken), cmocka_unit_test(test_members),
        cmocka_unit_test(test_colours),       cmocka_unit_test(test_contrast),
        cmocka_unit_test(test_links),         cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

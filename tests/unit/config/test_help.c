/* help.json: the tree in one language, and that each hole in it is named. */
#include "unit.h"

#include "kabinet.h"

#define T(kk, ru, en) "{\"kk\":\"" kk "\",\"ru\":\"" ru "\",\"en\":\"" en "\"}"
#define W T("к", "р", "e")
#define TREE                                                                                       \
    "{\"title\":" T("Т", "Заголовок",                                                              \
                    "Title") ",\"lead\":" W ",\"first\":[\"a\"],\"nodes\":{"                       \
                             "\"a\":{\"situation\":" W ",\"solution\":[{\"text\":" W               \
                             "},{\"list\":[" W "," W "]},"                                         \
                             "{\"steps\":[" W                                                      \
                             "]},{\"link\":{\"url\":\"https://egov.kz/services/CMDSearch/#/\"}},"  \
                             "{\"text\":" W ",\"link\":{\"words\":" W                              \
                             ",\"node\":\"b_2\"}}],\"more\":[\"b_2\"]},"                           \
                             "\"b_2\":{\"situation\":" W ",\"solution\":[{\"link\":{\"words\":" W  \
                             ",\"page\":"                                                          \
                             "\"reregistration\"}}]}}}"

static void bad(const char *json, const char *must_say)
{
    kab_help_t *help = kab_help_new();
    const char *words = kab_help_read(help, kab_span_of(json));

    if (!words || !strstr(words, must_say)) {
        fail_msg("%s: said \"%s\", not \"%s\"", json, words ? words : "nothing", must_say);
    }
    kab_help_free(help);
}

/* The tree with the first `old` in it put in another's place. */
static void bad_with(const char *old, const char *new, const char *must_say)
{
    const char *at = strstr(TREE, old);
    char changed[4096];

    if (!at) {
        fail_msg("%s is not in the tree", old);
        return;
    }
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - TREE), TREE, new,
                   at + strlen(old));
    bad(changed, must_say);
}

static void test_a_language(void **state)
{
    (void)state;
    kab_help_t *help = kab_help_new();

    assert_null(kab_help_read(help, KAB_SPAN(TREE)));
    assert_string_equal(kab_languages[0], "ru");
    assert_true(kab_span_is(
        kab_help_text(help, 0),
        "{\"title\":\"Заголовок\",\"lead\":\"р\",\"first\":[\"a\"],\"nodes\":{\"a\":{\"situation\":"
        "\"р\",\"solution\":[{\"text\":\"р\"},{\"list\":[\"р\",\"р\"]},{\"steps\":[\"р\"]},{"
        "\"link\":"
        "{\"url\":\"https://egov.kz/services/CMDSearch/#/\"}},{\"text\":\"р\",\"link\":{\"words\":"
        "\"р\",\"node\":\"b_2\"}}],\"more\":[\"b_2\"]},\"b_2\":{\"situation\":\"р\",\"solution\":[{"
        "\"link\":{\"words\":\"р\",\"page\":\"reregistration\"}}]}}}"));
    for (unsigned l = 1; kab_languages[l]; l++) {
        const char *title =
            strcmp(kab_languages[l], "kk") == 0 ? "{\"title\":\"Т\"," : "{\"title\":\"Title\",";

        assert_true(kab_span_starts(kab_help_text(help, l), title));
    }
    kab_help_free(help);
}

static void test_the_whole(void **state)
{
    (void)state;
    bad("", "line");
    bad("{\n\"title\":1,,}", "line 2 is not JSON");
    bad("[]", "the tree: an object is needed");
    bad_with("\"lead\":" W ",", "", "the tree: \"lead\" is missing");
    bad_with("\"lead\"", "\"start\":1,\"lead\"", "the tree: \"start\" is not known");
    bad_with("\"Title\"", "\"\"", "title.en: a text of 1 to 1200 bytes");
    bad_with("\"en\":\"Title\"", "\"de\":\"Titel\"", "title: \"en\" is missing");
    bad_with("\"en\":\"Title\"", "\"en\":7", "title.en: a text of");
    bad_with("\"en\":\"Title\"", "\"en\":\"x\",\"de\":\"x\"", "title: \"de\" is not known");
    bad_with("[\"a\"]", "[]", "first: a list of nodes is needed");
    bad_with("[\"a\"]", "[\"c\"]", "first: there is no node \"c\"");
    bad_with("[\"a\"]", "[1]", "first: there is no node \"\"");
    bad("{\"title\":" W ",\"lead\":" W ",\"first\":[\"a\"],\"nodes\":[]}", "nodes: an object of");
}

static void test_nodes(void **state)
{
    (void)state;
    bad_with("\"more\":[\"b_2\"]", "\"more\":[\"b\"]", "nodes.a.more: there is no node \"b\"");
    bad_with("\"more\":[\"b_2\"]", "\"more\":\"b_2\"", "nodes.a.more: a list of nodes");
    bad_with("\"more\"", "\"most\"", "nodes.a: \"most\" is not known");
    bad_with("\"b_2\":{", "\"B-2\":{},\"b_2\":{", "nodes: \"B-2\" is not a name");
    bad_with("\"b_2\":{", "\"b_2\":{\"x\":1,", "nodes.b_2: \"x\" is not known");
    bad_with("\"situation\":" W ",", "", "nodes.a: \"situation\" is missing");
    bad_with("\"situation\":" W, "\"situation\":7", "nodes.a.situation: an object is needed");
    bad_with("\"solution\":[{\"text\":" W "},", "\"solution\":[{},",
             "nodes.a.solution[0]: text with or without link, list or steps is needed");
    bad("{\"title\":" W ",\"lead\":" W ",\"first\":[\"a\"],\"nodes\":{\"a\":{\"situation\":" W
        ",\"solution\":[]}}}",
        "nodes.a.solution: a list is needed");
}

static void test_blocks(void **state)
{
    (void)state;
    bad_with("{\"text\":" W "}", "{\"html\":" W "}", "nodes.a.solution[0]: \"html\" is not known");
    bad_with("{\"text\":" W "}", "{\"text\":" W ",\"list\":[" W "]}", "solution[0]: text with or");
    bad_with("{\"text\":" W "}", "{\"text\":\"р\"}", "nodes.a.solution[0]: an object is needed");
    bad_with("\"steps\":[" W "]", "\"steps\":[]", "nodes.a.solution[2]: a list of texts is needed");
    bad_with("\"steps\":[" W "]", "\"steps\":[" T("к", "р", "") "]",
             "nodes.a.solution[2].en: a text");
    bad_with(
        "https:", "http:", "nodes.a.solution[3].url: \"http://egov.kz/services/CMDSearch/#/\"");
    bad_with("https://egov.kz", "javascript:", "nodes.a.solution[3].url: \"javascript:");
    bad_with(
        "\"url\":", "\"node\":\"a\",\"url\":", "nodes.a.solution[3]: one of url, node and page");
    bad_with("{\"words\":" W ",\"node\":\"b_2\"}", "{\"words\":" W "}",
             "nodes.a.solution[4]: one of url, node and page");
    bad_with("\"node\":\"b_2\"", "\"node\":\"c\"", "nodes.a.solution[4]: there is no node \"c\"");
    bad_with("{\"words\":" W ",\"node\"", "{\"node\"", "nodes.a.solution[4]: an object is needed");
    bad_with("\"page\":\"reregistration\"", "\"page\":\"/evil\"",
             "nodes.b_2.solution[0].page: one of login, recovery, reregistration, cabinet");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_language),
        cmocka_unit_test(test_the_whole),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

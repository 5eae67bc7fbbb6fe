/*
 * The help tree is data too: situations, each with its solution, and what leads from one to
 * another (docs/help.md). A tree with a hole is found before anybody falls into it.
 */
#include "base/arena.h"
#include "config/data/data.h"
#include "kabinet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1200, NODES_MAX = 200, NAME_MAX_BYTES = 40 };

typedef struct {
    data_words_t words;
    const json_t *nodes;
} tree_t;

/* Pages that a solution may send to. */
static const char *const pages[] = {"login", "recovery", "reregistration", "cabinet", NULL};

static bool is_page(const json_t *value)
{
    for (unsigned i = 0; json_is_string(value) && pages[i]; i++) {
        if (strcmp(pages[i], json_string_value(value)) == 0) {
            return true;
        }
    }
    return false;
}

static const char *check_node_name(tree_t *tree, const char *where, const json_t *value)
{
    const char *name = json_is_string(value) ? json_string_value(value) : "";

    return json_object_get(tree->nodes, name)
               ? NULL
               : data_say(&tree->words, "%s: there is no node \"%.60s\"", where, name);
}

static const char *check_names(tree_t *tree, const char *where, const json_t *names)
{
    const char *wrong = NULL;

    if (!json_is_array(names) || json_array_size(names) == 0) {
        return data_say(&tree->words, "%s: a list of nodes is needed", where);
    }
    for (size_t i = 0; i < json_array_size(names) && !wrong; i++) {
        wrong = check_node_name(tree, where, json_array_get(names, i));
    }
    return wrong;
}

/* ---- blocks of a solution ----------------------------------------------------- */

static const char *check_link(tree_t *tree, const char *where, const json_t *link)
{
    static const char *const allowed[] = {"words", "url", "node", "page", NULL};
    const char *wrong = data_members(&tree->words, where, link, data_none, allowed);
    const json_t *words = json_object_get(link, "words"), *url = json_object_get(link, "url"),
                 *node = json_object_get(link, "node"), *page = json_object_get(link, "page");

    if (wrong) {
        return wrong;
    }
    if ((url != NULL) + (node != NULL) + (page != NULL) != 1) {
        return data_say(&tree->words, "%s: one of url, node and page is needed", where);
    }
    if (url && !data_is_url(json_string_value(url))) {
        return data_say(&tree->words, "%s.url: \"%.60s\" leads nowhere; give https://HOST[/PATH]",
                        where, json_is_string(url) ? json_string_value(url) : "");
    }
    if (page && !is_page(page)) {
        return data_say(&tree->words,
                        "%s.page: one of login, recovery, reregistration, cabinet is needed",
                        where);
    }
    wrong = node ? check_node_name(tree, where, node) : NULL;
    if (!wrong && (words || !url)) { /* an address may stand for itself */
        wrong = data_three(&tree->words, where, words, TEXT_MAX);
    }
    return wrong;
}

static const char *check_list(tree_t *tree, const char *where, const json_t *list)
{
    const char *wrong = NULL;

    if (!json_is_array(list) || json_array_size(list) == 0) {
        return data_say(&tree->words, "%s: a list of texts is needed", where);
    }
    for (size_t i = 0; i < json_array_size(list) && !wrong; i++) {
        wrong = data_three(&tree->words, where, json_array_get(list, i), TEXT_MAX);
    }
    return wrong;
}

/* {text}, {link}, {text, link}, {list} or {steps}. */
static const char *check_block(tree_t *tree, const char *where, const json_t *block)
{
    static const char *const allowed[] = {"text", "link", "list", "steps", NULL};
    const char *wrong = data_members(&tree->words, where, block, data_none, allowed);
    const json_t *text = json_object_get(block, "text"), *link = json_object_get(block, "link"),
                 *list = json_object_get(block, "list"), *steps = json_object_get(block, "steps");

    if (wrong) {
        return wrong;
    }
    if ((text || link) + (list != NULL) + (steps != NULL) != 1) {
        return data_say(&tree->words, "%s: text with or without link, list or steps is needed",
                        where);
    }
    if (list || steps) {
        return check_list(tree, where, list ? list : steps);
    }
    wrong = text ? data_three(&tree->words, where, text, TEXT_MAX) : NULL;
    return wrong || !link ? wrong : check_link(tree, where, link);
}

/* ---- nodes and the whole -------------------------------------------------------- */

static bool is_name(const char *name)
{
    for (const char *c = name; *c; c++) {
        if (!(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9') && *c != '_') {
            return false;
        }
    }
    return *name && strlen(name) <= NAME_MAX_BYTES;
}

static const char *check_node(tree_t *tree, const char *name, const json_t *node)
{
    static const char *const needed[] = {"situation", "solution", NULL};
    static const char *const allowed[] = {"more", NULL};
    char where[NAME_MAX_BYTES + 32];

    if (!is_name(name)) {
        return data_say(&tree->words,
                        "nodes: \"%.60s\" is not a name; give up to %d small Latin letters, digits "
                        "and _",
                        name, NAME_MAX_BYTES);
    }
    (void)snprintf(where, sizeof where, "nodes.%s", name);
    const char *wrong = data_members(&tree->words, where, node, needed, allowed);
    const json_t *solution = json_object_get(node, "solution"),
                 *more = json_object_get(node, "more");

    (void)snprintf(where, sizeof where, "nodes.%s.situation", name);
    wrong = wrong ? wrong
                  : data_three(&tree->words, where, json_object_get(node, "situation"), TEXT_MAX);
    if (!wrong && (!json_is_array(solution) || json_array_size(solution) == 0)) {
        wrong = data_say(&tree->words, "nodes.%s.solution: a list is needed", name);
    }
    for (size_t i = 0; i < json_array_size(solution) && !wrong; i++) {
        (void)snprintf(where, sizeof where, "nodes.%s.solution[%zu]", name, i);
        wrong = check_block(tree, where, json_array_get(solution, i));
    }
    (void)snprintf(where, sizeof where, "nodes.%s.more", name);
    return wrong || !more ? wrong : check_names(tree, where, more);
}

static const char *check_tree(tree_t *tree, const json_t *root)
{
    static const char *const needed[] = {"title", "lead", "first", "nodes", NULL};
    const char *name, *wrong = data_members(&tree->words, "the tree", root, needed, data_none);
    json_t *node;

    wrong =
        wrong ? wrong : data_three(&tree->words, "title", json_object_get(root, "title"), TEXT_MAX);
    wrong =
        wrong ? wrong : data_three(&tree->words, "lead", json_object_get(root, "lead"), TEXT_MAX);
    tree->nodes = json_object_get(root, "nodes");
    if (!wrong && (!json_is_object(tree->nodes) || json_object_size(tree->nodes) > NODES_MAX)) {
        wrong = data_say(&tree->words, "nodes: an object of at most %d is needed", NODES_MAX);
    }
    wrong = wrong ? wrong : check_names(tree, "first", json_object_get(root, "first"));
    if (wrong) {
        return wrong;
    }
    json_object_foreach((json_t *)(uintptr_t)tree->nodes, name, node)
    {
        wrong = check_node(tree, name, node);
        if (wrong) {
            return wrong;
        }
    }
    return NULL;
}

/* ---- one language of it ----------------------------------------------------------- */

/* A new value in which each text in three languages is the text of one; NULL: out of memory. */
static json_t *in_language(const json_t *value, const char *lang)
{
    const json_t *text = json_object_get(value, lang);
    const char *key;
    json_t *part, *copy;
    size_t i;

    if (json_is_string(text) && json_object_size(value) == 3) {
        return json_copy((json_t *)(uintptr_t)text);
    }
    if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach((json_t *)(uintptr_t)value, key, part)
        {
            if (json_object_set_new(copy, key, in_language(part, lang))) {
                json_decref(copy);
                return NULL;
            }
        }
        return copy;
    }
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, part)
        {
            if (json_array_append_new(copy, in_language(part, lang))) {
                json_decref(copy);
                return NULL;
            }
        }
        return copy;
    }
    return json_deep_copy(value);
}

/* ---- the face ---------------------------------------------------------------------- */

struct kab_help_s {
    kab_arena_t *arena;
    kab_span_t text[3]; /* in kab_languages' order */
    tree_t tree;
};

kab_help_t *kab_help_new(void)
{
    kab_help_t *help = calloc(1, sizeof *help);

    if (help) {
        help->arena = kab_arena_open();
    }
    if (help && !help->arena) {
        free(help);
        return NULL;
    }
    return help;
}

void kab_help_free(kab_help_t *help)
{
    if (help) {
        kab_arena_close(help->arena);
        free(help);
    }
}

const char *kab_help_read(kab_help_t *help, kab_span_t json)
{
    json_error_t error;
    json_t *root = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &error);

    if (!root) {
        return data_say(&help->tree.words, "line %d is not JSON: %s", error.line, error.text);
    }
    const char *wrong = check_tree(&help->tree, root);
    for (unsigned l = 0; kab_languages[l] && !wrong; l++) {
        json_t *text = in_language(root, kab_languages[l]);

        help->text[l] = text ? kab_json_text(help->arena, text) : KAB_NONE;
        json_decref(text);
        wrong = help->text[l].n ? NULL : data_say(&help->tree.words, "out of memory");
    }
    json_decref(root);
    help->tree.nodes = NULL;
    return wrong;
}

kab_span_t kab_help_text(const kab_help_t *help, unsigned lang)
{
    return help->text[lang];
}

/*
 * A brand's own words in the catalogue of the pages. It may say anything else in its own way,
 * but not what people agree to, and not the messages, which know no brand.
 */
#include "config/brand.h"

#include <string.h>

enum { TEXT_MAX = 2000 };

enum { LANGUAGES = 3 };
static const char *const kept[] = {"message.", "consent.", "brand."};

static const char *check_text(kab_brand_t *brand, const char *lang, const char *id,
                              const json_t *text)
{
    size_t n = json_string_length(text);

    for (unsigned i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (strncmp(id, kept[i], strlen(kept[i])) == 0) {
            return data_say(&brand->words, "texts.%s: \"%.60s\" is not a brand's to change", lang,
                            id);
        }
    }
    if (n == 0 || n > TEXT_MAX) {
        return data_say(&brand->words, "texts.%s.%.60s: a text of 1 to %d bytes is needed", lang,
                        id, TEXT_MAX);
    }
    return NULL;
}

const char *brand_check_texts(kab_brand_t *brand, const json_t *texts)
{
    const char *id, *wrong = NULL;
    json_t *text;

    if (!texts) {
        return NULL;
    }
    for (unsigned l = 0; l < LANGUAGES; l++) {
        if (!json_is_object(json_object_get(texts, data_languages[l]))) {
            return data_say(&brand->words, "texts: an object with kk, ru and en is needed");
        }
    }
    if (json_object_size(texts) != LANGUAGES) {
        return data_say(&brand->words, "texts: nothing but kk, ru and en is known");
    }
    for (unsigned l = 0; l < LANGUAGES && !wrong; l++) {
        json_object_foreach(json_object_get(texts, data_languages[l]), id, text)
        {
            for (unsigned o = 0; o < LANGUAGES && !wrong; o++) {
                if (!json_object_get(json_object_get(texts, data_languages[o]), id)) {
                    wrong = data_say(&brand->words, "texts.%s: \"%.60s\" is missing",
                                     data_languages[o], id);
                }
            }
            wrong = wrong ? wrong : check_text(brand, data_languages[l], id, text);
            if (wrong) {
                break;
            }
        }
    }
    return wrong;
}

/* Whether every "{word}" of `from` stands in `in`. */
static bool has_places(const char *from, const char *in)
{
    for (const char *open = strchr(from, '{'); open; open = strchr(open + 1, '{')) {
        const char *close = strchr(open, '}');
        bool found = false;

        if (!close) {
            break;
        }
        size_t n = (size_t)(close - open) + 1;
        for (const char *at = strchr(in, '{'); at && !found; at = strchr(at + 1, '{')) {
            found = strncmp(at, open, n) == 0;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static const char *put_text(kab_brand_t *brand, json_t *catalogue, const char *lang, const char *id,
                            json_t *text)
{
    const char *old = json_string_value(json_object_get(catalogue, id));
    const char *new = json_string_value(text);

    if (!old) {
        return data_say(&brand->words, "texts.%s: the pages have no text \"%.60s\"", lang, id);
    }
    if (!has_places(old, new) || !has_places(new, old)) {
        return data_say(&brand->words,
                        "texts.%s.%.60s: what stands in braces must be as in \"%.100s\"", lang, id,
                        old);
    }
    return json_object_set(catalogue, id, text) ? data_say(&brand->words, "out of memory") : NULL;
}

static const char *put_links(kab_brand_t *brand, json_t *catalogue, const char *lang,
                             const json_t *links)
{
    for (unsigned i = 0; i < brand->facts.links; i++) {
        char *id = kab_format(brand->arena, "brand.link.%u", i + 1);
        json_t *words = json_object_get(json_object_get(json_array_get(links, i), "text"), lang);

        if (!id || json_object_set(catalogue, id, words)) {
            return data_say(&brand->words, "out of memory");
        }
    }
    return NULL;
}

static const char *put_all(kab_brand_t *brand, const char *lang, json_t *root, json_t *catalogue,
                           kab_span_t *out)
{
    const char *id, *wrong;
    json_t *text;

    json_object_foreach(json_object_get(json_object_get(root, "texts"), lang), id, text)
    {
        wrong = put_text(brand, catalogue, lang, id, text);
        if (wrong) {
            return wrong;
        }
    }
    wrong = put_links(brand, catalogue, lang, json_object_get(root, "links"));
    *out = wrong ? KAB_NONE : kab_json_text(brand->arena, catalogue);
    return wrong ? wrong : out->n ? NULL : data_say(&brand->words, "out of memory");
}

const char *kab_brand_texts(kab_brand_t *brand, kab_span_t lang, kab_span_t catalogue,
                            kab_span_t *out)
{
    char *name = kab_text(brand->arena, lang);
    json_t *root = json_loadb((const char *)brand->json.p, brand->json.n, 0, NULL);
    json_t *texts =
        json_loadb((const char *)catalogue.p, catalogue.n, JSON_REJECT_DUPLICATES, NULL);
    const char *wrong;

    *out = KAB_NONE;
    if (!name || !root) {
        wrong = data_say(&brand->words, "out of memory");
    } else if (!json_is_object(texts)) {
        wrong = data_say(&brand->words, "the pages' texts are not JSON");
    } else {
        wrong = put_all(brand, name, root, texts, out);
    }
    json_decref(root);
    json_decref(texts);
    return wrong;
}

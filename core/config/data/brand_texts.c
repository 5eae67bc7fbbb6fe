/*
 * A brand's own words in the catalogue of the pages. It may say anything else in its own way,
 * but not what people agree to, and not the messages, which know no brand.
 */
#include "config/data/brand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANGUAGES = 3, TEXT_MAX = 2000 };

struct kab_catalogue_s {
    char lang[3];
    json_t *texts;
};

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

static const char *put_all(kab_brand_t *brand, const char *lang, json_t *texts)
{
    const char *id, *wrong;
    json_t *text;

    json_object_foreach(json_object_get(json_object_get(brand->root, "texts"), lang), id, text)
    {
        wrong = put_text(brand, texts, lang, id, text);
        if (wrong) {
            return wrong;
        }
    }
    return put_links(brand, texts, lang, json_object_get(brand->root, "links"));
}

const char *kab_brand_texts(kab_brand_t *brand, const kab_catalogue_t *catalogue, kab_span_t *out)
{
    json_t *texts = json_copy(catalogue->texts);
    const char *wrong = texts ? put_all(brand, catalogue->lang, texts) : NULL;

    *out = texts && !wrong ? kab_json_text(brand->arena, texts) : KAB_NONE;
    json_decref(texts);
    return wrong ? wrong : out->n ? NULL : data_say(&brand->words, "out of memory");
}

kab_catalogue_t *kab_catalogue_read(kab_span_t lang, kab_span_t json)
{
    kab_catalogue_t *catalogue = calloc(1, sizeof *catalogue);

    kab_json_init();
    if (catalogue) {
        catalogue->texts = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
        snprintf(catalogue->lang, sizeof catalogue->lang, "%.*s", (int)lang.n,
                 (const char *)lang.p);
    }
    if (catalogue && !json_is_object(catalogue->texts)) {
        kab_catalogue_free(catalogue);
        catalogue = NULL;
    }
    return catalogue;
}

void kab_catalogue_free(kab_catalogue_t *catalogue)
{
    if (catalogue) {
        json_decref(catalogue->texts);
        free(catalogue);
    }
}

/*
 * A brand is data: name, colours, links, texts. All of brand.json is judged at once, so that
 * `nginx -t` names what is wrong; what is needed later is kept as text, since jansson's
 * allocator changes when the gateway opens.
 */
#include "config/data/brand.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 60, LINK_WORDS_MAX = 80 };

typedef struct {
    const char *name;
    /* What lies under text and links; a test holds them against web/assets/kabinet.css. */
    const char *surface[3];
} theme_t;

static const theme_t themes[] = {
    {"light", {"#ffffff", "#f3f6f7", "#e6eff3"}},
    {"dark", {"#152329", "#0d171b", "#1b3039"}},
};

static const char *const roles[KAB_BRAND_COLOURS] = {"brand",  "brand-deep", "on-brand",
                                                     "accent", "link",       "focus"};

/* WCAG 2.2, 1.4.3 and 1.4.11. Without `back`: on every surface. */
static const struct {
    const char *fore, *back;
    double least;
} contrasts[] = {
    {"on-brand", "brand", 4.5},
    {"on-brand", "brand-deep", 4.5},
    {"link", NULL, 4.5},
    {"focus", NULL, 3.0},
};

kab_brand_t *kab_brand_new(void)
{
    kab_brand_t *brand = calloc(1, sizeof *brand);

    if (brand) {
        brand->arena = kab_arena_open();
    }
    if (brand && !brand->arena) {
        free(brand);
        return NULL;
    }
    return brand;
}

void kab_brand_free(kab_brand_t *brand)
{
    if (brand) {
        json_decref(brand->root);
        kab_arena_close(brand->arena);
        free(brand);
    }
}

const kab_brand_facts_t *kab_brand_facts(const kab_brand_t *brand)
{
    return &brand->facts;
}

static kab_span_t keep(kab_brand_t *brand, const json_t *value)
{
    return kab_copy(brand->arena, kab_span_of(json_string_value(value)));
}

static const char *read_name(kab_brand_t *brand, const json_t *name)
{
    if (!data_plain(name, NAME_MAX_BYTES)) {
        return data_say(&brand->words, "name: a text of 1 to %d bytes is needed", NAME_MAX_BYTES);
    }
    brand->facts.name = keep(brand, name);
    return NULL;
}

/* ---- colours ---------------------------------------------------------------- */

static bool rgb(const char *colour, uint8_t out[3])
{
    return colour && colour[0] == '#' && strlen(colour) == 7 &&
           kab_unhex(kab_span_of(colour + 1), out, 3);
}

/* WCAG 2.2: relative luminance of sRGB. */
static double luminance(const char *colour)
{
    static const double weight[3] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    uint8_t parts[3] = {0};

    rgb(colour, parts);
    for (unsigned i = 0; i < 3; i++) {
        double c = parts[i] / 255.0;

        sum += weight[i] * (c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(const char *a, const char *b)
{
    double x = luminance(a) + 0.05, y = luminance(b) + 0.05;

    return x > y ? x / y : y / x;
}

static const char *too_faint(kab_brand_t *brand, const theme_t *theme, const char *role,
                             const char *fore, const char *back, double least)
{
    double found = contrast(fore, back);

    return found >= least
               ? NULL
               : data_say(&brand->words,
                          "colours.%s.%s: %s on %s has a contrast of %.2f; at least "
                          "%.1f is needed to be read",
                          theme->name, role, fore, back, floor(found * 100) / 100, least);
}

static const char *check_contrasts(kab_brand_t *brand, const theme_t *theme, const json_t *colours)
{
    const char *wrong = NULL;

    for (unsigned i = 0; i < sizeof contrasts / sizeof contrasts[0] && !wrong; i++) {
        const char *role = contrasts[i].fore, *back = contrasts[i].back;
        const char *fore = json_string_value(json_object_get(colours, role));
        double least = contrasts[i].least;

        if (back) {
            back = json_string_value(json_object_get(colours, back));
            wrong = too_faint(brand, theme, role, fore, back, least);
        }
        for (unsigned s = 0; !back && s < 3 && !wrong; s++) {
            wrong = too_faint(brand, theme, role, fore, theme->surface[s], least);
        }
    }
    return wrong;
}

static const char *read_theme(kab_brand_t *brand, const theme_t *theme, const json_t *colours)
{
    const char *needed[KAB_BRAND_COLOURS + 1] = {NULL};
    char where[32];

    memcpy(needed, roles, sizeof roles);
    (void)snprintf(where, sizeof where, "colours.%s", theme->name);
    const char *wrong = data_members(&brand->words, where, colours, needed, data_none);
    if (wrong) {
        return wrong;
    }
    for (unsigned i = 0; i < KAB_BRAND_COLOURS; i++) {
        const json_t *value = json_object_get(colours, roles[i]);
        uint8_t parts[3];

        if (!rgb(json_string_value(value), parts)) {
            return data_say(&brand->words, "%s.%s: \"%.20s\" is not a colour; give #RRGGBB", where,
                            roles[i], json_is_string(value) ? json_string_value(value) : "");
        }
        brand->facts.colour[i].role = roles[i];
        *(theme == themes ? &brand->facts.colour[i].light : &brand->facts.colour[i].dark) =
            keep(brand, value);
    }
    return check_contrasts(brand, theme, colours);
}

static const char *read_colours(kab_brand_t *brand, const json_t *colours)
{
    static const char *const needed[] = {"light", "dark", NULL};
    const char *wrong = data_members(&brand->words, "colours", colours, needed, data_none);

    for (unsigned i = 0; i < 2 && !wrong; i++) {
        wrong = read_theme(brand, &themes[i], json_object_get(colours, themes[i].name));
    }
    return wrong;
}

/* ---- links ------------------------------------------------------------------- */

static const char *read_link(kab_brand_t *brand, unsigned i, const json_t *link)
{
    static const char *const needed[] = {"url", "text", NULL};
    char where[32];

    (void)snprintf(where, sizeof where, "links[%u]", i);
    const char *wrong = data_members(&brand->words, where, link, needed, data_none);
    if (wrong) {
        return wrong;
    }
    const json_t *url = json_object_get(link, "url"), *text = json_object_get(link, "text");
    if (!data_is_url(json_string_value(url)) && !data_is_path(json_string_value(url))) {
        return data_say(&brand->words,
                        "%s.url: \"%.60s\" leads nowhere; give https://HOST[/PATH] or /PATH", where,
                        json_is_string(url) ? json_string_value(url) : "");
    }
    (void)snprintf(where, sizeof where, "links[%u].text", i);
    wrong = data_three(&brand->words, where, text, LINK_WORDS_MAX);
    brand->facts.link[i] = keep(brand, url);
    return wrong;
}

static const char *read_links(kab_brand_t *brand, const json_t *links)
{
    const char *wrong = NULL;

    if (!links) {
        return NULL;
    }
    if (!json_is_array(links) || json_array_size(links) > KAB_BRAND_LINKS) {
        return data_say(&brand->words, "links: a list of at most %d is needed", KAB_BRAND_LINKS);
    }
    for (unsigned i = 0; i < json_array_size(links) && !wrong; i++) {
        wrong = read_link(brand, i, json_array_get(links, i));
        brand->facts.links = i + 1;
    }
    return wrong;
}

/* ---- the whole ---------------------------------------------------------------- */

static const char *remember_meta(kab_brand_t *brand, json_t *root)
{
    json_t *links = json_object_get(root, "links");
    json_t *meta = json_pack("{s:O, s:o}", "name", json_object_get(root, "name"), "links",
                             links ? json_incref(links) : json_array());

    brand->facts.meta = meta ? kab_json_text(brand->arena, meta) : KAB_NONE;
    json_decref(meta);
    return brand->facts.meta.n ? NULL : data_say(&brand->words, "out of memory");
}

static const char *read_root(kab_brand_t *brand, json_t *root)
{
    static const char *const needed[] = {"name", "colours", NULL};
    static const char *const allowed[] = {"links", "texts", NULL};
    const char *wrong = data_members(&brand->words, "a brand", root, needed, allowed);

    wrong = wrong ? wrong : read_name(brand, json_object_get(root, "name"));
    wrong = wrong ? wrong : read_colours(brand, json_object_get(root, "colours"));
    wrong = wrong ? wrong : read_links(brand, json_object_get(root, "links"));
    wrong = wrong ? wrong : brand_check_texts(brand, json_object_get(root, "texts"));
    return wrong ? wrong : remember_meta(brand, root);
}

const char *kab_brand_read(kab_brand_t *brand, kab_span_t json)
{
    json_error_t error;
    kab_json_init();
    json_t *root = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &error);

    if (!root) {
        return data_say(&brand->words, "line %d is not JSON: %s", error.line, error.text);
    }
    brand->root = root;
    return read_root(brand, root);
}

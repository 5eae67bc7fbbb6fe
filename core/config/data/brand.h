/* What the files that read a brand share. */
#ifndef KAB_CONFIG_BRAND_H
#define KAB_CONFIG_BRAND_H

#include "base/arena.h"
#include "config/data/data.h"
#include "kabinet.h"

struct kab_brand_s {
    kab_arena_t *arena;
    json_t *root; /* judged */
    kab_brand_facts_t facts;
    data_words_t words;
};

/* "texts" of a brand.json, or NULL: the same ids in three languages. NULL, or words. */
const char *brand_check_texts(kab_brand_t *brand, const json_t *texts);

#endif

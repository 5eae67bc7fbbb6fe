#include "unit.h"

#include "identity/password/bloom.h"

static void head_comes_back(void **state)
{
    const kab_bloom_t bloom = {20, 0x0102030405060708, 800};
    kab_bloom_t back;
    uint8_t head[KAB_BLOOM_HEAD];

    (void)state;
    kab_bloom_write_head(&bloom, head);
    assert_memory_equal(head, KAB_BLOOM_MAGIC, 8);
    assert_int_equal(head[16], 8); /* little-endian */
    assert_true(kab_bloom_read_head(head, KAB_BLOOM_HEAD + 100, &back));
    assert_int_equal(back.probes, 20);
    assert_true(back.count == bloom.count && back.bits == 800);
    assert_false(kab_bloom_read_head(head, KAB_BLOOM_HEAD + 99, &back));
    assert_false(kab_bloom_read_head(head, KAB_BLOOM_HEAD + 101, &back));
    assert_false(kab_bloom_read_head(head, KAB_BLOOM_HEAD, &back));
}

/* 20,000 in; none is missed. Of 300,000 others 0.3 false alarms are expected; 5 would be a fault.
 */
static void misses_none_and_rarely_errs(void **state)
{
    enum { ITEMS = 20000, OTHERS = 300000 };
    kab_bloom_t bloom = {KAB_BLOOM_PROBES, ITEMS, (ITEMS * KAB_BLOOM_BITS_EACH + 7) / 8 * 8};
    uint8_t *bits = calloc(1, bloom.bits / 8);
    unsigned false_alarms = 0;

    (void)state;
    for (uint32_t i = 0; i < ITEMS; i++) {
        kab_bloom_add(&bloom, bits, (kab_span_t){(uint8_t *)&i, sizeof i});
    }
    for (uint32_t i = 0; i < ITEMS + OTHERS; i++) {
        bool has = kab_bloom_has(&bloom, bits, (kab_span_t){(uint8_t *)&i, sizeof i});
        assert_true(has || i >= ITEMS);
        false_alarms += has && i >= ITEMS;
    }
    assert_true(false_alarms < 5);
    free(bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_comes_back),
        cmocka_unit_test(misses_none_and_rarely_errs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

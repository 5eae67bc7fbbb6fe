#include "unit.h"

#include "base/arena.h"

static void memory_is_zero_aligned_and_apart(void **state)
{
    unit_dice_t dice = unit_dice();
    kab_arena_t *arena = kab_arena_open();
    uint8_t *kept[500];
    size_t size[500];

    (void)state;
    for (size_t i = 0; i < 500; i++) {
        size[i] = unit_roll(&dice) % (i % 50 == 0 ? 100000 : 300);
        kept[i] = kab_alloc(arena, size[i]);
        assert_non_null(kept[i]);
        assert_int_equal((uintptr_t)kept[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < size[i]; k++) {
            assert_int_equal(kept[i][k], 0);
        }
        memset(kept[i], (int)i, size[i]);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t k = 0; k < size[i]; k++) {
            assert_int_equal(kept[i][k], (uint8_t)i);
        }
    }
    kab_arena_close(arena);
}

static void copies_and_formats(void **state)
{
    kab_arena_t *arena = kab_arena_open();
    kab_span_t with_nul = KAB_SPAN("a\0b");

    (void)state;
    assert_string_equal(kab_text(arena, KAB_SPAN("abc")), "abc");
    assert_string_equal(kab_text(arena, KAB_NONE), "");
    assert_true(kab_span_eq(kab_copy(arena, with_nul), with_nul));
    assert_string_equal(kab_format(arena, "%s-%d", "x", 7), "x-7");
    assert_int_equal(strlen(kab_format(arena, "%20000d", 1)), 20000);
    kab_arena_close(arena);
}

static void too_much_is_refused(void **state)
{
    kab_arena_t *arena = kab_arena_open();

    (void)state;
    assert_null(kab_alloc(arena, SIZE_MAX));
    assert_null(kab_alloc(arena, SIZE_MAX - 64));
    assert_null(kab_alloc(arena, SIZE_MAX / 2));
    assert_null(kab_text(arena, (kab_span_t){(const uint8_t *)"", SIZE_MAX}));
    assert_non_null(kab_alloc(arena, 1));
    assert_ptr_not_equal(kab_alloc(arena, 0), kab_alloc(arena, 0));
    kab_arena_close(arena);
    kab_arena_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zero_aligned_and_apart),
        cmocka_unit_test(copies_and_formats),
        cmocka_unit_test(too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

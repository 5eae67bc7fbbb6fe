#include "unit.h"

#include <qrencode.h>

#include "identity/app/qr.h"

#define LINK "https://kabinet.example.kz/kabinet/app/#activate=XuAm5PCtLYTsM_0jN0xRrA"

enum { QUIET = 4, SIDE_MAX = 177 + 2 * QUIET };

/* Modules as the picture has them, the quiet zone with them. */
typedef struct {
    int side;
    uint8_t dark[SIDE_MAX][SIDE_MAX];
} picture_t;

static kab_arena_t *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = kab_arena_open();
    return arena ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    kab_arena_close(arena);
    return 0;
}

static const char *after(const char *at, const char *words)
{
    if (strncmp(at, words, strlen(words)) != 0) {
        fail_msg("not \"%s\": %.60s", words, at);
    }
    return at + strlen(words);
}

static const char *number(const char *at, int *n)
{
    char *end;

    *n = (int)strtol(at, &end, 10);
    assert_ptr_not_equal(at, end);
    return end;
}

/* A run: M x y h n v1 h -n z. No module is drawn twice. */
static const char *read_run(const char *at, picture_t *picture)
{
    int x, y, n, back;

    at = number(after(at, "M"), &x);
    at = number(after(at, " "), &y);
    at = number(after(at, "h"), &n);
    at = number(after(at, "v1h"), &back);
    assert_int_equal(back, -n);
    assert_in_range(x, QUIET, picture->side - QUIET - 1);
    assert_in_range(y, QUIET, picture->side - QUIET - 1);
    assert_in_range(n, 1, picture->side - QUIET - x);
    for (int i = 0; i < n; i++) {
        assert_int_equal(picture->dark[y][x + i]++, 0);
    }
    return after(at, "z");
}

/* Every byte of the text is accounted for, so there is no script or style in it. */
static void read_svg(kab_span_t svg, picture_t *picture)
{
    const char *at = kab_text(arena, svg);
    int again;

    memset(picture, 0, sizeof *picture);
    at = after(at, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ");
    at = number(at, &picture->side);
    assert_in_range(picture->side, 21 + 2 * QUIET, SIDE_MAX);
    at = number(after(at, " "), &again);
    assert_int_equal(again, picture->side);
    at = after(at, "\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h");
    at = number(at, &again);
    assert_int_equal(again, picture->side);
    at = number(after(at, "v"), &again);
    assert_int_equal(again, picture->side);
    at = after(at, "H0z\"/><path fill=\"#000\" d=\"");
    while (*at == 'M') {
        at = read_run(at, picture);
    }
    assert_string_equal(at, "\"/></svg>");
}

static void same_as_encoded(kab_span_t text, const picture_t *picture)
{
    QRcode *code = QRcode_encodeData((int)text.n, text.p, 0, QR_ECLEVEL_M);

    assert_non_null(code);
    assert_int_equal(picture->side, code->width + 2 * QUIET);
    for (int y = 0; y < code->width; y++) {
        for (int x = 0; x < code->width; x++) {
            assert_int_equal(picture->dark[y + QUIET][x + QUIET],
                             code->data[y * code->width + x] & 1);
        }
    }
    QRcode_free(code);
}

/* ISO/IEC 18004 6.3.3: rings of 7 dark, 5 light and 3 dark, and a light edge to the inside. */
static void check_finder(const picture_t *picture, int left, int top)
{
    for (int y = -1; y <= 7; y++) {
        for (int x = -1; x <= 7; x++) {
            int from_x = abs(x - 3), from_y = abs(y - 3);
            int ring = from_x > from_y ? from_x : from_y;
            assert_int_equal(picture->dark[top + y][left + x], ring != 2 && ring != 4);
        }
    }
}

static void check_structure(const picture_t *picture)
{
    int last = picture->side - QUIET - 7;

    assert_int_equal((picture->side - 2 * QUIET - 17) % 4, 0);
    check_finder(picture, QUIET, QUIET);
    check_finder(picture, last, QUIET);
    check_finder(picture, QUIET, last);
    for (int i = 8; i < picture->side - 2 * QUIET - 8; i++) { /* timing, 6.3.5 */
        assert_int_equal(picture->dark[QUIET + 6][QUIET + i], i % 2 == 0);
        assert_int_equal(picture->dark[QUIET + i][QUIET + 6], i % 2 == 0);
    }
    /* Level M is 00, and the mask of the format makes it 10 (7.9). */
    assert_int_equal(picture->dark[QUIET + 8][QUIET], 1);
    assert_int_equal(picture->dark[QUIET + 8][QUIET + 1], 0);
}

static void a_link_is_drawn(void **state)
{
    picture_t *picture = malloc(sizeof *picture);
    kab_span_t svg = kab_qr_svg(arena, KAB_SPAN(LINK));

    (void)state;
    read_svg(svg, picture);
    check_structure(picture);
    same_as_encoded(KAB_SPAN(LINK), picture);
    kab_span_t again = kab_qr_svg(arena, KAB_SPAN(LINK));
    assert_true(kab_span_eq(svg, again));
    free(picture);
}

static void every_size_is_drawn(void **state)
{
    static uint8_t text[2331];
    static const size_t sizes[] = {1, 14, 15, 26, 27, 100, 331, 332, 1000, 2330, 2331};
    picture_t *picture = malloc(sizeof *picture);
    unit_dice_t dice = unit_dice();

    (void)state;
    unit_random(&dice, text, sizeof text);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        kab_span_t span = {text, sizes[i]};
        read_svg(kab_qr_svg(arena, span), picture);
        check_structure(picture);
        same_as_encoded(span, picture);
    }
    assert_int_equal(picture->side, SIDE_MAX);
    /* A version holds 14 bytes at level M, and 15 need the next (table 7). */
    read_svg(kab_qr_svg(arena, (kab_span_t){text, 14}), picture);
    assert_int_equal(picture->side, 21 + 2 * QUIET);
    read_svg(kab_qr_svg(arena, (kab_span_t){text, 15}), picture);
    assert_int_equal(picture->side, 25 + 2 * QUIET);
    free(picture);
}

static void bytes_of_all_kinds(void **state)
{
    static const kab_span_t texts[] = {
        {(const uint8_t *)"\0", 1},
        {(const uint8_t *)"a\0b", 3},
        {(const uint8_t *)"\"/><script>alert(1)</script>", 28},
        {(const uint8_t *)"\xd2\x9b\xd0\xb0\xd0\xb7", 6},
        {(const uint8_t *)"0123456789", 10},
    };
    picture_t *picture = malloc(sizeof *picture);

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        read_svg(kab_qr_svg(arena, texts[i]), picture);
        check_structure(picture);
        same_as_encoded(texts[i], picture);
    }
    free(picture);
}

static void nothing_and_too_much_are_empty(void **state)
{
    static uint8_t text[100000];

    (void)state;
    memset(text, 'a', sizeof text);
    assert_int_equal(kab_qr_svg(arena, KAB_NONE).n, 0);
    assert_int_equal(kab_qr_svg(arena, KAB_SPAN("")).n, 0);
    assert_int_equal(kab_qr_svg(arena, (kab_span_t){text, 2332}).n, 0);
    assert_int_equal(kab_qr_svg(arena, (kab_span_t){text, sizeof text}).n, 0);
    assert_int_equal(kab_qr_svg(arena, (kab_span_t){text, (size_t)UINT32_MAX + 2}).n, 0);
}

#define IN_ARENA(test) cmocka_unit_test_setup_teardown(test, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(a_link_is_drawn),
        IN_ARENA(every_size_is_drawn),
        IN_ARENA(bytes_of_all_kinds),
        IN_ARENA(nothing_and_too_much_are_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

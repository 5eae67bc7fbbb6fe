#include "unit.h"

#include "identity/app/proof.h"

/* Worked out with Python's hmac and hashlib, key of zeros. */
static void known_proofs(void **state)
{
    kab_keyring_t *ring = unit_ring();
    char otp[KAB_OTP_DIGITS + 1], qr[KAB_QR_SECRET + 1], code[KAB_CODE_MAX + 1];
    uint8_t drawn[32];

    (void)state;
    for (uint8_t i = 0; i < 32; i++) {
        drawn[i] = i;
    }
    kab_otp_make(ring, KAB_SPAN("flow-1"), 7, otp);
    assert_string_equal(otp, "2515172273807");
    kab_qr_secret(ring, "activation", KAB_SPAN("flow-1"), 7, qr);
    assert_string_equal(qr, "XuAm5PCtLYTsM_0jN0xRrA");
    kab_code_make(ring, "recovery", KAB_SPAN("challenge-1"), drawn, 4, code);
    assert_string_equal(code, "2734");
    kab_code_make(ring, "recovery", KAB_SPAN("challenge-1"), drawn, 6, code);
    assert_string_equal(code, "164812");
    kab_code_make(ring, "recovery", KAB_SPAN("challenge-1"), drawn, 8, code);
    assert_string_equal(code, "13806599");
    kab_keyring_close(ring);
}

/* The example of ISO/IEC 7064, and two numbers in use that end with the same check digit: a
 * Croatian OIB and a German tax number, both published as examples. */
static void known_check_digits(void **state)
{
    (void)state;
    assert_int_equal(kab_check_digit("0794", 4), '5');
    assert_int_equal(kab_check_digit("6943515153", 10), '0');
    assert_int_equal(kab_check_digit("8609574271", 10), '9');
}

static void otp_reads_what_it_made(void **state)
{
    kab_keyring_t *ring = unit_ring();
    unit_dice_t dice = unit_dice();
    char otp[KAB_OTP_DIGITS + 1], back[KAB_OTP_DIGITS + 1];

    (void)state;
    for (int i = 0; i < 2000; i++) {
        uint8_t flow[16];
        unit_random(&dice, flow, sizeof flow);
        kab_otp_make(ring, (kab_span_t){flow, sizeof flow}, i, otp);
        assert_int_equal(strspn(otp, "0123456789"), KAB_OTP_DIGITS);
        assert_true(kab_otp_parse(kab_span_of(otp), back));
        assert_string_equal(otp, back);
    }
    kab_keyring_close(ring);
}

static void any_wrong_digit_is_found(void **state)
{
    char back[KAB_OTP_DIGITS + 1] = "untouched";

    (void)state;
    for (size_t at = 0; at < KAB_OTP_DIGITS; at++) {
        char typed[] = "2515172273807", right = typed[at];
        for (char c = '0'; c <= '9'; c++) {
            typed[at] = c;
            if (c != right) {
                assert_false(kab_otp_parse(kab_span_of(typed), back));
                assert_string_equal(back, "untouched");
            }
        }
    }
    assert_false(kab_otp_parse(KAB_SPAN("5215172273807"), back)); /* neighbours swapped */
    assert_false(kab_otp_parse(KAB_SPAN("2515172278307"), back));
}

static void otp_as_people_type_it(void **state)
{
    static const char *const right[] = {
        "2515172273807",
        "2515 1722 73807",
        "2515-1722-73807",
        " 2515\t1722 73807 ",
        "2 5 1 5 1 7 2 2 7 3 8 0 7",
        "2515\u00A01722\u202F73807",
        "2515\u20131722\u201473807",
        "2515\u22121722\u201173807",
    };
    static const char *const wrong[] = {
        "",
        "-",
        "251517227380",
        "25151722738070",
        "02515172273807",
        "2515172273807.",
        "2515,1722,73807",
        "+2515172273807",
        "251517227380O",
        "2515172273807\n",
        "２５１５172273807",
        "\xff"
        "2515172273807",
        "2515172273807                                                    ",
    };
    char back[KAB_OTP_DIGITS + 1];

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        memset(back, 'x', sizeof back);
        assert_true(kab_otp_parse(kab_span_of(right[i]), back));
        assert_string_equal(back, "2515172273807");
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(kab_otp_parse(kab_span_of(wrong[i]), back));
    }
    assert_false(kab_otp_parse(KAB_NONE, back));
    assert_false(kab_otp_parse(KAB_SPAN("2515172273807\0"), back));
    assert_false(kab_otp_parse(KAB_SPAN("\0002515172273807"), back));
}

/* Each part of what a proof is of matters, and parts do not run into one another. */
static void everything_counts(void **state)
{
    kab_keyring_t *ring = unit_ring();
    kab_keyring_t *other =
        unit_ring_of("index 1 " UNIT_KEY_B "\nseal 1 " UNIT_KEY_A "\npepper 1 " UNIT_KEY_A
                     "\ntoken 1 " UNIT_KEY_A "\ndecoy 1 " UNIT_KEY_A "\naudit 1 " UNIT_KEY_A
                     "\nthrottle 1 " UNIT_KEY_A "\n");
    kab_keyring_t *rotated = unit_ring_of(UNIT_RING "token 2 " UNIT_KEY_B "\n");
    char qr[7][KAB_QR_SECRET + 1], otp[2][KAB_OTP_DIGITS + 1];

    (void)state;
    kab_qr_secret(ring, "a", KAB_SPAN("flow"), 1, qr[0]);
    kab_qr_secret(ring, "b", KAB_SPAN("flow"), 1, qr[1]);
    kab_qr_secret(ring, "a", KAB_SPAN("flow"), 2, qr[2]);
    kab_qr_secret(ring, "a", KAB_SPAN("flow2"), 1, qr[3]);
    kab_qr_secret(ring, "af", KAB_SPAN("low"), 1, qr[4]);
    kab_qr_secret(ring, "a", KAB_SPAN("flow"), -1, qr[5]);
    kab_qr_secret(other, "a", KAB_SPAN("flow"), 1, qr[6]);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(strlen(qr[i]), KAB_QR_SECRET);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(qr[i], qr[j]);
        }
    }
    /* A rotation of keys that rotate on line takes no shown proof away. */
    kab_otp_make(ring, KAB_SPAN("flow"), 1, otp[0]);
    kab_otp_make(rotated, KAB_SPAN("flow"), 1, otp[1]);
    assert_string_equal(otp[0], otp[1]);
    kab_keyring_close(ring);
    kab_keyring_close(other);
    kab_keyring_close(rotated);
}

static void codes_have_their_length(void **state)
{
    static const struct {
        unsigned asked, given;
    } lengths[] = {{4, 4}, {6, 6}, {8, 8}, {0, 8}, {5, 8}, {9, 8}, {4000000000U, 8}};
    kab_keyring_t *ring = unit_ring();
    uint8_t drawn[32] = {0};
    char code[KAB_CODE_MAX + 1], again[KAB_CODE_MAX + 1], six[KAB_CODE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        kab_code_make(ring, "recovery", KAB_SPAN("id"), drawn, lengths[i].asked, code);
        assert_int_equal(strspn(code, "0123456789"), lengths[i].given);
        assert_int_equal(strlen(code), lengths[i].given);
    }
    kab_code_make(ring, "recovery", KAB_SPAN("id"), drawn, 8, again);
    assert_string_equal(code, again);
    /* A short code is no part of a long one. */
    kab_code_make(ring, "recovery", KAB_SPAN("id"), drawn, 6, six);
    assert_memory_not_equal(six, code, 6);
    assert_memory_not_equal(six, code + 2, 6);
    drawn[31] = 1;
    kab_code_make(ring, "recovery", KAB_SPAN("id"), drawn, 8, again);
    assert_string_not_equal(code, again);
    kab_keyring_close(ring);
}

enum { CODES = 20000, EXPECTED = CODES / 10, SIX_DEVIATIONS = 6 * 43 };

/* Every digit stands in every place as often as chance has it, though all that differs from code
 * to code is a small count. */
static void codes_lean_to_no_digit(void **state)
{
    kab_keyring_t *ring = unit_ring();
    unsigned code_has[6][10] = {{0}}, otp_has[13][10] = {{0}};
    uint8_t drawn[32] = {0};
    char code[KAB_CODE_MAX + 1], otp[KAB_OTP_DIGITS + 1];

    (void)state;
    for (unsigned i = 0; i < CODES; i++) {
        drawn[0] = (uint8_t)i;
        drawn[1] = (uint8_t)(i >> 8);
        kab_code_make(ring, "recovery", KAB_SPAN("id"), drawn, 6, code);
        kab_otp_make(ring, KAB_SPAN("flow"), i, otp);
        for (unsigned at = 0; at < 13; at++) {
            otp_has[at][otp[at] - '0']++;
        }
        for (unsigned at = 0; at < 6; at++) {
            code_has[at][code[at] - '0']++;
        }
    }
    for (unsigned i = 0; i < 130; i++) {
        assert_in_range(otp_has[i / 10][i % 10], EXPECTED - SIX_DEVIATIONS,
                        EXPECTED + SIX_DEVIATIONS);
    }
    for (unsigned i = 0; i < 60; i++) {
        assert_in_range(code_has[i / 10][i % 10], EXPECTED - SIX_DEVIATIONS,
                        EXPECTED + SIX_DEVIATIONS);
    }
    kab_keyring_close(ring);
}

static void check_signs(const kab_signs_t *signs)
{
    for (int i = 0; i < KAB_SIGNS; i++) {
        assert_int_equal(strspn(signs->sign[i], "0123456789"), KAB_SIGN);
        assert_int_not_equal(signs->sign[i][0], '0');
        assert_int_equal(signs->sign[i][KAB_SIGN], '\0');
        assert_string_not_equal(signs->sign[i], signs->sign[(i + 1) % KAB_SIGNS]);
    }
    assert_in_range(signs->right, 0, KAB_SIGNS - 1);
}

static void signs_differ_and_lean_nowhere(void **state)
{
    unit_dice_t dice = unit_dice();
    kab_env_t env = unit_env(&dice);
    unsigned shown[100] = {0}, right[KAB_SIGNS] = {0};
    kab_signs_t signs;

    (void)state;
    for (int i = 0; i < 30000; i++) {
        kab_signs_draw(&env, &signs);
        check_signs(&signs);
        right[signs.right]++;
        for (int j = 0; j < KAB_SIGNS; j++) {
            shown[atoi(signs.sign[j])]++;
        }
    }
    for (int i = 0; i < KAB_SIGNS; i++) {
        assert_in_range(right[i], 10000 - 500, 10000 + 500); /* six deviations of 82 */
    }
    for (int i = 10; i < 100; i++) {
        assert_in_range(shown[i], 1000 - 200, 1000 + 200); /* six of 31 */
    }
}

static void stuck(void *ctx, uint8_t *out, size_t n)
{
    memset(out, *(const uint8_t *)ctx, n);
}

/* A generator that is stuck must not hang a worker. */
static void signs_differ_with_stuck_dice(void **state)
{
    kab_signs_t signs;

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        uint8_t byte = (uint8_t)i;
        kab_env_t env = {kab_env_system.now, stuck, &byte};
        kab_signs_draw(&env, &signs);
        check_signs(&signs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_proofs),
        cmocka_unit_test(known_check_digits),
        cmocka_unit_test(otp_reads_what_it_made),
        cmocka_unit_test(any_wrong_digit_is_found),
        cmocka_unit_test(otp_as_people_type_it),
        cmocka_unit_test(everything_counts),
        cmocka_unit_test(codes_have_their_length),
        cmocka_unit_test(codes_lean_to_no_digit),
        cmocka_unit_test(signs_differ_and_lean_nowhere),
        cmocka_unit_test(signs_differ_with_stuck_dice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

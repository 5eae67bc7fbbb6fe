/* Decoys: the same for the same IIN and table, and spread as the table says. */
#include "unit.h"

#include "cabinet/proof/decoy.h"

enum { PEOPLE = 200000 };

static kab_iin_t iin_of(unit_dice_t *dice)
{
    kab_iin_t iin = {{0}};

    for (int i = 0; i < KAB_IIN_DIGITS; i++) {
        iin.digits[i] = (char)('0' + unit_roll(dice) % 10);
    }
    return iin;
}

static void put(kab_mask_t *mask, const char *prefix, uint32_t share)
{
    assert_true(kab_mask_put(mask, prefix, share));
}

static void test_default_has_every_prefix(void **state)
{
    (void)state;
    assert_int_equal(kab_mask_default.n, kab_phone_plan_default.n);
    for (unsigned i = 0; i < kab_mask_default.n; i++) {
        assert_string_equal(kab_mask_default.row[i].prefix, kab_phone_plan_default.prefix[i]);
        assert_in_range(kab_mask_default.row[i].share, 1, KAB_MASK_SHARE);
    }
    assert_in_range(kab_mask_default.app, 1, KAB_MASK_WHOLE - 1);
}

static void test_rows_are_ordered(void **state)
{
    (void)state;
    kab_mask_t mask = {.app = 1};
    char prefix[5];

    put(&mask, "705", 5);
    put(&mask, "777", 7);
    put(&mask, "701", 1);
    assert_false(kab_mask_put(&mask, "705", 9));
    assert_int_equal(mask.n, 3);
    assert_string_equal(mask.row[0].prefix, "701");
    assert_string_equal(mask.row[1].prefix, "705");
    assert_int_equal(mask.row[1].share, 5);
    assert_string_equal(mask.row[2].prefix, "777");
    for (unsigned i = mask.n; i < KAB_PHONE_PREFIXES; i++) {
        snprintf(prefix, sizeof prefix, "%03u", i);
        put(&mask, prefix, 1);
    }
    assert_false(kab_mask_put(&mask, "999", 1));
    assert_int_equal(mask.n, KAB_PHONE_PREFIXES);
    assert_string_equal(mask.row[KAB_PHONE_PREFIXES - 1].prefix, "777");
}

static void test_an_iin_keeps_its_decoy(void **state)
{
    (void)state;
    unit_dice_t dice = unit_dice();
    kab_keyring_t *ring = unit_ring(),
                  *other = unit_ring_of("index 1 " UNIT_KEY_B "\nseal 1 " UNIT_KEY_B
                                        "\npepper 1 " UNIT_KEY_B "\ntoken 1 " UNIT_KEY_B
                                        "\ndecoy 1 " UNIT_KEY_A "\naudit 1 " UNIT_KEY_B
                                        "\nthrottle 1 " UNIT_KEY_B "\n");
    kab_mask_t turned = {.app = kab_mask_default.app};

    for (unsigned i = kab_mask_default.n; i-- > 0;) {
        put(&turned, kab_mask_default.row[i].prefix, kab_mask_default.row[i].share);
    }
    for (int i = 0; i < 2000; i++) {
        kab_iin_t iin = iin_of(&dice);
        kab_decoy_t a, b;
        kab_decoy(ring, &kab_mask_default, &iin, &a);
        kab_decoy(other, &turned, &iin, &b); /* other keys may go, lines may stand otherwise */
        assert_memory_equal(a.id.b, b.id.b, sizeof a.id.b);
        assert_string_equal(a.phone.e164, b.phone.e164);
        assert_int_equal(a.has_app, b.has_app);
    }
    kab_keyring_close(ring);
    kab_keyring_close(other);
}

/* Counts what many strangers would see, and compares by Pearson's chi-square. */
static void compare(const kab_mask_t *mask)
{
    unit_dice_t dice = unit_dice();
    kab_keyring_t *ring = unit_ring();
    double seen[KAB_PHONE_PREFIXES] = {0}, digit[10] = {0}, apps[KAB_PHONE_PREFIXES] = {0};
    double total = 0, app = 0, chi = 0, chi_digit = 0, share = (double)mask->app / KAB_MASK_WHOLE;

    for (int i = 0; i < PEOPLE; i++) {
        kab_iin_t iin = iin_of(&dice);
        kab_decoy_t decoy;
        unsigned at = 0;
        kab_decoy(ring, mask, &iin, &decoy);
        assert_int_equal(strlen(decoy.phone.e164), KAB_PHONE_SIZE - 1);
        assert_memory_equal(decoy.phone.e164, "+7", 2);
        while (memcmp(decoy.phone.e164 + 2, mask->row[at].prefix, 3) != 0) {
            assert_true(++at < mask->n);
        }
        seen[at]++;
        digit[decoy.phone.e164[8 + i % 4] - '0']++; /* the four that are shown */
        apps[at] += decoy.has_app;
        app += decoy.has_app;
    }
    for (unsigned i = 0; i < mask->n; i++) {
        total += mask->row[i].share;
    }
    for (unsigned i = 0; i < mask->n; i++) {
        double due = (double)PEOPLE * mask->row[i].share / total,
               spread = seen[i] * share * (1 - share);
        double off = apps[i] - seen[i] * share;
        chi += (seen[i] - due) * (seen[i] - due) / due;
        assert_true(off * off <= 36 * spread + 36); /* the app is as frequent with every prefix */
    }
    for (int i = 0; i < 10; i++) {
        chi_digit += (digit[i] - PEOPLE / 10.0) * (digit[i] - PEOPLE / 10.0) / (PEOPLE / 10.0);
    }
    printf("chi-square %.1f of %u prefixes, %.1f of 10 digits, app %.4f of %.4f\n", chi, mask->n,
           chi_digit, app / PEOPLE, share);
    assert_true(chi < 75);       /* 18 degrees of freedom: once in 10^8 */
    assert_true(chi_digit < 55); /* 9 degrees: likewise */
    assert_true((app / PEOPLE - share) * (app / PEOPLE - share) <
                36 * share * (1 - share) / PEOPLE); /* six standard deviations */
    kab_keyring_close(ring);
}

static void test_spread_of_the_default(void **state)
{
    (void)state;
    compare(&kab_mask_default);
}

static void test_spread_of_tables(void **state)
{
    (void)state;
    kab_mask_t one = {.app = 1}, large = {.app = 9999}, odd = {.app = 2500};

    put(&one, "747", 1);
    compare(&one);
    put(&large, "701", KAB_MASK_SHARE);
    put(&large, "702", KAB_MASK_SHARE);
    put(&large, "778", KAB_MASK_SHARE / 100);
    compare(&large);
    for (unsigned i = 0; i < 10; i++) {
        put(&odd, kab_phone_plan_default.prefix[i], 100 * i + 7);
    }
    compare(&odd);
}

/* A share that grows by one in a hundred of the whole moves no more than a few in a hundred. */
static void test_a_new_table_moves_few(void **state)
{
    (void)state;
    unit_dice_t dice = unit_dice();
    kab_keyring_t *ring = unit_ring();
    kab_mask_t next = kab_mask_default;
    int moved = 0, numbers = 0;

    next.row[1].share += 50;
    next.row[8].share += 50;
    for (int i = 0; i < 20000; i++) {
        kab_iin_t iin = iin_of(&dice);
        kab_decoy_t a, b;
        kab_decoy(ring, &kab_mask_default, &iin, &a);
        kab_decoy(ring, &next, &iin, &b);
        assert_memory_equal(a.id.b, b.id.b, sizeof a.id.b);
        assert_int_equal(a.has_app, b.has_app);
        moved += memcmp(a.phone.e164, b.phone.e164, 5) != 0;
        numbers += strcmp(a.phone.e164 + 5, b.phone.e164 + 5) != 0;
    }
    assert_int_equal(numbers, 0);
    assert_in_range(moved, 1, 20000 * 5 / 100);
    kab_keyring_close(ring);
}

static void test_a_table_of_people(void **state)
{
    (void)state;
    const kab_phone_plan_t *plan = &kab_phone_plan_default;
    kab_mask_count_t count = {.people = 999, .with_app = 333};
    kab_mask_t mask;

    count.begin[1] = 999;
    assert_false(kab_mask_of(plan, &count, &mask));
    count = (kab_mask_count_t){.people = 30000, .with_app = 20000, .others = 5};
    count.begin[1] = 19997; /* 701 */
    count.begin[7] = 10000; /* 747 */
    count.begin[8] = 3;     /* 760: too few for a share, but not to be known by it */
    assert_true(kab_mask_of(plan, &count, &mask));
    assert_int_equal(mask.app, 6667);
    assert_int_equal(mask.n, plan->n);
    for (unsigned i = 0; i < mask.n; i++) {
        assert_string_equal(mask.row[i].prefix, plan->prefix[i]);
        assert_int_equal(mask.row[i].share, i == 1 ? 6666 : i == 7 ? 3333 : 1);
    }
    count.with_app = 0;
    assert_true(kab_mask_of(plan, &count, &mask));
    assert_int_equal(mask.app, 1);
    count.with_app = count.people;
    assert_true(kab_mask_of(plan, &count, &mask));
    assert_int_equal(mask.app, KAB_MASK_WHOLE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_has_every_prefix),
        cmocka_unit_test(test_rows_are_ordered),
        cmocka_unit_test(test_an_iin_keeps_its_decoy),
        cmocka_unit_test(test_spread_of_the_default),
        cmocka_unit_test(test_spread_of_tables),
        cmocka_unit_test(test_a_new_table_moves_few),
        cmocka_unit_test(test_a_table_of_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The table of masks is counted from those whom recovery knows, and from nobody else. */
#include "rows.h"

#include "cabinet/person/account.h"
#include "cabinet/proof/decoy.h"
#include "cabinet/proof/device.h"

enum { PEOPLE = 2300 }; /* three batches */

static const kab_phone_plan_t *const plan = &kab_phone_plan_default;

static kab_phone_t phone_of(store_t *s, unsigned *prefix)
{
    kab_phone_t phone;

    *prefix = (unsigned)(store_roll(s) % plan->n);
    snprintf(phone.e164, sizeof phone.e164, "+7%s%07u", plan->prefix[*prefix],
             (unsigned)(store_roll(s) % 10000000));
    return phone;
}

/* Whether an app of this kind rings for the account: the kinds are what a phone can be. */
static bool give_app(store_t *s, const kab_account_t *account, unsigned kind)
{
    unsigned prefix;
    kab_device_t d = {.has_account = true,
                      .account = account->id,
                      .platform = "cli",
                      .phone = kind == 4 ? phone_of(s, &prefix) : account->phone,
                      .state = kind == 1 ? KAB_DEVICE_PENDING : KAB_DEVICE_ACTIVE,
                      .activation = kab_uuid_new(s->w.env)};

    s->env.random(s->env.ctx, d.key.xy, sizeof d.key.xy);
    if (kind == 2 || kind == 3) {
        d.state = KAB_DEVICE_HELD;
        d.held_until = s->now + (kind == 2 ? KAB_DAY : -KAB_SECOND);
    }
    assert_int_equal(kab_device_insert(&s->w, &d), KAB_OK);
    if (kind == 5) {
        d.state = KAB_DEVICE_REMOVED;
        assert_int_equal(kab_device_update(&s->w, &d, KAB_DEVICE_ACTIVE), KAB_OK);
    }
    return kind == 0 || kind == 3;
}

static void add_person(store_t *s, kab_mask_count_t *due)
{
    kab_account_t account = {.iin = store_iin(s), .locale = "kk"};
    unsigned prefix = 0, kind = (unsigned)(store_roll(s) % 12);
    bool app = false;

    account.has_phone = kind != 10;
    account.blocked = kind == 11;
    if (account.has_phone) {
        account.phone = phone_of(s, &prefix);
    }
    assert_int_equal(kab_account_create(&s->w, &account), KAB_OK);
    if (account.has_phone && kind != 9) {
        app = give_app(s, &account, kind % 6);
    }
    if (account.has_phone && !account.blocked) {
        due->people++;
        due->begin[prefix]++;
        due->with_app += app;
    }
}

static kab_mask_count_t counted(store_t *s, int batches)
{
    kab_mask_count_t count = {0};
    bool more = true;

    for (int i = 0; i < batches; i++) {
        assert_true(more);
        assert_int_equal(kab_mask_count(&s->w, plan, &count, &more), KAB_OK);
    }
    assert_false(more);
    return count;
}

static void same(const kab_mask_count_t *a, const kab_mask_count_t *b)
{
    assert_int_equal(a->people, b->people);
    assert_int_equal(a->with_app, b->with_app);
    assert_int_equal(a->others, b->others);
    assert_memory_equal(a->begin, b->begin, sizeof a->begin);
}

/* Those of other tests are not real to a stranger. */
static void block_all(store_t *s)
{
    assert_int_equal(store_other(s, "UPDATE account SET blocked_at = now()"), KAB_OK);
}

static void test_counts(void **state)
{
    store_t *s = *state;
    kab_mask_count_t due = {0}, count;
    kab_mask_t mask;

    block_all(s);
    count = counted(s, 1);
    same(&count, &due);
    printf("dice %llu\n", (unsigned long long)s->dice);
    for (int i = 0; i < PEOPLE; i++) {
        add_person(s, &due);
    }
    assert_int_equal(kab_pg_script(&s->w.db, "ANALYZE account, device"), KAB_OK);
    count = counted(s, (int)(due.people / 1000 + 1));
    same(&count, &due);
    assert_true(due.with_app > 0 && due.with_app < due.people);
    assert_true(kab_mask_of(plan, &count, &mask));
}

/* A number that was put from another row is nobody's, and is audited. */
static void test_a_moved_number_is_not_counted(void **state)
{
    store_t *s = *state;
    kab_account_t one = {.iin = store_iin(s), .locale = "ru", .has_phone = true}, two = one;
    unsigned prefix;
    kab_mask_count_t before, after;

    block_all(s);
    one.phone = two.phone = phone_of(s, &prefix);
    two.iin = store_iin(s);
    assert_int_equal(kab_account_create(&s->w, &one), KAB_OK);
    assert_int_equal(kab_account_create(&s->w, &two), KAB_OK);
    before = counted(s, 1);
    assert_int_equal(before.people, 2);
    assert_int_equal(before.begin[prefix], 2);
    const char *move = kab_format(s->w.arena,
                                  "UPDATE account SET phone = (SELECT phone FROM account"
                                  " WHERE id = '%s') WHERE id = '%s'",
                                  store_id(s, one.id), store_id(s, two.id));
    assert_int_equal(store_other(s, move), KAB_OK);
    after = counted(s, 1);
    assert_int_equal(after.people, 1);
    assert_int_equal(after.others, 1);
    assert_int_equal(store_tampered(s, two.id), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_a_moved_number_is_not_counted),
    };
    return cmocka_run_group_tests(tests, store_setup, store_teardown);
}

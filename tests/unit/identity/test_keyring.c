#include "unit.h"

static void refused_mode(const char *lines, unsigned mode, const char *part)
{
    char why[256] = "";
    unit_path_t path = unit_file(lines, strlen(lines), mode);
    kab_keyring_t *ring = kab_keyring_open(path.name, why, sizeof why);

    unlink(path.name);
    assert_null(ring);
    assert_non_null(strstr(why, part));
    assert_null(strstr(why, "AAAA")); /* no key material in the words */
    assert_null(strstr(why, "AQEB"));
}

static void refused(const char *lines, const char *part)
{
    refused_mode(lines, 0600, part);
}

static void keys_are_found(void **state)
{
    kab_keyring_t *ring = unit_ring_of("# comment\n\n  \t\n" UNIT_RING "token 300 " UNIT_KEY_B
                                       " # new\r\ntoken\t2  " UNIT_KEY_A "\nseal 2 " UNIT_KEY_B);

    (void)state;
    assert_int_equal(kab_key_current(ring, KAB_KEY_TOKEN)->id, 300);
    assert_int_equal(kab_key_current(ring, KAB_KEY_TOKEN)->key[31], 1);
    assert_int_equal(kab_key_current(ring, KAB_KEY_SEAL)->id, 2); /* no newline at the end */
    assert_int_equal(kab_key_find(ring, KAB_KEY_TOKEN, 2)->key[0], 0);
    assert_int_equal(kab_key_find(ring, KAB_KEY_TOKEN, 1)->id, 1);
    assert_null(kab_key_find(ring, KAB_KEY_TOKEN, 3));
    assert_null(kab_key_find(ring, KAB_KEY_TOKEN, 0));
    assert_null(kab_key_find(ring, KAB_KEY_INDEX, 300));
    kab_keyring_close(ring);
    kab_keyring_close(NULL);
}

static void generations_differ(void **state)
{
    kab_keyring_t *a = unit_ring();
    uint32_t first = kab_keyring_generation(a);

    (void)state;
    kab_keyring_close(a);
    a = unit_ring();
    assert_true(first != 0 && kab_keyring_generation(a) != first);
    kab_keyring_close(a);
}

static void wrong_lines_are_refused(void **state)
{
    (void)state;
    refused("", "no key for index");
    refused("index 1 " UNIT_KEY_A "\n", "no key for seal");
    refused(UNIT_RING "secret 1 " UNIT_KEY_A "\n", "line 8: unknown purpose");
    refused(UNIT_RING "seal\n", "line 8: the id");
    refused(UNIT_RING "seal 0 " UNIT_KEY_A "\n", "line 8: the id");
    refused(UNIT_RING "seal 01 " UNIT_KEY_A "\n", "line 8: the id");
    refused(UNIT_RING "seal -1 " UNIT_KEY_A "\n", "line 8: the id");
    refused(UNIT_RING "seal 65536 " UNIT_KEY_A "\n", "line 8: the id");
    refused(UNIT_RING "seal 2\n", "line 8: the key");
    refused(UNIT_RING "seal 2 AAAA\n", "line 8: the key");
    refused(UNIT_RING "seal 2 " UNIT_KEY_A "=\n", "line 8: the key");
    refused(UNIT_RING "seal 2 " UNIT_KEY_A " x\n", "line 8: too many");
    refused(UNIT_RING "seal 1 " UNIT_KEY_B "\n", "line 8: this id stands twice");
    refused(UNIT_RING "seal 3 " UNIT_KEY_A "\nseal 2 " UNIT_KEY_A "\nseal 1 " UNIT_KEY_A "\n",
            "line 10: this id stands twice");
}

static void too_many_keys_are_refused(void **state)
{
    char text[4096] = UNIT_RING;
    size_t n = strlen(text);

    (void)state;
    for (unsigned id = 2; id < 40; id++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "seal %u %s\n", id, UNIT_KEY_A);
    }
    refused(text, "too many keys");
}

static void others_may_not_read_it(void **state)
{
    static const unsigned wrong[] = {0604, 0602, 0601, 0644, 0660, 0620, 0610, 0666};
    char why[256];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        refused_mode(UNIT_RING, wrong[i], "others may read it");
    }
    unit_path_t path = unit_file(UNIT_RING, strlen(UNIT_RING), 0640);
    kab_keyring_t *ring = kab_keyring_open(path.name, why, sizeof why);
    unlink(path.name);
    assert_non_null(ring);
    kab_keyring_close(ring);
}

static void what_is_no_file_is_refused(void **state)
{
    static char huge[64 * 1024];
    char why[256];

    (void)state;
    assert_null(kab_keyring_open("/nonexistent/keyring", why, sizeof why));
    assert_non_null(strstr(why, "no such file"));
    assert_null(kab_keyring_open("/dev/null", why, sizeof why));
    assert_null(kab_keyring_open("/tmp", why, sizeof why));
    memset(huge, '\n', sizeof huge - 1);
    refused(huge, "too large");
}

static void create_makes_one_and_never_overwrites(void **state)
{
    unit_dice_t dice = unit_dice();
    kab_env_t env = unit_env(&dice);
    unit_path_t path = unit_file("", 0, 0600);
    struct stat st;
    char why[256] = "";

    (void)state;
    assert_false(kab_keyring_create(path.name, &env, why, sizeof why));
    assert_non_null(strstr(why, "exists already"));
    unlink(path.name);
    mode_t before = umask(0);
    assert_true(kab_keyring_create(path.name, &env, why, sizeof why));
    umask(before);
    assert_int_equal(stat(path.name, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    kab_keyring_t *ring = kab_keyring_open(path.name, why, sizeof why);
    unlink(path.name);
    assert_non_null(ring);
    for (unsigned i = 0; i < KAB_KEY_PURPOSES; i++) {
        for (unsigned k = 0; k < i; k++) {
            assert_memory_not_equal(kab_key_current(ring, (kab_purpose_t)i)->key,
                                    kab_key_current(ring, (kab_purpose_t)k)->key, KAB_KEY_BYTES);
        }
    }
    kab_keyring_close(ring);
    assert_false(kab_keyring_create("/nonexistent/keyring", &env, why, sizeof why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found),
        cmocka_unit_test(generations_differ),
        cmocka_unit_test(wrong_lines_are_refused),
        cmocka_unit_test(too_many_keys_are_refused),
        cmocka_unit_test(others_may_not_read_it),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(create_makes_one_and_never_overwrites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include <dirent.h>

#include "identity/password/breach.h"

static const char list[] =
    "password\nqwerty123\r\n\nPässwörd\ncafe\xcc\x81\nСложный1\n\xff\xfe\nlast";

static int64_t build(const char *text, size_t n, unit_path_t *out, char *why, size_t size)
{
    unit_path_t in = unit_file(text, n, 0600);

    *out = unit_file("", 0, 0600);
    int64_t count = kab_breach_build(in.name, out->name, why, size);
    unlink(in.name);
    return count;
}

static void listed_ones_are_found(void **state)
{
    char why[256] = "";
    unit_path_t path;

    (void)state;
    assert_int_equal(build(list, sizeof list - 1, &path, why, sizeof why), 6);
    kab_breach_t *breach = kab_breach_open(path.name, why, sizeof why);
    unlink(path.name);
    assert_non_null(breach);
    assert_true(kab_breach_has(breach, KAB_SPAN("password")));
    assert_true(kab_breach_has(breach, KAB_SPAN("PassWord"))); /* folded */
    assert_true(kab_breach_has(breach, KAB_SPAN("qwerty123")));
    assert_true(kab_breach_has(breach, KAB_SPAN("Pässwörd")));
    assert_true(kab_breach_has(breach, KAB_SPAN("café"))); /* listed decomposed */
    assert_true(kab_breach_has(breach, KAB_SPAN("Сложный1")));
    assert_true(kab_breach_has(breach, KAB_SPAN("last")));
    assert_false(kab_breach_has(breach, KAB_SPAN("passwor")));
    assert_false(kab_breach_has(breach, KAB_SPAN("")));
    assert_false(kab_breach_has(breach, KAB_NONE));
    assert_false(kab_breach_has(breach, KAB_SPAN("\xff\xfe")));
    kab_breach_close(breach);
    kab_breach_close(NULL);
}

static void damage_is_refused(void **state)
{
    char why[256] = "";
    unit_path_t path;
    uint8_t good[512], bad[sizeof good + 1];

    (void)state;
    assert_true(build(list, sizeof list - 1, &path, why, sizeof why) > 0);
    FILE *f = fopen(path.name, "r");
    size_t n = fread(good, 1, sizeof good, f);
    fclose(f);
    unlink(path.name);
    assert_true(n > 64 && n < sizeof good);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        memcpy(bad, good, n);
        bad[bit / 8] ^= (uint8_t)(1U << bit % 8);
        path = unit_file(bad, n, 0600);
        assert_null(kab_breach_open(path.name, why, sizeof why));
        unlink(path.name);
    }
    memcpy(bad, good, n);
    bad[n] = 0;
    for (size_t cut = 0; cut <= n + 1; cut++) {
        path = unit_file(bad, cut, 0600);
        kab_breach_t *breach = kab_breach_open(path.name, why, sizeof why);
        assert_int_equal(breach != NULL, cut == n);
        kab_breach_close(breach);
        unlink(path.name);
    }
}

static void what_is_no_file_is_refused(void **state)
{
    char why[256] = "";

    (void)state;
    assert_null(kab_breach_open("/nonexistent/list", why, sizeof why));
    assert_non_null(strstr(why, "no such file"));
    assert_null(kab_breach_open("/tmp", why, sizeof why));
    assert_null(kab_breach_open("/dev/null", why, sizeof why));
}

static unsigned files_in(const char *directory)
{
    unsigned n = 0;
    DIR *dir = opendir(directory);

    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    return n;
}

static void a_failed_build_leaves_the_old_file(void **state)
{
    char why[256] = "", directory[] = "/tmp/kab-unit-XXXXXX", out[128];
    unit_path_t in = unit_file("abc\n", 4, 0600), empty = unit_file("\n\n", 2, 0600);

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(out, sizeof out, "%s/list.kbf", directory);
    assert_int_equal(kab_breach_build(in.name, out, why, sizeof why), 1);
    assert_int_equal(kab_breach_build("/nonexistent/list", out, why, sizeof why), -1);
    assert_int_equal(kab_breach_build(empty.name, out, why, sizeof why), -1);
    assert_non_null(strstr(why, "no password"));
    assert_int_equal(kab_breach_build(in.name, "/nonexistent/x", why, sizeof why), -1);
    assert_int_equal(kab_breach_build(in.name, directory, why, sizeof why), -1);
    assert_int_equal(files_in(directory), 3); /* ., .. and the list: no rest of a build */
    kab_breach_t *breach = kab_breach_open(out, why, sizeof why);
    assert_non_null(breach);
    /* Built anew while it is open: the reader keeps what it had. */
    unit_path_t other = unit_file("xyz\n", 4, 0600);
    assert_int_equal(kab_breach_build(other.name, out, why, sizeof why), 1);
    assert_true(kab_breach_has(breach, KAB_SPAN("abc")));
    assert_false(kab_breach_has(breach, KAB_SPAN("xyz")));
    kab_breach_close(breach);
    unlink(in.name);
    unlink(empty.name);
    unlink(other.name);
    unlink(out);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listed_ones_are_found),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(a_failed_build_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

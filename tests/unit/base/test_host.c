/* Which names of hosts stay on this machine. */
#include "unit.h"

#include "base/host.h"

static void test_loopback(void **state)
{
    (void)state;
    static const char *const here[] = {"localhost",       "LocalHost", "127.0.0.1", "127.1.2.3",
                                       "127.255.255.255", "::1",       "[::1]"};
    static const char *const elsewhere[] = {"",
                                            "127.example.kz",
                                            "127.0.0.1.example.kz",
                                            "127.1",
                                            "localhost.",
                                            "128.0.0.1",
                                            "localhost.example",
                                            "0.0.0.0",
                                            "[::2]",
                                            "[::1",
                                            "010.0.0.1",
                                            "::ffff:127.0.0.1",
                                            "xlocalhost",
                                            "127.0.0.",
                                            " 127.0.0.1",
                                            "0177.0.0.1",
                                            "127.0.0.1 127.0.0.1"};

    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++) {
        if (!kab_host_is_loopback(kab_span_of(here[i]))) {
            fail_msg("%s", here[i]);
        }
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        if (kab_host_is_loopback(kab_span_of(elsewhere[i]))) {
            fail_msg("%s", elsewhere[i]);
        }
    }
    assert_false(kab_host_is_loopback(KAB_SPAN("localhost\0.example.kz")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

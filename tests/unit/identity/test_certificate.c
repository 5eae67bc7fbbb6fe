#include "unit.h"

#include "identity/certificate.h"

static void same(const char *a, const char *b)
{
    kab_certificate_t x, y;

    assert_null(kab_certificate_parse(kab_span_of(a), &x));
    assert_null(kab_certificate_parse(kab_span_of(b), &y));
    assert_string_equal(x.text, y.text);
}

static void refused(const char *text, const char *reason)
{
    kab_certificate_t certificate = {"untouched"};
    const char *why = kab_certificate_parse(kab_span_of(text), &certificate);

    assert_non_null(why);
    assert_string_equal(why, reason);
    assert_string_equal(certificate.text, "untouched");
}

static void number_signs_and_separators_do_not_count(void **state)
{
    (void)state;
    same("1904518", "№ 1904518");
    same("1904518", "N° 190-45-18");
    same("1904518", "Nº1904518");
    same("1904518", "n 1904518");
    same("1904518", "№1904518.");
    same("0100532718", "01/005-32718");
    same("1904518", "１９０４５１８");
    same("1904518", "190\xc2\xa0"
                    "45\xe2\x80\x94"
                    "18");
    same("II ЖА 204511", "II-ЖА № 204511");
    same("II ЖА 204511", "II ЖА N204511");
}

static void keyboards_do_not_count(void **state)
{
    (void)state;
    same("VIII УН 123456", "viii yh 123456");
    same("VIII УН 123456", "Ⅷ УН 123456");
    same("VIII УН 123456", "УШ ун 123456");
    same("II ЖА 204511", "ІІ жА 204511"); /* Cyrillic І */
    same("II ЖА 204511", "ii Жa 204511"); /* Latin a */
    same("II ЖА 204511", "П ЖА 204511");
    same("АВЕКМНОРСТУХ 1", "ABEKMHOPCTYX 1");
}

static void other_letters_and_digits_do(void **state)
{
    kab_certificate_t x, y;

    (void)state;
    assert_null(kab_certificate_parse(KAB_SPAN("II ЖА 204511"), &x));
    assert_string_equal(x.text, "IIЖA204511");
    assert_null(kab_certificate_parse(KAB_SPAN("II ЗА 204511"), &y));
    assert_string_not_equal(x.text, y.text);
    assert_null(kab_certificate_parse(KAB_SPAN("III ЖА 204511"), &y));
    assert_string_not_equal(x.text, y.text);
    assert_null(kab_certificate_parse(KAB_SPAN("NAB 12345"), &x)); /* an N of a word stays */
    assert_string_equal(x.text, "NAB12345");
    assert_null(kab_certificate_parse(KAB_SPAN("0100532718"), &x));
    assert_null(kab_certificate_parse(KAB_SPAN("100532718"), &y));
    assert_string_not_equal(x.text, y.text);
}

static void length_is_five_to_twenty(void **state)
{
    char long_one[2000];
    kab_certificate_t certificate;

    (void)state;
    refused("", "certificate_length");
    refused("№ 1-2-3-4", "certificate_length");
    assert_null(kab_certificate_parse(KAB_SPAN("12345"), &certificate));
    assert_null(kab_certificate_parse(KAB_SPAN("ЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖ"), &certificate));
    refused("123456789012345678901", "certificate_length");
    refused("ПППППППППППППППП", "certificate_length");
    memset(long_one, '1', sizeof long_one);
    long_one[sizeof long_one - 1] = '\0';
    refused(long_one, "certificate_length");
}

static void strange_signs_are_refused(void **state)
{
    (void)state;
    refused("123456;", "certificate_format");
    refused("12345\n6", "certificate_format");
    refused("<123456>", "certificate_format");
    refused("123456\xff", "certificate_format");
    refused("١٢٣٤٥٦", "certificate_format");
    refused("12345😀", "certificate_format");
    refused("ΑΒΓΔΕ12", "certificate_format"); /* Greek */
    kab_certificate_t certificate;
    assert_string_equal(kab_certificate_parse(KAB_SPAN("12345\0"), &certificate),
                        "certificate_format");
}

static void normalising_twice_changes_nothing(void **state)
{
    static const char *const some[] = {"VIII УН 123456", "II ЖА 204511", "№ 1904518", "ҚӘ-777 Ү"};

    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        kab_certificate_t once;
        assert_null(kab_certificate_parse(kab_span_of(some[i]), &once));
        same(some[i], once.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_signs_and_separators_do_not_count),
        cmocka_unit_test(keyboards_do_not_count),
        cmocka_unit_test(other_letters_and_digits_do),
        cmocka_unit_test(length_is_five_to_twenty),
        cmocka_unit_test(strange_signs_are_refused),
        cmocka_unit_test(normalising_twice_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

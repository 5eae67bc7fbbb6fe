#include "identity/certificate.h"

#include <string.h>
#include <utf8proc.h>

#include "base/unicode.h"

enum { CHARACTERS_MIN = 5, CHARACTERS_MAX = 20, WORK = 1024 };

/*
 * One sign stands for all that look or are typed alike, so that a number keyed in on either
 * keyboard compares equal. A Roman V is typed as У on a Cyrillic keyboard, and У looks like Y:
 * the three are one. П and Ш are how II and III get typed. The result is for comparing, not for
 * showing.
 */
static const struct {
    int32_t from;
    const char *to;
} folds[] = {
    {0x0410, "A"},  /* А */
    {0x0412, "B"},  /* В */
    {0x0415, "E"},  /* Е */
    {0x0401, "E"},  /* Ё */
    {0x041A, "K"},  /* К */
    {0x041C, "M"},  /* М */
    {0x041D, "H"},  /* Н */
    {0x041E, "O"},  /* О */
    {0x0420, "P"},  /* Р */
    {0x0421, "C"},  /* С */
    {0x0422, "T"},  /* Т */
    {0x0425, "X"},  /* Х */
    {0x0405, "S"},  /* Ѕ */
    {0x0406, "I"},  /* І */
    {0x04C0, "I"},  /* Ӏ */
    {0x0408, "J"},  /* Ј */
    {0x04BA, "H"},  /* Һ */
    {0x0423, "Y"},  /* У */
    {0x04AE, "Y"},  /* Ү */
    {'V', "Y"},     /* as a Roman five */
    {0x041F, "II"}, /* П */
    {0x0428, "III"} /* Ш */
};

static const char *fold_of(int32_t c)
{
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
        if (folds[i].from == c) {
            return folds[i].to;
        }
    }
    return NULL;
}

static bool is_separator(int32_t c)
{
    return c == '-' || c == '.' || c == ',' || c == '/' || c == '\\' || c == '_' || c == '#' ||
           c == '\t' || c == 0x00B7 || c == 0x2212 || c == 0x00AD ||
           utf8proc_category(c) == UTF8PROC_CATEGORY_ZS ||
           utf8proc_category(c) == UTF8PROC_CATEGORY_PD;
}

static bool is_digit(int32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(int32_t c)
{
    bool cyrillic = c >= 0x0400 && c <= 0x052F;
    return (c >= 'A' && c <= 'Z') || (cyrillic && utf8proc_category(c) == UTF8PROC_CATEGORY_LU);
}

static int32_t upper(int32_t c)
{
    return utf8proc_toupper(c);
}

/* The number sign before NFKC, which would make letters of it: №, N°, Nº. Also a lone N, as it is
 * typed where the keyboard has no №; no Cyrillic series has a letter like it. */
static void drop_number_sign(kab_span_t in, uint8_t *out, size_t *n)
{
    int32_t before = ' ';

    *n = 0;
    while (in.n > 0) {
        kab_span_t rest = in;
        int32_t c = kab_unicode_next(&rest);
        kab_span_t ahead = rest;
        int32_t after = ahead.n > 0 ? kab_unicode_next(&ahead) : ' ';

        if ((c == 'N' || c == 'n') && (after == 0x00B0 || after == 0x00BA)) {
            rest = ahead;
        } else if (c != 0x2116 && !((c == 'N' || c == 'n') && !is_letter(upper(before)) &&
                                    !is_digit(before) && !is_letter(upper(after)))) {
            memcpy(out + *n, in.p, in.n - rest.n);
            *n += in.n - rest.n;
        }
        before = c;
        in = rest;
    }
}

typedef struct {
    size_t bytes, characters;
    char text[KAB_CERTIFICATE_SIZE];
} folded_t;

static bool append(folded_t *to, const char *bytes, size_t n, size_t characters)
{
    to->characters += characters;
    if (to->characters > CHARACTERS_MAX || to->bytes + n >= sizeof to->text) {
        return false;
    }
    memcpy(to->text + to->bytes, bytes, n);
    to->bytes += n;
    return true;
}

static const char *fold_all(kab_span_t in, folded_t *to)
{
    while (in.n > 0) {
        int32_t c = upper(kab_unicode_next(&in));
        const char *fold = fold_of(c);
        uint8_t encoded[4];
        bool room = true;

        if (fold) {
            room = append(to, fold, strlen(fold), strlen(fold));
        } else if (is_digit(c) || is_letter(c)) {
            size_t n = (size_t)utf8proc_encode_char(c, encoded);
            room = append(to, (const char *)encoded, n, 1);
        } else if (!is_separator(c)) {
            return "certificate_format";
        }
        if (!room) {
            return "certificate_length";
        }
    }
    return to->characters < CHARACTERS_MIN ? "certificate_length" : NULL;
}

const char *kab_certificate_parse(kab_span_t text, kab_certificate_t *out)
{
    uint8_t bare[KAB_UNICODE_MAX], normal[WORK];
    size_t n = 0;
    folded_t folded = {0};

    if (text.n > KAB_UNICODE_MAX) {
        return "certificate_length";
    }
    if (!kab_utf8_ok(text)) {
        return "certificate_format";
    }
    drop_number_sign(text, bare, &n);
    if (!kab_unicode_normal((kab_span_t){bare, n}, KAB_NFKC, normal, sizeof normal, &n)) {
        return "certificate_format";
    }
    const char *why = fold_all((kab_span_t){normal, n}, &folded);
    if (!why) {
        memset(out, 0, sizeof *out);
        memcpy(out->text, folded.text, folded.bytes);
    }
    return why;
}

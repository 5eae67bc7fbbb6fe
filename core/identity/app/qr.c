#include "identity/app/qr.h"

#include <stdio.h>

#include <qrencode.h>

/* ISO/IEC 18004 5.3.8: nothing else may stand so near. */
enum { QUIET = 4, CAPACITY = 2331 /* bytes at level M, version 40 */ };
enum { RUN_MAX = sizeof("M181 181h177v1h-177z") - 1, FRAME_MAX = 256 };

/* A run of dark modules of a row, from `x` on; 0 at the row's end. */
static int next_run(const QRcode *code, int y, int *x)
{
    const unsigned char *row = code->data + (size_t)y * (size_t)code->width;
    int n = 0;

    while (*x < code->width && !(row[*x] & 1)) {
        (*x)++;
    }
    while (*x + n < code->width && (row[*x + n] & 1)) {
        n++;
    }
    return n;
}

static size_t count_runs(const QRcode *code)
{
    size_t runs = 0;

    for (int y = 0; y < code->width; y++) {
        for (int x = 0, n; (n = next_run(code, y, &x)) > 0; x += n) {
            runs++;
        }
    }
    return runs;
}

static char *draw_runs(const QRcode *code, char *at)
{
    for (int y = 0; y < code->width; y++) {
        for (int x = 0, n; (n = next_run(code, y, &x)) > 0; x += n) {
            at += snprintf(at, RUN_MAX + 1, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, n, n);
        }
    }
    return at;
}

/* Black on white by attributes alone: what a strict content security policy lets through, and a
 * dark page does not turn round. */
static kab_span_t draw(kab_arena_t *arena, const QRcode *code)
{
    size_t size = FRAME_MAX + count_runs(code) * RUN_MAX;
    char *svg = kab_alloc(arena, size), *at = svg;
    int side = code->width + 2 * QUIET;

    if (!svg) {
        return KAB_NONE;
    }
    at += snprintf(at, FRAME_MAX,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                   "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>"
                   "<path fill=\"#000\" d=\"",
                   side, side, side, side);
    at = draw_runs(code, at);
    at += snprintf(at, sizeof "\"/></svg>", "\"/></svg>");
    return (kab_span_t){(const uint8_t *)svg, (size_t)(at - svg)};
}

kab_span_t kab_qr_svg(kab_arena_t *arena, kab_span_t text)
{
    kab_span_t svg = KAB_NONE;

    if (text.n == 0 || text.n > CAPACITY) {
        return KAB_NONE;
    }
    QRcode *code = QRcode_encodeData((int)text.n, text.p, 0, QR_ECLEVEL_M);
    if (code) {
        svg = draw(arena, code);
        /* The modules are the link, and the link has a secret. */
        kab_wipe(code->data, (size_t)code->width * (size_t)code->width);
        QRcode_free(code);
    }
    return svg;
}

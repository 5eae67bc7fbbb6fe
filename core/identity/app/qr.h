/* A link as a QR code (ISO/IEC 18004, by libqrencode), drawn as SVG. Any thread. */
#ifndef KAB_QR_H
#define KAB_QR_H

#include "base/arena.h"

/* SVG text in the arena, level M, four modules of quiet zone, black on white, no script or style
 * element; empty: too long, or out of memory. */
kab_span_t kab_qr_svg(kab_arena_t *arena, kab_span_t text);

#endif

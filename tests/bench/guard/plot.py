"""The table of guarded requests as a picture: bars of requests a second, drawn as plain SVG.

    python3 tests/bench/guard/plot.py build/bench.json >build/bench.svg
"""

import json
import sys
from html import escape

WIDTH, LEFT, RIGHT, TOP = 960, 220, 200, 92
BAR, GAP, HEAD = 12, 10, 34
COLOURS = {1: "#9ec5e8", 32: "#2f74b5", 256: "#12365c"}
HEADS = {"keep-alive": "HTTP/1.1, keep-alive", "HTTP/2": "HTTP/2, 10 streams a connection",
         "close": "HTTP/1.1, a connection for each request"}


def text(x, y, words, size=12, anchor="start", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{extra}>{escape(words)}</text>'


def step(most):
    """A round distance of the axis' marks, five to ten of them."""
    size = 1
    while most / size > 10:
        size *= {"1": 2, "2": 2.5, "5": 2}[str(size)[0]]
    return int(size)


def panels(rows):
    """[(head, [(name, [row by connections])])] in the order of the table."""
    found = []
    for how, head in HEADS.items():
        names = list(dict.fromkeys(row["row"] for row in rows if row["how"] == how))
        found.append((head, [(name, sorted((row for row in rows if (row["row"], row["how"]) == (name, how)),
                                           key=lambda row: row["connections"])) for name in names]))
    return found


def bar(row, y, scale):
    """With a line from the lowest to the highest slice."""
    rate, middle = row["rate"], y + BAR / 2
    low, high = LEFT + rate["min"] * scale, LEFT + rate["max"] * scale
    return (f'<rect x="{LEFT}" y="{y}" width="{rate["median"] * scale:.1f}" height="{BAR - 1}" '
            f'fill="{COLOURS[row["connections"]]}"/>'
            f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 3}v6M{high:.1f} {middle - 3}v6" '
            'stroke="#d9480f" fill="none"/>'
            + text(high + 6, y + BAR - 2, f'{rate["median"]:,.0f} · {row["cpu_us"]["median"]:.1f} µs', 10))


def legend():
    out, x = [], LEFT
    for connections, colour in COLOURS.items():
        words = "1 connection" if connections == 1 else f"{connections} connections"
        out += [f'<rect x="{x}" y="58" width="12" height="12" fill="{colour}"/>', text(x + 18, 68, words)]
        x += 120
    out.append(f'<path d="M{x} 64h24M{x} 61v6M{x + 24} 61v6" stroke="#d9480f" fill="none"/>')
    return out + [text(x + 30, 68, "lowest to highest slice")]


def axis(most, scale, bottom):
    out = []
    for value in range(0, int(most) + 1, step(most)):
        x = LEFT + value * scale
        out += [f'<path d="M{x:.1f} {TOP}V{bottom}" stroke="#e3e6ea"/>',
                text(x, bottom + 16, f"{value:,}", 11, "middle")]
    return out + [text((LEFT + WIDTH - RIGHT) / 2, bottom + 36, "requests a second; beside each bar its median "
                       "and the processor time of nginx for one request", 12, "middle")]


def svg(guard):
    most = max(row["rate"]["max"] for row in guard["rows"])
    scale, y, bars = (WIDTH - LEFT - RIGHT) / most, TOP, []
    for head, groups in panels(guard["rows"]):
        bars.append(text(16, y + 20, head, 13, extra=' font-weight="bold"'))
        y += HEAD
        for name, rows in groups:
            bars.append(text(LEFT - 8, y + len(rows) * BAR / 2 + 4, name, 12, "end"))
            for row in rows:
                bars.append(bar(row, y, scale))
                y += BAR
            y += GAP
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 50}" '
           f'viewBox="0 0 {WIDTH} {y + 50}" font-family="sans-serif" fill="#1c2430">',
           f'<rect width="{WIDTH}" height="{y + 50}" fill="#ffffff"/>',
           text(16, 30, "Guarded requests: one nginx worker on one core, the same small file", 18),
           *legend(), *axis(most, scale, y), *bars, "</svg>"]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(svg(json.load(file)["guard"]))

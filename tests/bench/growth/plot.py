"""What was measured at each size as a picture: what one thing costs beside the smallest size, as SVG.

    python3 tests/bench/growth/plot.py build/growth.json >build/growth.svg
"""

import json
import math
import sys
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP = 960, 300, 70, 250, 70
COLOURS = ("#2f74b5", "#d9480f", "#2b8a3e", "#862e9c")

# (title, key in the JSON, [(series, what it is measured beside)])
PANELS = [("Accounts and children", "accounts",
           [("account", "nothing"), ("child", "nothing"), ("sign-in", "hashes")]),
          ("Live sessions", "sessions", [("hit, few", "plain"), ("hit, any", "plain"), ("miss", "plain")])]
NAMES = {"account": "look-up of an account", "child": "look-up of a child", "sign-in": "whole sign-in",
         "hit, few": "hit, of 200 sessions", "hit, any": "hit, of any session", "miss": "found in Redis"}


def text(x, y, words, size=12, anchor="start", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{extra}>{escape(words)}</text>'


def costs(rows, series, beside):
    """[(n, cost beside the first)]; that of each size is taken beside something that does not grow."""
    found = [(row["n"], row[series]["us"] / row[beside]["us"]) for row in rows if series in row]
    return [(n, cost / found[0][1]) for n, cost in found]


def bends(result):
    """(series, n, cost) of what first costs half as much again as at the smallest size; None."""
    bent = [(n, series, cost) for _, key, lines in PANELS for series, beside in lines
            for n, cost in costs(result[key], series, beside) if cost >= 1.5]
    return min(bent)[1::-1] + (min(bent)[2],) if bent else None


def panel(title, rows, lines, top):
    sizes = [row["n"] for row in rows]
    low, high = math.log10(sizes[0]), math.log10(sizes[-1]) + 1e-9
    drawn = [(series, costs(rows, series, beside)) for series, beside in lines]
    most = max(2.0, *(cost for _, points in drawn for _, cost in points)) * 1.1
    inner = HEIGHT - 70

    def place(n, cost):
        return (LEFT + (math.log10(n) - low) / (high - low) * (WIDTH - LEFT - RIGHT),
                top + inner - cost / most * inner)

    out = [text(16, top - 16, title, 14, extra=' font-weight="bold"')]
    for n in sizes:
        x = place(n, 0)[0]
        out += [f'<path d="M{x:.1f} {top}V{top + inner}" stroke="#e3e6ea"/>',
                text(x, top + inner + 16, f"{n:,}", 11, "middle")]
    for cost in range(int(most) + 1):
        y = place(sizes[0], cost)[1]
        out += [f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#e3e6ea"/>', text(LEFT - 8, y + 4, f"{cost} ×", 11, "end")]
    labels = top
    for colour, (series, points) in zip(COLOURS, drawn):
        if points:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
            out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in (place(*p) for p in points)]
            rates = [row[series]["rate"] for row in rows if series in row]
            out += [text(WIDTH - RIGHT + 12, labels + 12, f"{NAMES[series]}: {points[-1][1]:.2f} ×", 12,
                         extra=f' fill="{colour}"'),
                    text(WIDTH - RIGHT + 12, labels + 27, " → ".join(f"{rate:,.0f}" for rate in rates) + " a second", 10)]
            labels += 40
    return out


def svg(result):
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{TOP + 2 * HEIGHT}" '
           f'viewBox="0 0 {WIDTH} {TOP + 2 * HEIGHT}" font-family="sans-serif" fill="#1c2430">',
           f'<rect width="{WIDTH}" height="{TOP + 2 * HEIGHT}" fill="#ffffff"/>',
           text(16, 28, "What one costs as they become many, beside the same at the smallest size", 18)]
    for i, (title, key, lines) in enumerate(PANELS):
        out += panel(title, result[key], lines, TOP + 20 + i * HEIGHT)
    return "\n".join(out + ["</svg>"]) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(svg(json.load(file)))

#!/usr/bin/env python3
"""Draws the dashboard as SVG from its JSON and a Prometheus that has scraped the daemon.

usage: draw.py PROMETHEUS_URL START END > ecr-pull-proxy.svg     (times in seconds since 1970)

Panels, titles, places and queries are the dashboard's; lines and colours are ours. It needs nothing but Python.
"""

import html
import json
import pathlib
import sys
import urllib.parse
import urllib.request

COLUMN, ROW, GAP = 50, 30, 6
WIDTH = 24 * COLUMN
TEXT, FAINT, FRAME = "#24292f", "#6e7781", "#d0d7de"
COLOURS = ["#3e7cb1", "#e07a2f", "#4f9d5d", "#c44e52", "#8172b3", "#937860", "#d68fb8", "#7f7f7f", "#b5a642"]
STATES = {"green": "#2f8f46", "orange": "#c9741a", "red": "#c0362c"}


def ask(base, path, **query):
    with urllib.request.urlopen(f"{base}/api/v1/{path}?{urllib.parse.urlencode(query)}") as answer:
        return json.load(answer)["data"]["result"]


def expression(target):
    return target["expr"].replace("$__rate_interval", "15s").replace("$instance", ".*")


def legend(target, labels):
    name = target["legendFormat"]
    for label, value in labels.items():
        name = name.replace("{{" + label + "}}", value)
    return name.replace("{{rule}}", "(no rule)").strip()


def amount(value, unit):
    if unit == "s":
        for size, name in ((3600, "h"), (60, "min"), (1, "s")):
            if abs(value) >= size:
                return f"{value / size:.3g} {name}"
        return f"{value * 1000:.3g} ms"
    suffix = {"reqps": " req/s", "Bps": "B/s", "bytes": "B"}.get(unit, "")
    if unit in ("Bps", "bytes"):
        for size, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if abs(value) >= size:
                return f"{value / size:.3g} {name}{suffix}"
        suffix = " " + suffix
    return (f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}") + suffix


def text(x, y, content, size=11, colour=TEXT, anchor="start", weight="normal"):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{html.escape(content)}</text>')


def round_up(value):
    """The next round number."""
    step = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 1.0
    while step > value:
        step /= 10
    return next(factor * step for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if factor * step >= value * 0.9999)


def stat(panel, base, end):
    x, y, width, height = box(panel)
    (target,) = panel["targets"]
    found = ask(base, "query", query=expression(target), time=end)
    value = float(found[0]["value"][1]) if found else 0.0
    defaults = panel["fieldConfig"]["defaults"]
    steps = defaults["thresholds"]["steps"]
    colour = [step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]
    shown = amount(round(value), defaults["unit"])
    yield text(x + width / 2, y + height / 2 + 22, shown, 32, STATES[colour], "middle", "bold")


def timeseries(panel, base, start, end):
    x, y, width, height = box(panel)
    left, top, right, bottom = x + 74, y + 34, x + width - 14, y + height - 50
    defaults = panel["fieldConfig"]["defaults"]
    stacked = defaults["custom"]["stacking"]["mode"] == "normal"
    stepped = defaults["custom"]["lineInterpolation"] == "stepAfter"
    step = max(1, round((end - start) / 200))
    lines = []
    for target in panel["targets"]:
        for found in ask(base, "query_range", query=expression(target), start=start, end=end, step=step):
            points = {float(at): float(value) for at, value in found["values"] if value != "NaN"}
            lines.append((legend(target, found["metric"]), points))
    lines.sort(key=lambda line: line[0])
    if stacked:
        below, stack = {}, []
        for name, points in lines:
            points = {at: value + below.get(at, 0.0) for at, value in points.items()}
            stack.append((name, points))
            below = {**below, **points}
        lines = stack
    most = max((value for _, points in lines for value in points.values()), default=0.0)
    ceiling = round_up(most) if most > 0 else 1.0
    across = lambda at: left + (at - start) / (end - start) * (right - left)
    up = lambda value: bottom - value / ceiling * (bottom - top)
    for part in (0, 0.25, 0.5, 0.75, 1):
        level = up(part * ceiling)
        yield f'<line x1="{left}" y1="{level:.1f}" x2="{right}" y2="{level:.1f}" stroke="{FRAME}" stroke-width="0.6"/>'
        yield text(left - 6, level + 4, amount(part * ceiling, defaults["unit"]), 10, FAINT, "end")
    for minute in range(int((end - start) // 60) + 1):
        yield text(across(start + 60 * minute), bottom + 14, f"{minute} min", 10, FAINT, "middle")
    # Of stacked areas the highest is drawn first.
    for number, (_, points) in reversed(list(enumerate(lines))):
        colour, path, previous = COLOURS[number % len(COLOURS)], [], None
        for at, value in sorted(points.items()):
            if stepped and previous is not None:
                path.append(f"{across(at):.1f},{up(previous):.1f}")
            path.append(f"{across(at):.1f},{up(value):.1f}")
            previous = value
        if stacked and path:
            first, last = min(points), max(points)
            area = path + [f"{across(last):.1f},{bottom}", f"{across(first):.1f},{bottom}"]
            yield f'<polygon points="{" ".join(area)}" fill="white"/>'
            yield f'<polygon points="{" ".join(area)}" fill="{colour}" fill-opacity="0.3"/>'
        yield f'<polyline points="{" ".join(path)}" fill="none" stroke="{colour}" stroke-width="1.3"/>'
    at, row = left - 60, y + height - 26
    for number, (name, _) in enumerate(lines):
        long = 30 + 5.6 * len(name)
        if at + long > x + width and number:
            at, row = left - 60, row + 15
        yield f'<rect x="{at:.0f}" y="{row:.0f}" width="10" height="4" fill="{COLOURS[number % len(COLOURS)]}"/>'
        yield text(at + 14, row + 6, name, 10)
        at += long


def box(panel):
    place = panel["gridPos"]
    return (place["x"] * COLUMN + GAP / 2, place["y"] * ROW + GAP / 2,
            place["w"] * COLUMN - GAP, place["h"] * ROW - GAP)


def main():
    base, start, end = sys.argv[1].rstrip("/"), float(sys.argv[2]), float(sys.argv[3])
    path = pathlib.Path(__file__).with_name("ecr-pull-proxy.json")
    panels = json.loads(path.read_text())["panels"]
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels) * ROW
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">')
    print(f'<rect width="{WIDTH}" height="{height}" fill="#f6f8fa"/>')
    for panel in panels:
        x, y, width, tall = box(panel)
        print(f'<rect x="{x}" y="{y}" width="{width}" height="{tall}" rx="3" fill="white" stroke="{FRAME}"/>')
        print(text(x + 12, y + 20, panel["title"], 12.5, weight="bold"))
        draw = stat(panel, base, end) if panel["type"] == "stat" else timeseries(panel, base, start, end)
        for line in draw:
            print(line)
    print("</svg>")


if __name__ == "__main__":
    main()

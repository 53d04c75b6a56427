#!/usr/bin/env python3
"""Draw the size of an encoder's files against its speed, from what the measurements say.

    benches/plot.py RESULTS.json OUT.svg [METRIC]

RESULTS.json is a list of objects with `name`, `speed` (a ratio, larger is faster) and the metric, a BD-rate in percent
of which less is better: `bd_ssimulacra2` unless told otherwise, or `bd_butteraugli`, `bd_psnr_y`. Our own encoders are
those whose names begin with `ours-`.
"""
import json
import math
import sys
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 40, 60
OURS, PEERS, FRONT, GRID = "#c2410c", "#475569", "#fdba74", "#e2e8f0"
TITLES = {"bd_ssimulacra2": "ssimulacra2", "bd_butteraugli": "butteraugli (3-norm)", "bd_psnr_y": "PSNR of luma"}


def main():
    source, target, *rest = sys.argv[1:]
    metric = rest[0] if rest else "bd_ssimulacra2"
    rows = [row for row in json.loads(Path(source).read_text()) if math.isfinite(row[metric])]
    Path(target).write_text(draw(rows, metric))


def draw(rows, metric):
    speeds = [math.log2(row["speed"]) for row in rows]
    low, high = math.floor(min(speeds) - 0.3), math.ceil(max(speeds) + 0.8)
    best = 5 * math.floor(min(row[metric] for row in rows) / 5)
    worst = 5 * math.ceil(max(row[metric] for row in rows) / 5)

    def x(speed):
        return LEFT + (math.log2(speed) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(rate):
        return TOP + (rate - best) / (worst - best) * (HEIGHT - TOP - BOTTOM)

    shapes = []
    for power in range(low, high + 1):
        at = x(2.0**power)
        shapes.append(line(at, TOP, at, HEIGHT - BOTTOM, GRID))
        shapes.append(text(at, HEIGHT - BOTTOM + 18, f"{2.0**power:g}×", "middle"))
    for rate in range(best, worst + 1, 5):
        shapes.append(line(LEFT, y(rate), WIDTH - RIGHT, y(rate), GRID))
        shapes.append(text(LEFT - 8, y(rate) + 4, f"{rate:+d} %", "end"))
    shapes.append(text(LEFT, TOP - 16, f"BD-rate by {TITLES.get(metric, metric)}: smaller files are higher up"))
    shapes.append(text(WIDTH / 2, HEIGHT - 14, "speed beside libjpeg-turbo: faster is further right", "middle"))

    front = pareto(rows, metric)
    path = " ".join(f"{x(row['speed']):.1f},{y(row[metric]):.1f}" for row in front)
    shapes.append(f'<polyline points="{path}" fill="none" stroke="{FRONT}" stroke-width="2"/>')
    for row in rows:
        ours = row["name"].startswith("ours-")
        at, colour = (x(row["speed"]), y(row[metric])), OURS if ours else PEERS
        name = row["name"].removeprefix("ours-")
        shapes.append(f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="4.5" fill="{colour}"/>')
        shapes.append(text(at[0] + 8, at[1] + 4, f"cosimg {name}" if ours else name, colour=colour, bold=ours))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *shapes, "</svg>", ""])


def pareto(rows, metric):
    """Those that none is at once faster and smaller than, fastest first."""
    front = []
    for row in sorted(rows, key=lambda row: -row["speed"]):
        if not front or row[metric] < front[-1][metric]:
            front.append(row)
    return front


def line(x1, y1, x2, y2, colour):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def text(x, y, content, anchor="start", colour="#0f172a", bold=False):
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}>{escape(content)}</text>'


if __name__ == "__main__":
    main()

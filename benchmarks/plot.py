"""Draw the results as an SVG: one bar per operation and server, on a logarithmic scale."""

from __future__ import annotations

import math
from html import escape

from benchmarks.operations import LABELS
from benchmarks.report import Results

SERVERS = {
    "reference": "plain FastAPI",
    "ours": "this service",
    "fastify": "Fastify + pg",
    "limit": "bare ASGI + asyncpg",
}
OPERATIONS = ("get", "list20", "list100", "first", "cursor", "patch", "toggle", "create")

LEFT, RIGHT, TOP, BAR, GAP, WIDTH = 170, 70, 54, 11, 12, 760

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.number { font-size: 10px; fill: #59636e }
line { stroke: #8884 }
.reference { fill: #9aa4af } .ours { fill: #0969da } .fastify { fill: #2da44e } .limit { fill: #bf8700 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .number { fill: #9198a1 } .ours { fill: #4493f8 } .fastify { fill: #3fb950 }
}
"""


def svg(results: Results) -> str:
    operations = [operation for operation in OPERATIONS if operation in results.intervals]
    servers = [name for name in SERVERS if any(name in results.intervals[o] for o in operations)]
    rates = {
        (operation, server): middle.rate
        for operation in operations
        for server in servers
        if (middle := results.medians(operation, server))
    }
    highest = 10 ** math.ceil(math.log10(max(rates.values(), default=10)))
    lowest = min(1.0, *rates.values()) if rates else 1.0
    scale = (WIDTH - LEFT - RIGHT) / math.log10(highest / lowest)

    def x(rate: float) -> float:
        return LEFT + math.log10(rate / lowest) * scale

    group = BAR * len(servers) + GAP
    height = TOP + group * len(operations) + 8
    parts = [f'<text x="{LEFT}" y="18">Requests per second, logarithmic; more is better</text>']
    for index, server in enumerate(servers):
        left = LEFT + index * 125
        parts.append(f'<rect class="{server}" x="{left}" y="28" width="10" height="10" rx="2"/>')
        parts.append(f'<text x="{left + 15}" y="37">{escape(SERVERS[server])}</text>')
    for power in range(math.ceil(math.log10(lowest)), round(math.log10(highest)) + 1):
        place = x(10**power)
        parts.append(f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{TOP - 8}" y2="{height - 8}"/>')
    for row, operation in enumerate(operations):
        top = TOP + row * group
        centre = top + (group - GAP) / 2 + 4
        parts.append(f'<text x="{LEFT - 10}" y="{centre:.0f}" text-anchor="end">{LABELS[operation]}</text>')
        for index, server in enumerate(servers):
            if rate := rates.get((operation, server)):
                y, number = top + index * BAR, f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
                bar = f'x="{LEFT}" y="{y}" width="{max(1, x(rate) - LEFT):.1f}" height="{BAR - 2}" rx="2"'
                parts.append(f'<rect class="{server}" {bar}/>')
                parts.append(f'<text class="number" x="{x(rate) + 5:.1f}" y="{y + 8}">{number}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Requests per second of each server">\n<style>{STYLE}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )

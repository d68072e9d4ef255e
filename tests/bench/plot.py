#!/usr/bin/env python3
"""Draws the counts of counts.py as a picture: plot.py COUNTS.json PICTURE.svg

One table for system calls and one for instructions: a row for each server, a column for each request. The
bar below a number is its ratio to nginx without a cache, whose place the line marks; shorter is better. The
picture follows the reader's choice of light or dark and has no script.
"""

import html
import json
import pathlib
import sys

REFERENCE = "nginx"
OWN = "fsrv"
LEFT, COLUMN, ROW, TOP = 170, 92, 34, 78
BAR = COLUMN - 26
MOST = 3  # longer bars are cut
STYLE = """
svg { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: #1f2328; }
.page { fill: #ffffff; } .bar { fill: #9aa4af; } .own { fill: #2f6fde; } .line { stroke: #1f2328; }
.title { font-weight: 600; } .note { fill: #59636e; } .rule { stroke: #d1d9e0; } .bold { font-weight: 600; }
@media (prefers-color-scheme: dark) {
svg { fill: #e6edf3; } .page { fill: #0d1117; } .bar { fill: #6e7681; } .own { fill: #58a6ff; }
.line { stroke: #e6edf3; } .note { fill: #9198a1; } .rule { stroke: #3d444d; } }
"""


class Table:
    """Rows of numbers by server and request; what is missing is left blank."""

    def __init__(self, title, rows, form):
        self.title, self.rows, self.form = title, rows, form
        self.requests = list(dict.fromkeys(name for row in rows.values() for name in row))

    def height(self):
        return TOP + ROW * len(self.rows)

    def draw_cell(self, server, request, left, top):
        value = self.rows[server].get(request)
        reference = self.rows[REFERENCE].get(request)
        if value is None:
            return [f'<text class="note" x="{left}" y="{top + 14}">-</text>']
        own = server.startswith(OWN)
        parts = [f'<text{" class=bold" if own else ""} x="{left}" y="{top + 14}">{self.form(value)}</text>'
                 .replace("class=bold", 'class="bold"')]
        if reference:
            one = BAR / MOST
            length = min(value / reference, MOST) * one
            parts.append(f'<rect class="{"own" if own else "bar"}" x="{left}" y="{top + 19}" '
                         f'width="{length:.1f}" height="5" rx="1"/>')
            parts.append(f'<path class="line" d="M{left + one:.1f} {top + 17}v9"/>')
        return parts

    def draw(self, top):
        parts = [f'<text class="title" x="16" y="{top + 28}">{html.escape(self.title)}</text>']
        parts += [f'<text class="note" x="{LEFT + i * COLUMN}" y="{top + 56}">{html.escape(request)}</text>'
                  for i, request in enumerate(self.requests)]
        for i, server in enumerate(self.rows):
            line = top + TOP - 8 + i * ROW
            weight = ' class="bold"' if server.startswith(OWN) else ""
            parts.append(f'<path class="rule" d="M16 {line - 4}H{LEFT + COLUMN * len(self.requests)}"/>')
            parts.append(f'<text{weight} x="16" y="{line + 16}">{html.escape(server)}</text>')
            for j, request in enumerate(self.requests):
                parts += self.draw_cell(server, request, LEFT + j * COLUMN, line)
        return parts


def column(counts, place):
    return {server: {request: pair[place] for request, pair in row.items()} for server, row in counts.items()}


def draw(counts):
    tables = [Table("System calls for each request, one connection (bar: ratio to nginx)",
                    column(counts["calls"], 0), lambda value: f"{value:.1f}"),
              Table("Instructions for each request, user space (bar: ratio to nginx)",
                    column(counts["profile"], 0), lambda value: f"{value:,.0f}")]
    width = LEFT + COLUMN * max(len(table.requests) for table in tables) + 8
    height = sum(table.height() for table in tables) + 24
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
             'aria-label="System calls and instructions for each request, by server">',
             f"<style>{STYLE}</style>", f'<rect class="page" width="{width}" height="{height}"/>']
    top = 0
    for table in tables:
        parts += table.draw(top)
        top += table.height()
    return "\n".join([*parts, "</svg>", ""])


def main(source, picture):
    counts = json.loads(pathlib.Path(source).read_text(encoding="utf-8"))
    pathlib.Path(picture).write_text(draw(counts), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

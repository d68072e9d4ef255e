"""Draws the modules of lib and the way of a request through them: draw_modules.py [--check] FILE NM ARCHIVE

FILE is the picture, ARCHIVE holds the objects of lib. With --check nothing is written: it is an error when
FILE is not the picture that would be drawn."""
import sys
from html import escape

from graph import components, graph_of, include_uses, library_objects, link_uses, modules
from routes import Paper
from rows import arrange

# The way of a request for a file that is in memory. The words say what the module does for it.
HOT_WAY = (
    ('mhd/handle', 'Is called by libmicrohttpd.'),
    ('mhd/request', 'Passes the header fields on.'),
    ('http/request', 'Keeps the fields that matter.'),
    ('http/path', 'Turns the target into a safe path.'),
    ('mhd/lookup', 'Looks up the path.'),
    ('fs/cache', 'Has the file and its bytes.'),
    ('fs/roots', 'Confirms the file by one stat(2).'),
    ('mhd/representation', 'Describes the file.'),
    ('http/validators', 'Makes entity tag and date.'),
    ('http/plan', 'Chooses status, fields and slice.'),
    ('http/conditional', 'Evaluates the preconditions.'),
    ('mhd/response', 'Makes a response of the plan.'),
    ('mhd/memory_answer', 'Takes the cached bytes as content.'),
)

# From the top down; those of one row stand side by side.
BANDS = (
    (('mhd', 'translates between libmicrohttpd and the layers below'),),
    (('fs', 'opens, reads and remembers files; makes pages'),),
    (('http', 'decides; no I/O'), ('html', 'scans pages; no I/O'), ('base', '')),
)
COLOURS = {'mhd': ('#eaf1fb', '#b6cbe8'), 'fs': ('#e9f6ee', '#b0d9bf'), 'http': ('#fdf6e3', '#e6d3a3'),
           'html': ('#f7eefa', '#d8bfe2'), 'base': ('#f3f4f6', '#cfd4da')}
INK, GREY, LINE, HOT, HOT_FILL = '#1f2328', '#57606a', '#7b8794', '#d6450b', '#fff0e6'

WIDTH = 1000
MARGIN = 26
HEADING = 62    # above the first band
TITLE = 38      # above the boxes of a band
PADDING = 18    # inside of a band
BOX = 26
GAP = 26        # between boxes side by side
ROW_GAP = 30    # between rows
BAND_GAP = 22
LETTER = 7.6    # an average one, at 13 pixels
BASE_WIDTH = 88
LEGEND_LINE = 24
REDRAW = 'meson compile -C BUILD draw-modules'

HEAD = """<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" \
font-family="system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif">
<title>The modules of lib, and the way of a request through them</title>
<defs>
<marker id="use" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto" \
markerUnits="userSpaceOnUse"><path d="M0,0.5L8,4L0,7.5z" fill="{line}"/></marker>
<marker id="way" viewBox="0 0 12 12" refX="4" refY="6" markerWidth="14" markerHeight="14" orient="auto" \
markerUnits="userSpaceOnUse"><path d="M0,0L12,6L0,12z" fill="{hot}"/></marker>
</defs>
<rect width="{width}" height="{height}" rx="10" fill="#ffffff" stroke="#d0d7de"/>"""


def short(module):
    return module.split('/')[-1]


def folder(module):
    return module.split('/')[0]


def number(value):
    return f'{value:.1f}'.removesuffix('.0')


def read_graph(nm, archive):
    """Who calls whom. A header without a .c file has no object: there an include counts."""
    files = modules()
    bare = {name for name, paths in files.items() if f'lib/{name}.c' not in paths}
    uses = link_uses(library_objects(nm, archive))
    uses += [use for use in include_uses() if use.user in bare or use.used in bare]
    return graph_of(uses, files), bare


def check_graph(graph):
    missing = [module for module, _ in HOT_WAY if module not in graph]
    if missing:
        sys.exit(f'draw_modules.py: HOT_WAY names modules that lib does not have: {", ".join(missing)}')
    strange = sorted({folder(module) for module in graph} - {*COLOURS})
    if strange:
        sys.exit(f'draw_modules.py: BANDS lacks {", ".join(strange)}')
    if components(graph):
        sys.exit(f'draw_modules.py: these modules use each other, see the test layering: {components(graph)}')


class Band:
    """A folder: its modules in rows, and where it lies."""

    def __init__(self, name, says, graph, width):
        self.name, self.says, self.width = name, says, width
        self.title = f'lib/{name}' if says else 'lib'
        members = {node: {used for used in graph[node] if folder(used) == name}
                   for node in graph if folder(node) == name}
        self.widths = {node: round(len(short(node)) * LETTER + 20) for node in members}
        self.rows, self.links, self.middles = arrange(members, self.widths, GAP, width - 2 * PADDING)
        self.left = self.top = self.height = 0

    def least_height(self):
        return TITLE + len(self.rows) * (BOX + ROW_GAP) - ROW_GAP + PADDING

    def lay(self, left, top, height):
        self.left, self.top, self.height = left, top, height

    def row_top(self, row):
        """Rows are spread over the height that a higher neighbour gives."""
        spare = self.height - self.least_height()
        step = BOX + ROW_GAP + spare / max(len(self.rows) - 1, 1)
        return self.top + TITLE + (len(self.rows) - 1 - row) * step

    def middle(self, place):
        return self.left + PADDING + self.middles[place]

    def title_box(self):
        """Roughly where the title is."""
        right = self.left + 24 + (len(self.title) + len(self.says)) * LETTER
        return self.left + 12, self.top + 10, right, self.top + 26

    def boxes(self):
        return {node: (self.middle(node) - self.widths[node] / 2, self.row_top(row),
                       self.middle(node) + self.widths[node] / 2, self.row_top(row) + BOX)
                for row, places in enumerate(self.rows) for node in places if node in self.widths}


def split_width(names, graph):
    """base.c is small; the others of a row share it by what their names take."""
    room = WIDTH - 2 * MARGIN - (len(names) - 1) * BAND_GAP
    if len(names) == 1:
        return {names[0]: room}
    room -= BASE_WIDTH
    sizes = {name: sum(len(short(node)) * LETTER + 20 + GAP for node in graph if folder(node) == name)
             for name in names if name != 'base'}
    return {'base': BASE_WIDTH, **{name: room * size / sum(sizes.values()) for name, size in sizes.items()}}


def lay_out(graph):
    """The bands with all that lies in them, and where the last one ends."""
    bands, top = [], HEADING
    for row in BANDS:
        widths = split_width([name for name, _ in row], graph)
        beside = [Band(name, says, graph, widths[name]) for name, says in row]
        height = max(band.least_height() for band in beside)
        left = MARGIN
        for band in beside:
            band.lay(left, top, height)
            left += band.width + BAND_GAP
        bands += beside
        top += height + BAND_GAP
    return bands, top - BAND_GAP


def text(x, y, words, size=13, fill=INK, more=''):
    return (f'<text x="{number(x)}" y="{number(y)}" font-size="{size}" fill="{fill}"{more}>'
            f'{escape(words, quote=False)}</text>')


def draw_band(band):
    fill, stroke = COLOURS[band.name]
    yield (f'<rect x="{number(band.left)}" y="{number(band.top)}" width="{number(band.width)}" '
           f'height="{number(band.height)}" rx="8" fill="{fill}" stroke="{stroke}"/>')
    yield (f'<text x="{number(band.left + 12)}" y="{number(band.top + 22)}" font-size="13" fill="{GREY}">'
           f'<tspan font-size="14" font-weight="bold" fill="{INK}">{band.title}</tspan>  {band.says}</text>')


def ports(band):
    """Where each link leaves and arrives: spread over a box in the order of the other ends."""
    ends = {}
    for upper, lowers in band.links.items():
        for lower in lowers:
            ends.setdefault(('from', upper), []).append(lower)
            ends.setdefault(('to', lower), []).append(upper)
    places = {}
    for (side, at), others in ends.items():
        others.sort(key=lambda other: band.middles[other])
        reach = min(band.widths.get(at, 0) * 0.5, 14 * (len(others) - 1))
        for i, other in enumerate(others):
            shift = reach * (i / (len(others) - 1) - 0.5) if len(others) > 1 else 0
            places[side, at, other] = band.middle(at) + shift
    return places


def curve(x, y, x_end, y_end):
    """From one point to a lower one, straight down at both."""
    middle = number((y + y_end) / 2)
    return (f'{number(x)},{number(y)}C{number(x)},{middle} {number(x_end)},{middle} '
            f'{number(x_end)},{number(y_end)}')


def draw_links(band):
    """One line from a box to another, by all places that it passes."""
    at = ports(band)
    row_of = {place: row for row, places in enumerate(band.rows) for place in places}
    for node in sorted(band.widths):
        for lower in band.links[node]:
            stops = [node, lower]
            while stops[-1] not in band.widths:
                stops += band.links[stops[-1]]
            parts = [curve(at['from', a, b], band.row_top(row_of[a]) + BOX,
                           at['to', b, a], band.row_top(row_of[b]) - (2 if b in band.widths else 0))
                     for a, b in zip(stops, stops[1:])]
            yield f'<path d="M{"L".join(parts)}" marker-end="url(#use)"/>'


def rounded(points, radius=7):
    """A path along the points, with its corners rounded."""
    path = [f'M{number(points[0][0])},{number(points[0][1])}']
    for before, corner, after in zip(points, points[1:], points[2:]):
        near, far = (towards(corner, end, min(radius, distance(corner, end) / 2)) for end in (before, after))
        path.append(f'L{number(near[0])},{number(near[1])}Q{number(corner[0])},{number(corner[1])} '
                    f'{number(far[0])},{number(far[1])}')
    path.append(f'L{number(points[-1][0])},{number(points[-1][1])}')
    return ''.join(path)


def distance(a, b):
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def towards(start, goal, length):
    part = length / (distance(start, goal) or 1)
    return start[0] + (goal[0] - start[0]) * part, start[1] + (goal[1] - start[1]) * part


def draw_way(bands, boxes, bottom):
    titles = {band.name: band.title_box() for band in bands}
    paper = Paper(WIDTH, bottom + BAND_GAP, {**boxes, **titles})
    for band in bands:
        if band.name not in {folder(module) for module, _ in HOT_WAY}:
            paper.avoid(band.left, band.top, band.left + band.width, band.top + band.height)
    for left, top, _, _ in (boxes[module] for module, _ in HOT_WAY):
        paper.avoid(left - 12, top - 12, left + 8, top + 8)  # the number
    for (start, _), (goal, _) in zip(HOT_WAY, HOT_WAY[1:]):
        points = paper.way(start, goal)
        points[-1] = towards(points[-1], points[-2], min(7, distance(points[-1], points[-2])))
        path = rounded(points)
        yield f'<path d="{path}" stroke="#ffffff" stroke-width="8" stroke-opacity="0.7"/>'
        yield f'<path d="{path}" stroke="{HOT}" stroke-width="4.5" marker-end="url(#way)"/>'


def draw_box(module, box, is_bare, is_hot):
    left, top, right, _ = box
    colours = f'fill="#ffffff" stroke="{GREY}"'
    if is_hot:
        colours = f'fill="{HOT_FILL}" stroke="{HOT}" stroke-width="2"'
    dashes = ' stroke-dasharray="4 2"' if is_bare else ''
    yield (f'<rect x="{number(left)}" y="{number(top)}" width="{number(right - left)}" height="{BOX}" rx="5" '
           f'{colours}{dashes}/>')
    yield text((left + right) / 2, top + 17.5, short(module), more=' text-anchor="middle"')


def draw_badge(x, y, step):
    yield f'<circle cx="{number(x)}" cy="{number(y)}" r="8.5" fill="{HOT}" stroke="#ffffff"/>'
    yield text(x, y + 4, str(step), 11, '#ffffff', ' text-anchor="middle" font-weight="bold"')


def draw_heading():
    yield text(MARGIN, 30, 'The modules of lib', 18, more=' font-weight="bold"')
    yield text(MARGIN, 51, 'A layer uses only the layers below it. An arrow is a use within a layer; one '
                           'that follows from others is left out. Dashed: a header alone.', 12.5, GREY)


def draw_legend(top):
    """The steps in words, in two columns."""
    yield text(MARGIN, top + 20, 'The way of a request for a file that is in memory', 15,
               more=' font-weight="bold"')
    half = (len(HOT_WAY) + 1) // 2
    for i, (module, says) in enumerate(HOT_WAY):
        x, y = MARGIN + 10 + i // half * (WIDTH / 2 - MARGIN), top + 48 + i % half * LEGEND_LINE
        yield from draw_badge(x, y - 4.5, i + 1)
        yield (f'<text x="{number(x + 17)}" y="{number(y)}" font-size="13" fill="{INK}">'
               f'<tspan font-weight="bold">{module}</tspan>  {says}</text>')


def draw_all(graph, bare):
    bands, bottom = lay_out(graph)
    boxes = {module: box for band in bands for module, box in band.boxes().items()}
    hot = [module for module, _ in HOT_WAY]
    height = bottom + 60 + (len(HOT_WAY) + 1) // 2 * LEGEND_LINE
    yield HEAD.format(width=WIDTH, height=number(height), line=LINE, hot=HOT, ink=INK)
    yield from draw_heading()
    for band in bands:
        yield from draw_band(band)
    yield f'<g fill="none" stroke="{LINE}" stroke-width="1.2">'
    for band in bands:
        yield from draw_links(band)
    yield '</g>\n<g fill="none">'
    yield from draw_way(bands, boxes, bottom)
    yield '</g>'
    for module in sorted(boxes):
        yield from draw_box(module, boxes[module], module in bare, module in hot)
    for step, module in enumerate(hot, 1):
        yield from draw_badge(boxes[module][0] - 2, boxes[module][1] - 2, step)
    yield from draw_legend(bottom + 12)
    yield '</svg>'


def check(path, picture):
    try:
        with open(path, encoding='utf-8') as file:
            is_same = file.read() == picture
    except FileNotFoundError:
        is_same = False
    if not is_same:
        sys.exit(f'docs/modules.svg is out of date: run {REDRAW}')


def main(*arguments):
    path, nm, archive = arguments[-3:]
    graph, bare = read_graph(nm, archive)
    check_graph(graph)
    picture = '\n'.join(draw_all(graph, bare)) + '\n'
    if arguments[0] == '--check':
        check(path, picture)
    else:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(picture)


if __name__ == '__main__':
    main(*sys.argv[1:])

"""Draws the modules of lib and the way of a request through them: draw_modules.py [--check] FILE NM ARCHIVE

FILE is the picture, ARCHIVE holds the objects of lib. Graphviz draws what this program describes in its
language DOT, and a hash of the description ends the picture. With --check nothing is drawn: it is an error
when FILE was made of another description. That needs no Graphviz and holds for any version of it."""
import hashlib
import os
import shutil
import subprocess
import sys
from itertools import zip_longest

from graph import graph_of, include_uses, library_objects, link_uses, modules, reachable

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
WAY = [(start, goal) for (start, _), (goal, _) in zip(HOT_WAY, HOT_WAY[1:])]
STEPS = {module: step for step, (module, _) in enumerate(HOT_WAY, 1)}

# What a layer does, its colour, and its row from the top down: those of one row stand side by side.
LAYERS = {
    'mhd': ('translates between libmicrohttpd and the layers below', '#eaf1fb', 0),
    'fs': ('opens, reads and remembers files; makes pages', '#e9f6ee', 1),
    'http': ('decides; no I/O', '#fdf6e3', 2),
    'html': ('scans pages; no I/O', '#f7eefa', 2),
    'base': ('', '#f3f4f6', 2),
}
HOT = '#d6450b'
REDRAW = 'meson compile -C BUILD draw-modules'

HEAD = """digraph modules {
graph [bgcolor=white fontname="Helvetica,Arial,sans-serif" fontsize=13 labeljust=l labelloc=b mclimit=10
newrank=true nodesep=0.2 pad=0.2 ranksep=0.3];
node [color="#57606a" fillcolor=white fontname="Helvetica,Arial,sans-serif" fontsize=13 height=0.32
margin="0.12,0.04" shape=box style="filled,rounded"];
edge [arrowsize=0.6 color="#7b8794"];"""


def folder(module):
    return module.split('/')[0]


def row(module):
    return LAYERS[folder(module)][2]


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
    strange = sorted({folder(module) for module in graph} - {*LAYERS})
    if strange:
        sys.exit(f'draw_modules.py: LAYERS lacks {", ".join(strange)}')


def within(graph, layer):
    """Who uses whom in a layer, without the uses that follow from others."""
    inner = {node: {used for used in graph[node] if folder(used) == layer}
             for node in sorted(graph) if folder(node) == layer}
    return {node: [used for used in sorted(inner[node])
                   if not any(used in reachable(inner, other) for other in inner[node])] for node in inner}


def table(*rows):
    """HTML as Graphviz takes it in labels. Spaces would not do: not every reader of SVG keeps them."""
    cells = [''.join(f'<td align="left">{cell}</td>' for cell in row) for row in rows]
    lines = ''.join(f'<tr>{line}</tr>' for line in cells)
    return f'<table border="0" cellborder="0" cellpadding="2" cellspacing="0">{lines}</table>'


def number(step):
    return f'<b><font color="{HOT}">{step}</font></b>'


def write_box(module, is_bare):
    name = module.split('/')[-1]
    if module in STEPS:
        label = table((number(STEPS[module]), name))
        return f'"{module}" [label=<{label}> color="{HOT}" fillcolor="#fff0e6" margin="0.08,0" penwidth=2];'
    dashes = ' style="filled,rounded,dashed"' if is_bare else ''
    return f'"{module}" [label="{name}"{dashes}];'


def write_layer(layer, uses, bare):
    says, colour, _ = LAYERS[layer]
    title = table((f'<b>lib/{layer}</b>', says) if says else ('<b>lib</b>',))
    yield f'subgraph "cluster_{layer}" {{'
    yield f'label=<{title}> labelloc=t margin=12 color="{colour}" style="filled,rounded";'
    yield from (write_box(module, module in bare) for module in uses)
    yield from (f'"{user}" -> "{used}";' for user in uses for used in uses[user] if (user, used) not in WAY)
    yield '}'


def write_order(uses):
    """Hidden edges from what uses nothing, by a point between two rows, to what nothing uses."""
    yield '{ node [shape=point style=invis width=0]; "row 1"; "row 2"; }'
    yield from (f'"{user}" -> "row {row(user) + 1}" [style=invis weight=0];' for user in uses
                if not uses[user] and row(user) < 2)
    yield from (f'"row {row(user)}" -> "{user}" [style=invis];'
                for user in sorted(set(uses).difference(*uses.values())) if row(user) > 0)


def write_way():
    """dot puts the first node of an edge higher, so a step to a higher layer is written backwards."""
    for start, goal in WAY:
        ends = f'"{goal}" -> "{start}" [dir=back' if row(goal) < row(start) else f'"{start}" -> "{goal}" ['
        weight = 3 if row(goal) == row(start) else 1
        yield f'{ends} arrowsize=0.8 color="{HOT}" penwidth=3 weight={weight}];'


def write_legend():
    steps = [(number(step), f'<b>{module}</b>', says) for step, (module, says) in enumerate(HOT_WAY, 1)]
    half = (len(steps) + 1) // 2
    columns = [left + right for left, right in zip_longest(steps[:half], steps[half:], fillvalue=())]
    legend = table(['<b>The way of a request for a file that is in memory</b>'],
                   [table(*columns)],
                   ['A layer uses only the layers below it. A grey arrow is a use within a layer; one that '
                    'follows from others is left out. Dashed: a header alone.'])
    return f'label=<{legend}>;'


def write_dot(graph, bare):
    uses = {layer: within(graph, layer) for layer in LAYERS}
    yield HEAD
    for layer in LAYERS:
        yield from write_layer(layer, uses[layer], bare)
    yield from write_order({user: used for layer in LAYERS for user, used in uses[layer].items()})
    yield from write_way()
    yield write_legend()
    yield '}'


def last_line(dot):
    return f'<!-- {hashlib.sha256(dot.encode()).hexdigest()} -->\n'


def check(path, dot):
    text = ''
    if os.path.exists(path):
        with open(path, encoding='utf-8') as file:
            text = file.read()
    if not text.endswith(last_line(dot)):
        sys.exit(f'docs/modules.svg is out of date: run {REDRAW}')


def draw(path, dot):
    if shutil.which('dot') is None:
        sys.exit('draw_modules.py: there is no program dot: install the package graphviz')
    done = subprocess.run(['dot', '-Tsvg'], input=dot, stdout=subprocess.PIPE, text=True, check=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(done.stdout + last_line(dot))


def main(*arguments):
    path, nm, archive = arguments[-3:]
    graph, bare = read_graph(nm, archive)
    check_graph(graph)
    action = check if arguments[0] == '--check' else draw
    action(path, '\n'.join(write_dot(graph, bare)))


if __name__ == '__main__':
    main(*sys.argv[1:])

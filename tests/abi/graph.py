"""The graph of the modules of lib: whose files include whose, and whose object calls whose.

A module is a base name in a folder of lib: NAME.c, NAME.h or both. It is named by its path without lib/
and without an ending, such as mhd/guard. Of a module whose files differ between systems, NAME_linux.c and
NAME_portable.c, one is compiled. A graph maps each module to those that it uses."""
import os
import re
from typing import NamedTuple

from sources import ROOT, find, includes, list_symbols

# What else nm may list: w and v are undefined and weak, i is chosen when the program starts.
FUNCTION_KINDS = 'TWi'
# The address sanitizer puts such a symbol beside each variable.
OF_SANITIZERS = '__odr_asan'


class Use(NamedTuple):
    """One module uses another; why says by what, in one line."""
    user: str
    used: str
    why: str


class Object(NamedTuple):
    """The symbols of a compiled file which other files see, or which it lacks."""
    defined: dict  # the kind of each, as nm names it
    undefined: list


# What the names of files end in that are the same module's for different systems.
SYSTEMS = re.compile(r'_(linux|portable)$')


def module_of(path):
    return SYSTEMS.sub('', os.path.splitext(os.path.relpath(path, 'lib'))[0])


def modules(root=ROOT):
    """The files of each module."""
    found = {}
    for path in find('lib', '.c', '.h', root=root):
        found.setdefault(module_of(path), []).append(path)
    return found


def resolve(path, name, files):
    """The file of lib that an include of path reaches: beside it, or below lib. None for any other."""
    places = (os.path.dirname(path), 'lib')
    reached = [os.path.normpath(os.path.join(place, name)) for place in places]
    return next((file for file in reached if file in files), None)


def include_uses(root=ROOT):
    files = set(find('lib', '.c', '.h', root=root))
    uses = []
    for path in sorted(files):
        for name in includes(path, root):
            reached = resolve(path, name, files)
            if reached and module_of(reached) != module_of(path):
                uses.append(Use(module_of(path), module_of(reached), f'{path} includes {name}'))
    return uses


def source_of(member, sources):
    """Which source a member of an archive was compiled from: meson puts the path into its name."""
    name = '_' + os.path.basename(member)
    fitting = [path for path in sources
               if name.endswith('_' + os.path.relpath(path, 'lib').replace('/', '_') + '.o')]
    if not fitting:
        raise AssertionError(f'{member} comes from no file of lib, or from several')
    return max(fitting, key=len)


def read_objects(lines, sources):
    """The object of each source, from what nm lists of an archive."""
    objects = {}
    current = None
    for line in lines:
        if line.endswith(']:'):
            path = source_of(line[line.rindex('[') + 1:-2], sources)
            current = objects[path] = Object({}, [])
        elif line.strip():
            name, kind = line.split()[:2]
            if kind in 'Uwv':
                current.undefined.append(name)
            elif not name.startswith(OF_SANITIZERS):
                current.defined[name] = kind
    present = {module_of(path) for path in objects}
    missing = sorted(path for path in sources if module_of(path) not in present)
    if missing:
        raise AssertionError(f'the archive has no object of {", ".join(missing)}')
    return objects


def library_objects(nm, archive, root=ROOT):
    return read_objects(list_symbols(nm, archive, '--extern-only'), find('lib', '.c', root=root))


def link_uses(objects):
    owner = {}
    for path, an_object in sorted(objects.items()):
        for name in an_object.defined:
            owner.setdefault(name, path)
    uses = []
    for path, an_object in sorted(objects.items()):
        for name in sorted(an_object.undefined):
            other = owner.get(name, path)
            if module_of(other) != module_of(path):
                verb = 'calls' if objects[other].defined[name] in FUNCTION_KINDS else 'reads'
                uses.append(Use(module_of(path), module_of(other), f'{path} {verb} {name} of {other}'))
    return uses


def graph_of(uses, nodes=()):
    graph = {node: set() for node in nodes}
    for use in uses:
        graph.setdefault(use.user, set()).add(use.used)
        graph.setdefault(use.used, set())
    return graph


def reachable(graph, start):
    """All that start uses, directly or not; start itself if it is on a cycle."""
    found, left = set(), list(graph[start])
    while left:
        node = left.pop()
        if node not in found:
            found.add(node)
            left += graph[node]
    return found


def components(graph):
    """The strongly connected components that have cycles: sorted lists of more than one module, or of one
    that uses itself. As many steps as edges and nodes multiplied, which is little for a library."""
    below = {node: reachable(graph, node) for node in graph}
    found = {tuple(sorted(other for other in below[node] if node in below[other]))
             for node in graph if node in below[node]}
    return [list(component) for component in sorted(found)]


def shortest_path(graph, start, goal):
    """The nodes from start to goal, with both; at least one step, so start may be the goal."""
    paths = [[start]]
    seen = set()
    for path in paths:
        for node in sorted(graph[path[-1]] - seen):
            if node == goal:
                return path + [node]
            seen.add(node)
            paths.append(path + [node])
    return None


def shortest_cycle(graph, component):
    """One of the shortest in a component: its nodes in order, the first once more at the end."""
    return min((shortest_path(graph, node, node) for node in component), key=len)


def explain(cycle, uses):
    """Why each step of a cycle is there, one line each."""
    return [next(use.why for use in uses if (use.user, use.used) == step) for step in zip(cycle, cycle[1:])]

"""Version scripts, shared libraries and headers agree: test_symbols.py NM LIBRARY=MAP..."""
import os
import re
import sys
from functools import partial

from sources import find, none, read, symbols
from tap import equal, run


def declared_in_headers():
    """Each function with the version since which it is there, as its comment says."""
    declared = {}
    function = re.compile(r'(?:/\*((?:(?!\*/).)*)\*/\s*)?^FSRV_API\b[^;(]*?(\w+)\s*\(',
                          re.DOTALL | re.MULTILINE)
    for path in find('include', '.h'):
        for comment, name in function.findall(read(path)):
            since = re.findall(r'Since (\d+\.\d+)\.', ' '.join(comment.replace('\n *', ' ').split()))
            declared[name] = since[-1] if since else 'no version'
    return declared


def nodes_of(path):
    """Each version of a map: its name, the functions in it and the version before it."""
    text = re.sub(r'/\*.*?\*/', '', read(path), flags=re.DOTALL)
    return [(name, re.findall(r'(\w+);', functions), previous)
            for name, functions, previous in re.findall(
                r'(\S+)\s*\{\s*global:(.*?)(?:local:\s*\*;\s*)?\}\s*(\S*?);', text, re.DOTALL)]


def listed_in_map(path):
    return sorted(f'{name}@@{node}' for node, names, _ in nodes_of(path) for name in names)


def names_in_map(path):
    return sorted(name for _, names, _ in nodes_of(path) for name in names)


def prefix_of(path):
    """What the versions of a library start with, so that no other library has the same ones."""
    return os.path.basename(path).replace('.map', '').replace('-', '_').upper() + '_'


def exported_by(nm, library):
    # Absolute symbols are the names of the versions.
    return sorted(name for name, kind in symbols(nm, library, '-D', '--defined-only') if kind != 'A')


def check_library(nm, library, path):
    equal(exported_by(nm, library), listed_in_map(path), f'{os.path.basename(library)} and {path}')


def check_headers(maps):
    equal(sorted(declared_in_headers()), sorted(name for path in maps for name in names_in_map(path)),
          'headers and maps')


def check_versions(path):
    declared = declared_in_headers()
    none(f'{name} is in {node} of {path}, but its comment says {declared.get(name)}'
         for node, names, _ in nodes_of(path) for name in names
         if node != f'{prefix_of(path)}{declared.get(name)}')


def check_nodes(path):
    """Versions ascend and each follows the one before; the first one alone hides all that is not listed."""
    nodes = nodes_of(path)
    if not nodes:
        raise AssertionError(f'{path} has no version')
    names = [node for node, _, _ in nodes]
    numbers = [[int(part) for part in node[len(prefix_of(path)):].split('.')] for node in names]
    equal(sorted(numbers), numbers, f'{path}: order of the versions')
    equal([previous for _, _, previous in nodes], [''] + names[:-1], f'{path}: what each version follows')
    equal(len(re.findall(r'local:\s*\*;', read(path))), 1, f'{path}: one "local: *;"')


def check_names(maps):
    names = [name for path in maps for name in names_in_map(path)]
    none(f'{name} is not a public name' for name in names if not re.match(r'fsrv_(?!_)', name))
    if not names:
        raise AssertionError('the maps are empty')


def main(nm, *pairs):
    pairs = [pair.split('=', 1) for pair in pairs]
    maps = [path for _, path in pairs]
    cases = [(f'{path} is what its library exports, with its versions',
              partial(check_library, nm, library, path)) for library, path in pairs]
    cases += [(f'{path} has each function in the version of its comment', partial(check_versions, path))
              for path in maps]
    cases += [(f'{path} has versions in a row', partial(check_nodes, path)) for path in maps]
    cases.append(('each function of the headers is in one map', partial(check_headers, maps)))
    cases.append(('public names start with fsrv_, internal ones are not public', partial(check_names, maps)))
    run(cases)


main(*sys.argv[1:])

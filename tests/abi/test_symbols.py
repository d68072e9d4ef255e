"""Version scripts, shared libraries and headers agree: test_symbols.py NM LIBRARY=MAP..."""
import os
import re
import sys
from functools import partial

from sources import find, none, read, read_code, symbols
from tap import equal, run


def declared_in_headers():
    text = ' '.join(read_code(path) for path in find('include', '.h'))
    return sorted(re.findall(r'^FSRV_API\b[^;(]*?(\w+)\s*\(', text, re.MULTILINE))


def listed_in_map(path):
    exported = re.findall(r'global:(.*?)local:', read(path), re.DOTALL)
    return sorted(re.findall(r'(\w+);', ' '.join(exported)))


def exported_by(nm, library):
    # Absolute symbols are the names of the versions.
    return sorted(re.sub(r'@.*', '', name)
                  for name, kind in symbols(nm, library, '-D', '--defined-only') if kind != 'A')


def check_library(nm, library, path):
    equal(exported_by(nm, library), listed_in_map(path), f'{os.path.basename(library)} and {path}')


def check_headers(maps):
    equal(declared_in_headers(), sorted(name for path in maps for name in listed_in_map(path)),
          'headers and maps')


def check_names(maps):
    names = [name for path in maps for name in listed_in_map(path)]
    none(f'{name} is not a public name' for name in names if not re.match(r'fsrv_(?!_)', name))
    if not names:
        raise AssertionError('the maps are empty')


def main(nm, *pairs):
    pairs = [pair.split('=', 1) for pair in pairs]
    maps = [path for _, path in pairs]
    cases = [(f'{path} is what its library exports', partial(check_library, nm, library, path))
             for library, path in pairs]
    cases.append(('each function of the headers is in one map', partial(check_headers, maps)))
    cases.append(('public names start with fsrv_, internal ones are not public', partial(check_names, maps)))
    run(cases)


main(*sys.argv[1:])

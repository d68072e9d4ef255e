"""Limits of parameters and of columns. Each function gives the problems that it finds, one text each."""
import os

from rules import declared
from sources import ROOT, find, functions, read

MAX_PARAMETERS = 5
CODE = ('.c', '.h', '.cpp', '.py', '.sh', '.js', '.css', 'meson.build')

# Their parameters were chosen by libmicrohttpd.
CALLBACKS = ('lib/mhd/allowed_hosts.c:read_field', 'lib/mhd/request.c:add_field',
             'lib/mhd/request.c:add_argument', 'lib/mhd/request.c:add_coding',
             'lib/mhd/request.c:explain_argument',
             'lib/mhd/own_fields.c:add_field', 'lib/mhd/server.c:call_handler')


def parameters(root=ROOT):
    """Functions of lib with too many parameters, but for public ones and callbacks."""
    public = declared(find('include', '.h', root=root), root)
    return [f'{path}:{function.line}: {function.name} has {len(function.parameters)} parameters'
            for path in find('lib', '.c', '.h', root=root) for function in functions(path, root)
            if len(function.parameters) > MAX_PARAMETERS and f'{path}:{function.name}' not in CALLBACKS
            and (function.is_static or function.name not in public)]


def wide(path, lines, most):
    """lines: pairs of a number and a text."""
    widths = [(number, len(line.expandtabs(8))) for number, line in lines]
    return [f'{path}:{number}: {width} columns' for number, width in widths if width > most]


def wide_code(place, most, root=ROOT):
    """place: a folder, or one file of any name."""
    is_file = os.path.isfile(os.path.join(root, place))
    paths = [place] if is_file else find(place, *CODE, root=root)
    return [problem for path in paths
            for problem in wide(path, enumerate(read(path, root).splitlines(), 1), most)]


def prose(text):
    """The lines of Markdown that can be wrapped: no code between fences, and no tables."""
    is_code = False
    for number, line in enumerate(text.splitlines(), 1):
        is_fence = line.lstrip().startswith('```')
        is_code ^= is_fence
        if not is_code and not is_fence and not line.lstrip().startswith('|'):
            yield number, line


def wide_prose(path, most, root=ROOT):
    return wide(path, prose(read(path, root)), most)

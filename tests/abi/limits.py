"""Limits of parameters and of columns. Each function gives the problems that it finds, one text each."""
import os
import re

from rules import declared
from sources import ROOT, find, functions, read

MAX_PARAMETERS = 5
CODE = ('.c', '.h', '.cpp', '.py', '.sh', '.js', '.css', 'meson.build')

# Callbacks of libmicrohttpd with more parameters, by their types: nobody here chose how many there are.
CALLBACKS = {
    'MHD_KeyValueIteratorN': ['void *', 'enum MHD_ValueKind', 'const char *', 'size_t', 'const char *',
                              'size_t'],
}

LIST_ITEM = re.compile(r'\s*(?:[-*+]|\d+[.)])\s+')
LINK_ALONE = re.compile(r'\s*(?:[-*+]\s+)?(?:<?https?://\S+|!?\[[^\]]*\](?:\([^)]*\)|:\s*\S+))[.,;:]?')


def types_of(function):
    return [re.sub(r'(?<=[\s*])\w+$', '', parameter).strip() for parameter in function.parameters]


def parameters(root=ROOT):
    """Functions of lib with too many parameters, and callbacks whose exception nobody needs any more."""
    public = declared(find('include', '.h', root=root), root)
    problems, needed = [], set()
    for path in find('lib', '.c', '.h', root=root):
        long = [function for function in functions(path, root) if len(function.parameters) > MAX_PARAMETERS
                and (function.is_static or function.name not in public)]
        for function in long:
            fitting = [name for name, types in CALLBACKS.items() if types == types_of(function)]
            needed.update(fitting)
            if not fitting:
                problems.append(f'{path}:{function.line}: {function.name} has {len(function.parameters)}'
                                ' parameters')
    unused = sorted(CALLBACKS.keys() - needed)
    return problems + [f'no function of lib is an {name} now: its exception can go' for name in unused]


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


def outside_fences(text):
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r'\s*(`{3,}|~{3,})', line)
        if fence is None and mark:
            fence = mark[1]
        elif fence is None:
            yield number, line
        elif mark and mark[1].startswith(fence):
            fence = None


def outside_code(text):
    """The lines of Markdown that are no code. Indented code follows a blank line, and stands four columns
    to the right of the text of the list that it belongs to, if any."""
    margin, is_code, was_blank = 0, False, True
    for number, line in outside_fences(text):
        if not line.strip():
            was_blank = True
            continue
        indent = len(re.match(r'\s*', line)[0].expandtabs(4))
        is_code = (is_code or was_blank) and indent >= margin + 4
        was_blank = False
        if not is_code:
            item = LIST_ITEM.match(line)
            margin = len(item[0].expandtabs(4)) if item else margin if indent else 0
            yield number, line


def prose(text):
    """The lines of Markdown that can be wrapped."""
    return [(number, line) for number, line in outside_code(text)
            if not line.lstrip().startswith('|') and not LINK_ALONE.fullmatch(line)]


def wide_prose(path, most, root=ROOT):
    return wide(path, prose(read(path, root)), most)

"""Tools that make bindings can read each public header: test_bindings.py CC [FLAG]...

The flags find microhttpd.h."""
import os
import re
import subprocess
import sys
from functools import partial

from sources import ROOT, find, none, read, read_code
from tap import equal, run, skip_all

# Where Debian has its modules, also for a python3 that is not Debian's.
sys.path.append('/usr/lib/python3/dist-packages')
try:
    from pycparser import c_ast, c_parser
except ImportError:
    skip_all('no pycparser (package python3-pycparser)')

# What pycparser, a parser of C without extensions, does not know; system headers use it.
EXTENSIONS = ('-D__attribute__(x)=', '-D__extension__=', '-D__restrict=', '-D__inline=inline',
              '-D__asm__(x)=', '-D_Noreturn=', '-D__builtin_va_list=void *')
# Header guards and FSRV_API have no value. The version is a text that fsrv_version gives.
VALUE_MACRO = re.compile(r'^[ \t]*#define (FSRV_(?!API\b|VERSION)\w+)[ \t]+\S', re.MULTILINE)


class Reader(c_ast.NodeVisitor):
    """Collects the functions of a header and what a binding could not express of it."""

    def __init__(self):
        self.functions, self.problems, self.name = [], [], ''

    def visit_Decl(self, node):
        if node.bitsize is not None:
            self.problems.append(f'{node.name} is a bit-field')
        if isinstance(node.type, c_ast.FuncDecl) and (node.name or '').startswith('fsrv_'):
            self.functions.append(node.name)
            self.name = node.name
            self.look(node.type)
        self.generic_visit(node)

    def look(self, function):
        parameters = function.args.params if function.args else []
        for part in [*parameters, function]:
            if isinstance(part, c_ast.EllipsisParam):
                self.problems.append(f'{self.name} has a variable number of arguments')
            elif isinstance(getattr(part.type, 'type', None), (c_ast.Struct, c_ast.Union)):
                self.problems.append(f'{self.name} takes or returns a struct')


def check_header(compiler, flags, path):
    name = os.path.relpath(path, 'include')
    done = subprocess.run([compiler, '-E', '-P', '-std=c11', *EXTENSIONS, *flags,
                           '-I', os.path.join(ROOT, 'include'), '-x', 'c', '-'],
                          input=f'#include "{name}"\n', capture_output=True, text=True, check=True)
    try:
        tree = c_parser.CParser().parse(done.stdout)
    except c_parser.ParseError as error:
        line = done.stdout.splitlines()[int(str(error).split(':')[1]) - 1]
        raise AssertionError(f'{error}: {line}') from None
    reader = Reader()
    reader.visit(tree)
    none(reader.problems)
    declared = re.findall(r'^FSRV_API\b[^;(]*?(\w+)\s*\(', read_code(path), re.MULTILINE)
    none(f'{function} was not found' for function in declared if function not in reader.functions)


def check_macros():
    bindings = read('include/fsrv/bindings.h')
    macros = sorted(macro for path in find('include', '.h') for macro in VALUE_MACRO.findall(read(path)))
    constants = re.findall(r'^static const \w+ (fsrv_\w+) = (?:\(\w+\))?(\w+);', bindings, re.MULTILINE)
    equal(sorted(macro for _, macro in constants), macros, 'constants of bindings.h, and macros')
    none(f'{name} stands for {macro}' for name, macro in constants if name != macro.lower())


def check_completeness():
    included = re.findall(r'#include "(fsrv/\w+\.h)"', read('include/fsrv/bindings.h'))
    headers = [os.path.relpath(path, 'include') for path in find('include', '.h')]
    equal(included, [header for header in headers if header != 'fsrv/bindings.h'], 'headers of bindings.h')


def main(compiler, *flags):
    run((
        *((f'{os.path.relpath(path, "include")} is plain C', partial(check_header, compiler, flags, path))
          for path in find('include', '.h')),
        ('bindings.h has a constant for each macro with a value', check_macros),
        ('bindings.h includes all other headers', check_completeness),
    ))


main(*sys.argv[1:])

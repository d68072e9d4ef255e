"""The checks of layers and limits find what they are for: test_graph.py NM CC AR WARNING...

They look at small folders that are made up here, each with one thing wrong, and at one that is right."""
import os
import re
import subprocess
import sys
import tempfile
from functools import partial
from unittest import mock

import draw_modules
import limits
import rules
from graph import (components, include_uses, library_objects, link_uses, module_of, read_objects,
                   shortest_cycle)
from tap import Skip, equal, run

# Each module uses some of lower layers or of its own; nothing is wrong.
CLEAN = {
    'include/fsrv/base.h': 'int fsrv_version(void);\n',
    'include/fsrv/fsrv.h': 'int fsrv_top(void);\n',
    'lib/base.c': '#include "fsrv/base.h"\nint fsrv_version(void)\n{\n\treturn 1;\n}\n',
    'lib/http/hash.h': 'static inline int hash(int n)\n{\n\treturn n + 1;\n}\n',
    'lib/http/text.h': 'int fsrv__text(void);\n',
    'lib/http/text.c': '#include "http/text.h"\n#include "http/hash.h"\n'
                       'int fsrv__text(void)\n{\n\treturn hash(1);\n}\n',
    'lib/html/scan.h': 'int fsrv__scan(void);\n',
    'lib/html/scan.c': '#include "html/scan.h"\nint fsrv__scan(void)\n{\n\treturn 2;\n}\n',
    'lib/fs/cache.h': '/* Text. */\nint fsrv__cache(int n);\n',
    'lib/fs/cache.c': '#include "fs/cache.h"\n#include "http/text.h"\n'
                      'int fsrv__cache(int n)\n{\n\treturn n + fsrv__text();\n}\n',
    'lib/mhd/handle.c': '#include "fsrv/fsrv.h"\n#include "fs/cache.h"\n#include "html/scan.h"\n'
                        'int fsrv_top(void)\n{\n\treturn fsrv__cache(1) + fsrv__scan();\n}\n',
}
CLEAN_INCLUDES = {('fs/cache', 'http/text'), ('http/text', 'http/hash'), ('mhd/handle', 'fs/cache'),
                  ('mhd/handle', 'html/scan')}
CLEAN_CALLS = CLEAN_INCLUDES - {('http/text', 'http/hash')}  # an inline function

# Lines 1 and 7 can be wrapped.
MARKDOWN = """Words and words and words
| a table | with a row |

```c
code_that(is, as_wide);
```
* Words and words, words
"""


def declare(name):
    return f'int {name}(void);\n'


def define(name, calls=''):
    """A function, declared beside it so that no header is included."""
    return (declare(calls) if calls else '') + declare(name) + \
        f'int {name}(void)\n{{\n\treturn {calls + "()" if calls else 0};\n}}\n'


def chain(folder, *names):
    """A module for each name, which calls the next one; the last calls the first."""
    files = {}
    for name, following in zip(names, names[1:] + names[:1]):
        files[f'lib/{folder}/{name}.h'] = declare(f'fsrv__{name}')
        files[f'lib/{folder}/{name}.c'] = define(f'fsrv__{name}', f'fsrv__{following}')
    return files


class Folder:
    """A made-up project."""

    def __init__(self, files, compilers):
        self.files = files
        self.nm, self.cc, self.ar = compilers

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.root = self.temporary.name
        for path, text in self.files.items():
            os.makedirs(os.path.dirname(os.path.join(self.root, path)), exist_ok=True)
            with open(os.path.join(self.root, path), 'w', encoding='utf-8') as file:
                file.write(text)
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def includes(self):
        return include_uses(self.root)

    def objects(self):
        """Those of all files, named as meson names them, from an archive."""
        members = []
        for path in sorted(path for path in self.files if path.endswith('.c')):
            members.append('.._' + path.replace('/', '_') + '.o')
            subprocess.run([self.cc, '-Iinclude', '-Ilib', '-c', path, '-o', members[-1]], cwd=self.root,
                           check=True)
        subprocess.run([self.ar, 'rcT', 'all.a', *members], cwd=self.root, check=True)
        return library_objects(self.nm, os.path.join(self.root, 'all.a'), self.root)

    def links(self):
        return link_uses(self.objects())

    def all_problems(self):
        objects = self.objects()
        uses = self.includes() + link_uses(objects)
        found = rules.upward(uses) + rules.sideways(uses) + rules.cycles(uses) + rules.odd_includes(self.root)
        for rule in (rules.foreign_declarations, rules.declarations_by_hand, rules.undeclared_definitions,
                     rules.odd_names):
            found += rule(objects, self.root)
        return found


def check_clean(compilers):
    with Folder(CLEAN, compilers) as folder:
        equal({(use.user, use.used) for use in folder.includes()}, CLEAN_INCLUDES, 'includes')
        equal({(use.user, use.used) for use in folder.links()}, CLEAN_CALLS, 'calls')
        equal(folder.all_problems(), [], 'problems')


def expect(compilers, find_problems, files, *wanted):
    """Exactly these problems are found in the clean folder together with files."""
    with Folder({**CLEAN, **files}, compilers) as folder:
        equal(find_problems(folder), list(wanted), 'problems')


def cycle(modules, *steps):
    heading = f'{len(modules)} modules use each other: {", ".join(modules)}. A cycle:'
    return '\n'.join((heading, *(f'  {step}' for step in steps)))


def by_includes(rule):
    return lambda folder: rule(folder.includes())


def by_links(rule):
    return lambda folder: rule(folder.links())


def include_cases(case):
    yield case('an include of a higher layer', by_includes(rules.upward),
               {'lib/fs/up.c': '#include "mhd/new.h"\n', 'lib/mhd/new.h': ''},
               'lib/fs/up.c includes mhd/new.h')
    yield case('an include of a higher layer by a path from the same folder', by_includes(rules.upward),
               {'lib/http/up.h': '#include "../fs/cache.h"\n'},
               'lib/http/up.h includes ../fs/cache.h')
    yield case('an include from http to html', by_includes(rules.sideways),
               {'lib/http/aside.c': '#include "html/scan.h"\n'},
               'lib/http/aside.c includes html/scan.h')
    yield case('includes in odd clothes', by_includes(rules.upward),
               {'lib/fs/up.c': '#include/**/"mhd/a.h"\n/*\n*/ %:  include <mhd/b.h> // text\n'
                               '#inc\\\nlude \\\n"mhd/c.h"\n/*\n#include "mhd/d.h"\n*/\n',
                **{f'lib/mhd/{name}.h': '' for name in 'abcd'}},
               *(f'lib/fs/up.c includes mhd/{name}.h' for name in 'abc'))
    yield case('includes that hide what they include', lambda folder: rules.odd_includes(folder.root),
               {'lib/fs/up.c': '#define UP "mhd/handler.h"\n#include UP\n#include_next <mhd/new.h>\n'
                               '#import "fs/cache.h"\n#include "mhd/handle.c"\n#include <mhd/../mhd/new.h>\n'
                               '#include "new.inc"\n#include "new.h"\n#include <stdio.h>\n'
                               '#include "cache.h"\n',
                'lib/mhd/new.h': ''},
               *(f'lib/fs/up.c includes {text}' for text in (
                   'UP', '<mhd/new.h>', '"fs/cache.h"', '"mhd/handle.c"', '<mhd/../mhd/new.h>', '"new.inc"',
                   '"new.h"')))
    yield case('a cycle of two by includes', by_includes(rules.cycles),
               {'lib/fs/one.h': '#include "two.h"\n',
                'lib/fs/two.c': '#include "fs/one.h"\n',
                'lib/fs/two.h': ''},
               cycle(('fs/one', 'fs/two'),
                     'lib/fs/one.h includes two.h',
                     'lib/fs/two.c includes fs/one.h'))
    yield case('a cycle of three by includes', by_includes(rules.cycles),
               {'lib/mhd/a.h': '#include "mhd/b.h"\n',
                'lib/mhd/b.h': '#include "mhd/c.h"\n',
                'lib/mhd/c.h': '#  include "mhd/a.h"\n'},
               cycle(('mhd/a', 'mhd/b', 'mhd/c'),
                     'lib/mhd/a.h includes mhd/b.h',
                     'lib/mhd/b.h includes mhd/c.h',
                     'lib/mhd/c.h includes mhd/a.h'))


def link_cases(case):
    yield case('a call of a higher layer', by_links(rules.upward),
               {'lib/http/up.c': define('fsrv__up', 'fsrv__cache')},
               'lib/http/up.c calls fsrv__cache of lib/fs/cache.c')
    yield case('data of a higher layer', by_links(rules.upward),
               {'lib/fs/up.c': 'extern int table;\nint fsrv__up(void)\n{\n\treturn table;\n}\n',
                'lib/mhd/data.c': 'int table = 1;\n'},
               'lib/fs/up.c reads table of lib/mhd/data.c')
    yield case('a call from html to base', by_links(rules.sideways),
               {'lib/html/aside.c': define('fsrv__aside', 'fsrv_version')},
               'lib/html/aside.c calls fsrv_version of lib/base.c')
    yield case('a cycle of two by calls', by_links(rules.cycles), chain('html', 'x', 'y'),
               cycle(('html/x', 'html/y'),
                     'lib/html/x.c calls fsrv__y of lib/html/y.c',
                     'lib/html/y.c calls fsrv__x of lib/html/x.c'))
    yield case('a cycle of three by calls', by_links(rules.cycles), chain('fs', 'p', 'q', 'r'),
               cycle(('fs/p', 'fs/q', 'fs/r'),
                     'lib/fs/p.c calls fsrv__q of lib/fs/q.c',
                     'lib/fs/q.c calls fsrv__r of lib/fs/r.c',
                     'lib/fs/r.c calls fsrv__p of lib/fs/p.c'))


def mixed_cases(case):
    yield case('a cycle of an include and a call',
               lambda folder: rules.cycles(folder.includes() + folder.links()),
               {'lib/fs/one.h': '', 'lib/fs/one.c': define('fsrv__one', 'fsrv__two'),
                'lib/fs/two.c': '#include "fs/one.h"\n' + define('fsrv__two')},
               cycle(('fs/one', 'fs/two'),
                     'lib/fs/one.c calls fsrv__two of lib/fs/two.c',
                     'lib/fs/two.c includes fs/one.h'))


def by_objects(rule):
    return lambda folder: rule(folder.objects(), folder.root)


def header_cases(case):
    foreign, by_hand = by_objects(rules.foreign_declarations), by_objects(rules.declarations_by_hand)
    undeclared = by_objects(rules.undeclared_definitions)
    yield case('a header that declares a function of another file', foreign,
               {'lib/fs/cache.h': CLEAN['lib/fs/cache.h'] + 'int\nfsrv__text(void) __attribute__((pure));\n'},
               'lib/fs/cache.h declares fsrv__text, which lib/fs/cache.c does not define')
    yield case('a header that declares data of another file', foreign,
               {'lib/fs/cache.h': CLEAN['lib/fs/cache.h'] + 'extern int fsrv__own, fsrv__table[2][2];\n'
                                  'extern void (*fsrv__hook)(int a, int b);\n',
                'lib/fs/cache.c': CLEAN['lib/fs/cache.c'] + 'int fsrv__own;\n'},
               'lib/fs/cache.h declares fsrv__hook, which lib/fs/cache.c does not define',
               'lib/fs/cache.h declares fsrv__table, which lib/fs/cache.c does not define')
    yield case('a header without a file that declares a function', foreign,
               {'lib/http/hash.h': CLEAN['lib/http/hash.h'] + 'struct s { void (*f)(void); };\n'
                                   'char *fsrv__hash(int n);\n'},
               'lib/http/hash.h declares fsrv__hash, which lib/http/hash.c does not define')
    yield case('a header that defines a function', foreign,
               {'lib/http/hash.h': declare('fsrv__hash') + 'int fsrv__hash(void)\n{\n\treturn 0;\n}\n',
                'lib/http/text.c': CLEAN['lib/http/text.c'].replace('hash(1)', '1')},
               'lib/http/hash.h declares fsrv__hash, which lib/http/hash.c does not define',
               'lib/http/hash.h defines fsrv__hash, which is not static')
    yield case('declarations without a header', by_hand,
               {'lib/fs/new.c': 'int fsrv_top(void);\nextern int fsrv__table[];\nstatic int own(void);\n'
                                'static int own(void)\n{\n\textern int fsrv__inner;\n'
                                '\treturn fsrv_top() + fsrv__table[0] + fsrv__inner;\n}\n'
                                'int fsrv__new(void);\nint fsrv__new(void)\n{\n\treturn own();\n}\n'},
               *(f'lib/fs/new.c declares {name} by hand' for name in (
                   'fsrv__inner', 'fsrv__table', 'fsrv_top')))
    yield case('definitions that no header declares', undeclared,
               {'lib/mhd/new.c': define('fsrv__new') + 'int fsrv__table[2];\n/* fsrv__table */\n'
                                 'int (*fsrv__chosen(int a))(void)\n{\n\treturn a ? fsrv__new : 0;\n}\n'
                                 '#define NEW(name) int name(void) { return 0; }\nNEW(fsrv__hidden)\n',
                'lib/mhd/new.h': '/* fsrv__table */\n'},
               *(f'lib/mhd/new.c defines {name}, which its header and the public ones do not declare'
                 for name in ('fsrv__chosen', 'fsrv__hidden', 'fsrv__new', 'fsrv__table')))
    yield case('names that are neither public nor internal', by_objects(rules.odd_names),
               {'lib/mhd/new.c': define('fsrv_secret') + 'int table;\n'},
               *(f'lib/mhd/new.c defines {name}, which is neither public nor fsrv__'
                 for name in ('fsrv_secret', 'table')))


def compiler_cases(case, warnings):
    def warn(folder):
        version = subprocess.run([folder.cc, '--version'], capture_output=True, text=True, check=True).stdout
        if 'clang' in version:
            raise Skip('clang has this warning by name only')
        done = subprocess.run([folder.cc, *warnings, '-c', 'lib/new.c', '-o', 'new.o'], cwd=folder.root,
                              capture_output=True, text=True, check=False)
        return sorted(set(re.findall(r'\[-W([\w-]+)\]', done.stderr)))
    yield case('a declaration in a function, by the compiler', warn,
               {'lib/new.c': 'static int f(void)\n{\n\tint g(void);\n\treturn g();\n}\nint g(void);\n'
                             'int g(void)\n{\n\treturn f();\n}\n'}, 'nested-externs')


def limit_cases(case):
    iterator = ('static int add_field(void *cls, enum MHD_ValueKind kind, const char *name,\n'
                '\tsize_t name_size, const char *value, size_t value_size)\n{\n}\n')
    yield case('six parameters', lambda folder: limits.parameters(folder.root),
               {'include/fsrv/new.h': 'int fsrv_new(int a, int b, int c, int d, int e, int f);\n',
                'lib/mhd/request.c': iterator,
                'lib/mhd/new.c': iterator + 'int fsrv_new(int a, int b, int c, int d, int e, int f)\n{\n}\n'
                                 'int fsrv_secret(int a, int b, int c, int d, int e, int f)\n{\n}\n',
                'lib/mhd/new.h': '#define X(a, b, c, d, e, f)\nstatic int\n'
                                 'new(int a, int *b, int (*c)(int, int),\n\tint d, int e, int f)\n{\n}\n'},
               'lib/mhd/new.c:1: add_field has 6 parameters',
               'lib/mhd/new.c:8: fsrv_secret has 6 parameters',
               'lib/mhd/new.h:3: new has 6 parameters')
    wide = ('new.c', 'new.cpp', 'new.css', 'new.h', 'new.js', 'new.py', 'new.sh', 'meson.build')
    yield case('code that is too wide', lambda folder: limits.wide_code('new', 12, folder.root),
               {f'new/{name}': '123456789012\n\t1234\n\t12345\n' for name in (*wide, 'new.html')},
               *(f'new/{name}:3: 13 columns' for name in sorted(wide)))
    yield case('a file that is too wide', lambda folder: limits.wide_code('.ci/run', 12, folder.root),
               {'.ci/run': '1234567890123\n'}, '.ci/run:1: 13 columns')
    yield case('prose that is too wide', lambda folder: limits.wide_prose('docs/new.md', 20, folder.root),
               {'docs/new.md': MARKDOWN}, 'docs/new.md:1: 25 columns', 'docs/new.md:7: 24 columns')


def failure_of(function, *arguments):
    try:
        function(*arguments)
    except (AssertionError, SystemExit) as error:
        return str(error)
    raise AssertionError('it did not fail')


def check_names():
    sources = ['lib/base.c', 'lib/http/text.c', 'lib/html/script_text.c', 'lib/mhd/base.c']
    lines = ['x.a[lib_base.c.o]:', 'f T 0 1', '', 'x.a[x.p/.._lib_http_text.c.o]:',
             'x.a[html_script_text.c.o]:', 'f U         ', 'x.a[mhd_base.c.o]:', 'g R 0 1',
             '__odr_asan.g B 2 1']
    objects = read_objects(lines, sources)
    equal([objects[path].defined for path in sources], [{'f': 'T'}, {}, {}, {'g': 'R'}], 'defined')
    equal(objects['lib/html/script_text.c'].undefined, ['f'], 'undefined')
    equal(failure_of(read_objects, lines, sources + ['lib/fs/new.c']),
          'the archive has no object of lib/fs/new.c', 'a source without an object')
    both = ['lib/fs/system_linux.c', 'lib/fs/system_portable.c']
    equal([module_of(path) for path in (*both, 'lib/fs/system.h')], ['fs/system'] * 3, 'one module')
    equal(list(read_objects(['x.a[fs_system_portable.c.o]:'], both)), both[1:], 'one of two is compiled')
    equal(failure_of(read_objects, [], both), f'the archive has no object of {", ".join(both)}', 'none is')
    equal(failure_of(read_objects, ['x.a[x-unity0.c.o]:'], sources),
          'x-unity0.c.o comes from no file of lib, or from several', 'an object without a source')
    equal(failure_of(rules.layer_of, 'new/thing'), 'lib/new/thing is on no layer', 'a new folder')


def check_cycles():
    graph = {'a': {'b'}, 'b': {'c', 'd'}, 'c': {'a'}, 'd': {'b', 'e'}, 'e': {'e', 'f'}, 'f': set()}
    equal(components(graph), [['a', 'b', 'c', 'd'], ['e']], 'components')
    equal(shortest_cycle(graph, ['a', 'b', 'c', 'd']), ['b', 'd', 'b'], 'the shortest cycle')
    equal(shortest_cycle(graph, ['e']), ['e', 'e'], 'a module that uses itself')


def check_picture():
    way = [module for module, _ in draw_modules.HOT_WAY]
    graph = {module: set() for module in (*way, 'html/scan', 'html/tree', 'html/tags', 'base')}
    graph['html/scan'] = {'html/tree', 'html/tags', 'http/path'}
    graph['html/tree'] = {'html/tags'}
    draw_modules.check_graph(graph)
    dot = '\n'.join(draw_modules.write_dot(graph, {'html/tags'}))
    again = '\n'.join(draw_modules.write_dot(dict(reversed(graph.items())), {'html/tags'}))
    equal(dot, again, 'drawn again')
    equal([module for module in graph if f'"{module}" [label=' not in dot], [], 'not drawn')
    equal(re.findall(r'"(.*)" -> "(.*)";', dot), [('html/scan', 'html/tree'), ('html/tree', 'html/tags')],
          'uses that do not follow from others')
    steps = re.findall(r'"(.*)" -> "(.*)" \[(?:dir=(back))? .*penwidth=3', dot)
    equal([(goal, start) if back else (start, goal) for start, goal, back in steps], list(zip(way, way[1:])),
          'steps')
    equal([back for start, goal, back in steps if draw_modules.row(goal) < draw_modules.row(start)], [],
          'steps that dot would take for uses')
    del graph['http/plan']
    equal(failure_of(draw_modules.check_graph, graph),
          'draw_modules.py: HOT_WAY names modules that lib does not have: http/plan', 'a module that is gone')


def check_age():
    """The picture is compared by what it was made of; only to draw it takes dot."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'modules.svg')
        old = failure_of(draw_modules.check, path, 'digraph { a; }')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('drawn by any version\n' + draw_modules.last_line('digraph { a; }'))
        draw_modules.check(path, 'digraph { a; }')
        equal(failure_of(draw_modules.check, path, 'digraph { b; }'), old, 'another graph')
        with mock.patch.dict(os.environ, PATH=folder):
            draw_modules.check(path, 'digraph { a; }')
            equal(failure_of(draw_modules.draw, path, 'digraph { b; }'),
                  'draw_modules.py: there is no program dot: install the package graphviz', 'no dot')


def main(*arguments):
    compilers, warnings = arguments[:3], arguments[3:]

    def case(name, find_problems, files, *wanted):
        return f'found: {name}', partial(expect, compilers, find_problems, files, *wanted)
    run((
        ('a clean folder passes', partial(check_clean, compilers)),
        ('objects belong to their sources', check_names),
        ('components and their shortest cycles', check_cycles),
        ('the picture has all modules, their uses and the way of a request', check_picture),
        ('the picture is out of date when the graph is another one', check_age),
        *include_cases(case), *link_cases(case), *mixed_cases(case), *header_cases(case),
        *compiler_cases(case, warnings), *limit_cases(case),
    ))


main(*sys.argv[1:])

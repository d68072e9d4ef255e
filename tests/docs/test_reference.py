"""The manual of section 3 and its HTML have all that the headers declare, and are well-formed.

usage: test_reference.py SOURCES MANDOC"""
import glob
import html
import os
import re
import subprocess
import sys
import tempfile
from functools import partial

from tap import equal, run, skip_all

ROOT, MANDOC = sys.argv[1:]
SCRIPT = os.path.join(ROOT, 'docs', 'reference', 'manual.py')
INCLUDE = os.path.join(ROOT, 'include')
PROGRAMS = sorted(glob.glob(os.path.join(ROOT, 'docs', 'man', '*.1')))


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def call(*arguments):
    return subprocess.run([sys.executable, '-B', SCRIPT, *arguments], capture_output=True, text=True,
                          check=False)


def make(task, folder, include=INCLUDE):
    more = (MANDOC, *PROGRAMS) if task == 'html' else ()
    done = call(task, include, '1.2.3', folder, *more)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return {name: read(folder, name) for name in sorted(os.listdir(folder))}


def none(problems):
    problems = list(problems)
    if problems:
        raise AssertionError('\n'.join(problems))


def has_all_functions():
    listed = set(call('list', INCLUDE).stdout.split())
    maps = ' '.join(read(path) for path in glob.glob(os.path.join(ROOT, 'lib', '*.map')))
    functions = set(re.findall(r'^\s+(fsrv_\w+);', maps, re.MULTILINE))
    if len(functions) < 30:
        raise AssertionError(f'only {len(functions)} functions in the maps')
    none(f'{name} has no page' for name in sorted(functions - listed))


def has_all_names(pages):
    """Each constant and member, found in the headers without the parser of the manual."""
    text = ' '.join(pages.values())
    for path in glob.glob(os.path.join(INCLUDE, 'fsrv', '*.h')):
        code = re.sub(r'/\*.*?\*/', '', read(path), flags=re.DOTALL)
        code = re.sub(r'^#.*', '', code, flags=re.MULTILINE)
        code = re.sub(r'struct fsrv_scan \{.*?^\};', '', code, flags=re.DOTALL | re.MULTILINE)
        names = set(re.findall(r'\bFSRV_[A-Z_0-9]+\b(?!\s*[(])', code)) - {'FSRV_API'}
        names |= {match for body in re.findall(r'^struct \w+ \{(.*?)^\};', code, re.DOTALL | re.MULTILINE)
                  for match in re.findall(r'(\w+)(?:\[\w+\])?;', body)}
        none(f'{name} of {os.path.basename(path)} is on no page' for name in sorted(names)
             if not re.search(rf'\b{name}\b', text))


def is_clean(folder, name):
    done = subprocess.run([MANDOC, '-T', 'lint', '-W', 'warning', os.path.join(folder, name)],
                          capture_output=True, text=True, check=False)
    equal((done.returncode, done.stdout + done.stderr), (0, ''), name)


def ids_of(text):
    return {html.unescape(one) for one in re.findall(r'\bid="([^"]+)"', text)}


def links_lead_somewhere(pages):
    for name, text in pages.items():
        for target in map(html.unescape, re.findall(r'\bhref="([^"]+)"', text)):
            path, _, anchor = target.partition('#')
            page = pages.get(path or name)
            if page is None or (anchor and anchor not in ids_of(page)):
                yield f'{name}: {target} leads nowhere'


def is_reproducible(task, first):
    with tempfile.TemporaryDirectory() as folder:
        equal(make(task, folder) == first, True, 'the same bytes')


HEADER = '''/* fsrv/base.h - errors.
 *
 * Text. */
%s
'''
FUNCTION = 'FSRV_API int fsrv_strerror(int error);'
REFUSED = (
    ('a function without a comment', FUNCTION, 'fsrv/base.h:4: no comment stands before'),
    ('a list that lost its line breaks',
     f'/* Text.\n *\n * A sentence. Another.  error  a number */\n{FUNCTION}',
     'fsrv/base.h:6: two blanks after'),
    ('an indented line', f'/* Text,\n *   which is indented. */\n{FUNCTION}',
     'fsrv/base.h:5: an indented line'),
    ('an unknown declaration', '/* Text. */\nstatic int fsrv_strerror(int error);', 'is not understood'),
    ('code', 'int fsrv_strerror(int error);', 'fsrv/base.h:4: not understood'),
    ('a name that is on no page', f'/* Text. */\n{FUNCTION}\n/* More. */\nFSRV_API int fsrv_new_one(void);',
     'fsrv_new_one is on no page'),
    ('a page without its function', '/* Text. */\nstruct fsrv_error;', 'wants fsrv_strerror'),
)


def refuses(text, complaint):
    with tempfile.TemporaryDirectory() as folder:
        include = os.path.join(folder, 'include', 'fsrv')
        os.makedirs(include)
        for path in glob.glob(os.path.join(INCLUDE, 'fsrv', '*.h')):
            name = os.path.basename(path)
            with open(os.path.join(include, name), 'w', encoding='utf-8') as file:
                file.write(HEADER % text if name == 'base.h' else read(path))
        done = call('man', os.path.dirname(include), '1.2.3', os.path.join(folder, 'pages'))
        equal((done.returncode != 0, complaint in done.stderr), (True, True), done.stderr)


def main():
    if not MANDOC:
        skip_all('no mandoc')
    with tempfile.TemporaryDirectory() as man, tempfile.TemporaryDirectory() as web:
        pages, site = make('man', man), make('html', web)
        run((
            ('every function has a page', has_all_functions),
            ('every constant and member is on a page', partial(has_all_names, pages)),
            *((f'mandoc has nothing to say of {name}', partial(is_clean, man, name)) for name in pages),
            ('links of the HTML lead somewhere', lambda: none(links_lead_somewhere(site))),
            ('two runs make the same pages', partial(is_reproducible, 'man', pages)),
            ('two runs make the same HTML', partial(is_reproducible, 'html', site)),
            *((f'refuses {name}', partial(refuses, text, complaint)) for name, text, complaint in REFUSED),
        ))


main()

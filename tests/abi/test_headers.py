"""Each public header stands alone, in C and in C++: test_headers.py CC CXX (either may be empty)

Further arguments are flags that find microhttpd.h."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial

from sources import ROOT, find, read_code
from tap import Skip, run

STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror']


def compile_text(compiler, text, ending, *flags):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'only' + ending)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        done = subprocess.run([compiler, *STRICT, *flags, '-I', os.path.join(ROOT, 'include'),
                               '-c', path, '-o', os.path.join(folder, 'only.o')],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)


def header_cases(compiler, standard, ending, flags):
    for path in find('include', '.h'):
        name = os.path.relpath(path, 'include')
        yield (f'{name}: {os.path.basename(compiler)} -std={standard}',
               partial(compile_text, compiler, f'#include "{name}"\n', ending, f'-std={standard}', *flags))


def check_option_structs(compiler, flags):
    text, structs = '#include <stddef.h>\n', []
    for path in find('include', '.h'):
        found = re.findall(r'^struct (\w+_options) \{', read_code(path), re.MULTILINE)
        structs += found
        if found:
            text += f'#include "{os.path.relpath(path, "include")}"\n'
    if not structs:
        raise AssertionError('no option struct found')
    for name in structs:
        text += (f'_Static_assert(offsetof(struct {name}, size) == 0, "{name}: size comes first");\n'
                 f'_Static_assert(sizeof(((struct {name} *)0)->size) == sizeof(size_t), '
                 f'"{name}: size is a size_t");\n')
    compile_text(compiler, text, '.c', '-std=c11', '-Wpadded', *flags)


def check_drop_in():
    """range.c and range.h alone in one folder, as their comment promises."""
    compiler = shutil.which('cc')
    if compiler is None:
        raise Skip('no cc')
    with tempfile.TemporaryDirectory() as folder:
        for path in ('lib/http/range.c', 'include/fsrv/range.h'):
            shutil.copy(os.path.join(ROOT, path), folder)
        with open(os.path.join(folder, 'main.c'), 'w', encoding='utf-8') as file:
            file.write('#include "range.h"\nint main(void)\n{\n\tstruct fsrv_range range;\n'
                       '\treturn fsrv_parse_range_header("bytes=-2", 8, 10, &range) == FSRV_RANGE_PARTIAL && '
                       'range.offset == 8 ? 0 : 1;\n}\n')
        subprocess.run([compiler, '-std=c11', *STRICT, '-o', 'main', 'main.c', 'range.c'], cwd=folder,
                       check=True)
        subprocess.run([os.path.join(folder, 'main')], check=True)


def installed(*names):
    """Those that are there, each compiler once whatever its names."""
    paths = [shutil.which(name) for name in names if name]
    return sorted({os.path.realpath(path): path for path in paths if path}.values())


def main(cc, cxx, *flags):
    c_compilers = installed(cc, 'gcc', 'clang')
    cases = [case for compiler in c_compilers for case in header_cases(compiler, 'c11', '.c', flags)]
    cases += [case for compiler in installed(cxx, 'g++', 'clang++')
              for case in header_cases(compiler, 'c++11', '.cpp', flags)]
    cases += [(f'option structs start with size and have no padding: {os.path.basename(compiler)}',
               partial(check_option_structs, compiler, flags)) for compiler in c_compilers]
    cases.append(('range.c and range.h stand alone', check_drop_in))
    run(cases)


main(*sys.argv[1:])

"""Other projects use the library as its documentation says: test_consumers.py CC CXX (CXX may be empty)"""
import json
import os
import shutil
import sys
import tempfile
from functools import partial

import cmake
import tarball
from installation import HERE, SOURCE, STRICT, Installation, call, needed_libraries, run_program
from tap import Skip, equal, run, skip_all


def check_kind(kind):
    """Nothing of the other kind is installed; without programs, no manual pages of them."""
    with tempfile.TemporaryDirectory() as build:
        call(['meson', 'setup', build, SOURCE, f'-Ddefault_library={kind}', '-Dtests=false',
              '-Dexamples=false'])
        installed = json.loads(call(['meson', 'introspect', build, '--installed'])).values()
    paths = [os.path.basename(path) for path in installed]
    endings = {'shared': '.so', 'static': '.a'}
    found = sorted(ending for ending in endings.values() if any(path.endswith(ending) for path in paths))
    programs = [path for path in paths if path.startswith(('fsrv-serve', 'fsrv-inject', 'fsrv-range'))]
    equal((found, programs), ([endings[kind]], []), 'kinds of libraries, and programs')


def check_subproject(compiler, kind):
    """A project with the wrap file and a tarball in its folder subprojects."""
    with tempfile.TemporaryDirectory() as folder:
        project, build = os.path.join(folder, 'project'), os.path.join(folder, 'build')
        packagefiles = os.path.join(project, 'subprojects', 'packagefiles')
        os.makedirs(packagefiles)
        for path in ('subproject/meson.build', 'serve_one.c', 'fetch.h'):
            shutil.copy(os.path.join(HERE, path), project)
        shutil.copy(os.path.join(SOURCE, 'docs', 'packaging', 'fsrv.wrap'), os.path.dirname(packagefiles))
        tarball.make(packagefiles)
        call(['meson', 'setup', build, project, f'-Ddefault_library={kind}', '--wrap-mode=forcefallback',
              '-Doptimization=0'], env={**os.environ, 'CC': ' '.join(compiler)})
        call(['meson', 'compile', '-C', build])
        program = os.path.join(build, 'serve_one')
        if bool(needed_libraries(program)) != (kind == 'shared'):
            raise AssertionError(f'not linked as {kind}')
        run_program(program)


def check_plugin(one, compiler, prefix):
    """A library that is loaded, serves and is unloaded leaves nothing behind in its program."""
    with tempfile.TemporaryDirectory() as folder:
        plugin, program = os.path.join(folder, 'plugin.so'), os.path.join(folder, 'load_plugin')
        strict = [*compiler, '-std=gnu11', *STRICT]
        call([*strict, '-shared', '-fPIC', os.path.join(HERE, 'plugin.c'), '-o', plugin,
              *one.flags(prefix, '--cflags', '--libs', 'fsrv')])
        call([*strict, os.path.join(HERE, 'load_plugin.c'), '-o', program, '-pthread', '-ldl'])
        equal(bool(needed_libraries(plugin)), prefix == one.whole, 'the plugin needs shared libraries')
        run_program(program, plugin, before=200000, LD_LIBRARY_PATH=os.path.join(prefix, 'lib'))


def check_python(one):
    run_program(sys.executable, os.path.join(HERE, 'serve_one.py'), os.path.join(one.whole, 'lib'))


def check_cpp(check, compiler, source, standard='-std=c++11'):
    if not compiler:
        raise Skip('no C++ compiler')
    check(compiler, standard, source)


def main(cc, cxx):
    missing = [tool for tool in ('meson', 'ninja', 'pkg-config', 'readelf') if shutil.which(tool) is None]
    if missing:
        skip_all('not installed: ' + ', '.join(missing))
    # The compiler of this build, but none of its flags: a consumer has none of ours.
    os.environ['CC'] = cc
    for name in ('CFLAGS', 'CXXFLAGS', 'LDFLAGS', 'CPPFLAGS', 'DESTDIR', 'LD_LIBRARY_PATH'):
        os.environ.pop(name, None)
    c_compiler, cpp_compiler = cc.split(), cxx.split()
    with tempfile.TemporaryDirectory() as folder:
        one = Installation(folder)
        run((
            ('installs', one.make),
            ('C, shared, by pkg-config', partial(one.check_shared, c_compiler, '-std=gnu11', 'serve_one.c')),
            ('C, static, by pkg-config', partial(one.check_static, c_compiler, '-std=gnu11', 'serve_one.c')),
            ('C, static throughout, by pkg-config',
             partial(one.check_all_static, c_compiler, '-std=gnu11', 'serve_one.c')),
            ('C++, shared, by pkg-config',
             partial(check_cpp, one.check_shared, cpp_compiler, 'serve_one.cpp')),
            ('C++17, shared, by pkg-config',
             partial(check_cpp, one.check_shared, cpp_compiler, 'serve_one.cpp', '-std=c++17')),
            ('C++, static, by pkg-config',
             partial(check_cpp, one.check_static, cpp_compiler, 'serve_one.cpp')),
            ('C++ with hooks and counters',
             partial(check_cpp, one.check_static, cpp_compiler, 'watch_one.cpp')),
            ('C++ with header fields of its own',
             partial(check_cpp, one.check_static, cpp_compiler, 'fields_one.cpp')),
            ('the flags of pkg-config', one.check_flags),
            ('fsrv-core is small', one.check_core),
            *((f'default_library={kind} installs these alone', partial(check_kind, kind))
              for kind in ('shared', 'static')),
            ('static subproject of meson', partial(check_subproject, c_compiler, 'static')),
            ('shared subproject of meson', partial(check_subproject, c_compiler, 'shared')),
            ('a plugin with the shared libraries', partial(check_plugin, one, c_compiler, one.whole)),
            ('a plugin with the static libraries', partial(check_plugin, one, c_compiler, one.static)),
            ('Python, by ctypes', partial(check_python, one)),
            *cmake.cases(c_compiler, one),
        ))


main(*sys.argv[1:])

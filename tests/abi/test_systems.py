"""Compiles lib for systems that no test runs on: test_systems.py ZIG MHD_INCLUDE...

The compiler Zig has the headers and the libraries' symbols of other systems. What needs no libmicrohttpd is
linked too, so that nothing is missing there. It is no package of Debian."""
import os
import subprocess
import sys
import tempfile
from functools import partial

from sources import ROOT, find
from tap import run, skip_all

TARGETS = ('aarch64-macos', 'x86_64-freebsd', 'x86_64-netbsd', 'x86_64-openbsd')
FLAGS = ('-std=c11', '-D_GNU_SOURCE', '-D_FILE_OFFSET_BITS=64', '-DFSRV_MHD_IS_STRICT=0',
         '-DFSRV_MHD_HAS_HEAD_ONLY=0', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow',
         '-Wundef', '-Werror')


def compile_for(compiler, target, arguments, folder):
    command = [*compiler, '-target', target, *FLAGS, *(f'-I{ROOT}/{name}' for name in ('include', 'lib'))]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)


def sources(*folders):
    return [os.path.join(ROOT, path) for folder in folders for path in find(f'lib/{folder}', '.c')
            if not path.endswith('_linux.c')]


def links_all_but_the_adapter(compiler, target, folder):
    program = os.path.join(ROOT, 'tests', 'musl', 'look.c')
    compile_for(compiler, target,
                ['-o', 'look', program, os.path.join(ROOT, 'lib', 'base.c'), *sources('http', 'html', 'fs')],
                folder)


def compiles_the_adapter(compiler, target, headers, folder):
    compile_for(compiler, target, ['-isystem', headers, '-c', *sources('mhd')], folder)


def copy_header(places, folder):
    """The folder of the system's headers has more than that of libmicrohttpd."""
    place = next(place for place in (*places, '/usr/include')
                 if os.path.exists(os.path.join(place, 'microhttpd.h')))
    with open(os.path.join(place, 'microhttpd.h'), encoding='utf-8') as file:
        text = file.read()
    with open(os.path.join(folder, 'microhttpd.h'), 'w', encoding='utf-8') as file:
        file.write(text)
    return folder


def main(zig, *places):
    if not zig:
        skip_all('no zig')
    with tempfile.TemporaryDirectory() as folder:
        headers = copy_header(places, folder)
        cases = []
        for target in TARGETS:
            cases.append((f'{target}: http, html and fs link',
                          partial(links_all_but_the_adapter, [zig, 'cc'], target, folder)))
            cases.append((f'{target}: mhd compiles',
                          partial(compiles_the_adapter, [zig, 'cc'], target, headers, folder)))
        run(cases)


main(*sys.argv[1:])

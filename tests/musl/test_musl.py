"""What is built with musl in place of glibc, and run: test_musl.py MUSL_GCC CC

Debian has no libmicrohttpd for musl, so lib/mhd is compiled, with libmicrohttpd's header of glibc, but not
linked."""
import os
import subprocess
import sys
import tempfile
from functools import partial

from tap import equal, run, skip_all

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
FLAGS = ('-std=c11', '-D_GNU_SOURCE', '-D_FILE_OFFSET_BITS=64', '-DFSRV_MHD_IS_STRICT=0',
         '-DFSRV_MHD_HAS_HEAD_ONLY=0', '-Wall', '-Wextra', '-Wpedantic',
         '-Werror', '-Iinclude', '-Ilib')


def sources(layer, other_system='portable'):
    folder = os.path.join('lib', layer)
    return [os.path.join(folder, name) for name in sorted(os.listdir(os.path.join(ROOT, folder)))
            if name.endswith('.c') and not name.endswith(f'_{other_system}.c')]


def output(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f'{" ".join(command[:1])}: {done.returncode}: {done.stderr}')
    return done.stdout


def kernel_headers(cc):
    """The headers of the kernel, which Debian has among those of glibc: looked at last."""
    machine = output([cc, '-print-multiarch']).strip()
    return ['-idirafter', '/usr/include', '-idirafter', f'/usr/include/{machine}']


def builds_core_programs(build, folder):
    core = ['lib/base.c', 'lib/http/range.c', *sources('html')]
    for name in ('inject', 'range'):
        build(os.path.join(folder, name), [f'examples/{name}.c', *core])
    page = '<!doctype html><head></head><p>text'
    script = os.path.join(folder, 'script.js')
    with open(script, 'w', encoding='ascii') as file:
        file.write('go()')
    injected = output([os.path.join(folder, 'inject'), '--head-start', script], input=page)
    equal('go()' in injected, True, injected)


def looks_up_files(build, folder, other_system):
    site = os.path.join(folder, 'site')
    os.makedirs(os.path.join(site, 'sub'))
    with open(os.path.join(site, 'sub', 'small.txt'), 'w', encoding='ascii') as file:
        file.write('small')
    os.symlink('sub/small.txt', os.path.join(site, 'link'))
    os.symlink('/etc/passwd', os.path.join(site, 'out'))
    program = os.path.join(folder, 'look')
    build(program, ['tests/musl/look.c', 'lib/base.c', *sources('http'), *sources('html'),
                    *sources('fs', other_system)])
    for path in ('/sub/small.txt', '/link'):
        found = output([program, site, path]).splitlines()
        equal(set(found) - {'would wait'}, {'5 bytes: small'}, path)
        equal(found[3], 'would wait', 'not waiting without openat2(2)')
    for path in ('/out', '/none'):
        found = output([program, site, path]).splitlines()
        equal({line.split()[0] for line in found} - {'would'}, {'outcome'}, path)


def compiles_the_adapter(build, folder):
    for source in sources('mhd'):
        build(os.path.join(folder, 'object'), ['-fsyntax-only', source])


def main(musl_gcc, cc):
    if not musl_gcc:
        skip_all('no musl-gcc (package musl-tools)')
    with tempfile.TemporaryDirectory() as folder:
        def build(program, arguments):
            output([musl_gcc, *FLAGS, *kernel_headers(cc), '-o', program, *arguments])
        run((('core, fsrv-inject and fsrv-range', partial(builds_core_programs, build, folder)),
             ('lib/fs finds and reads files',
              partial(looks_up_files, build, os.path.join(folder, 'linux'), 'portable')),
             ('the portable lib/fs does',
              partial(looks_up_files, build, os.path.join(folder, 'portable'), 'linux')),
             ('lib/mhd compiles', partial(compiles_the_adapter, build, folder))))


main(*sys.argv[1:])

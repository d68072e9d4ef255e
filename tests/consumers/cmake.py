"""Projects that are built with CMake and find the installation by find_package(fsrv)."""
import os
import shutil
import tempfile

from installation import HERE, call, needed_libraries, run_program
from tap import Skip, equal

# find_library finds nothing, as if libmicrohttpd was not installed.
NO_LIBRARIES = ('-DCMAKE_FIND_ROOT_PATH=/nonexistent', '-DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY')


def build(compiler, prefix, folder, source, target, *arguments):
    if shutil.which('cmake') is None:
        raise Skip('no cmake')
    call(['cmake', '-S', os.path.join(HERE, 'cmake_project'), '-B', folder, '-G', 'Ninja',
          f'-DCMAKE_C_COMPILER={compiler[-1]}', f'-DCMAKE_PREFIX_PATH={prefix}',
          '-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF', f'-DSOURCE={os.path.join(HERE, source)}',
          f'-DTARGET={target}', *arguments])
    call(['cmake', '--build', folder])
    return os.path.join(folder, 'consumer')


def check(compiler, prefix, target, kind, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        program = build(compiler, prefix, folder, 'serve_one.c', target, *arguments)
        equal(len(needed_libraries(program)), {'shared': 2, 'static': 0}[kind], f'{target}: shared libraries')
        run_program(program)


def check_moved(compiler, prefix):
    """An installation works from where it was moved to."""
    with tempfile.TemporaryDirectory() as folder:
        moved = os.path.join(folder, 'elsewhere')
        os.rename(prefix, moved)
        try:
            check(compiler, moved, 'fsrv::fsrv', 'shared')
            check(compiler, moved, 'fsrv::fsrv-static', 'static')
        finally:
            os.rename(moved, prefix)


def check_core(compiler, prefix, target, kind):
    """A program that only parses ranges needs no libmicrohttpd, not even on the machine."""
    with tempfile.TemporaryDirectory() as folder:
        program = build(compiler, prefix, folder, 'parse_one.c', target, '-DCOMPONENTS=fsrv-core',
                        *NO_LIBRARIES)
        equal(len(needed_libraries(program)), {'shared': 1, 'static': 0}[kind], f'{target}: shared libraries')
        if 'microhttpd' in call(['readelf', '-d', program]):
            raise AssertionError('linked with libmicrohttpd')
        call([program])


def check_refused(compiler, prefix, reason, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        try:
            build(compiler, prefix, folder, 'serve_one.c', 'fsrv::fsrv', *arguments)
        except AssertionError as error:
            if reason not in ' '.join(str(error).split()):
                raise
            return
        raise AssertionError('was accepted')


def cases(compiler, one):
    """Names and functions for tap.run; one is the installation."""
    version = '-DVERSION='
    return (
        ('CMake, shared', lambda: check(compiler, one.whole, 'fsrv::fsrv', 'shared', version + '0.1')),
        ('CMake, static', lambda: check(compiler, one.whole, 'fsrv::fsrv-static', 'static')),
        ('CMake, where only static libraries are installed',
         lambda: check(compiler, one.static, 'fsrv::fsrv', 'static')),
        ('CMake, an installation that was moved', lambda: check_moved(compiler, one.whole)),
        ('CMake, fsrv-core alone', lambda: check_core(compiler, one.whole, 'fsrv::fsrv-core', 'shared')),
        ('CMake, fsrv-core alone, static',
         lambda: check_core(compiler, one.whole, 'fsrv::fsrv-core-static', 'static')),
        ('CMake, a range of versions',
         lambda: check(compiler, one.whole, 'fsrv::fsrv', 'shared', version + '0.0.5...<0.2')),
        ('CMake, a newer version is refused',
         lambda: check_refused(compiler, one.whole, 'requested version "0.99"', version + '0.99')),
        ('CMake, an older range of versions is refused',
         lambda: check_refused(compiler, one.whole, 'requested version range', version + '0.0.1...<0.1.0')),
        ('CMake, an unknown component is refused',
         lambda: check_refused(compiler, one.whole, 'the components are fsrv and fsrv-core, not tls',
                               '-DCOMPONENTS=tls')),
        ('CMake, without libmicrohttpd the way out is named',
         lambda: check_refused(compiler, one.whole, 'ask for COMPONENTS fsrv-core alone',
                               *NO_LIBRARIES)),
    )

"""An installation for other projects to use, and how their programs are compiled and run."""
import glob
import os
import shutil
import subprocess
import tempfile

from tap import Skip, equal

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
# The project's own warnings are not its users' to see.
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror']
TEXT = 'served to a consumer\n'


def call(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          **options)
    if done.returncode != 0:
        raise AssertionError(f'{" ".join(command)}: exit status {done.returncode}\n{done.stdout}')
    return done.stdout


def run_program(*command, before=0, **environment):
    """Has a program serve a file, which has so many bytes before its text."""
    with tempfile.TemporaryDirectory() as site:
        with open(os.path.join(site, 'file.txt'), 'w', encoding='utf-8') as file:
            file.write('.' * before + TEXT)
        call([*command, site, 'file.txt', TEXT], env={**os.environ, **environment})


def needed_libraries(program):
    return [line for line in call(['readelf', '-d', program]).splitlines()
            if 'NEEDED' in line and 'libfsrv' in line]


class Installation:
    """One build, installed twice: as it is, and without its shared libraries."""

    def __init__(self, folder):
        self.folder = folder
        self.whole = os.path.join(folder, 'whole')
        self.static = os.path.join(folder, 'static')

    def make(self):
        build = os.path.join(self.folder, 'build')
        call(['meson', 'setup', build, SOURCE, '--prefix', self.whole, '-Dlibdir=lib', '-Dtests=false',
              '-Dexamples=false', '-Doptimization=0', '-Ddefault_library=both'])
        call(['meson', 'install', '-C', build])
        shutil.copytree(self.whole, self.static, symlinks=True)
        for path in glob.glob(os.path.join(self.static, 'lib', '*.so*')):
            os.remove(path)
        for path in glob.glob(os.path.join(self.static, 'lib', 'pkgconfig', '*.pc')):
            with open(path, encoding='utf-8') as file:
                text = file.read()
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text.replace(f'prefix={self.whole}\n', f'prefix={self.static}\n'))

    @staticmethod
    def flags(prefix, *arguments):
        environment = {**os.environ, 'PKG_CONFIG_PATH': os.path.join(prefix, 'lib', 'pkgconfig')}
        return call(['pkg-config', *arguments], env=environment).split()

    def compile(self, compiler, standard, source, prefix, *arguments):
        program = os.path.join(self.folder, f'{os.path.basename(prefix)}-{os.path.basename(source)}.out')
        call([*compiler, *STRICT, standard, os.path.join(HERE, source), '-o', program,
              *self.flags(prefix, *arguments)])
        return program

    def check_shared(self, compiler, standard, source):
        program = self.compile(compiler, standard, source, self.whole, '--cflags', '--libs', 'fsrv')
        if len(needed_libraries(program)) != 2:
            raise AssertionError('not linked with libfsrv and libfsrv-core')
        run_program(program, LD_LIBRARY_PATH=os.path.join(self.whole, 'lib'))

    def check_static(self, *arguments):
        """The static libfsrv, with libmicrohttpd as the linker finds it."""
        program = self.compile(*arguments, self.static, '--cflags', '--libs', 'fsrv')
        if needed_libraries(program):
            raise AssertionError('linked with a shared libfsrv')
        run_program(program)

    def check_all_static(self, compiler, *arguments):
        """With --static, which names what libmicrohttpd itself was linked with, down to GnuTLS's
        libraries."""
        check_links(compiler, call(['pkg-config', '--static', '--libs', 'libmicrohttpd']).split())
        run_program(self.compile(compiler, *arguments, self.static, '--static', '--cflags', '--libs', 'fsrv'))

    def check_flags(self):
        """Users of fsrv call libmicrohttpd themselves; threads are the business of the library alone."""
        shared = self.flags(self.whole, '--libs', 'fsrv')
        static = self.flags(self.whole, '--static', '--libs', 'fsrv')
        for flag in ('-lfsrv', '-lfsrv-core', '-lmicrohttpd'):
            if flag not in shared:
                raise AssertionError(f'fsrv.pc does not give {flag}: {shared}')
        equal(('-pthread' in shared, '-pthread' in static), (False, True), '-pthread, also with --static')

    def check_core(self):
        """A program that only parses ranges needs neither libfsrv nor libmicrohttpd."""
        flags = self.flags(self.whole, '--static', '--cflags', '--libs', 'fsrv-core')
        if [flag for flag in flags if flag == '-lfsrv' or 'microhttpd' in flag]:
            raise AssertionError(f'fsrv-core asks for {flags}')


def check_links(compiler, flags):
    """Distributions leave some of these libraries out; then nobody's program links, and ours need not."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, 'empty.c')
        with open(source, 'w', encoding='utf-8') as file:
            file.write('int main(void)\n{\n\treturn 0;\n}\n')
        try:
            call([*compiler, source, '-o', source + '.out', *flags])
        except AssertionError as error:
            raise Skip(f'libmicrohttpd alone does not link so: {str(error).splitlines()[1]}') from None

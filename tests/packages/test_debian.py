"""The Debian packages build from a tarball, and lintian finds nothing: test_debian.py"""
import glob
import os
import re
import shutil
import subprocess
import tempfile
from functools import partial

import tarball
from tap import equal, run, skip_all

PACKAGING = os.path.join(tarball.SOURCE, 'docs', 'packaging')
PACKAGES = ('libfsrv0', 'libfsrv-dev', 'fsrv-tools')
LAYOUT = {
    'libfsrv0': [r'usr/lib/[^/]+/libfsrv(-core)?\.so\.0(\.\d+\.\d+)?'],
    'libfsrv-dev': [r'usr/include/fsrv/\w+\.h', r'usr/lib/[^/]+/libfsrv(-core)?\.(a|so)',
                    r'usr/lib/[^/]+/pkgconfig/fsrv(-core)?\.pc',
                    r'usr/lib/[^/]+/cmake/fsrv/fsrvConfig(Version)?\.cmake',
                    r'usr/share/man/man3/fsrv(_\w+)?\.3\.gz'],
    'fsrv-tools': [r'usr/bin/fsrv-(serve|inject|range)', r'usr/share/man/man1/fsrv-\w+\.1\.gz',
                   r'usr/share/bash-completion/completions/fsrv-serve',
                   r'usr/share/fish/vendor_completions.d/fsrv-serve\.fish',
                   r'usr/share/zsh/site-functions/_fsrv-serve'],
}


def call(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          **options)
    if done.returncode != 0:
        raise AssertionError(f'{" ".join(command)}: exit status {done.returncode}\n{done.stdout[-8000:]}')
    return done.stdout


class Packages:
    """What one build of the packages made."""

    def __init__(self, folder):
        self.folder = folder

    def build(self):
        tools = {**os.environ, 'DEB_BUILD_OPTIONS': 'nocheck parallel=2', 'DEB_BUILD_PROFILES': 'nocheck'}
        for name in ('CC', 'CFLAGS', 'CXXFLAGS', 'LDFLAGS', 'CPPFLAGS', 'DESTDIR', 'LD_LIBRARY_PATH',
                     'PKG_CONFIG_PATH'):
            tools.pop(name, None)
        with tempfile.TemporaryDirectory() as folder:
            call('sh', os.path.join(PACKAGING, 'build-deb.sh'), tarball.make(folder), self.folder, env=tools)

    def find(self, name):
        found = glob.glob(os.path.join(self.folder, f'{name}_*'))
        equal(len(found), 1, f'{name}: {found}')
        return found[0]

    def check_lintian(self):
        changes = glob.glob(os.path.join(self.folder, '*.changes'))
        equal(len(changes), 1, f'changes: {changes}')
        call('lintian', '--no-cfg', '--profile', 'debian', '--allow-root', '--fail-on', 'error,warning',
             changes[0])

    def check_layout(self, name):
        lines = call('dpkg-deb', '-c', self.find(name)).splitlines()
        listed = [line.split()[5].removeprefix('./') for line in lines if not line.startswith('d')]
        files = [path for path in listed if not path.startswith('usr/share/doc/')]
        strange = [path for path in files if not any(re.fullmatch(one, path) for one in LAYOUT[name])]
        equal(strange, [], f'{name} has what does not belong there')
        missing = [one for one in LAYOUT[name] if not any(re.fullmatch(one, path) for path in files)]
        equal(missing, [], f'{name} lacks')

    def check_symbols(self):
        symbols = call('dpkg-deb', '-I', self.find('libfsrv0'), 'symbols').splitlines()
        for line in (' fsrv_new@FSRV_0.1 0.1.0', ' fsrv_parse_range_header@FSRV_CORE_0.1 0.1.0'):
            if line not in symbols:
                raise AssertionError(f'the symbols lack "{line.strip()}":\n' + '\n'.join(symbols))

    def check_tools(self):
        """The programs need the library, in a version that its symbols tell, and run with it."""
        depends = call('dpkg-deb', '-f', self.find('fsrv-tools'), 'Depends')
        if 'libfsrv0 (>= 0.1.0)' not in depends:
            raise AssertionError(f'fsrv-tools depends on {depends}')
        with tempfile.TemporaryDirectory() as root:
            for name in ('libfsrv0', 'fsrv-tools'):
                call('dpkg-deb', '-x', self.find(name), root)
            libraries = os.path.dirname(glob.glob(os.path.join(root, 'usr/lib/*/libfsrv.so.0'))[0])
            for path in glob.glob(os.path.join(root, 'usr/bin/*')):
                call(path, '--version', env={**os.environ, 'LD_LIBRARY_PATH': libraries})


def find_what_is_missing():
    tools = [tool for tool in ('dpkg-buildpackage', 'dh', 'lintian', 'meson') if shutil.which(tool) is None]
    if tools:
        skip_all('not installed: ' + ', '.join(tools))
    control = os.path.join(PACKAGING, 'debian', 'control')
    done = subprocess.run(['dpkg-checkbuilddeps', '-P', 'nocheck', control], stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode != 0:
        skip_all(done.stderr.strip())


def main():
    find_what_is_missing()
    with tempfile.TemporaryDirectory() as folder:
        packages = Packages(folder)
        run((
            ('builds from a tarball', packages.build),
            ('lintian finds no error and no warning', packages.check_lintian),
            *((f'{name} has what belongs there', partial(packages.check_layout, name)) for name in PACKAGES),
            ('libfsrv0 tells the version of each symbol', packages.check_symbols),
            ('fsrv-tools runs with libfsrv0', packages.check_tools),
        ))


main()

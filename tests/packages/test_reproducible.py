"""Two builds in different folders and at different times install the same: test_reproducible.py CC"""
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

import tarball
from tap import equal, run, skip_all

# What a packager's build has that a developer's has not: no tests, an optimizer, and debug information.
OPTIONS = ('--prefix=/usr', '-Dtests=false', '-Ddefault_library=both', '-Dbuildtype=debugoptimized',
           '-Dc_args=-Werror=date-time', '-Dcpp_args=-Werror=date-time')


def install(folder, umask, zone):
    """Unpacks, builds and installs in a folder; returns kind, mode and content of all that was installed."""
    installed = os.path.join(folder, 'installed')
    environment = {**os.environ, 'CCACHE_DISABLE': '1', 'TZ': zone, 'DESTDIR': installed}
    os.makedirs(folder)
    with tarfile.open(tarball.make(folder)) as archive:
        for member in archive:
            member.mode &= ~umask
            archive.extract(member, folder)
    source = os.path.join(folder, f'fsrv-{tarball.version()}')
    build = os.path.join(source, 'build')
    for command in (['meson', 'setup', build, source, *OPTIONS], ['meson', 'compile', '-C', build],
                    ['meson', 'install', '-C', build, '--no-rebuild']):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False, env=environment, umask=umask)
        if done.returncode != 0:
            raise AssertionError(f'{" ".join(command)}: exit status {done.returncode}\n{done.stdout[-8000:]}')
    return dict(describe(installed))


def describe(root):
    for where, folders, names in os.walk(root):
        for name in folders + names:
            path = os.path.join(where, name)
            mode = os.lstat(path).st_mode
            content = os.readlink(path) if os.path.islink(path) else ''
            if os.path.isfile(path) and not content:
                with open(path, 'rb') as file:
                    content = hashlib.sha256(file.read()).hexdigest()
            yield os.path.relpath(path, root), (oct(mode), content)


def check(folder):
    first = install(os.path.join(folder, 'one'), 0o022, 'UTC')
    time.sleep(1)
    second = install(os.path.join(folder, 'another', 'place'), 0o077, 'Pacific/Auckland')
    if not any(path.endswith('libfsrv.so.0') for path in first):
        raise AssertionError(f'nothing was installed: {sorted(first)}')
    equal(sorted(first), sorted(second), 'installed files')
    equal([path for path in sorted(first) if first[path] != second[path]], [], 'files that differ')


def main(cc):
    missing = [tool for tool in ('meson', 'ninja') if shutil.which(tool) is None]
    if missing:
        skip_all('not installed: ' + ', '.join(missing))
    os.environ['CC'] = cc
    for name in ('CFLAGS', 'CXXFLAGS', 'LDFLAGS', 'CPPFLAGS', 'SOURCE_DATE_EPOCH'):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder:
        run([('two builds install the same', lambda: check(folder))])


main(*sys.argv[1:])

"""A tarball of the sources as they are in the working tree, like that of meson dist."""
import os
import re
import shutil
import subprocess
import tarfile

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def version():
    with open(os.path.join(SOURCE, 'meson.build'), encoding='utf-8') as file:
        return re.search(r"version: '([^']+)'", file.read())[1]


def _walk():
    for where, folders, names in os.walk(SOURCE):
        folders[:] = [name for name in folders
                      if name != '__pycache__' and not (where == SOURCE and re.match(r'build|debian', name))]
        for name in names:
            yield os.path.relpath(os.path.join(where, name), SOURCE)


def list_sources():
    """Paths below the top folder: what git would keep or, without git or a checkout, all but builds."""
    if not os.path.exists(os.path.join(SOURCE, '.git')) or shutil.which('git') is None:
        return sorted(_walk())
    done = subprocess.run(['git', '-c', 'safe.directory=*', 'ls-files', '-z', '-co', '--exclude-standard'],
                          cwd=SOURCE, stdout=subprocess.PIPE, text=True, check=True)
    paths = sorted(set(done.stdout.split('\0')) - {''})
    return [path for path in paths if os.path.lexists(os.path.join(SOURCE, path))]


def make(folder):
    """Writes fsrv-VERSION.tar.xz into the folder and returns its path."""
    name = f'fsrv-{version()}'
    path = os.path.join(folder, f'{name}.tar.xz')
    with tarfile.open(path, 'w:xz', preset=0) as archive:
        for source in list_sources():
            archive.add(os.path.join(SOURCE, source), arcname=os.path.join(name, source), recursive=False)
    return path

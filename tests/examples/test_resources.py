"""Programs that serve content of their own: test_resources.py VAULT ARCHIVE"""
import io
import os
import sys
import tarfile
import tempfile
from functools import partial

from server import Server, ask, refuses
from site_folder import CLIP, make_site
from tap import equal, run

KEY = 'open-sesame'


def keeps_files_for_those_with_the_key(command, folder):
    with Server([command, folder, KEY]) as server:
        connection = server.connect()
        equal(ask(connection, '/files/clip.mp4')[0], 403, 'without a cookie')
        equal(ask(connection, '/files/clip.mp4', Cookie='vault=open-sesami')[0], 403, 'with a wrong one')
        equal(ask(connection, '/login?key=wrong')[0], 403, 'a wrong key')
        status, fields, _ = ask(connection, '/login?key=' + KEY)
        cookie = fields['Set-Cookie'].split(';')[0]
        equal((status, cookie), (200, 'vault=' + KEY), 'the right key')
        status, fields, content = ask(connection, '/files/clip.mp4', Cookie=cookie)
        equal((status, content, fields['Content-Type'], fields['Cache-Control']),
              (200, CLIP, 'video/mp4', 'private, no-cache'), 'a file')
        status, fields, content = ask(connection, '/files/clip.mp4', Cookie=cookie, Range='bytes=9-99999')
        equal((status, content), (206, CLIP[9:100000]), 'a part')
        equal(ask(connection, '/files/clip.mp4', Cookie=cookie, If_None_Match=fields['ETag'])[0], 304,
              'again')
        for name in ('none', 'sub', '../index.html', 'sub/notes.txt', '.hidden', ''):
            equal(ask(connection, '/files/' + name, Cookie=cookie)[0], 500 if name == 'sub' else 404, name)
        descriptors = server.count_descriptors()
        for _ in range(20):
            ask(connection, '/files/clip.mp4', Cookie=cookie)
        equal(server.count_descriptors() <= descriptors + 1, True, 'descriptors stay')
        connection.close()


def serves_an_archive(command, names):
    with tempfile.NamedTemporaryFile(suffix='.tar') as file:
        with tarfile.open(file.name, 'w', format=tarfile.USTAR_FORMAT) as archive:
            for name, content in names.items():
                info = tarfile.TarInfo(name)
                info.size, info.mtime = len(content), 1614834367
                archive.addfile(info, io.BytesIO(content))
        with Server([command, file.name]) as server:
            connection = server.connect()
            for name, content in names.items():
                path = '/' + name.replace(' ', '%20')
                status, fields, received = ask(connection, path)
                equal((status, received == content, fields['Last-Modified']),
                      (200, True, 'Thu, 04 Mar 2021 05:06:07 GMT'), name)
                equal(ask(connection, path, If_None_Match=fields['ETag'])[0], 304, name)
                if len(content) > 1000:
                    equal(ask(connection, path, Range='bytes=500-')[2] == content[500:], True, name)
            equal(ask(connection, '/none')[0], 404, '/none')
            equal(ask(connection, '/etc/passwd')[0], 404, 'no file of a root')
            connection.close()


def main(vault, archive):
    names = {'index.html': b'<!doctype html><title>t</title>\n', 'empty': b'', 'with blank.txt': b'text\n',
             'clip.mp4': CLIP, 'a' * 90 + '/' + 'b' * 90: b'long name\n'}
    with tempfile.TemporaryDirectory() as folder:
        make_site(folder)
        with open(os.path.join(folder, 'no.tar'), 'wb') as file:
            file.write(2000 * b'x')
        run((
            ('vault: a login', partial(keeps_files_for_those_with_the_key, vault, folder)),
            ('vault: a short key', partial(refuses, [vault, folder, 'short'], 'usage')),
            ('archive: its files', partial(serves_an_archive, archive, names)),
            ('archive: none', partial(refuses, [archive, os.path.join(folder, 'no.tar')], 'ustar')),
            ('archive: missing', partial(refuses, [archive, folder + '/none.tar'], 'none.tar')),
        ))


main(*sys.argv[1:])

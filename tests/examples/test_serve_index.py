"""The listings of fsrv-serve --index: test_serve_index.py FSRV_SERVE SLOWDISK"""
import contextlib
import os
import re
import select
import shutil
import signal
import sys
import tempfile
from functools import partial
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from server import PATIENCE, Server, ask, refuses, run_to_end
from slow_disk import SlowDisk
from tap import Skip, equal, run

MODES = ('thread', 'epoll', 'pool')
MOST = 10000
NAMES = [b'plain.txt', b'a b.txt', b'"><script>alert(1)<.txt', b"it's & so.txt", b'javascript:alert(1)',
         b'%41?#&;=+.txt', b'\xc3\xa4\xe2\x82\xac.txt', b'not\xff utf-8', b'Upper', b'clip2', b'clip10',
         b'..dots', b'a\\b', b'line\nbreak', b'C1\xc2\x9b']
# Targets with these bytes are malformed to the library, so there would be no use in a link.
UNSERVED = [b'a\\b', b'line\nbreak', b'..dots']


def write(*parts, content=b'x\n'):
    path = os.path.join(*(os.fsencode(part) for part in parts))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(content)


def make_tree(folder):
    for name in NAMES:
        write(folder, 'names', name)
    write(folder, 'site/index.html', content=b'the index page')
    write(folder, 'names/.hidden')
    write(folder, 'names/folder/below/file')
    os.mkfifo(os.path.join(folder, 'names/pipe'))
    os.mkdir(os.path.join(folder, 'empty'))
    write(folder, '.git/config')
    for size, name in ((5, 'b'), (30, 'a'), (1, 'c')):
        write(folder, 'sorted', name, content=size * b'.')
        os.utime(os.path.join(folder, 'sorted', name), (size * 1000, size * 1000))
    write(folder, 'links/target')
    for name, target in (('near', 'target'), ('near-folder', '../empty'), ('far', '/etc/passwd'),
                         ('far-folder', '/etc'), ('above', '../../outside'), ('dangling', 'nothing')):
        os.symlink(target, os.path.join(folder, 'links', name))


class Page(HTMLParser):
    """The rows of a listing: pairs of link and text, and what else a test looks at."""

    def __init__(self, content):
        super().__init__()
        self.rows, self.crumbs, self.elements, self.sorted, self.text = [], [], set(), None, ''
        self.place = self.link = None
        self.feed(content.decode())

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.elements.add(tag)
        if tag in ('h1', 'thead', 'tbody', 'p'):
            self.place = tag
        if tag == 'a':
            self.link = [attrs['href'], '']
        if 'aria-sort' in attrs:
            self.sorted = attrs['class'], attrs['aria-sort']

    def handle_endtag(self, tag):
        if tag == 'a':
            if self.place in ('h1', 'tbody'):
                (self.rows if self.place == 'tbody' else self.crumbs).append(tuple(self.link))
            self.link = None

    def handle_data(self, data):
        if self.link is not None:
            self.link[1] += data
        if self.place == 'p':
            self.text += data


def read_page(connection, target):
    status, fields, content = ask(connection, target)
    equal((status, fields['Content-Type']), (200, 'text/html; charset=utf-8'), target)
    return Page(content)


def names_of(page):
    """The bytes of each name, folders with their slash, without the way up."""
    paths = [urlsplit(link).path for link, _ in page.rows]
    return [unquote_to_bytes(path)[2:] for path in paths if path != '../']


def lists_names(command, prefix=''):
    """Each name is there as it is, is served under its link, and is shown as text."""
    with Server(command) as server:
        connection = server.connect()
        page = read_page(connection, prefix + '/names/')
        served = [name for name in NAMES if name not in UNSERVED]
        equal(sorted(names_of(page)), sorted([*served, b'folder/']), 'names')
        for link, text in page.rows:
            target = urljoin(f'http://host{prefix}/names/', link)
            equal(target.startswith(f'http://host{prefix}/'), True, target)
            equal(ask(connection, target[len('http://host'):])[0], 200, target)
            expected = re.sub('[\x80-\x9f]', '\ufffd', unquote_to_bytes(link[2:]).decode(errors='replace'))
            equal(text, expected if link != '../' else '../', 'the text')
        equal(page.elements & {'script', 'img', 'b'}, set(), 'elements')
        order = names_of(page)
        equal(order[:4], [b'folder/', b'"><script>alert(1)<.txt', b'%41?#&;=+.txt', b'a b.txt'], 'order')
        equal(order.index(b'clip2') < order.index(b'clip10') < order.index(b'Upper'), True, 'numbers')
        equal([link for link, _ in read_page(connection, prefix + '/names/folder/below/').crumbs],
              ['../../../', '../../', '../'], 'links to folders above')
        connection.close()


def answers_like_a_file(command):
    with Server(command) as server:
        connection = server.connect()
        status, fields, content = ask(connection, '/names/')
        head = ask(connection, '/names/', method='HEAD')
        equal((head[0], head[1]['Content-Length'], head[2]), (200, str(len(content)), b''), 'HEAD')
        equal(ask(connection, '/names/', If_None_Match=fields['ETag'])[::2], (304, b''), 'If-None-Match')
        equal(ask(connection, '/names/', Range='bytes=0-14')[::2], (206, b'<!DOCTYPE html>'), 'Range')
        equal((fields['X-Own'], fields['Access-Control-Allow-Origin']), ('1', '*'), 'header fields')
        equal(ask(connection, '/names/', method='POST')[0], 405, 'POST')
        connection.close()


def lists_folders_alone(command):
    with Server(command) as server:
        connection = server.connect()
        equal(ask(connection, '/site/')[2], b'the index page', 'a folder with an index page')
        status, fields, _ = ask(connection, '/names?a')
        equal((status, fields['Location']), (308, 'names/?a'), 'without the slash')
        for target, status in (
                ('/nothing/', 404), ('/nothing', 404), ('/.git/', 404), ('/names/.hidden', 404),
                ('/names/plain.txt/', 404), ('/names/%2e%2e/', 200), ('/../', 404), ('/names/..%2f', 400),
                ('/names/%00/', 400), ('/names/%zz/', 400), ('/names//folder/', 200),
                ('/' + 'a/' * 3000, 404), ('/' + 5000 * 'a' + '/', 404)):
            equal(ask(connection, target)[0], status, target[:40])
        equal(read_page(connection, '/empty/').text.strip(), 'This folder is empty.', 'an empty folder')
        equal(names_of(read_page(connection, '/')),
              [b'empty/', b'links/', b'names/', b'site/', b'sorted/'], '/')
        connection.close()


def sorts(command):
    with Server(command) as server:
        connection = server.connect()
        for query, order, column in (
                ('', 'abc', ('name', 'ascending')), ('?sort=name&order=desc', 'cba', ('name', 'descending')),
                ('?sort=size', 'cba', ('size', 'ascending')),
                ('?sort=date&order=desc', 'abc', ('date', 'descending')),
                ('?sort=size&order=desc', 'abc', ('size', 'descending')),
                ('?sort=%22%3E&order=x', 'abc', ('name', 'ascending'))):
            page = read_page(connection, '/sorted/' + query)
            equal(b''.join(names_of(page)).decode(), order, query)
            equal(page.sorted, column, query)
        folders = [link for link, text in read_page(connection, '/names/?sort=size').rows
                   if text.endswith('/')]
        equal([link for link in folders if 'sort=size' not in link], [], 'folders that lose the order')
        connection.close()


def without_openat2(command):
    """As in a sandbox that refuses it."""
    if shutil.which('strace') is None:
        raise Skip('no strace')
    inject = ['strace', '-f', '-o', '/dev/null', '-e', 'inject=openat2:error=ENOSYS']
    if run_to_end([*inject, 'true'])[0] != 0:
        raise Skip('strace may not trace')
    # What looks for leaks is a tracer itself.
    return ['env', 'ASAN_OPTIONS=detect_leaks=0', *inject, *command]


def keeps_to_links_without_openat2(command):
    for policy, names in (('beneath', [b'target']), ('none', [b'target'])):
        with Traced(without_openat2([*command, f'--symlinks={policy}'])) as server:
            connection = server.connect()
            equal(names_of(read_page(connection, '/links/')), names, policy)
            equal(names_of(read_page(connection, '/names/folder/below/')), [b'file'], 'a folder below others')
            equal(ask(connection, '/links/far-folder/')[0], 404, 'a link')
            connection.close()


class Traced(Server):
    """The tracer does not pass signals on: its child is what to end."""

    def stop(self, number, patience):
        with open(f'/proc/{self.process.pid}/task/{self.process.pid}/children', encoding='ascii') as file:
            os.kill(int(file.read().split()[0]), number)
        equal(self.process.wait(patience), 0, 'exit status')
        self.reader.join(PATIENCE)


def keeps_to_links(command, policy):
    visible = {'follow': [b'far-folder/', b'near-folder/', b'above', b'far', b'near', b'target'],
               'beneath': [b'near-folder/', b'near', b'target'], 'none': [b'target']}[policy]
    with Server([command[0], f'--symlinks={policy}', *command[1:]]) as server:
        connection = server.connect()
        equal(names_of(read_page(connection, '/links/')), visible, 'names')
        for name in (b'near-folder/', b'far-folder/'):
            status = ask(connection, '/links/' + name.decode())[0]
            equal(status, 200 if name in visible else 404, name)
        for name in visible:
            equal(ask(connection, '/links/' + name.decode())[0], 200, name)
        connection.close()


def joins_roots(serve, mode):
    with tempfile.TemporaryDirectory() as folder:
        for path, content in (('1/a', b'11'), ('1/both', b'1'), ('2/both', b'22222'), ('2/b', b'2'),
                              ('1/x/in-first', b''), ('2/x', b'file'), ('1/y/1', b''), ('2/y/2', b'')):
            write(folder, path, content=content)
        with Server([serve, '--quiet', '--index', f'--mode={mode}', f'--overlay={folder}/1',
                     f'{folder}/2']) as server:
            connection = server.connect()
            page = read_page(connection, '/')
            equal(names_of(page), [b'y/', b'a', b'b', b'both', b'x'], 'names')
            equal('title="1 bytes"' in ask(connection, '/')[2].decode(), True, 'the size of the first one')
            equal(names_of(read_page(connection, '/y/')), [b'1', b'2'], 'names of a folder in both')
            connection.close()


def bounds_names(serve, mode):
    with tempfile.TemporaryDirectory() as folder:
        for number in range(MOST + 10):
            os.close(os.open(f'{folder}/{number}', os.O_CREAT | os.O_WRONLY))
        with Server([serve, '--quiet', '--index', f'--mode={mode}', folder]) as server:
            connection = server.connect()
            page = read_page(connection, '/')
            equal((len(page.rows), 'Only 10000' in page.text), (MOST, True), 'names')
            connection.close()


def need_disk(slowdisk, folder):
    if not slowdisk or not os.access('/dev/fuse', os.R_OK | os.W_OK):
        raise Skip('no FUSE')
    with SlowDisk(slowdisk, folder) as disk:
        if not disk.is_ready:
            raise Skip('no FUSE file system can be mounted')


class SlowFolder:
    """with SlowFolder(...) as (disk, server): ... serves a folder of so many files, from a slow disk."""

    def __init__(self, serve, slowdisk, mode, size):
        self.stack = contextlib.ExitStack()
        self.programs, self.mode, self.size = (serve, slowdisk), mode, size

    def __enter__(self):
        serve, slowdisk = self.programs
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        for number in range(self.size):
            write(folder, f'slow/{number}')
        need_disk(slowdisk, folder)
        disk = self.stack.enter_context(SlowDisk(slowdisk, folder))
        return disk, self.stack.enter_context(
            Server([serve, '--quiet', '--index', f'--mode={self.mode}', disk.path]))

    def __exit__(self, *error):
        return self.stack.__exit__(*error)


def serves_others(serve, slowdisk, mode):
    """While a folder is read slowly; what takes too long is cut, and says so."""
    with SlowFolder(serve, slowdisk, mode, 100) as (disk, server):
        disk.tell('open-delay 200')
        slow, other = server.connect(), server.connect()
        slow.request('GET', '/slow/')
        answers = 0
        while not select.select([slow.sock], [], [], 0.05)[0]:
            equal(ask(other, '/health')[0], 200, 'meanwhile')
            answers += 1
        equal(answers >= 3, True, f'{answers} answers meanwhile')
        response = slow.getresponse()
        page = Page(response.read())
        equal((response.status, 'Only' in page.text, 0 < len(page.rows) < 100), (200, True, True), 'the page')
        slow.close()
        other.close()


def ends(serve, slowdisk, mode, leaves):
    """While folders are read, for clients that wait and for some that have gone."""
    with SlowFolder(serve, slowdisk, mode, 40) as (disk, server):
        connection = server.connect()
        disk.tell('open-delay 100')
        clients = [server.connect() for _ in range(5)]
        for client in clients:
            client.request('GET', '/slow/')
        equal(ask(connection, '/health')[0], 200, 'meanwhile')
        if leaves:
            for client in clients:
                client.close()
            equal(ask(connection, '/slow/')[0], 200, 'another client')
        server.stop(signal.SIGTERM, PATIENCE)
        connection.close()


def asks_many(command):
    """Listings on all connections at once, each twice."""
    with Server(command) as server:
        clients = [server.connect() for _ in range(30)]
        for _ in range(2):
            for client in clients:
                client.request('GET', '/names/')
            pages = {client.getresponse().read() for client in clients}
            equal(len(pages), 1, 'different pages')
        for client in clients:
            client.close()


def is_off(serve, folder):
    with Server([serve, '--quiet', folder]) as server:
        connection = server.connect()
        equal(ask(connection, '/names/')[0], 404, 'status')
        connection.close()


def mode_cases(serve, slowdisk, mode, folder):
    command = [serve, '--quiet', '--index', f'--mode={mode}', folder]
    yield 'lists names', partial(lists_names, command)
    yield 'lists names below a prefix', partial(lists_names, [*command, '--prefix=/a%20b/c'], '/a%20b/c')
    yield 'answers like a file', partial(answers_like_a_file, [*command, '--cors', '--header=X-Own: 1'])
    yield 'lists folders alone', partial(lists_folders_alone, command)
    yield 'sorts', partial(sorts, command)
    for policy in ('follow', 'beneath', 'none'):
        yield f'symbolic links: {policy}', partial(keeps_to_links, command, policy)
    yield 'symbolic links without openat2', partial(keeps_to_links_without_openat2, command)
    yield 'joins roots', partial(joins_roots, serve, mode)
    yield 'bounds the number of names', partial(bounds_names, serve, mode)
    yield 'many at once', partial(asks_many, command)
    yield 'serves others meanwhile', partial(serves_others, serve, slowdisk, mode)
    for leaves in (False, True):
        yield f'ends meanwhile, clients {"gone" if leaves else "waiting"}', partial(
            ends, serve, slowdisk, mode, leaves)


def cases(serve, slowdisk, folder):
    for mode in MODES:
        for name, case in mode_cases(serve, slowdisk, mode, folder):
            yield f'{mode}: {name}', case
    yield 'no listing unasked', partial(is_off, serve, folder)
    for option in ('--spa', '--not-found=404.html'):
        yield f'refuses {option}', partial(refuses, [serve, '--index', option, folder], '--index',
                                           option.split('=')[0])
    yield 'refuses --index=yes', partial(refuses, [serve, '--index=yes', folder], '--index=yes')


def main(serve, slowdisk):
    with tempfile.TemporaryDirectory() as place:
        folder = os.path.join(place, 'root')
        os.mkdir(folder)
        write(place, 'outside')
        make_tree(folder)
        run(cases(serve, slowdisk, folder))


main(*sys.argv[1:])

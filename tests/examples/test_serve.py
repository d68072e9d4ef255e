"""What only fsrv-serve has: counters, limits, and a start under bad conditions: test_serve.py FSRV_SERVE"""
import json
import os
import platform
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from urllib.parse import urljoin, urlsplit

from server import PATIENCE, Server, ask, refuses, stall, until
from site_folder import CLIP, PAGE, make_site
from tap import Skip, equal, run

MODES = ('thread', 'epoll', 'pool')
NUMBERS = {'requests', 'bytes', 'live_bodies', 'open_files', 'cold_reads', 'cold_lookups', 'suspends',
           'cache_hits', 'cache_misses', 'cache_size', 'cache_evictions', 'cut_connections', 'refused'}
YOUNG_SECONDS = 2  # so long a file that changed is not kept in memory
SMALL = [f'/small/{number}.txt' for number in range(20)]
SMALL_SIZE = 1000


def make_files(folder):
    make_site(folder)
    os.mkdir(os.path.join(folder, 'small'))
    for path, content in ((path, b'.' * SMALL_SIZE) for path in SMALL):
        with open(folder + path, 'wb') as file:
            file.write(content)
    with open(folder + HASHED, 'wb') as file:
        file.write(b'app()')
    with open(os.path.join(folder, 'stats'), 'wb') as file:
        file.write(b'a file\n')


def wait_until_old(folder):
    age = time.time() - os.stat(os.path.join(folder, 'stats')).st_ctime
    time.sleep(max(0, YOUNG_SECONDS + 0.5 - age))


def read_stats(connection):
    status, fields, content = ask(connection, '/stats')
    equal((status, fields['Content-Type'], fields['Cache-Control']), (200, 'application/json', 'no-store'),
          '/stats')
    return json.loads(content)


def ask_known(connection):
    """Returns how often each status was answered, and the bytes of files among the answers."""
    requests = (('/', {}), ('/', {'method': 'HEAD'}), ('/clip.mp4', {}),
                ('/clip.mp4', {'Range': 'bytes=9-200008'}), ('/clip.mp4', {'Range': 'bytes=5-2'}),
                ('/sub/notes.txt', {'If_None_Match': '*'}), ('/sub', {}),
                ('/nothing', {}), ('/nothing', {}), ('/', {'method': 'OPTIONS'}))
    statuses, sent = Counter(), 0
    for path, fields in requests:
        status, _, content = ask(connection, path, **fields)
        statuses[str(status)] += 1
        sent += len(content) if status in (200, 206) else 0
    return dict(statuses), sent


def check_types(stats):
    equal(set(stats), NUMBERS | {'responses'}, 'members')
    for name in NUMBERS:
        if type(stats[name]) is not int or stats[name] < 0:
            raise AssertionError(f'{name} is {stats[name]!r}')


def counts(command):
    with Server(command) as server:
        connection = server.connect()
        equal(read_stats(connection)['responses'], {}, 'before any request')
        ask(connection, '/health')
        statuses, sent = ask_known(connection)
        stats = until(lambda: (s := read_stats(connection))['live_bodies'] + s['open_files'] == 0 and s,
                      'the end of all bodies')
        check_types(stats)
        equal(stats['responses'], statuses, 'responses')
        equal((stats['requests'], stats['bytes']), (sum(statuses.values()), sent), 'requests, bytes')
        equal((stats['cut_connections'], stats['refused']), (0, 0), 'cut, refused')
        if stats['cache_misses'] == 0:
            raise AssertionError('files were opened, and no cache_misses')
        status, fields, content = ask(connection, '/stats', method='HEAD')
        equal((status, fields['Content-Type'], content), (200, 'application/json', b''), 'HEAD')
        equal(ask(connection, '/stats', method='POST')[0], 405, 'POST')
        connection.close()


def counts_what_is_on_its_way(command):
    with Server(command) as server:
        connection = server.connect()
        client = stall(server)
        stats = until(lambda: (s := read_stats(connection))['live_bodies'] == 1 and s, 'a live body')
        equal(stats['open_files'], 1, 'open files')
        client.close()
        until(lambda: read_stats(connection)['live_bodies'] == 0, 'no live body')
        connection.close()


def parse_lines(lines):
    """What was printed, in the form of the JSON."""
    printed = {'responses': {}}
    for line in lines:
        *names, number = line.split()
        if names[0] == 'responses':
            printed['responses'][names[1]] = int(number)
        else:
            equal((len(names), names[0] in printed), (1, False), line)
            printed[names[0]] = int(number)
    return printed


def take(client, size):
    while size > 0:
        size -= len(client.recv(size)) or size


def prints_at_the_end(command):
    """Also with a transfer that only the end of the server cuts: it is over when the counters are taken."""
    with Server(command) as server:
        connection = server.connect()
        statuses, sent = ask_known(connection)
        client = stall(server)
        take(client, 1000)  # the header alone is shorter
        server.stop(signal.SIGTERM, PATIENCE)
        client.close()
        connection.close()
        printed = parse_lines(server.errors)
        check_types(printed)
        statuses['200'] += 1
        equal(printed['responses'], statuses, 'responses')
        equal((printed['live_bodies'], printed['open_files']), (0, 0), 'bodies and files after the end')
        if printed['bytes'] <= sent:
            raise AssertionError(f'{printed["bytes"]} bytes; what the last client got is not among them')


def has_no_stats_unasked(serve, folder):
    with Server([serve, '--quiet', folder]) as server:
        connection = server.connect()
        equal(ask(connection, '/stats')[2], b'a file\n', '/stats')
        connection.close()
        server.stop(signal.SIGTERM, PATIENCE)
        equal(server.errors, [], 'lines at the end')


def count_hits(connection):
    """Asks for each small file once."""
    before = read_stats(connection)['cache_hits']
    for path in SMALL:
        equal(ask(connection, path)[0], 200, path)
    return read_stats(connection)['cache_hits'] - before


def caches(command, folder, least_hits, most_bytes, evicts):
    """What a worker had to read, because the kernel was busy with the page, is kept later."""
    wait_until_old(folder)
    with Server(command) as server:
        connection = server.connect()
        equal(count_hits(connection), 0, 'hits at first')
        until(lambda: count_hits(connection) >= least_hits, f'{least_hits} hits in a row')
        stats = read_stats(connection)
        connection.close()
    if stats['cache_size'] > most_bytes:
        raise AssertionError(f'{stats["cache_size"]} bytes')
    if (stats['cache_size'] > 0) != (most_bytes > 1):
        raise AssertionError(f'{stats["cache_size"]} bytes are kept, with room for {most_bytes}')
    equal(stats['cache_hits'] + stats['cache_misses'] >= 2 * len(SMALL), True, 'hits and misses')
    equal(stats['cache_evictions'] > 0, evicts, 'evictions')


def refuses_beyond_a_limit(command, folder):
    wait_until_old(folder)
    with Server(command) as server:
        connection = server.connect()
        ask(connection, SMALL[0])
        client = stall(server)
        for _ in range(2):
            status, fields, _ = ask(connection, '/clip.mp4')
            equal((status, (fields['Retry-After'] or '').isdigit()), (503, True), 'beyond the limit')
        time.sleep(1.5)  # the bytes in memory are to be read again by then, if a file may be opened
        equal(ask(connection, SMALL[0])[0], 200, 'from memory')
        equal(ask(connection, '/health')[0], 200, '/health')
        stats = read_stats(connection)
        equal((stats['refused'], stats['responses']['503']), (2, 2), 'refused')
        equal((stats['live_bodies'], stats['open_files']), (1, 1), 'on their way, open')
        client.close()
        until(lambda: ask(connection, '/clip.mp4')[::2] == (200, CLIP), 'room again')
        connection.close()


def follow(connection, target):
    """Asks as a client that follows redirects; returns the status and the target in the end."""
    while True:
        status, fields, _ = ask(connection, target)
        if status != 308:
            return status, target
        target = urlsplit(urljoin('http://host' + target, fields['Location']))._replace(
            scheme='', netloc='').geturl()


def serves_below_a_prefix(command, prefix, folder):
    with Server([*command, f'--prefix={prefix}', folder]) as server:
        connection = server.connect()
        prefix = prefix.rstrip('/')
        equal(urlsplit(server.url).path, prefix + '/', 'the path of the first line')
        equal(ask(connection, prefix + '/clip.mp4')[::2], (200, CLIP), 'a file')
        for target, end in ((prefix, prefix + '/'), (prefix + '?a=b', prefix + '/?a=b'),
                            ('/x/..' + prefix, prefix + '/'), (prefix + '/sub', prefix + '/sub/'),
                            (prefix + '/x/../sub?a', prefix + '/sub/?a')):
            equal(follow(connection, target)[1], end, target)
        equal(follow(connection, prefix)[0], 200, prefix)
        for target in ('/', '/clip.mp4', prefix + 'x/clip.mp4', prefix + '/../clip.mp4'):
            equal(ask(connection, target)[0], 404, target)
        equal(ask(connection, '/health')[0], 200, '/health')
        connection.close()


def serves_pages_instead(command, options, answers):
    """answers: targets, and what a browser gets for them."""
    with Server([*command, *options]) as server:
        connection = server.connect()
        for target, *answer in answers:
            equal(list(ask(connection, target, Accept='text/html,*/*;q=0.8')[::2]), answer, target)
        equal(ask(connection, '/route')[::2], (404, b'Not Found\n'), 'without Accept')
        connection.close()


def allows(command, allowed, refused):
    """Hosts and origins by what they get; what is refused is told on standard error, with the way out."""
    with Server(command) as server:
        for host, fields in [(host, {}) for host in allowed + refused] + [
                ('localhost', {'Origin': 'http://' + host}) for host in allowed + refused]:
            name = fields['Origin'][7:] if fields else host
            for path in ('/sub/notes.txt', '/health'):
                connection = server.connect()
                equal(ask(connection, path, Host=host, **fields)[0], 200 if name in allowed else 403,
                      f'{path} of {host}, {fields}')
                connection.close()
        server.stop(signal.SIGTERM, PATIENCE)
    told = [line for line in server.errors if '--allow-host' in line]
    equal(len(told), 2 * len(refused), f'lines about refused hosts, {told}')
    for host in refused:
        if not any(f'for host {host} was refused' in line for line in told):
            raise AssertionError(f'{host} is not in {told}')


MIME_TYPES = b"""# a comment
text/plain		txt asc# and another
text/html html
application/x-nothing
  video/x-own   OWN	other x.y
text/x-late html txt
application/javascript js
"""
TYPES = {'a.html': 'text/html; charset=utf-8',
         'a.txt': 'text/plain; charset=utf-8', 'a.asc': 'text/plain; charset=utf-8',
         'a.own': 'video/x-own', 'a.Other': 'video/x-own', 'a.js': 'application/javascript; charset=utf-8',
         'a.css': 'text/css; charset=utf-8', 'a.y': 'x/unknown', 'about': 'x/none',
         'README': 'text/plain; charset=utf-8'}


def expect_types(command, types):
    with Server(command) as server:
        connection = server.connect()
        for name, value in types.items():
            equal(ask(connection, '/' + name)[1]['Content-Type'], value, name)
        connection.close()


def reads_types(serve, ending):
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file:
        file.write(MIME_TYPES.rstrip(b'\n') + ending)
        file.flush()
        for name in TYPES:
            with open(os.path.join(folder, name), 'wb') as empty:
                empty.close()
        expect_types([serve, '--quiet', '--mime-types', file.name, '--default-type=x/unknown',
                      '--extensionless-type=x/none', folder], TYPES)


def takes_own_types_first(serve, folder):
    with tempfile.NamedTemporaryFile(suffix='.types') as file:
        file.write(b'video/x-file mp4 txt')
        file.flush()
        expect_types([serve, '--quiet', '--type=mp4=video/x-own', '--mime-types', file.name, folder],
                     {'clip.mp4': 'video/x-own', 'sub/notes.txt': 'video/x-file'})


def reads_types_of_the_system(serve, folder):
    if not os.path.exists('/etc/mime.types'):
        raise Skip('no /etc/mime.types')
    expect_types([serve, '--quiet', '--mime-types=/etc/mime.types', folder],
                 {'clip.mp4': 'video/mp4', 'sub/notes.txt': 'text/plain; charset=utf-8'})


def host_cases(mode, serve, folder):
    command = [serve, '--quiet', f'--mode={mode}']
    local, others = ['localhost', 'a.localhost:80', '127.0.0.1:9', '[::1]'], ['box.lan', 'evil.example:8080']
    yield f'{mode}: answers this machine alone', partial(allows, [*command, folder], local, others)
    yield f'{mode}: --allow-host', partial(
        allows, [*command, '--allow-host=box.lan', '--allow-host', '*.test', folder],
        local + ['box.lan', 'box.lan:8080', 'a.b.test'], ['evil.example', 'test'])
    yield f'{mode}: --allow-host=*', partial(allows, [*command, '--allow-host=*', folder], local + others, [])
    yield f'{mode}: answers all hosts on another address', partial(
        allows, [*command, '--address=0.0.0.0', folder], local + others, [])
    yield f'{mode}: --allow-host on another address', partial(
        allows, [*command, '--address=0.0.0.0', '--allow-host=box.lan', folder], local + ['box.lan'],
        ['evil.example'])


def is_answered(client):
    try:
        client.sendall(b'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')
        return client.recv(1000).startswith(b'HTTP/1.1 200 ')
    except (BrokenPipeError, ConnectionResetError):
        return False


def connect_answered(server, tries=1):
    """A connection that has had its first answer."""
    for _ in range(tries):
        client = server.connect_raw()
        if is_answered(client):
            return client
        client.close()
    raise AssertionError('no answer on a new connection')


def expect_end(client):
    """Without a byte: the server closes the connection before the test loses its patience."""
    try:
        equal(client.recv(1000), b'', 'what came instead of the end')
    except ConnectionResetError:
        pass
    client.close()


def has_ended(client):
    if not select.select([client], [], [], 0)[0]:
        return False
    try:
        return client.recv(1, socket.MSG_PEEK) == b''
    except ConnectionResetError:
        return True


def lets_waiting_ones_go(command, size, staying):
    """From the last place on, each newcomer takes that of another connection."""
    with Server(command) as server:
        clients = [connect_answered(server) for _ in range(size)]
        until(lambda: sum(map(has_ended, clients)) == size - staying, 'the end of the surplus')
        open_ones = [client for client in clients if not has_ended(client)]
        equal([is_answered(client) for client in open_ones], staying * [True], 'those that stay')
        equal(has_ended(clients[-1]), False, 'the end of the last one')
        for client in clients:
            client.close()


def limits_an_address(command):
    with Server(command) as server:
        first, second = connect_answered(server), connect_answered(server)
        expect_end(server.connect_raw())
        equal(is_answered(first), True, 'the first one')
        first.close()
        until(partial(is_served, server), 'room again')
        second.close()


def limits_no_address(command):
    with Server(command) as server:
        clients = [connect_answered(server) for _ in range(3)]
        for client in clients:
            client.close()


def waits_for_no_request(command, beginning):
    """Those that have had an answer may stay. On a busy machine a client may miss the second that it has for
    the first request."""
    with Server(command) as server:
        answered = connect_answered(server, tries=20)
        client = server.connect_raw()
        client.sendall(beginning)
        expect_end(client)
        equal(is_answered(answered), True, 'answered before')
        answered.close()


def waits_for_no_further_request(command):
    """Those that have had no answer may stay."""
    with Server(command) as server:
        silent = server.connect_raw()
        expect_end(connect_answered(server))
        equal(is_answered(silent), True, 'silent before')
        silent.close()


def limits_headers(command, status):
    with Server(command) as server:
        connection = server.connect()
        equal(ask(connection, '/', X=6000 * 'x')[0], status, 'status')
        connection.close()


def in_shell(setup, command):
    return ['sh', '-c', setup, *command]


def listening_port(process):
    """Of a program that cannot print it; None as long as there is none."""
    process_folder = f'/proc/{process.pid}'
    links = []
    for number in os.listdir(process_folder + '/fd'):
        try:
            links.append(os.readlink(f'{process_folder}/fd/{number}'))
        except FileNotFoundError:
            pass
    with open(process_folder + '/net/tcp', encoding='ascii') as table:
        rows = [line.split() for line in list(table)[1:]]
    ports = [int(row[1].split(':')[1], 16)
             for row in rows if row[3] == '0A' and f'socket:[{row[9]}]' in links]
    return ports[0] if ports else None


class Silent(Server):
    """A server that some of whose standard descriptors are closed."""

    def __init__(self, command, closed):
        closing = ' '.join(f'{number}{"<" if number == 0 else ">"}&-' for number in closed)
        self.process = subprocess.Popen(in_shell(f'exec "$0" "$@" {closing}', command),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        try:
            self.address = '127.0.0.1', until(
                lambda: self.process.poll() is not None or listening_port(self.process), 'a port')
        except BaseException:
            self.process.kill()
            raise

    def stop(self, number, patience):
        self.process.send_signal(number)
        equal(self.process.wait(patience), 0, 'exit status')


def stands_closed_descriptors(closed, command):
    with Silent(command, closed) as server:
        equal(server.process.poll(), None, 'exit status')
        connection = server.connect()
        for path in ('/', '/nothing', '/clip.mp4'):
            status, _, content = ask(connection, path)
            equal(status, 404 if path == '/nothing' else 200, path)
        equal(content, CLIP, '/clip.mp4')
        # With transfers open, so that every kind of descriptor is there.
        client = stall(server)
        for number in closed:
            equal(os.readlink(f'/proc/{server.process.pid}/fd/{number}'), '/dev/null', f'descriptor {number}')
        client.close()
        connection.close()


def cpu_seconds(server):
    with open(f'/proc/{server.process.pid}/stat', encoding='ascii') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def crowd(server, size):
    """Clients that ask for a large file and do not read it, whether they are accepted or not."""
    clients = []
    for _ in range(size):
        client = server.connect_raw()
        clients.append(client)
        try:
            client.sendall(b'GET /huge.bin HTTP/1.1\r\nHost: localhost\r\n\r\n')
        except OSError:
            pass
    return clients


def is_served(server):
    connection = server.connect()
    try:
        return ask(connection, '/')[0] == 200
    except OSError:
        return False
    finally:
        connection.close()


def stands_a_crowd(command):
    with Server(in_shell('ulimit -n 40; exec "$0" "$@"', command)) as server:
        clients = crowd(server, 60)
        time.sleep(0.5)
        before = cpu_seconds(server)
        time.sleep(1.5)
        spent = cpu_seconds(server) - before
        equal(server.process.poll(), None, 'exit status')
        for client in clients:
            client.close()
        if spent > 0.5:
            raise AssertionError(f'{spent} s of CPU time within 1.5 s of waiting')
        until(partial(is_served, server), 'an answer after the crowd')


def epoll_timeouts(server):
    """Milliseconds that the threads in epoll_wait(2) wait at most; the fourth argument by the kernel's
    word."""
    numbers = {'x86_64': ('232', '281'), 'aarch64': ('22',), 'riscv64': ('22',)}.get(platform.machine())
    if numbers is None:
        raise Skip(f'numbers of system calls on {platform.machine()}')
    tasks = f'/proc/{server.process.pid}/task'
    timeouts = []
    for task in os.listdir(tasks):
        try:
            with open(f'{tasks}/{task}/syscall', encoding='ascii') as file:
                number, *arguments = file.read().split()
        except OSError as error:
            raise Skip(f'what a thread waits for: {error}') from None
        if number in numbers:
            timeouts.append(int(arguments[3], 16) & 0xffffffff)
    return [timeout for timeout in timeouts if 0 < timeout < 1 << 31]


def has_an_idle_timeout(command):
    """Without waiting for it: the thread sleeps until the only connection has been idle for too long."""
    with Server(command) as server:
        connection = server.connect()
        ask(connection, '/')
        timeout, = until(lambda: epoll_timeouts(server), 'a thread that waits with a limit')
        connection.close()
    if not 110_000 < timeout <= 121_000:
        raise AssertionError(f'{timeout} ms')


def logs_no_control_bytes(serve, folder):
    """Neither the method nor the target of a client may move the cursor of a terminal."""
    with Server([serve, folder]) as server:
        client = server.connect_raw()
        client.sendall(b'G\x1b[2J\x07 /\x1b]0;x\x07 HTTP/1.1\r\nHost: localhost\r\n\r\n')
        equal(client.recv(12), b'HTTP/1.1 405', 'status line')
        client.close()
        server.stop(signal.SIGTERM, PATIENCE)
    equal(server.errors, ['405 G\\x1b[2J\\x07 /\\x1b]0;x\\x07\n'], 'lines')


HASHED = '/app.0123abcd.js'


def sends_fields(command, expected, path='/', method='GET', **fields):
    """expected: values by name, None where there must be no such field."""
    with Server(command) as server:
        connection = server.connect()
        answer = ask(connection, path, method=method, **fields)[1]
        connection.close()
    equal({name: answer[name] for name in expected}, expected, path)


def field_cases(serve, folder):
    def case(name, options, expected, *request, **fields):
        return name, partial(sends_fields, [serve, '--quiet', *options, folder], expected, *request, **fields)

    immutable = 'max-age=31536000, immutable'
    hashed = '--header=*.[0-9a-f]{8}.js: Cache-Control: ' + immutable
    read_more = {'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'range'}
    yield case('--header', [hashed, '--header', '*: X-Own:  a: b '],
               {'Cache-Control': immutable, 'X-Own': 'a: b'}, HASHED)
    yield case('--header of another file', [hashed], {'Cache-Control': 'no-cache'})
    yield case('--header for every path', ['--header=X-Own: 1', '--header=Link: </a>; rel="b: c"',
                                           '--header=X-None:'],
               {'X-Own': '1', 'Link': '</a>; rel="b: c"', 'X-None': None}, '/nothing')
    yield case('--header of a file without a dot', ['--header=stats: X-Own: 1'], {'X-Own': '1'}, '/stats')
    yield case('--header of a file, without a value', ['--header=*: X-Own: 1', '--header=stats: X-Own:'],
               {'X-Own': None}, '/stats')
    yield case('--type', ['--type', '.MP4=video/x-own', '--type=mp4=video/late'],
               {'Content-Type': 'video/x-own'}, '/clip.mp4')
    yield case('--header, the last one decides', ['--header=*: X-Own: 1', '--header=/index.html: X-Own: 2'],
               {'X-Own': '2'})
    yield case('--header without a value', ['--header=*: X-Content-Type-Options:'],
               {'X-Content-Type-Options': None})
    yield case('--cors', ['--cors'], {'Access-Control-Allow-Origin': '*', 'Vary': None})
    yield case('--cors=ORIGIN', ['--cors=http://a', '--cors=http://b'],
               {'Access-Control-Allow-Origin': 'http://b', 'Vary': 'Origin'}, Origin='http://b')
    yield case('preflight', ['--cors'],
               {'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Methods': 'GET, HEAD'},
               '/', 'OPTIONS', Origin='http://b', **read_more)
    yield case('--isolate', ['--isolate'],
               {'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp',
                'Cross-Origin-Resource-Policy': 'same-origin', 'Timing-Allow-Origin': '*'})
    for option, *words in (
            ('--header=X-Own', 'Name: value'), ('--header=*', 'PATTERN: Name: value'),
            ('--header=*: Content-Length: 1', 'Content-Length of *', 'leave it away'),
            ('--header=[: X-Own: 1', 'X-Own of [', 'without its ]'),
            ('--header=*: X Own: 1', 'no token'),
            ('--cors=localhost:3000', 'localhost:3000', 'scheme://host'),
            ('--isolate=yes', '--isolate=yes'),
            ('--type=glb', '--type glb', 'EXT=TYPE'), ('--type==a/b', 'EXT=TYPE'),
            ('--type=glb=', 'EXT=TYPE'),
            ('--type=a.b=c/d', 'no dot'), ('--type=a=b\x01', 'option types')):
        yield f'refuses {option}', partial(refuses, [serve, option, folder], *words)


def option_cases(serve, folder):
    for option, *words in (
            ('--max-bodies=many', '--max-bodies many'), ('--max-bodies=4294967296', '4294967295'),
            ('--max-files=-1', '--max-files -1'), ('--max-files=1.5', '--max-files 1.5'),
            ('--max-ranges=0', '--max-ranges 0', 'from 1 to 64'), ('--max-ranges=65', '--max-ranges 65'),
            ('--workers=0', '--workers 0', 'from 1 to'), ('--workers=1025', '--workers 1025'),
            ('--workers=+2', '+2'),
            ('--cache-size=16M', '--cache-size 16M'), ('--cache-size=', '--cache-size'),
            ('--cache-size=18446744073709551616', '--cache-size 18446744073709551616'),
            ('--max-connections=0', '--max-connections 0', 'from 1 to'),
            ('--max-connections=4294967296', '4294967295'),
            ('--max-per-address=-1', '--max-per-address -1'),
            ('--request-timeout=1s', '--request-timeout 1s'),
            ('--request-timeout=4294967295', 'from 0 to 4294967294'),
            ('--keep-alive-timeout=', '--keep-alive-timeout'),
            ('--keep-alive-timeout=0.5', '--keep-alive-timeout 0.5'),
            ('--header-memory=4095', '--header-memory 4095', 'from 4096 to'),
            ('--stats=yes', '--stats=yes'), ('--prefix=assets', 'option prefix', '"/assets"'),
            ('--mime-types=/no/such', '--mime-types /no/such'), ('--default-type=', 'option default_type'),
            ('--extensionless-type=', 'option extensionless_type'),
            ('--allow-host=http://a.example', 'option allowed_hosts', 'without a scheme'),
            ('--spa=', 'option spa_page', '"index.html"'), ('--spa=sub/', 'option spa_page'),
            ('--not-found=../a', 'option not_found_page', '"404.html"'),
            ('--clean-urls=yes', '--clean-urls=yes'),
            ('--prefix=/a?b', 'option prefix'), ('--prefix=/a%2fb', 'option prefix')):
        yield f'refuses {option}', partial(refuses, [serve, option, folder], *words)
    for option in ('--max-bodies=4294967295', '--max-files=4294967295', '--workers=1024', '--workers=1',
                   '--max-ranges=1', '--max-ranges=64',
                   '--cache-size=18446744073709551615', '--max-connections=4294967295',
                   '--max-per-address=4294967294', '--request-timeout=0', '--request-timeout=4294967294',
                   '--keep-alive-timeout=0', '--keep-alive-timeout=4294967294', '--header-memory=4096'):
        yield f'takes {option}', partial(
            counts, [serve, '--quiet', '--stats', '--mode=epoll', option, folder])


def mode_cases(mode, command, folder):
    for body in ('auto', 'zero-copy', 'reader'):
        yield f'{mode}, {body}: counts', partial(counts, [*command, f'--body={body}', folder])
        yield f'{mode}, {body}: counts what is on its way', partial(
            counts_what_is_on_its_way, [*command, f'--body={body}', folder])
        yield f'{mode}, {body}: prints at the end', partial(
            prints_at_the_end, [*command, f'--body={body}', folder])
    for size, least_hits, most_bytes, evicts in (
            ('16777216', len(SMALL), 16777216, False), ('8192', 0, 8192, True), ('0', 0, 0, False)):
        yield f'{mode}: keeps {size} bytes in memory', partial(
            caches, [*command, f'--cache-size={size}', folder], folder, least_hits, most_bytes, evicts)
    for prefix in ('/assets', '/a%20b/c/'):
        yield f'{mode}: below {prefix}', partial(serves_below_a_prefix, command, prefix, folder)
    for options, answers in (
            (['--spa'], [('/route', 200, PAGE), ('/x.js', 404, b'Not Found\n'), ('/health', 200, b'ok\n')]),
            (['--spa=sub/notes.txt'], [('/route', 200, b'notes\n')]),
            (['--not-found=sub/notes.txt'], [('/lost', 404, b'notes\n'), ('/', 200, PAGE)]),
            (['--not-found', '/index.html'], [('/lost', 404, PAGE)]),
            (['--clean-urls'], [('/index', 200, PAGE), ('/index.html', 200, PAGE)])):
        yield f'{mode}: {" ".join(options)}', partial(serves_pages_instead, command, [*options, folder],
                                                      answers)
    for limit in ('--max-bodies=1', '--max-files=1'):
        yield f'{mode}: {limit}', partial(refuses_beyond_a_limit, [*command, limit, folder], folder)
    yield f'{mode}: more clients than descriptors', partial(stands_a_crowd, [*command, folder])
    if mode != 'thread':
        yield f'{mode}: idle connections are closed after 120 s', partial(
            has_an_idle_timeout, [*command, folder])


def connection_cases(mode, command, folder):
    yield f'{mode}: --max-connections', partial(
        lets_waiting_ones_go, [*command, '--max-connections=8', folder], 11, 7)
    yield f'{mode}: 11 connections', partial(lets_waiting_ones_go, [*command, folder], 11, 11)
    yield f'{mode}: --max-per-address', partial(limits_an_address, [*command, '--max-per-address=2', folder])
    anywhere = [*command, '--address=0.0.0.0', '--max-connections=4']
    yield f'{mode}: half of the connections for an address', partial(limits_an_address, [*anywhere, folder])
    yield f'{mode}: --max-per-address=0', partial(
        limits_no_address, [*anywhere, '--max-per-address=0', folder])
    for beginning in (b'', b'GET / HTTP/1.1\r\nHost: l'):
        yield f'{mode}: --request-timeout, {len(beginning)} bytes', partial(
            waits_for_no_request, [*command, '--request-timeout=1', folder], beginning)
    yield f'{mode}: --keep-alive-timeout', partial(
        waits_for_no_further_request, [*command, '--keep-alive-timeout=1', folder])
    yield f'{mode}: --header-memory', partial(limits_headers, [*command, '--header-memory=4096', folder], 431)
    yield f'{mode}: headers of 6000 bytes', partial(limits_headers, [*command, folder], 200)


def cases(serve, folder):
    yield 'no /stats unasked', partial(has_no_stats_unasked, serve, folder)
    yield 'no control bytes in the log', partial(logs_no_control_bytes, serve, folder)
    for ending in (b'', b'\n', b'\r\n'):
        yield f'media types from a file that ends with {ending}', partial(reads_types, serve, ending)
    yield '--type before --mime-types', partial(takes_own_types_first, serve, folder)
    yield 'media types of the system', partial(reads_types_of_the_system, serve, folder)
    yield from option_cases(serve, folder)
    yield from field_cases(serve, folder)
    for mode in MODES:
        yield from host_cases(mode, serve, folder)
        yield from mode_cases(mode, [serve, '--quiet', '--stats', f'--mode={mode}'], folder)
        yield from connection_cases(mode, [serve, '--quiet', f'--mode={mode}'], folder)
    for closed in ((0,), (1,), (2,), (0, 1, 2)):
        yield f'standard descriptors {closed} closed', partial(
            stands_closed_descriptors, closed, [serve, '--stats', folder])


def main(serve):
    with tempfile.TemporaryDirectory() as folder:
        make_files(folder)
        run(cases(serve, folder))


main(*sys.argv[1:])

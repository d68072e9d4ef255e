"""Drives the example programs as a user does: test_examples.py FSRV_RANGE FSRV_SERVE EXAMPLE..."""
import os
import signal
import socket
import sys
import tempfile
import time
from functools import partial

from server import PATIENCE, Server, ask, opaque, refuses, run_to_end, stall
from site_folder import CLIP, PAGE, make_site
from tap import equal, run

STOP_SECONDS = 10  # less than any timeout of a connection, and room for a busy machine


def answers_files(command):
    with Server(command) as server:
        connection = server.connect()
        status, fields, content = ask(connection, '/')
        equal((status, content, fields['Content-Type']), (200, PAGE, 'text/html; charset=utf-8'), '/')
        status, fields, content = ask(connection, '/clip.mp4')
        equal((status, content, fields['Content-Type']), (200, CLIP, 'video/mp4'), '/clip.mp4')
        tag = fields['ETag']
        status, fields, content = ask(connection, '/clip.mp4', If_None_Match=tag)
        equal((status, content, opaque(fields['ETag'])), (304, b'', opaque(tag)), 'If-None-Match')
        status, fields, content = ask(connection, '/sub/../sub/notes.txt')
        equal((status, content), (200, b'notes\n'), 'dot segments')
        status, fields, content = ask(connection, '/sub')
        equal((status, fields['Location']), (308, 'sub/'), 'a folder without its slash')
        equal(ask(connection, '/nothing')[0], 404, '/nothing')
        equal(ask(connection, '/', method='POST')[0], 405, 'POST')
        connection.close()


def answers_ranges(command):
    table = (
        ('bytes=0-0', 206, 0, 1),
        ('bytes=100000-899999', 206, 100000, 800000),
        ('bytes=-10', 206, len(CLIP) - 10, 10),
        ('bytes=5-2', 416, 0, 0),
        ('bytes=0-1,3-4', 200, 0, len(CLIP)),
    )
    with Server(command) as server:
        connection = server.connect()
        for value, want, offset, length in table:
            status, fields, content = ask(connection, '/clip.mp4', Range=value)
            equal((status, content), (want, CLIP[offset:offset + length]), value)
            if status == 206:
                equal(fields['Content-Range'], f'bytes {offset}-{offset + length - 1}/{len(CLIP)}', value)
        status, fields, content = ask(connection, '/clip.mp4', method='HEAD')
        equal((status, fields['Content-Length'], content), (200, str(len(CLIP)), b''), 'HEAD')
        connection.close()


def answers_health(command):
    with Server(command) as server:
        connection = server.connect()
        for _ in range(2):
            status, _, content = ask(connection, '/health')
            equal((status, content), (200, b'ok\n'), '/health')
        equal(ask(connection, '/')[0], 200, 'a file on the same connection')
        connection.close()


def looks_into_overlays_first(options, folder):
    with tempfile.TemporaryDirectory() as overlay:
        with open(os.path.join(overlay, 'index.html'), 'wb') as file:
            file.write(b'overlay')
        with Server(options(folder, overlay)) as server:
            connection = server.connect()
            equal(ask(connection, '/')[2], b'overlay', '/')
            equal(ask(connection, '/sub/notes.txt')[2], b'notes\n', '/sub/notes.txt')
            connection.close()


def logs_requests(command, wanted):
    with Server(command) as server:
        connection = server.connect()
        ask(connection, '/nothing')
        connection.close()
        server.stop(signal.SIGTERM, PATIENCE)
        equal(any(line.startswith('404 GET /nothing') for line in server.errors), wanted, 'a line in the log')


def open_transfers(server):
    """Connections that hold a server up if it lets them: idle, waiting, and unable to send."""
    idle, silent = server.connect(), server.connect_raw()
    ask(idle, '/')
    return idle, silent, stall(server)


def ends_at(number, command):
    with Server(command) as server:
        open_connections = [open_transfers(server) for _ in range(3)]
        start = time.monotonic()
        server.stop(number, 3 * STOP_SECONDS)
        took = time.monotonic() - start
        for connection in sum(open_connections, ()):
            connection.close()
        if took > STOP_SECONDS:
            raise AssertionError(f'took {took:.1f} s to end')


def ask_everything(server, rounds):
    requests = (('/', {}), ('/clip.mp4', {}), ('/clip.mp4', {'Range': 'bytes=1-70000'}), ('/nothing', {}),
                ('/sub', {}), ('/clip.mp4', {'Range': 'bytes=9-1'}), ('/sub/notes.txt', {}),
                ('/huge.bin', {'method': 'HEAD'}))
    for _ in range(rounds):
        connection = server.connect()
        for path, fields in requests:
            ask(connection, path, **fields)
        connection.close()


def count_descriptors(server):
    """With one connection open. The request makes a daemon with a thread for each connection clean up the
    one before."""
    connection = server.connect()
    ask(connection, '/')
    count = server.count_descriptors()
    connection.close()
    return count


def settled_descriptors(server):
    """The least of some counts: a closed connection is noticed a moment later."""
    counts = []
    for _ in range(4):
        counts.append(count_descriptors(server))
        time.sleep(0.05)
    return min(counts)


def keeps_no_descriptors(command):
    with Server(command) as server:
        ask_everything(server, 1)
        before = settled_descriptors(server)
        ask_everything(server, 25)
        for _ in range(50):
            aborted = server.connect_raw()
            aborted.sendall(b'GET /huge.bin HTTP/1.1\r\nHost: localhost\r\n\r\n')
            aborted.recv(1000)
            aborted.close()
        deadline = time.monotonic() + 10
        while (after := settled_descriptors(server)) > before and time.monotonic() < deadline:
            pass
        if after > before:
            raise AssertionError(f'{before} open descriptors before, {after} after')


def refuses_a_taken_port(serve, folder):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = str(taken.getsockname()[1])
        refuses([serve, '--port', port, folder], '--port ' + port, 'another program')


def says(command, word):
    status, output, error = run_to_end(command)
    equal((status, error), (0, ''), 'status and standard error')
    if word not in output:
        raise AssertionError(f'{word!r} is not in {output!r}')


def range_cases(program):
    table = (
        (['11', 'bytes=0-4'], 'satisfiable 0 4\n'),
        (['11', 'bytes=-99'], 'satisfiable 0 10\n'),
        (['11', 'bytes=11-'], 'unsatisfiable\n'),
        (['11', 'bytes=5-2'], 'unsatisfiable\n'),
        (['11', 'lines=1-2'], 'absent\n'),
        (['11', ''], 'absent\n'),
        (['18446744073709551615', 'bytes=-1'], 'satisfiable 18446744073709551614 18446744073709551614\n'),
    )
    for arguments, want in table:
        yield ('fsrv-range ' + ' '.join(arguments),
               partial(lambda a, w: equal(run_to_end([program, *a]), (0, w, ''), 'result'), arguments, want))
    yield 'fsrv-range refuses a size that is too large', partial(
        refuses, [program, '18446744073709551616', 'bytes=0-'], '18446744073709551616')
    yield 'fsrv-range refuses a size that is no number', partial(refuses, [program, '1x', 'bytes=0-'], '1x')
    yield 'fsrv-range --help', partial(says, [program, '--help'], 'SIZE')
    yield 'fsrv-range --version', partial(says, [program, '--version'], 'fsrv-range 0.')


def server_cases(name, command):
    yield f'{name}: files', partial(answers_files, command)
    yield f'{name}: ranges', partial(answers_ranges, command)
    yield f'{name}: ends at SIGTERM with transfers open', partial(ends_at, signal.SIGTERM, command)
    yield f'{name}: ends at SIGINT with transfers open', partial(ends_at, signal.SIGINT, command)
    yield f'{name}: keeps no descriptors', partial(keeps_no_descriptors, command)


def serve_cases(serve, folder):
    for mode in ('thread', 'epoll', 'pool'):
        for body in ('auto', 'zero-copy', 'reader'):
            yield from server_cases(f'fsrv-serve --mode {mode} --body {body}',
                                    [serve, '--quiet', '--mode', mode, '--body', body, folder])
    yield 'fsrv-serve: health', partial(answers_health, [serve, '--quiet', folder])
    yield 'fsrv-serve: overlays', partial(
        looks_into_overlays_first, lambda root, overlay: [serve, '--quiet', '--overlay', overlay, root],
        folder)
    yield 'fsrv-serve: logs requests', partial(logs_requests, [serve, folder], True)
    yield 'fsrv-serve --quiet: logs none', partial(logs_requests, [serve, '--quiet', folder], False)
    yield 'fsrv-serve: IPv4 address', partial(
        answers_files, [serve, '--quiet', '--address', '0.0.0.0', folder])
    yield 'fsrv-serve --help', partial(says, [serve, '--help'], '--overlay DIR')
    yield 'fsrv-serve --version', partial(says, [serve, '--version'], 'fsrv-serve 0.')
    yield 'fsrv-serve: a port that is taken', partial(refuses_a_taken_port, serve, folder)
    for option, *words in (
            ('--nope', '--nope'), ('-x', '-x'), ('--mode=fast', '--mode', 'fast', 'epoll'),
            ('--body=none', '--body', 'zero-copy'), ('--symlinks=all', '--symlinks', 'beneath'),
            ('--port=65536', '--port', '65536'), ('--port=http', '--port', 'http'),
            ('--address=localhost', '--address', 'localhost'), ('--overlay=/no/such', '/no/such')):
        yield f'fsrv-serve: refuses {option}', partial(refuses, [serve, option, folder], *words)
    yield 'fsrv-serve: refuses an option without its value', partial(
        refuses, [serve, folder, '--port'], '--port')
    yield 'fsrv-serve: refuses two folders', partial(refuses, [serve, folder, folder], '--overlay')
    yield 'fsrv-serve: refuses a missing folder', partial(
        refuses, [serve, folder + '/none'], folder + '/none')
    yield 'fsrv-serve: refuses a file', partial(refuses, [serve, folder + '/clip.mp4'], folder + '/clip.mp4')


def example_cases(program, folder):
    name = os.path.basename(program)
    yield from server_cases(name, [program, folder])
    yield f'{name}: refuses a missing folder', partial(
        refuses, [program, folder + '/none'], name, folder + '/none')
    yield f'{name}: refuses no folder', partial(refuses, [program], 'usage')
    yield f'{name}: refuses an unknown option', partial(refuses, [program, '--nope'], '--nope')
    if name == 'own_daemon':
        yield f'{name}: health', partial(answers_health, [program, folder])
    if name == 'producer':
        yield f'{name}: overlays', partial(
            looks_into_overlays_first, lambda *roots: [program, *roots], folder)
        yield f'{name}: logs requests', partial(logs_requests, [program, folder], True)


def main(range_program, serve, *examples):
    with tempfile.TemporaryDirectory() as folder:
        make_site(folder)
        cases = [*range_cases(range_program), *serve_cases(serve, folder)]
        for program in examples:
            cases += example_cases(program, folder)
        run(cases)


main(*sys.argv[1:])

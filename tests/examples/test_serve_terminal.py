"""What fsrv-serve shows on a terminal: test_serve_terminal.py FSRV_SERVE"""
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import partial
from urllib.parse import urlsplit

from server import PATIENCE, ask, run_to_end, stall
from site_folder import make_site
from tap import Skip, equal, run
from terminal import Terminal

ESCAPE = '\x1b['


class Address:
    """What stall() wants of a server."""

    def __init__(self, url):
        parts = urlsplit(url)
        self.address = parts.hostname, parts.port


def read_url(terminal):
    found = terminal.expect(lambda output: re.search(r'https?://\S+/\n', output), 'an address')
    return found[0].strip()


def connect(terminal):
    return http.client.HTTPConnection(urlsplit(read_url(terminal)).netloc, timeout=PATIENCE)


def colours_the_log(command):
    with Terminal(command) as terminal:
        connection = connect(terminal)
        for path, status, colour in (('/clip.mp4', 200, 32), ('/sub', 308, 36), ('/nothing', 404, 33)):
            equal(ask(connection, path)[0], status, path)
            line = f'\x1b[{colour}m{status}\x1b[0m GET {path}'
            terminal.expect(lambda output, line=line: line in output, line)
        connection.close()
        terminal.end()


def has_no_colours(command, environment):
    with Terminal(command, environment) as terminal:
        connection = connect(terminal)
        ask(connection, '/nothing')
        terminal.expect(lambda output: '\n404 GET /nothing' in output, 'a line')
        connection.close()
        equal(ESCAPE in terminal.end(), False, 'colours')


def escapes_targets(command):
    with Terminal(command, {'NO_COLOR': '1'}) as terminal:
        client = socket.create_connection(Address(read_url(terminal)).address, timeout=PATIENCE)
        client.sendall(b'GET /\x9b\x1b[2J HTTP/1.1\r\nHost: localhost\r\n\r\n')
        client.recv(100)
        client.close()
        terminal.expect(lambda output: r'GET /\x9b\x1b[2J' in output, 'an escape')
        equal('\x1b' in terminal.end(), False, 'control bytes')


def has_codes(serve):
    return 'with QR codes' in run_to_end([serve, '--version'])[1]


BLOCKS = {'█': (0, 0), '▄': (1, 0), '▀': (0, 1), ' ': (1, 1)}


def read_modules(output):
    """The modules of a code among the lines, 1 for dark ones; None when there is none."""
    plain = re.sub(r'\x1b\[[0-9;]*m', '', output)
    rows = [line for line in plain.splitlines() if len(line) > 20 and set(line) <= set(BLOCKS)]
    return [[BLOCKS[block][half] for block in row] for row in rows for half in (0, 1)] or None


def decode(modules, scale=4):
    """What a camera would read."""
    if shutil.which('zbarimg') is None:
        raise Skip('no zbarimg (package zbar-tools)')
    margin = 4
    rows = [[0] * margin + row + [0] * margin for row in modules]
    blank = [[0] * len(rows[0])] * margin
    bits = [[bit for bit in row for _ in range(scale)] for row in blank + rows + blank for _ in range(scale)]
    text = f'P1\n{len(bits[0])} {len(bits)}\n' + '\n'.join(' '.join(map(str, row)) for row in bits) + '\n'
    with tempfile.NamedTemporaryFile('w', suffix='.pbm') as file:
        file.write(text)
        file.flush()
        done = subprocess.run(['zbarimg', '--raw', '--quiet', file.name], capture_output=True, text=True,
                              check=False)
    return done.stdout.strip()


def shows_a_code(serve, options, environment):
    if not has_codes(serve):
        raise Skip('built without libqrencode')
    with Terminal([serve, '--host=0.0.0.0', *options], environment) as terminal:
        read_url(terminal)
        connection = connect(terminal)
        ask(connection, '/health')
        connection.close()
        output = terminal.end()
    urls = re.findall(r'http://\S+/', output)
    if len(urls) < 2:
        raise Skip('this machine has no network')
    equal((ESCAPE in output), not environment, 'colours')
    equal(decode(read_modules(output)), urls[1], 'what the code says')


def shows_no_code(command):
    with Terminal(command) as terminal:
        connection = connect(terminal)
        ask(connection, '/health')
        connection.close()
        equal(read_modules(terminal.end()), None, 'a code')


def replay(output, columns):
    """The lines that are on the screen after all output, as long as it does not scroll."""
    lines, row = [''], 0
    for token in re.findall(r'\x1b\[\d*[A-Za-z]|\n|\r|[^\x1b\n\r]+', output):
        if token == '\n':
            row += 1
            lines.extend([''] * (row + 1 - len(lines)))
        elif token == '\x1b[J':
            lines[row:] = ['']
        elif re.fullmatch(r'\x1b\[\d+A', token):
            row -= int(token[2:-1])
        elif not token.startswith('\x1b') and token != '\r':
            lines[row] += token
            if len(lines[row]) >= columns:
                raise AssertionError(f'{lines[row]!r} is wider than the terminal')
    return lines


SIZE = '[0-9.]+ [kMG]?B'
PROGRESS = rf'\n1 transfer, {SIZE}/s\n +\d+ % +{SIZE} +{SIZE}/s +[-0-9:]+ 127\.0\.0\.1 /huge'


def shows_progress(command, columns):
    with Terminal(command, {'NO_COLOR': '1'}, columns=columns) as terminal:
        connection = connect(terminal)
        client = stall(Address(read_url(terminal)))
        terminal.expect(lambda output: re.search(PROGRESS, output), 'a transfer')
        ask(connection, '/nothing')
        log = '404 GET /nothing'
        terminal.expect(lambda output: log in output and '1 transfer' in output[output.index(log):], 'both')
        lines = replay(terminal.output, columns)
        equal(sum(log in line for line in lines), 1, f'lines of the log in {lines}')
        equal(sum('1 transfer' in line for line in lines) <= 1, True, f'lines of progress in {lines}')
        client.close()
        terminal.expect(lambda output: not any('transfer' in line for line in replay(output, columns)),
                        'an end of the progress')
        connection.close()
        terminal.end()


def ends_with_progress(command):
    """What was drawn is taken away, whatever is on its way."""
    with Terminal(command, {'NO_COLOR': '1'}) as terminal:
        client = stall(Address(read_url(terminal)))
        terminal.expect(lambda output: '1 transfer' in output, 'a transfer')
        output = terminal.end()
        client.close()
    equal([line for line in replay(output, 100) if 'transfer' in line], [], 'lines of progress')


def tells_without_terminal(serve, folder):
    """The server works all the same."""
    process = subprocess.Popen([serve, '--progress', folder], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.terminate()
    error = process.communicate(timeout=PATIENCE)[1]
    equal((process.returncode, error.count('\n'), '--progress' in error and 'no terminal' in error),
          (0, 1, True), error)


def cases(serve, folder):
    yield 'colours', partial(colours_the_log, [serve, folder])
    yield 'NO_COLOR', partial(has_no_colours, [serve, folder], {'NO_COLOR': '1'})
    yield 'a dumb terminal', partial(has_no_colours, [serve, folder], {'TERM': 'dumb'})
    yield 'an empty NO_COLOR', partial(colours_the_log, ['env', 'NO_COLOR=', serve, folder])
    yield 'targets are escaped', partial(escapes_targets, [serve, folder])
    yield 'a QR code', partial(shows_a_code, serve, [folder], {})
    yield 'a QR code without colours', partial(
        shows_a_code, serve, ['--prefix=/a', folder], {'NO_COLOR': '1'})
    yield 'no QR code on loopback', partial(shows_no_code, [serve, folder])
    yield 'no QR code with --quiet', partial(shows_no_code, [serve, '--quiet', '--host=0.0.0.0', folder])
    for mode in ('thread', 'epoll', 'pool'):
        for columns in (100, 60):
            yield f'{mode}: progress in {columns} columns', partial(
                shows_progress, [serve, '--progress', f'--mode={mode}', folder], columns)
        yield f'{mode}: progress at the end', partial(
            ends_with_progress, [serve, '--progress', f'--mode={mode}', folder])
    yield 'progress without a terminal', partial(tells_without_terminal, serve, folder)


def main(serve):
    with tempfile.TemporaryDirectory() as folder:
        make_site(folder)
        run(cases(serve, folder))


main(*sys.argv[1:])

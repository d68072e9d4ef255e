"""How fsrv-serve starts and what it says where: test_serve_start.py FSRV_SERVE"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import partial

from ports import free_port
from server import PATIENCE, Server, ask, refuses, run_to_end, until
from site_folder import CLIP, make_site
from tap import Skip, equal, run


def answers(server):
    connection = server.connect()
    equal(ask(connection, '/clip.mp4')[::2], (200, CLIP), 'a file')
    connection.close()


def serves_here(command, folder):
    with Server(command, cwd=folder) as server:
        equal(server.address[0], '127.0.0.1', 'address')
        answers(server)


def listens(serve, folder, options, host, port):
    with Server([serve, '--quiet', *options, folder]) as server:
        equal(server.address, (host, port), 'address')
        answers(server)


def prints_version(serve):
    for option in ('--version', '-V'):
        status, output, error = run_to_end([serve, option])
        equal((status, error, output.splitlines()[0].split()[0]), (0, '', 'fsrv-serve'), option)
        equal(bool(re.search(r'libmicrohttpd \S+, (with|without) TLS, (with|without) .*QR', output)), True,
              output)
    for option in ('--help', '-h'):
        status, output, error = run_to_end([serve, option])
        equal((status, error, output.startswith('usage: fsrv-serve')), (0, '', True), option)


def addresses_of_the_machine():
    """Those that a browser elsewhere could open, by the word of ip(8)."""
    if shutil.which('ip') is None:
        raise Skip('no ip(8)')
    listing = subprocess.run(['ip', '-o', 'addr', 'show', 'up'], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listing.stdout.splitlines()]
    addresses = [(row[2], row[3].split('/')[0]) for row in rows if row[1] != 'lo']
    return ([address for family, address in addresses if family == 'inet'],
            [f'[{address}]' for family, address in addresses
             if family == 'inet6' and not address.startswith('fe80:')])


def read_addresses(command):
    """All lines on standard output."""
    with Server(command) as server:
        answers_port = server.address[1]
        server.stop(signal.SIGTERM, PATIENCE)
        return answers_port, [server.url, *server.process.stdout.read().splitlines()]


def prints_all_addresses(serve, folder, host, loopback, families):
    """families: which of the machine's addresses are printed."""
    wanted = [address for number in families for address in addresses_of_the_machine()[number]]
    port, lines = read_addresses([serve, '--quiet', '--host', host, '--prefix=/a/', folder])
    equal(lines[0], f'http://{loopback}:{port}/a/', 'the first line')
    equal(sorted(lines[1:]), sorted(f'http://{address}:{port}/a/' for address in wanted), 'the others')


def prints_one_address(serve, folder):
    equal(len(read_addresses([serve, '--quiet', folder])[1]), 1, 'lines')


def survives_a_reader_of_one_line(serve, folder):
    with Server([serve, '--quiet', '--host=0.0.0.0', folder]) as server:
        server.process.stdout.close()
        connection = server.connect()
        equal(ask(connection, '/health')[0], 200, '/health')
        connection.close()


def opens_a_browser(serve, folder, script, expected):
    """script: what stands for xdg-open; expected: a word on standard error, None: nothing."""
    with tempfile.TemporaryDirectory() as tools:
        log = os.path.join(tools, 'log')
        if script is not None:
            program = os.path.join(tools, 'xdg-open')
            with open(program, 'w', encoding='ascii') as file:
                file.write(f'#!/bin/sh\necho "$@" >{log}.new\n/bin/mv {log}.new {log}\n'
                           f'echo noise >&2\n{script}\n')
            os.chmod(program, 0o755)
        with Server([serve, '--open', '--prefix=/a', folder], env={'PATH': tools}) as server:
            if script is not None:
                until(lambda: os.path.exists(log), 'a call of xdg-open')
                with open(log, encoding='ascii') as file:
                    equal(file.read(), server.url + '\n', 'arguments')
            if expected is not None:
                until(lambda: any(expected in line for line in server.errors), f'{expected!r} on stderr')
                equal(any(server.url in line for line in server.errors), True, 'the address')
            connection = server.connect()
            equal(ask(connection, '/health')[0], 200, '/health')
            connection.close()
            server.stop(signal.SIGTERM, PATIENCE)
        equal(len(server.errors), 0 if expected is None else 1, f'lines: {server.errors}')


def notifies(serve, folder, name):
    """name: of the socket below a folder; with @ an abstract one."""
    with tempfile.TemporaryDirectory() as place:
        path = name if name.startswith('@') else os.path.join(place, name)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path.replace('@', '\0', 1))
            manager.settimeout(PATIENCE)
            with Server([serve, '--quiet', folder], env={'NOTIFY_SOCKET': path}) as server:
                equal(manager.recv(100), b'READY=1', 'at the start')
                answers(server)
                server.stop(signal.SIGTERM, PATIENCE)
                equal(manager.recv(100), b'STOPPING=1', 'at the end')
                equal(server.errors, [], 'lines')


def goes_on_without_manager(serve, folder, path, word):
    with Server([serve, '--quiet', folder], env={'NOTIFY_SOCKET': path}) as server:
        answers(server)
        server.stop(signal.SIGTERM, PATIENCE)
    equal([word in line and path[:20] in line for line in server.errors], [True, True], server.errors)


def refuses_unreadable(serve, folder):
    if os.geteuid() == 0 and shutil.which('setpriv') is None:
        raise Skip('root may read everything, and there is no setpriv(1)')
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        closed = os.path.join(place, 'closed')
        os.mkdir(closed, 0)
        drop = ['setpriv', '--reuid=65534', '--clear-groups'] if os.geteuid() == 0 else []
        if drop and run_to_end([*drop, serve, '--version'])[0] != 0:
            raise Skip('another user may not run the program')
        refuses([*drop, serve, closed], closed, 'Permission denied', 'may be searched')


def cases(serve, folder):
    yield 'the working directory by default', partial(serves_here, [serve, '--quiet'], folder)
    yield 'a relative folder', partial(serves_here, [serve, '--quiet', '.'], folder)
    for options in (['-p{}'], ['-p', '{}'], ['--port={}']):
        port = free_port()
        yield ' '.join(options), partial(
            listens, serve, folder, [option.format(port) for option in options], '127.0.0.1', port)
    for option, host in (('--host=localhost', '127.0.0.1'), ('--host=127.0.0.2', '127.0.0.2'),
                         ('--address=127.0.0.2', '127.0.0.2')):
        port = free_port()
        yield option, partial(listens, serve, folder, [option, f'-p{port}'], host, port)
    yield '--help, --version', partial(prints_version, serve)
    yield 'one address on loopback', partial(prints_one_address, serve, folder)
    yield 'all addresses of IPv4', partial(prints_all_addresses, serve, folder, '0.0.0.0', '127.0.0.1', (0,))
    if socket.has_ipv6:
        yield 'all addresses', partial(prints_all_addresses, serve, folder, '::', '[::1]', (0, 1))
    yield 'a reader of the first line alone', partial(survives_a_reader_of_one_line, serve, folder)
    yield '--open', partial(opens_a_browser, serve, folder, 'exit 0', None)
    yield '--open without a browser', partial(opens_a_browser, serve, folder, 'exit 3', 'no browser')
    yield '--open without xdg-open', partial(opens_a_browser, serve, folder, None, 'xdg-utils')
    yield 'NOTIFY_SOCKET', partial(notifies, serve, folder, 'notify')
    yield 'NOTIFY_SOCKET, abstract', partial(notifies, serve, folder, f'@fsrv-test-{os.getpid()}')
    for path, word in (('/no/such', 'No such'), ('vsock:2', 'neither'), ('/' + 200 * 'x', 'too long')):
        yield f'NOTIFY_SOCKET {path[:10]}', partial(goes_on_without_manager, serve, folder, path, word)
    yield 'refuses an unreadable folder', partial(refuses_unreadable, serve, folder)
    for options, *words in ((['-p'], '-p', 'value'), (['-px'], '--port x', 'from 0 to 65535'),
                            (['--host=example.org'], '--host example.org', 'numeric'),
                            (['--host=203.0.113.1'], '203.0.113.1', '0.0.0.0'),
                            (['--open=yes'], '--open=yes'), (['-z'], '-z', '--help'),
                            (['--log=json', '/no/such'], '/no/such: No such file', 'that exist')):
        yield f'refuses {" ".join(options)}', partial(refuses, [serve, *options], *words, cwd=folder)


def main(serve):
    with tempfile.TemporaryDirectory() as folder:
        make_site(folder)
        run(cases(serve, folder))


main(*map(os.path.abspath, sys.argv[1:]))

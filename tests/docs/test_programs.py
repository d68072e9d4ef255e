"""Compiles and runs the programs in the tutorial and the recipes.

usage: test_programs.py DOCS INCLUDE LIBRARIES COMPILER [ARGUMENT...]"""
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile

from programs import read_programs
from server import PATIENCE, Server
from tap import Skip, equal, run

DOCS, INCLUDE, LIBRARIES, *COMPILER = sys.argv[1:]
WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Werror']
PAGE = '<!doctype html><title>page</title>'
PAGE_WITH_SCRIPT = PAGE.replace('<title>', '<script>window.__host = 1;</script><title>')


def flags_of(library):
    """What pkg-config says of a library that a recipe uses."""
    done = subprocess.run(['pkg-config', '--cflags', '--libs', library], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise Skip(f'no {library}')
    return done.stdout.replace('-I', '-isystem').split()


def compile_program(folder, document, name, *flags):
    source, program = os.path.join(folder, name), os.path.join(folder, name[:-2])
    with open(source, 'w', encoding='utf-8') as file:
        file.write(read_programs(os.path.join(DOCS, document))[name])
    done = subprocess.run([*COMPILER, '-std=gnu11', *WARNINGS, source, '-o', program, f'-I{INCLUDE}',
                           f'-L{LIBRARIES}', f'-Wl,-rpath,{LIBRARIES}', '-lfsrv', '-lfsrv-core',
                           '-lmicrohttpd', '-pthread', *flags],
                          capture_output=True, text=True, check=False)
    equal((done.returncode, done.stderr), (0, ''), f'{name} compiles')
    return program


def make_site(folder):
    os.mkdir(os.path.join(folder, 'site'))
    with open(os.path.join(folder, 'site', 'index.html'), 'w', encoding='utf-8') as file:
        file.write(PAGE)
    with open(os.path.join(folder, 'site', 'clip'), 'wb') as file:
        file.write(bytes(range(256)) * 4096)


def ask(connection, target, **fields):
    connection.request('GET', target, headers=fields)
    answer = connection.getresponse()
    return answer.status, answer.read()


def check_routes(connection, page):
    equal(ask(connection, '/health'), (200, b'ok\n'), 'the own route')
    status, body = ask(connection, '/')
    equal((status, body.decode()), page, 'the page')


def check_files(connection):
    equal(ask(connection, '/clip', Range='bytes=255-258'), (206, b'\xff\0\1\2'), 'a range')
    equal(len(ask(connection, '/clip')[1]), 1 << 20, 'a large body')
    equal(ask(connection, '/none')[0], 404, 'a missing file')


def tutorial(name, page, serves_files):
    with tempfile.TemporaryDirectory() as folder:
        make_site(folder)
        with Server([compile_program(folder, 'tutorial.md', name)], cwd=folder) as server:
            connection = http.client.HTTPConnection(*server.address, timeout=PATIENCE)
            check_routes(connection, page)
            if serves_files:
                check_files(connection)
            connection.close()


def loop(name, library):
    flags = flags_of(library)
    with tempfile.TemporaryDirectory() as folder:
        make_site(folder)
        with Server([compile_program(folder, 'recipes.md', name, *flags)], cwd=folder) as server:
            connection = http.client.HTTPConnection(*server.address, timeout=PATIENCE)
            equal(ask(connection, '/'), (200, PAGE.encode()), 'the page')
            check_files(connection)
            connection.close()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self.path)


@contextlib.contextmanager
def running(command, **options):
    """A program that says when it is ready, and ends well when it is told to."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as process:
        try:
            equal(process.stdout.readline(), 'ready\n')
            yield
            process.send_signal(signal.SIGTERM)
            equal(process.wait(PATIENCE), 0, 'exit status')
        finally:
            process.kill()


def unix_socket():
    with tempfile.TemporaryDirectory() as folder:
        make_site(folder)
        path = os.path.join(folder, 'socket')
        program = compile_program(folder, 'recipes.md', 'socket.c')
        with running([program, path], cwd=folder):
            connection = UnixConnection(path)
            equal(ask(connection, '/'), (200, PAGE.encode()), 'the page')
            check_files(connection)
            connection.close()


# What a service manager does: descriptor 3 and two variables.
ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[2]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')
os.execv(sys.argv[1], sys.argv[1:2])
"""


def socket_activation():
    with tempfile.TemporaryDirectory() as folder, socket.create_server(('127.0.0.1', 0)) as listener:
        make_site(folder)
        program = compile_program(folder, 'recipes.md', 'socket.c')
        command = [sys.executable, '-c', ACTIVATE, program, str(listener.fileno())]
        with running(command, cwd=folder, pass_fds=[listener.fileno()]):
            connection = http.client.HTTPConnection(*listener.getsockname(), timeout=PATIENCE)
            equal(ask(connection, '/'), (200, PAGE.encode()), 'the page')
            connection.close()


def no_socket():
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([compile_program(folder, 'recipes.md', 'socket.c')], cwd=folder,
                              capture_output=True, text=True, check=False, timeout=PATIENCE)
        equal((done.returncode, done.stderr.count('\n')), (2, 1), 'one line, and exit status 2')


run([('the tutorial, before', lambda: tutorial('before.c', (404, 'not found\n'), False)),
     ('the tutorial, after', lambda: tutorial('after.c', (200, PAGE_WITH_SCRIPT), True)),
     ('a unix socket', unix_socket), ('a socket of a service manager', socket_activation),
     ('no socket', no_socket), ('a loop of libuv', lambda: loop('uv.c', 'libuv')),
     ('a loop of GLib', lambda: loop('glib.c', 'glib-2.0'))])

"""A server program under test: started, spoken to, counted and ended."""
import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from urllib.parse import urlsplit

from tap import equal

# Generous: a shared machine under sanitizers. Nothing may take longer, and most takes milliseconds.
PATIENCE = 20


class Server:
    """with Server([program, folder]) as server: ... ends it with SIGTERM and checks that it went well."""

    def __init__(self, command, **options):
        """options: those of subprocess.Popen, such as cwd and env."""
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, **options)
        self.errors = []
        self.reader = threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)
        self.reader.start()
        alarm = threading.Timer(PATIENCE, self.process.kill)
        alarm.start()
        self.url = self.process.stdout.readline().rstrip('\n')
        alarm.cancel()
        self.address = self._parse_address()

    def _parse_address(self):
        parts = urlsplit(self.url)
        if parts.scheme not in ('http', 'https') or not parts.path.endswith('/') or not parts.port:
            self.process.kill()
            self.reader.join()
            raise AssertionError(f'no address on the first line but {self.url!r}; {"".join(self.errors)}')
        return parts.hostname, parts.port

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.process.kill()
            self.process.wait()
        elif self.process.poll() is None:
            self.stop(signal.SIGTERM, PATIENCE)

    def stop(self, number, patience):
        self.process.send_signal(number)
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f'still there {patience} s after signal {number}') from None
        self.reader.join(PATIENCE)
        if status != 0:
            raise AssertionError(f'exit status {status}: {"".join(self.errors)}')

    def connect(self):
        return http.client.HTTPConnection(*self.address, timeout=PATIENCE)

    def connect_raw(self):
        return socket.create_connection(self.address, timeout=PATIENCE)

    def count_descriptors(self):
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))


def ask(connection, path, method='GET', **fields):
    """Returns status, fields and content; the connection stays open."""
    connection.request(method, path,
                       headers={name.replace('_', '-'): value for name, value in fields.items()})
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def opaque(tag):
    """What is left of an entity tag without W/, which a file loses two seconds after it was changed."""
    return tag.removeprefix('W/')


def run_to_end(command, **options):
    """Runs a program that is to end by itself; returns exit status, standard output and error."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
                          check=False, **options)
    return done.returncode, done.stdout, done.stderr


def stall(server, path='/huge.bin'):
    """A client that asks for more than sockets buffer, takes the start and reads no further."""
    client = socket.socket()
    client.settimeout(PATIENCE)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(server.address)
    client.sendall(f'GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n'.encode())
    client.recv(100)
    return client


def until(condition, what, patience=PATIENCE):
    """Waits until condition() is true and returns its value."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f'{what}: not within {patience} s')
        time.sleep(0.02)
    return value


def refuses(command, *words, **options):
    """Exit status 2, nothing on standard output, one line on standard error that has the words."""
    status, output, error = run_to_end(command, **options)
    equal((status, output, error.count('\n')), (2, '', 1), f'status, output and lines of {error!r}')
    for word in words:
        if word not in error:
            raise AssertionError(f'{word!r} is not in {error!r}')

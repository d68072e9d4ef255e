"""fsrv-serve with TLS: test_serve_tls.py FSRV_SERVE"""
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from functools import partial

from server import PATIENCE, Server, ask, refuses, run_to_end, until
from site_folder import CLIP, HUGE, PAGE, make_site
from tap import equal, run, skip_all

MODES = ('thread', 'epoll', 'pool')


def make_certificate(place, name):
    """Returns the names of certificate and key, for localhost and 127.0.0.1."""
    certificate, key = (os.path.join(place, f'{name}.{part}') for part in ('crt', 'key'))
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
                    '-nodes', '-keyout', key, '-out', certificate, '-days', '30', '-subj', '/CN=localhost',
                    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], check=True, capture_output=True)
    return certificate, key


class TlsServer(Server):
    """Clients trust the certificate, and speak TLS."""

    def __init__(self, command, certificate):
        super().__init__(command)
        self.context = ssl.create_default_context(cafile=certificate)

    def connect(self):
        return http.client.HTTPSConnection(*self.address, timeout=PATIENCE, context=self.context)

    def connect_raw(self):
        return self.context.wrap_socket(super().connect_raw(), server_hostname='localhost')


def serves(command, certificate):
    with TlsServer(command, certificate) as server:
        equal(server.url.startswith('https://127.0.0.1:'), True, server.url)
        connection = server.connect()
        for _ in range(2):
            equal(ask(connection, '/')[::2], (200, PAGE), 'a page')
            equal(ask(connection, '/clip.mp4')[::2], (200, CLIP), 'a large file')
            equal(ask(connection, '/clip.mp4', Range='bytes=9-200008')[::2], (206, CLIP[9:200009]), 'a range')
            equal(ask(connection, '/clip.mp4', method='HEAD')[1]['Content-Length'], str(len(CLIP)), 'HEAD')
            equal(len(ask(connection, '/huge.bin')[2]), HUGE, 'a huge file')
            equal(ask(connection, '/sub/')[0], 200, 'a listing')
            equal(ask(connection, '/nothing')[0], 404, 'nothing')
            equal(ask(connection, '/health')[0], 200, '/health')
        equal(ask(connection, '/', Host='evil.example')[0], 403, 'another host')
        connection.close()


def outlives_strangers(command, certificate):
    """Clients that speak no TLS, or none that this server speaks, and those that go in the middle."""
    with TlsServer(command, certificate) as server:
        silent = socket.create_connection(server.address, timeout=PATIENCE)
        plain = socket.create_connection(server.address, timeout=PATIENCE)
        plain.sendall(b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
        equal(plain.recv(100)[:1] in (b'', b'\x15'), True, 'an answer to HTTP')
        stranger = ssl.create_default_context().wrap_socket
        try:
            stranger(socket.create_connection(server.address, timeout=PATIENCE), server_hostname='localhost')
        except ssl.SSLCertVerificationError:
            pass
        connection = server.connect()
        equal(ask(connection, '/clip.mp4')[::2], (200, CLIP), 'a file')
        connection.close()
        server.stop(signal.SIGTERM, PATIENCE)
        silent.close()
        plain.close()


def tells_what_was_sent(command, certificate):
    """In bytes of content, not of TLS."""
    with TlsServer(command, certificate) as server:
        connection = server.connect()
        equal(len(ask(connection, '/clip.mp4')[2]), len(CLIP), 'a file')
        client = server.connect_raw()
        client.sendall(b'GET /huge.bin HTTP/1.1\r\nHost: localhost\r\n\r\n')
        client.recv(100)
        client.close()
        until(lambda: any('/huge.bin' in line for line in server.errors), 'the end of what was broken off')
        connection.close()
        server.stop(signal.SIGTERM, PATIENCE)
    lines = {line['target']: line for line in map(json.loads, server.errors)}
    whole, broken = lines['/clip.mp4'], lines['/huge.bin']
    equal((whole['sent'], whole['ending']), (len(CLIP), 'complete'), 'the whole file')
    equal((broken['sent'] < HUGE, broken['ending']), (True, 'aborted'), 'the other one')
    # Whole blocks were handed over. What TLS makes of them is larger, and no such number.
    equal(broken['sent'] % 4096, 0, f'a part of a block of {broken["sent"]} bytes')


def refusal_cases(serve, place, folder):
    certificate, key = make_certificate(place, 'one')
    other = make_certificate(place, 'two')[1]
    for name, options, *words in (
            ('a certificate alone', ['--cert', certificate], '--key', certificate),
            ('a key alone', ['--key', key], '--cert', key),
            ('a missing certificate', ['--cert=/no/such', '--key', key], '--cert /no/such', 'No such'),
            ('a missing key', ['--cert', certificate, '--key=/no/such'], '--key /no/such', 'No such'),
            ('a key of another one', ['--cert', certificate, '--key', other], certificate, other, 'PEM'),
            ('no certificate', ['--cert', serve, '--key', key], serve, 'PEM'),
            ('no key', ['--cert', certificate, '--key', certificate], certificate, 'PEM')):
        yield f'refuses {name}', partial(refuses, [serve, *options, folder], *words)


def cases(serve, place, folder):
    certificate, key = make_certificate(place, 'server')
    for mode in MODES:
        command = [serve, '--cert', certificate, '--key', key, f'--mode={mode}', folder]
        yield f'{mode}: serves', partial(serves, [*command, '--quiet', '--index'], certificate)
        yield f'{mode}: outlives strangers', partial(outlives_strangers, [*command, '--quiet'], certificate)
        yield f'{mode}: tells what was sent', partial(
            tells_what_was_sent, [*command, '--log=json'], certificate)
    yield from refusal_cases(serve, place, folder)


def main(serve):
    if shutil.which('openssl') is None:
        skip_all('no openssl(1) to make a certificate')
    if 'with TLS' not in run_to_end([serve, '--version'])[1]:
        skip_all('libmicrohttpd was built without TLS')
    with tempfile.TemporaryDirectory() as place:
        folder = os.path.join(place, 'site')
        os.mkdir(folder)
        make_site(folder)
        run(cases(serve, place, folder))


main(*sys.argv[1:])

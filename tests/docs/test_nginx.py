"""Runs nginx with the configurations in the recipes in front of fsrv-serve.

usage: test_nginx.py RECIPES FSRV_SERVE"""
import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from ports import free_port, wait_for_port
from programs import read_block
from server import PATIENCE, Server
from tap import equal, run, skip_all

RECIPES, SERVE = sys.argv[1:]
MIB = 1 << 20
CONTENT = bytes(range(256)) * (3 * MIB // 256)


def write_configuration(folder, kind, port, upstreams):
    sites = read_block(RECIPES, kind).replace('127.0.0.1:8080', f'127.0.0.1:{port}')
    for number, upstream in enumerate(upstreams):
        sites = sites.replace(f'127.0.0.1:{8081 + number}', f'127.0.0.1:{upstream}')
    paths = ''.join(f'{kind}_temp_path {folder}/{kind};' for kind in
                    ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    with open(os.path.join(folder, 'nginx.conf'), 'w', encoding='utf-8') as file:
        file.write(f'daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n'
                   f'events {{}}\nhttp {{\naccess_log off; {paths}\n{sites}}}\n')


class Nginx:
    def __init__(self, folder, kind, *upstreams):
        self.port = free_port()
        write_configuration(folder, kind, self.port, upstreams)
        self.process = subprocess.Popen([NGINX, '-p', folder, '-c', 'nginx.conf', '-e', 'error.log'])
        wait_for_port(self.process, self.port, PATIENCE)

    def ask(self, target, **fields):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE)
        connection.request('GET', target, headers=fields)
        answer = connection.getresponse()
        found = answer.status, answer.read(), answer.getheader('X-Cache')
        connection.close()
        return found

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)


def make_site(folder, name):
    site = os.path.join(folder, name)
    os.mkdir(site)
    with open(os.path.join(site, 'clip'), 'wb') as file:
        file.write(CONTENT)
    os.utime(os.path.join(site, 'clip'), (1600000000, 1600000000))
    return site


def serve(site, lifetime, *options):
    return Server([SERVE, '--quiet', '--header', f'*: Cache-Control: max-age={lifetime}', *options, site])


def with_site(case):
    with tempfile.TemporaryDirectory() as folder:
        site = make_site(folder, 'site')
        time.sleep(2.1)  # a file that has just changed has a weak entity tag
        with serve(site, 60) as server:
            nginx = Nginx(folder, 'nginx', server.address[1])
            try:
                case(nginx)
            finally:
                nginx.stop()


def asks_again(options, want):
    """Two servers with a copy each, which nginx asks in turn; what it has is as old as may be."""
    with tempfile.TemporaryDirectory() as folder:
        sites = [make_site(folder, name) for name in ('first', 'second')]
        time.sleep(2.1)
        with serve(sites[0], 1, *options) as first, serve(sites[1], 1, *options) as second:
            nginx = Nginx(folder, 'nginx cdn', first.address[1], second.address[1])
            try:
                equal(nginx.ask('/clip'), (200, CONTENT, 'MISS'))
                time.sleep(2.1)
                equal(nginx.ask('/clip'), (200, CONTENT, want))
            finally:
                nginx.stop()


def stores_slices(nginx):
    want = CONTENT[MIB - 2:MIB + 3]
    for cache in ('MISS', 'HIT'):
        equal(nginx.ask('/clip', Range=f'bytes={MIB - 2}-{MIB + 2}'), (206, want, cache))
    # The two slices above, and a new one.
    equal(nginx.ask('/clip'), (200, CONTENT, 'HIT'))


def keeps_for_its_lifetime(nginx):
    equal(nginx.ask('/clip')[2], 'MISS')
    equal(nginx.ask('/clip'), (200, CONTENT, 'HIT'))


NGINX = shutil.which('nginx') or shutil.which('nginx', path='/usr/sbin')
if not NGINX:
    skip_all('no nginx')
run([('a range over two slices is stored', lambda: with_site(stores_slices)),
     ('the whole file is stored', lambda: with_site(keeps_for_its_lifetime)),
     ('a CDN asks another server again', lambda: asks_again(('--etag', 'replica'), 'REVALIDATED')),
     ('which has another entity tag by default', lambda: asks_again((), 'EXPIRED'))])

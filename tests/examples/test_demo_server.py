"""The demo's own server: its events, its counters and the disk under its clips.

usage: test_demo_server.py DEMO_SERVER RUNTIME_SCRIPT"""
import json
import os
import signal
import socket
import sys
import tempfile
from functools import partial

from server import PATIENCE, Server, ask, opaque, refuses, stall, until
from tap import Skip, equal, run

CLIP_SIZE = 64 << 20
LISTENERS = 32
KEPT = 512  # events


class Events:
    """A client that listens to /events."""

    def __init__(self, server, last=None):
        self.connection = server.connect()
        self.connection.request('GET', '/events', headers={} if last is None else {'Last-Event-ID': last})
        self.response = self.connection.getresponse()

    def read(self):
        """The next event: its name, its data and its id; heartbeats are passed over."""
        fields = {}
        while True:
            line = self.response.readline().decode()
            if not line:
                raise AssertionError('the stream has ended')
            name, _, value = line.rstrip('\n').partition(': ')
            if name == '' and 'event' in fields:
                return fields['event'], json.loads(fields['data']), fields.get('id')
            fields[name] = value

    def find(self, name, test):
        while True:
            event, data, _ = self.read()
            if event == name and test(data):
                return data

    def close(self):
        self.connection.close()


def says_what_is_missing(program, folder, runtime):
    refuses([program, '/no/such/folder', runtime], 'root /no/such/folder: No such file')
    refuses([program, folder, '/no/such/script'], '/no/such/script: No such file')
    refuses([program, folder], 'usage')


def disk_state(server):
    return json.loads(ask(server.connect(), '/disk')[2])


def needs_disk(server):
    lacks = disk_state(server)['lacks']
    if lacks:
        raise Skip(lacks)


def mounts():
    with open('/proc/self/mounts', encoding='utf-8') as file:
        return {line.split()[1] for line in file if 'fuse.slowdisk' in line and '/fsrv-demo-' in line}


def mount_of(process):
    """Where the disk of a server is: its child says so in its arguments."""
    with open(f'/proc/{process.pid}/task/{process.pid}/children', encoding='ascii') as file:
        child = file.read().split()[0]
    with open(f'/proc/{child}/cmdline', encoding='utf-8') as file:
        return file.read().split('\0')[2]


def answers_its_routes(command):
    with Server(command) as server:
        connection = server.connect()
        equal(ask(connection, '/health')[::2], (200, b'ok\n'), '/health')
        page = ask(connection, '/')[2].decode()
        for part in ('<meta name="server" content="events">', 'window.__runtime'):
            equal(page.count(part), 1, part)
        equal(json.loads(ask(connection, '/stats')[2])['responses'], {'200': 1}, '/stats')
        equal(ask(connection, '/disk', 'DELETE')[0], 405, 'another method')


def tells_a_range(command):
    with Server(command) as server:
        events = Events(server)
        equal(events.response.headers['Content-Type'], 'text/event-stream', 'type')
        equal(ask(server.connect(), '/clips/large', Range='bytes=1000-70999')[0], 206, 'status')
        data = events.find('begin', lambda data: data['target'] == '/clips/large')
        equal((data['status'], data['offset'], data['length'], data['size']), (206, 1000, 70000, CLIP_SIZE),
              'the beginning')
        data = events.find('end', lambda end: end['request'] == data['request'])
        equal((data['offset'], data['length'], data['sent'], data['ending']),
              (1000, 70000, 70000, 'complete'), 'the end')
        events.close()


def tells_what_was_broken_off(command):
    with Server(command) as server:
        events = Events(server)
        stall(server, '/clips/large').close()
        data = events.find('end', lambda data: data['length'] == CLIP_SIZE)
        equal((data['ending'], data['sent'] < CLIP_SIZE), ('aborted', True), 'the end')
        events.close()


def deaf_listener(server):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(server.address)
    client.sendall(b'GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    return client


def minds_no_deaf_listener(command):
    with Server(command) as server:
        deaf = [deaf_listener(server) for _ in range(LISTENERS - 2)]
        events, connection = Events(server), server.connect()
        for number in range(3 * KEPT):
            equal(ask(connection, f'/{number}')[0], 404, 'missing')
            equal(events.find('begin', lambda data: True)['target'], f'/{number}', 'told at once')
        equal(ask(connection, '/health')[0], 200, '/health')
        late = Events(server, '0')
        event, missed, _ = late.read()
        equal((event, missed > 2 * KEPT), ('missed', True), 'what one missed')
        equal(late.read()[2], str(missed + 1), 'the next event')
        equal(Events(server).response.status, 503, 'one listener too many')
        deaf.pop().close()
        until(lambda: Events(server).response.status == 200, 'a place again')
        for client in deaf:
            client.close()
        # Two listen when the server ends.


def goes_on_where_one_was(command):
    with Server(command) as server:
        events, connection = Events(server), server.connect()
        ask(connection, '/first')
        last = events.read()[2]
        events.close()
        ask(connection, '/second')
        again = Events(server, last)
        equal([again.read()[0], again.read()[1]['target']], ['end', '/second'], 'the events between')
        again.close()


def puts_a_disk_under_clips(command):
    with Server(command) as server:
        needs_disk(server)
        connection = server.connect()
        tags = []
        for slow in (None, 1, 1, 0):
            if slow is not None:
                status, _, content = ask(connection, f'/disk?slow={slow}', 'POST')
                equal((status, json.loads(content)['slow']), (200, bool(slow)), f'slow={slow}')
            status, fields, content = ask(connection, '/clips/large', Range='bytes=5-9')
            equal((status, content), (206, bytes(5)), 'the same bytes')
            tags.append(opaque(fields['ETag']))
        equal((tags[0] == tags[3], tags[1] == tags[2], tags[0] == tags[1]), (True, True, False), 'which file')


def refuses_others(command):
    with Server(command) as server:
        connection = server.connect()
        for fields in ({'Origin': 'http://a.example'}, {'Origin': 'null'}, {'Host': 'a.example'}):
            equal(ask(connection, '/disk?slow=1', 'POST', **fields)[0], 403, fields)
            equal(ask(connection, '/events', **fields)[0], 403, fields)
        equal(disk_state(server)['slow'], False, 'nothing happened')
        for target in ('/disk', '/disk?slow=2', '/disk?slow='):
            equal(ask(server.connect(), target, 'POST')[0], 400, target)


def leaves_no_mount(command, number):
    with Server(command) as server:
        needs_disk(server)
        place = mount_of(server.process)
        equal(place in mounts(), True, 'mounted')
        server.process.send_signal(number)
        server.process.wait(PATIENCE)
        until(lambda: place not in mounts(), f'the mount after signal {number}')
        scratch = os.path.dirname(os.path.dirname(place))
        if number == signal.SIGKILL:
            os.rmdir(place)
            os.rmdir(os.path.dirname(place))
            os.rmdir(f'{scratch}/fast')
            os.unlink(f'{scratch}/layer')
            os.rmdir(scratch)
        equal(os.path.exists(scratch), False, 'the folder')


def main(program, runtime):
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f'{folder}/clips')
        with open(f'{folder}/index.html', 'w', encoding='ascii') as file:
            file.write('<!doctype html><title>demo</title>')
        with open(f'{folder}/clips/large', 'wb') as file:
            file.truncate(CLIP_SIZE)
        command = [program, folder, runtime]
        run((
            ('what is missing', partial(says_what_is_missing, program, folder, runtime)),
            ('answers its routes', partial(answers_its_routes, command)),
            ('an event tells a range', partial(tells_a_range, command)),
            ('an event tells what was broken off', partial(tells_what_was_broken_off, command)),
            ('listeners that do not read', partial(minds_no_deaf_listener, command)),
            ('a listener that comes again', partial(goes_on_where_one_was, command)),
            ('a slow disk', partial(puts_a_disk_under_clips, command)),
            ('others may not', partial(refuses_others, command)),
            ('no mount after SIGTERM', partial(leaves_no_mount, command, signal.SIGTERM)),
            ('no mount after SIGKILL', partial(leaves_no_mount, command, signal.SIGKILL)),
        ))


main(*sys.argv[1:])

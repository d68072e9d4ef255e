"""Programs that serve from a slow disk: test_slow_disk.py SLOWDISK FSRV_SERVE EXAMPLE..."""
import json
import os
import signal
import sys
import tempfile
import threading
import time
from functools import partial

from server import PATIENCE, Server, ask, until
from site_folder import CLIP, PAGE, make_site
from slow_disk import SlowDisk, skip_without
from tap import equal, run

# Before the first of external_loop's own ticks, which would hide that nobody woke it, there are blocks to
# wait for.
WOKEN_SECONDS = 8


def start_to_ask(server, path):
    client = server.connect()
    client.request('GET', path)
    return client


def serves_others(command, disk):
    """While one client waits for a disk that hangs; the rest of its file then comes without delay."""
    with Server([*command, disk.path]) as server:
        other = server.connect()
        equal(ask(other, '/')[2], PAGE, 'before')
        disk.tell('forget clip.mp4')
        disk.tell('hold')
        try:
            waiting = start_to_ask(server, '/clip.mp4')
            time.sleep(0.3)
            start = time.monotonic()
            equal(ask(other, '/')[2], PAGE, 'meanwhile')
            equal(ask(other, '/nothing')[0], 404, 'meanwhile')
            took = time.monotonic() - start
        finally:
            disk.tell('release')
        start = time.monotonic()
        equal(waiting.getresponse().read(), CLIP, 'in the end')
        if max(took, time.monotonic() - start) > WOKEN_SECONDS:
            raise AssertionError(f'others waited {took:.1f} s, '
                                 f'then the file took {time.monotonic() - start:.1f} s')
        waiting.close()
        other.close()


def ends(command, disk):
    """While a client waits for the disk, which libmicrohttpd takes ill without fsrv_drain."""
    with Server([*command, disk.path]) as server:
        disk.tell('forget clip.mp4')
        disk.tell('hold')
        alarm = threading.Timer(1, disk.tell, ['release'])
        try:
            waiting = start_to_ask(server, '/clip.mp4')
            time.sleep(0.3)
        finally:
            alarm.start()
        try:
            server.stop(signal.SIGTERM, PATIENCE)
        finally:
            alarm.join()
        waiting.close()


def counts(command, disk, suspends):
    with Server([*command, '--stats', '--body=reader', disk.path]) as server:
        connection = server.connect()
        disk.tell('forget clip.mp4')
        equal(ask(connection, '/clip.mp4')[2], CLIP, '/clip.mp4')
        stats = until(lambda: (s := json.loads(ask(connection, '/stats')[2]))['live_bodies'] == 0 and s,
                      'the end')
        connection.close()
    equal((stats['cold_reads'] > 0, stats['suspends'] > 0), (suspends, suspends), 'cold_reads, suspends')
    if stats['suspends'] > stats['cold_reads'] + stats['cold_lookups']:
        raise AssertionError(f'more suspends than reasons: {stats}')


def cases(disk, serve, examples):
    commands = {f'fsrv-serve --mode={mode}': [serve, '--quiet', f'--mode={mode}']
                for mode in ('thread', 'epoll', 'pool')}
    commands.update((os.path.basename(program), [program]) for program in examples)
    for name, command in commands.items():
        yield f'{name}: serves others while a client waits', partial(serves_others, command, disk)
        yield f'{name}: ends while a client waits', partial(ends, command, disk)
        if command[0] == serve:
            yield f'{name}: counts', partial(counts, command, disk, 'thread' not in name)


def main(slowdisk, serve, *examples):
    with tempfile.TemporaryDirectory() as folder:
        make_site(folder)
        skip_without(slowdisk, folder)
        with SlowDisk(slowdisk, folder) as disk:
            run(cases(disk, serve, examples))


main(*sys.argv[1:])

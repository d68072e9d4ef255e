"""What a request costs that finds all in memory, and what is read ahead: test_syscalls.py FSRV_SERVE SYSTEM

System calls of all threads of the server are counted over many requests on one connection, those of
libmicrohttpd's loop among them. No stopwatch could see on a busy machine that a call more is made."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial

from server import PATIENCE, Server, ask, until
from tap import Skip, equal, run, skip_all

REQUESTS = 50
SPARE = 15  # calls around the requests, such as a thread that starts or ends
LARGE = 4 << 20
HOT = 300 << 10
# The allocator's, of which sanitizers have another one.
MEMORY = {'brk', 'madvise', 'mmap', 'mprotect', 'mremap', 'munmap'}

# name, method, path, fields, status, calls for each request, how often files are opened: for some requests,
# once a second (so old may bytes from memory be), or never
SOME, EACH_SECOND, NEVER = range(3)
ANY = {'Accept_Encoding': 'gzip, br, zstd'}
REREAD = 8  # calls
REQUESTS_OF_INTEREST = (
    ('200 of a small file', 'GET', '/small.txt', {}, 200, 4, EACH_SECOND),
    ('200 of an index page', 'GET', '/', {}, 200, 4, EACH_SECOND),
    ('206 of a small file', 'GET', '/small.txt', {'Range': 'bytes=1-3'}, 206, 4, EACH_SECOND),
    ('304 of a small file', 'GET', '/small.txt', {'If_None_Match': '*'}, 304, 4, EACH_SECOND),
    ('HEAD of a small file', 'HEAD', '/small.txt', {}, 200, 4, EACH_SECOND),
    ('404', 'GET', '/none', {}, 404, 4, SOME),
    ('304 of a large file', 'GET', '/large.bin', {'If_None_Match': '*'}, 304, 4, NEVER),
    ('HEAD of a large file', 'HEAD', '/large.bin', {}, 200, 4, NEVER),
    ('64 KiB of a large file', 'GET', '/large.bin', {'Range': 'bytes=100000-165535'}, 206, 5, EACH_SECOND),
    ('200 with a coding, switched off', 'GET', '/packed.txt', ANY, 200, 4, EACH_SECOND),
)

# With --precompressed each coding that is looked for is one call more. Where the thread may not wait, an
# absent sidecar is looked for by openat2(2).
PRECOMPRESSED = (
    ('200 with the first coding', 'GET', '/packed.txt', ANY, 200, 5, EACH_SECOND),
    ('304 with the first coding', 'GET', '/packed.txt', {'If_None_Match': '*', **ANY}, 304, 5, EACH_SECOND),
    ('206 with the first coding', 'GET', '/packed.txt', {'Range': 'bytes=1-3', **ANY}, 206, 5, EACH_SECOND),
    ('200 with the last coding', 'GET', '/gzip.txt', ANY, 200, 7, SOME),
    ('200 of a file without sidecars', 'GET', '/small.txt', ANY, 200, 7, SOME),
    ('206 of a large file without sidecars', 'GET', '/large.bin',
     {'Range': 'bytes=100000-165535', **ANY}, 206, 8, SOME),
    ('206 of a large sidecar', 'GET', '/packed.bin', {'Range': 'bytes=100000-165535', **ANY}, 206, 6, SOME),
    ('304 of a large sidecar', 'GET', '/packed.bin', {'If_None_Match': '*', **ANY}, 304, 5, NEVER),
    ('200 without a coding', 'GET', '/packed.txt', {}, 200, 5, EACH_SECOND),
)


def make_site(folder):
    for name, content in (('small.txt', b'small\n' * 100),
                          ('index.html', b'<!doctype html><title>t</title>\n'),
                          ('packed.txt', b'packed\n' * 100), ('packed.txt.br', b'br' * 100),
                          ('gzip.txt', b'gzip\n' * 100), ('gzip.txt.gz', b'gz' * 100),
                          ('body.bin', bytes(1 << 20)), ('hot.bin', bytes(HOT)),
                          ('large.bin', bytes(range(256)) * (LARGE // 256)),
                          ('packed.bin', bytes(range(256)) * (LARGE // 256)),
                          ('packed.bin.br', bytes(range(256)) * (LARGE // 512))):
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(content)
    time.sleep(2.1)  # younger files are not kept


def states(pid):
    """Of the threads: proc_pid_stat(5)."""
    for task in os.listdir(f'/proc/{pid}/task'):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            with open(f'/proc/{pid}/task/{task}/stat', encoding='ascii', errors='replace') as file:
                yield file.read().rpartition(')')[2].split()[0]


def settle(pid):
    """Until all threads sleep: a worker that has just been created makes calls that belong to no request."""
    until(lambda: set(states(pid)) == {'S'}, 'threads of the server that sleep')


class Trace:
    """with Trace(process) as trace: ...; then trace.calls has the names of the calls that were made."""

    def __init__(self, pid, output):
        settle(pid)
        self.output = output
        self.process = subprocess.Popen(['strace', '-f', '-o', output, '-p', str(pid)],
                                        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.lines = []
        self.calls = []

    def __enter__(self):
        line = self.process.stderr.readline()  # one for all threads
        if 'attached' not in line:
            self.process.wait(PATIENCE)
            raise Skip('strace may not look at other programs: ' + line.strip())
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.stderr.close()
        self.process.wait(PATIENCE)
        with open(self.output, encoding='ascii', errors='replace') as file:
            self.lines = list(file)
        # One that was interrupted by another thread's is there twice: "open(... <unfinished ...>" and
        # "<... open resumed>".
        self.calls = [match[1] for line in self.lines if (match := re.match(r'\d+ +([a-z_0-9]+)\(', line))
                      and match[1] not in MEMORY]


def trace_requests(command, trace_file, request):
    """Many requests after some that bring all into memory; and the seconds from then to the last one."""
    _, method, path, fields, status, _, _ = request
    with Server(command) as server:
        connection = server.connect()
        for _ in range(3):
            equal(ask(connection, path, method, **fields)[0], status, path)
        ask(connection, path)
        started = time.monotonic()
        with Trace(server.process.pid, trace_file) as trace:
            for _ in range(REQUESTS):
                equal(ask(connection, path, method, **fields)[0], status, path)
            took = time.monotonic() - started
        connection.close()
    return trace, took


def count_calls(command, trace_file, request):
    """What is in memory is trusted for a second, so all of it has to be over by then."""
    *_, most, opens = request
    for _ in range(20):
        trace, took = trace_requests(command, trace_file, request)
        if took < 1:
            break
    else:
        raise Skip(f'{took:.1f} s for {REQUESTS} requests: this machine is too busy')
    rereads = 1 if opens == EACH_SECOND else 0
    summary = {name: trace.calls.count(name) for name in set(trace.calls)}
    if len(trace.calls) < REQUESTS * 2:
        raise AssertionError(f'only {len(trace.calls)} calls were seen: {summary}')
    if len(trace.calls) > REQUESTS * most + REREAD * rereads + SPARE:
        raise AssertionError(f'{len(trace.calls) / REQUESTS:.2f} calls for each request, not {most}: '
                             f'{summary}')
    opened = sum(count for name, count in summary.items() if name.startswith('open'))
    if opens != SOME and opened > rereads:
        raise AssertionError(f'files were opened {opened} times, not {rereads}: {summary}')


def reads_ahead_in_each_part(serve, folder, trace_file):
    """A window of its own for each of several ranges, also for one that lies before the others."""
    parts = ((3000000, 3999999), (1000000, 1999999))
    ranges = ','.join(f'{first}-{last}' for first, last in parts)
    with open(os.path.join(folder, 'large.bin'), 'rb') as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with Server([serve, '--quiet', '--mode=epoll', '--max-ranges=2', folder]) as server:
        connection = server.connect()
        with Trace(server.process.pid, trace_file) as trace:
            equal(ask(connection, '/large.bin', Range=f'bytes={ranges}')[0], 206, ranges)
        connection.close()
    asked = [int(match[1]) for line in trace.lines
             if (match := re.search(r'fadvise64(?:_64)?\(\d+, (\d+), \d+, POSIX_FADV_WILLNEED', line))]
    if not asked:
        raise Skip('the kernel keeps the file in memory')
    for first, last in parts:
        if not any(first <= offset <= last for offset in asked):
            raise AssertionError(f'nothing is requested from {first} to {last}: {asked}')


def own_calls(command, path, length, trace_file):
    """The calls that fsrv made for some requests, and how long they took; libmicrohttpd waits, receives and
    sends."""
    with Server(command) as server:
        connection = server.connect()
        for _ in range(3):
            equal(len(ask(connection, path)[2]), length, 'length')
        started = time.monotonic()
        with Trace(server.process.pid, trace_file) as trace:
            for _ in range(REQUESTS):
                ask(connection, path)
        connection.close()
    return [name for name in trace.calls
            if name not in ('sendto', 'sendmsg', 'recvfrom', 'poll', 'epoll_wait', 'epoll_ctl', 'futex')
            ], time.monotonic() - started


def counts_own_calls_of_a_body(serve, folder, trace_file):
    """What fsrv needs for a body of 1 MiB that is in memory."""
    own, _ = own_calls([serve, '--quiet', '--mode=epoll', folder], '/body.bin', 1 << 20, trace_file)
    summary = {name: own.count(name) for name in set(own)}
    # Facts, question, two blocks; before Linux 6.5 the question takes the owner (2) and a map.
    most = 6 if 'mincore' in own else 4
    if not REQUESTS * 3 < len(own) <= REQUESTS * most + REREAD + SPARE:
        raise AssertionError(f'{len(own) / REQUESTS:.2f} calls for each body, not {most}: {summary}')


def counts_own_calls_of_a_hot_file(command, trace_file):
    """One look at its facts; once a second it is opened for two requests, and read."""
    own, seconds = own_calls(command, '/hot.bin', HOT, trace_file)
    if len(own) > REQUESTS + 4 * REREAD * (1 + int(seconds)) + SPARE:
        summary = {name: own.count(name) for name in set(own)}
        raise AssertionError(f'{len(own) / REQUESTS:.2f} calls for each request: {summary}')


def cases(serve, folder, trace_file):
    for mode in ('thread', 'epoll', 'pool'):
        command = [serve, '--quiet', '--mode', mode, folder]
        for request in REQUESTS_OF_INTEREST:
            yield f'{mode}: {request[0]}', partial(count_calls, command, trace_file, request)
        for request in PRECOMPRESSED:
            yield f'{mode}: {request[0]}', partial(
                count_calls, [*command, '--precompressed'], trace_file, request)
        yield f'{mode}: own calls of a hot file', partial(
            counts_own_calls_of_a_hot_file, command, trace_file)
    yield 'epoll: own calls of a body', partial(counts_own_calls_of_a_body, serve, folder, trace_file)
    yield 'epoll: reads ahead in each of several ranges', partial(
        reads_ahead_in_each_part, serve, folder, trace_file)


def main(serve, system):
    if system != 'linux':
        skip_all(f'these are the calls of -Dsystem=linux, and this is {system}')
    if shutil.which('strace') is None:
        skip_all('strace is not installed')
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as scratch:
        make_site(folder)
        run(cases(serve, folder, os.path.join(scratch, 'trace')))


main(*sys.argv[1:])

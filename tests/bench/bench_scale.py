#!/usr/bin/env python3
"""What a connection, a body and a file in the cache cost, from one of them to thousands.

usage: bench_scale.py FSRV_SERVE BUILD

Memory is the growth of the resident memory of fsrv-serve in an epoll daemon: for connections that are idle
after a request, for bodies of 32 MB whose clients read nothing, and for files of 1 KiB in the cache. Then
200,000 files of 100 bytes, far more than the cache holds, are asked for in rotation, four times: the
processor time of a request is told for each quarter of a rotation, since what grows with the number of
files or of requests would show there. BENCH_FILES chooses another number of files.
"""

import contextlib
import os
import pathlib
import resource
import signal
import socket
import sys
import tempfile
import time

from bench_memory import memory_of
from servers import PATIENCE, Server, start

CONNECTIONS = (1, 64, 1000, 8000)
BODIES = (1, 64, 1000, 8000)
CACHED = (64, 1000, 8000)
FILES = int(os.environ.get("BENCH_FILES") or 200_000)
AT_ONCE = 64  # connections that ask in turn
PARTS = 4


def connect(port, receive_buffer=None):
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(PATIENCE)
    client.connect(("127.0.0.1", port))
    return client


def ask(client, path):
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())


def read_all(client, content):
    """One response whose content is known."""
    held = b""
    while not held.endswith(content):
        got = client.recv(65536)
        assert got, "the connection ended"
        held += got
    assert held.startswith(b"HTTP/1.1 200 "), held[:80]


def print_growth(what, counts, sizes, before):
    for count, size in zip(counts, sizes):
        print(f"{count:>8} {what}: {(size - before) * 1e6 / count / 1024:8.1f} KiB each")


def measure_connections(running, cleanup):
    sizes, clients = [], []
    before = memory_of(running.group).now
    for count in CONNECTIONS:
        while len(clients) < count:
            clients.append(cleanup.enter_context(connect(running.port)))
            ask(clients[-1], "/f0")
            read_all(clients[-1], b"x" * 100)
        sizes.append(memory_of(running.group).now)
    print_growth("idle connections", CONNECTIONS, sizes, before)


def settled_memory(group):
    """When it has not changed for a second."""
    before, now = -1, memory_of(group).now
    while before != now:
        time.sleep(1)
        before, now = now, memory_of(group).now
    return now


def measure_bodies(running, cleanup):
    sizes, clients = [], []
    before = memory_of(running.group).now
    for count in BODIES:
        while len(clients) < count:
            clients.append(cleanup.enter_context(connect(running.port, 4096)))
            ask(clients[-1], "/large")
        sizes.append(settled_memory(running.group))
    print_growth("stalled bodies", BODIES, sizes, before)


def measure_cache(running, cleanup):
    client = cleanup.enter_context(connect(running.port))
    sizes, done = [], 0
    before = memory_of(running.group).now
    for count in CACHED:
        for number in range(done, count):
            for _ in range(3):
                ask(client, f"/k{number}")
                read_all(client, b"y" * 1024)
        done = count
        sizes.append(memory_of(running.group).now)
    print_growth("cached files of 1 KiB, with their responses", CACHED, sizes, before)


def processor_time(group):
    """Nanoseconds of all threads of a process."""
    total = 0
    for path in pathlib.Path(f"/proc/{group}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            total += int(path.read_text(encoding="ascii").split()[0])
    return total


def measure_rotation(running, cleanup):
    clients = [cleanup.enter_context(connect(running.port)) for _ in range(AT_ONCE)]
    for rotation in range(4):
        costs = []
        for part in range(PARTS):
            first, last = FILES * part // PARTS, FILES * (part + 1) // PARTS
            before = processor_time(running.group)
            for at in range(first, last, AT_ONCE):
                asked = clients[:min(AT_ONCE, last - at)]
                for number, client in enumerate(asked, at):
                    ask(client, f"/f{number}")
                for client in asked:
                    read_all(client, b"x" * 100)
            costs.append((processor_time(running.group) - before) / (last - first) / 1000)
        shown = ", ".join(f"{cost:.1f}" for cost in costs)
        print(f"rotation {rotation + 1}: {shown} us for each request")


def make_files(folder):
    for number in range(FILES):
        (folder / f"f{number}").write_bytes(b"x" * 100)
    for number in range(max(CACHED)):
        (folder / f"k{number}").write_bytes(b"y" * 1024)
    (folder / "large").write_bytes(bytes(32 << 20))
    time.sleep(2.1)  # a file that changed a moment ago is not kept in memory


def main(serve, build):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    if limit != resource.RLIM_INFINITY and limit < 2 * max(CONNECTIONS) + 100:
        print(f"skipped: the limit of descriptors is {limit}")
        return 77
    print(f"fsrv-serve: {build}; epoll")
    with tempfile.TemporaryDirectory(prefix="fsrv-bench-") as name:
        folder = pathlib.Path(name)
        make_files(folder)
        command = [serve, "--quiet", "--mode", "epoll", "--max-connections", "9000", "--cache-size"]
        for measure, size in ((measure_connections, "16777216"), (measure_bodies, "16777216"),
                              (measure_cache, "1000000000"), (measure_rotation, "16777216")):
            with contextlib.ExitStack() as cleanup:
                measure(start(Server([*command, size]), [], folder, folder, cleanup), cleanup)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

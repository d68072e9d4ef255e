#!/usr/bin/env python3
"""Memory for 200 slow readers: fsrv-serve beside other servers.

usage: bench_memory.py FSRV_SERVE PLAIN_HANDLER LOAD BUILD

Each reader takes 64 KB/s of a file of 32 MB. Resident memory of the server's processes is looked at after
it has answered one request, after BENCH_SECONDS (10) of reading, and at its peak. BENCH_ROUNDS (3) is how
often all servers run in turn. What the kernel holds in sockets is not part of it. The exit status is 1 when
a request failed.
"""

import contextlib
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import typing

from servers import PATIENCE, known, make_files, pins, start, stop

ROUNDS = int(os.environ.get("BENCH_ROUNDS") or 3)
SECONDS = int(os.environ.get("BENCH_SECONDS") or 10)
FILES = 30
READERS = 200
RATE = 64000
SERVERS = ("fsrv-serve thread", "fsrv-serve epoll", "MHD one loop", "MHD thread each", "nginx",
           "node createReadStream")


class Memory(typing.NamedTuple):
    now: float  # MB
    peak: float


def memory_of(group):
    """Of all processes of a group. The peak is the sum of their peaks."""
    sums = {"VmRSS": 0, "VmHWM": 0}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getpgid(int(path.name)) == group:
                status = (path / "status").read_text(encoding="utf-8", errors="replace")
                for name, size in re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", status, re.MULTILINE):
                    sums[name] += int(size) * 1024 / 1e6
    return Memory(sums["VmRSS"], sums["VmHWM"])


def measure(server, root, loader, pin, folder):
    """What the server has when idle, and then with its readers."""
    with contextlib.ExitStack() as cleanup:
        running = start(server, pin, root, folder, cleanup)
        subprocess.run([*loader, "stall", str(running.port), str(FILES), "0", "1", "1"], check=True,
                       stdout=subprocess.DEVNULL)
        idle = memory_of(running.group)
        readers = subprocess.Popen([*loader, "readers", str(running.port),
                                    str(FILES), str(READERS), str(RATE)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cleanup.callback(stop, readers)
        assert readers.stdout.readline() == "reading\n", "readers were not served"
        time.sleep(SECONDS)
        busy = memory_of(running.group)
        output = readers.communicate(timeout=PATIENCE)[0]
        assert readers.returncode == 0, "readers lost their connections"
        least = READERS * RATE * SECONDS / 2
        assert int(output) > least, f"readers got only {output.strip()} bytes"
        return idle, busy


def report(results):
    print(f"{'resident memory, MB':26}{'idle':>8}{'above idle':>13}{'peak above idle':>18}")
    for name, runs in results.items():
        idle = statistics.median(idle.now for idle, _ in runs)
        above = statistics.median(busy.now - idle.now for idle, busy in runs)
        peak = statistics.median(busy.peak - idle.now for idle, busy in runs)
        print(f"{name:26}{idle:8.1f}{above:13.1f}{peak:18.1f}")


def main(serve, plain, loader, build):
    servers, notes = known(serve, plain)
    servers = {name: servers[name] for name in SERVERS if name in servers}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    server_pin, client_pin = pins()
    with contextlib.ExitStack() as cleanup:
        folder = pathlib.Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="fsrv-bench-")))
        root = make_files(loader, FILES, cleanup)
        results = {name: [] for name in servers}
        for _ in range(ROUNDS):
            for name, server in servers.items():
                results[name].append(measure(server, root, [*client_pin, loader], server_pin, folder))
        print(f"{READERS} readers of 32 MB, {RATE // 1000} KB/s each, after {SECONDS} s; {ROUNDS} rounds, "
              f"medians; fsrv-serve: {build}; {'; '.join(notes)}")
        report(results)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

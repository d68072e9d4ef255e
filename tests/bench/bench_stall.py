#!/usr/bin/env python3
"""What /health waits while large files are streamed, on a hot and a slow disk: fsrv-serve beside others.

usage: bench_stall.py FSRV_SERVE PLAIN_HANDLER LOAD SLOWDISK BUILD

30 files of 32 MB are streamed over 6 connections. Meanwhile /health is asked every 5 ms over a connection
kept alive, and every 5 ms over a new one. Times count from the moment when a probe was due, so no stall is
hidden by the probes that were not sent during it; where a server does not answer 200 in a second, they grow
with the length of the run, and "sent p99" has what an answer took since its probe was sent. Each run has a
server of its own; before the streams begin, its idle floor is measured.

hot: the files are in memory. slow: each read of 128 KiB takes 50 ms and nothing is in memory; there a run
ends after some seconds, whether all files came or not. The server has one core, the client and the slow
disk another. BENCH_ROUNDS (3) changes how often all servers run in turn, BENCH_SECONDS the length of a run
on the slow disk (10), of which a hot run takes a fifth or as long as the files need, BENCH_SERVERS which
servers, by parts of their names with commas between them. Without SLOWDISK (an empty word) the slow half is
left out. The exit status is 1 when a request failed or bytes were wrong.
"""

import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import typing

from servers import PATIENCE, known, make_files, pins, start, stop

ROUNDS = int(os.environ.get("BENCH_ROUNDS") or 3)
SECONDS = int(os.environ.get("BENCH_SECONDS") or 10)
CHOSEN = os.environ.get("BENCH_SERVERS", "").split(",")
FILES = 30
STREAMS = 6
DELAY = 50
MOST = 60  # seconds of a hot run


class Run(typing.NamedTuple):
    idle: dict
    busy: dict


class Disk:
    """A folder, and what has to be done before each run on it."""

    def __init__(self, root, slowdisk=None):
        self.root = root
        self.slowdisk = slowdisk

    def times(self):
        return (SECONDS, SECONDS) if self.slowdisk else (max(1, SECONDS // 5), MOST)

    def tell(self, command):
        self.slowdisk.stdin.write(command + "\n")
        self.slowdisk.stdin.flush()
        answer = self.slowdisk.stdout.readline().strip()
        assert answer.startswith("ok"), f"slowdisk: {command}: {answer}"

    def cool(self):
        if self.slowdisk:
            self.tell("forget-all")


def mount(command, backing, cleanup):
    """None when the machine cannot."""
    folder = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="fsrv-slow-"))
    process = subprocess.Popen([*command, str(backing), folder], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, start_new_session=True)
    cleanup.callback(stop, process)
    if process.stdout.readline().strip() != "ready":
        return None
    disk = Disk(pathlib.Path(folder), process)
    disk.tell(f"read-delay {DELAY}")
    return disk


def load(server, command, *arguments):
    done = subprocess.run([*command, *map(str, arguments)], stdout=subprocess.PIPE, text=True,
                          timeout=SECONDS + MOST + PATIENCE, check=False)
    assert done.returncode == 0, f"{server}: failed requests or wrong bytes"
    return json.loads(done.stdout) if done.stdout else None


def measure(servers, name, disk, client, pin, folder):
    least, most = disk.times()
    disk.cool()
    with contextlib.ExitStack() as cleanup:
        running = start(servers[name], pin, disk.root, folder, cleanup)
        if not disk.slowdisk:
            load(name, client, "check", running.port, FILES)
        idle = load(name, client, "stall", running.port, FILES, 0, 1, 1)
        return Run(idle, load(name, client, "stall", running.port, FILES, STREAMS, least, most))


def median(runs, when, series, key):
    return statistics.median(getattr(run, when)[series][key] for run in runs)


def total(runs):
    times = [run.busy["total"] for run in runs]
    return f"{statistics.median(times):.2f}" if min(times) >= 0 else "-"


def columns(runs, series):
    worst = max(run.busy[series]["max"] for run in runs)
    return (f"{median(runs, 'busy', series, 'p50'):11.2f}{median(runs, 'busy', series, 'p99'):9.2f}"
            f"{worst:9.2f}{median(runs, 'busy', series + '_sent', 'p99'):9.2f}")


def report(name, results):
    waits = f"{'p50':>11}{'p99':>9}{'max':>9}{'sent p99':>9}"
    print(f"\n{name + ', ms':24}{'kept alive':>38}{'new connection':>38}{'idle':>17}{'worst':>13}{'all':>10}")
    print(f"{'':24}{waits}{waits}{'p50':>9}{'p99':>8}{'1st byte':>13}{'files, s':>10}{'MB/s':>7}")
    for server, runs in results.items():
        print(f"{server:24}{columns(runs, 'kept')}{columns(runs, 'fresh')}"
              f"{median(runs, 'idle', 'kept', 'p50'):9.2f}{median(runs, 'idle', 'kept', 'p99'):8.2f}"
              f"{statistics.median(run.busy['first_byte'] for run in runs):13.1f}{total(runs):>10}"
              f"{statistics.median(run.busy['rate'] for run in runs):7.0f}")


def summary(name, results):
    own = [server for server in ("fsrv-serve thread", "fsrv-serve epoll") if server in results]

    def p99(server, when="busy", series="kept"):
        return median(results[server], when, series, "p99")
    above = [f"{server} {p99(server) - p99(server, 'idle'):.2f} ms" for server in own]
    if own:
        print(f"{name}: p99 above the idle floor: {', '.join(above)}")
    if own and "MHD one loop" in results:
        plain, sent = p99("MHD one loop"), p99("MHD one loop", series="kept_sent")
        ratios = [f"{server} {plain / p99(server):.1f} "
                  f"({sent / p99(server, series='kept_sent'):.1f} since sent)"
                  for server in own]
        print(f"{name}: p99 of MHD one loop divided by that of {', '.join(ratios)}")


def measure_all(disks, servers, client, pin, folder):
    results = {name: {server: [] for server in servers} for name in disks}
    for name, disk in disks.items():
        for _ in range(ROUNDS):
            for server in servers:
                results[name][server].append(measure(servers, server, disk, client, pin, folder))
    return results


def main(serve, plain, loader, slowdisk, build):
    servers, notes = known(serve, plain)
    servers = {name: server for name, server in servers.items() if any(part in name for part in CHOSEN)}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    server_pin, client_pin = pins()
    with contextlib.ExitStack() as cleanup:
        folder = pathlib.Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="fsrv-bench-")))
        backing = make_files(loader, FILES, cleanup)
        disks = {"hot": Disk(backing)}
        slow = mount([*client_pin, slowdisk], backing, cleanup) if slowdisk else None
        if slow:
            disks["slow"] = slow
        else:
            notes.append("no FUSE here: no slow disk")
        results = measure_all(disks, servers, [*client_pin, loader], server_pin, folder)
        if not all(run.busy["priority"] for runs in results["hot"].values() for run in runs):
            notes.append("probes had no priority over streams on their core, so they waited for those too")
        if not server_pin:
            notes.append("server and client share the cores")
        print(f"{FILES} files of 32 MB over {STREAMS} connections, probes every 5 ms; {ROUNDS} rounds, "
              f"medians, but max is of all; slow: {DELAY} ms for 128 KiB, {SECONDS} s; "
              f"fsrv-serve: {build}; {'; '.join(notes)}")
        for name in disks:
            report(name, results[name])
        print()
        for name in disks:
            summary(name, results[name])
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

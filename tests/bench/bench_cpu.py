#!/usr/bin/env python3
"""Processor time for each request, user and kernel, of fsrv-serve beside other servers.

usage: bench_cpu.py FSRV_SERVE PLAIN_HANDLER PREPARED_HANDLER REPEAT BUILD

BUILD says in words how FSRV_SERVE was built. The server has one core, the client another, and the servers
take turns. The figures are medians of the rounds. Files lie in the folder for temporary files: what a copy
and sendfile(2) cost depends on its file system. BENCH_ROUNDS changes the number of rounds, BENCH_ONLY, a
regular expression, chooses servers. Exits 77 without a second core.
"""

import contextlib
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import typing

from counts import KIB, RANGE, Request, bytes_of, known, make_files, ONLY
from servers import PATIENCE, pins

ROUNDS = int(os.environ.get("BENCH_ROUNDS") or 5)
MILLISECONDS = 1000
TICKS = os.sysconf("SC_CLK_TCK")


class Workload(typing.NamedTuple):
    request: Request
    connections: int


WORKLOADS = (
    Workload(Request("1 KiB", "GET", "/1k.bin", {}, 200, KIB), 16),
    Workload(Request("304", "GET", "/1k.bin", {"If-None-Match": None}, 304, 0), 16),
    Workload(Request("64 KiB of 32 MiB", "GET", "/32m.bin", RANGE, 206, 64 * KIB), 16),
    Workload(Request("512 KiB", "GET", "/512k.bin", {}, 200, 512 * KIB), 16),
    Workload(Request("1 MiB", "GET", "/1m.bin", {}, 200, KIB * KIB), 6),
)


def used_by(process):
    """Seconds of all its threads, those that have ended too: proc_pid_stat(5)."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(running, workload, repeat, pin):
    """Microseconds for each answer, and answers in a second. None: the server does not do what is asked."""
    request = workload.request
    before = used_by(running.process)
    done = subprocess.run([*pin, repeat, str(running.port), str(workload.connections), str(MILLISECONDS),
                           str(request.status)], input=bytes_of(request, running.port), capture_output=True,
                          timeout=PATIENCE, check=False)
    if done.returncode != 0:
        return None
    answers = int(done.stdout)
    return (used_by(running.process) - before) * 1e6 / answers, answers * 1000 / MILLISECONDS


def compare(servers, workload, repeat, pin):
    rounds = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, running in servers.items():
            rounds[name].append(measure(running, workload, repeat, pin))
    print(f"\n{workload.request.name}, {workload.connections} connections")
    for name, values in rounds.items():
        if None in values:
            print(f"  {name:22}another answer")
            continue
        times, rates = zip(*values)
        print(f"  {name:22}{statistics.median(times):8.1f} us ({min(times):.1f} to {max(times):.1f})"
              f"{statistics.median(rates):10,.0f}/s", flush=True)


def main(programs, repeat, build):
    server_pin, client_pin = pins()
    if not server_pin:
        print("no second core for the client, or no taskset(1)")
        return 77
    with contextlib.ExitStack() as cleanup:
        folder = pathlib.Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="fsrv-bench-")))
        make_files(folder / "root")
        chosen, notes = known(programs, folder / "root")
        print(f"{', '.join(notes)}; fsrv-serve and handlers: {build}")
        servers = {}
        for name, start in chosen.items():
            if ONLY.search(name):
                own = folder / name.replace(", ", "-").replace(" ", "-")
                own.mkdir()
                servers[name] = start(cleanup, server_pin, own)
        for workload in WORKLOADS:
            compare(servers, workload, repeat, client_pin)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:4], *sys.argv[4:]))

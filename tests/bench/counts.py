#!/usr/bin/env python3
"""System calls, instructions and allocations for each request: fsrv-serve beside other servers.

usage: counts.py FSRV_SERVE PLAIN_HANDLER PREPARED_HANDLER BUILD check|record RECORD

These numbers do not depend on what else the machine does. System calls of all threads are counted by
strace, for one connection that is kept alive and for 16, which all ask before the first of them reads.
Instructions of the whole process, in user space, are counted by callgrind, and so are the calls of malloc,
calloc, realloc and posix_memalign. Before that each request is made some times, so that all is in memory.

The processor clears and copies large blocks by one instruction, of which callgrind counts each repetition.
glibc.cpu.x86_rep_stosb_threshold and x86_rep_movsb_threshold are set such that the C library uses other
instructions; otherwise the memory of a connection, which libmicrohttpd clears after each request, would be
most of what is counted. The other servers get the same setting. valgrind 3.19 does not know openat2(2), so
that under it fsrv-serve opens files in the way that it has for old kernels.

Servers that are not installed are left out. BENCH_ONLY, a regular expression, chooses servers. record
writes the numbers to a file. check compares those of fsrv-serve with that file, and the exit status is 1 when
a request has become dearer: by more than 3 % of its instructions, or by half a call or allocation.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import typing

from ports import free_port, wait_for_port
from servers import PATIENCE, Server, find, output_of, start, stop

REQUESTS = 60  # that strace sees for each connection
MANY = 16      # connections
SOME, MORE = 40, 240  # that callgrind sees
ONLY = re.compile(os.environ.get("BENCH_ONLY") or "")
KIB = 1024
FILES = {"1k.bin": KIB, "16k.bin": 16 * KIB, "512k.bin": 512 * KIB, "1m.bin": KIB * KIB,
         "32m.bin": 32 * KIB * KIB}
UNCOUNTED_REPETITIONS = {"GLIBC_TUNABLES": "glibc.cpu.x86_rep_stosb_threshold=0x7fffffff:"
                                           "glibc.cpu.x86_rep_movsb_threshold=0x7fffffff:"
                                           "glibc.cpu.x86_non_temporal_threshold=0x7fffffff"}
ALLOCATIONS = ("malloc", "calloc", "realloc", "posix_memalign", "memalign", "aligned_alloc")


class Request(typing.NamedTuple):
    name: str
    method: str
    path: str
    fields: dict
    status: int
    length: int  # of the content that comes; -1: what Content-Length says


RANGE = {"Range": "bytes=1000000-1065535"}
REQUESTS_OF_INTEREST = (
    Request("1 KiB", "GET", "/1k.bin", {}, 200, KIB),
    Request("16 KiB", "GET", "/16k.bin", {}, 200, 16 * KIB),
    Request("512 KiB", "GET", "/512k.bin", {}, 200, 512 * KIB),
    Request("1 MiB", "GET", "/1m.bin", {}, 200, KIB * KIB),
    Request("64 KiB range", "GET", "/32m.bin", RANGE, 206, 64 * KIB),
    Request("304", "GET", "/1k.bin", {"If-None-Match": None}, 304, 0),
    Request("HEAD", "HEAD", "/1k.bin", {}, 200, 0),
    Request("404", "GET", "/none", {}, 404, -1),
)

LIGHTTPD = """
server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
server.max-keep-alive-requests = 1000000000
server.max-keep-alive-idle = 600
mimetype.assign = ( ".bin" => "application/octet-stream" )
"""

H2O = """
num-threads: 1
user: {user}
listen: {{ host: 127.0.0.1, port: {port} }}
hosts: {{ default: {{ paths: {{ "/": {{ file.dir: "{root}" }} }} }} }}
"""

NGINX = "log_not_found off;"
NGINX_CACHE = NGINX + " open_file_cache max=1000 inactive=600s; open_file_cache_valid 600s;"


class Running(typing.NamedTuple):
    process: int
    port: int


class Client:
    """One connection that is kept alive."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray(1 << 20)

    def ask(self, request):
        self.socket.sendall(request)

    def read(self, method="GET"):
        """Status, fields and the length of the content."""
        view = memoryview(self.buffer)
        held = 0
        while (end := self.buffer.find(b"\r\n\r\n", 0, held)) < 0:
            got = self.socket.recv_into(view[held:])
            assert got > 0, "the connection ended"
            held += got
        line, *lines = bytes(view[:end]).decode("latin-1").split("\r\n")
        fields = dict((name.lower(), value) for name, value in (line.split(": ", 1) for line in lines))
        status = int(line.split()[1])
        length = 0 if method == "HEAD" or status == 304 else int(fields.get("content-length", 0))
        left = length - (held - end - 4)
        while left > 0:
            got = self.socket.recv_into(view[:min(left, len(view))])
            assert got > 0, "the connection ended"
            left -= got
        return status, fields, length


def bytes_of(request, port):
    """What is sent; a field without a value gets the server's own entity tag."""
    fields = dict(request.fields)
    if "If-None-Match" in fields:
        client = Client(port)
        client.ask(f"GET {request.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        fields["If-None-Match"] = client.read()[1].get("etag", '"none"')
        client.socket.close()
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{request.method} {request.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}\r\n".encode()


def check(request, answer):
    status, _, length = answer
    return status == request.status and length == (length if request.length < 0 else request.length)


def repeat(clients, request, sent, times):
    for _ in range(times):
        for client in clients:
            client.ask(sent)
        for client in clients:
            assert check(request, client.read(request.method)), f"another answer to {request.name}"


def count_calls(process, clients, request, sent, output):
    trace = subprocess.Popen([find("strace"), "-f", "-o", output, "-p", str(process)],
                             stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    line = trace.stderr.readline()
    assert "attached" in line, f"strace: {line}"
    # All threads are attached when the first line is there; each begins with the end of its call.
    repeat(clients, request, sent, REQUESTS)
    trace.send_signal(signal.SIGINT)
    trace.stderr.close()
    trace.wait(PATIENCE)
    lines = pathlib.Path(output).read_text(encoding="ascii", errors="replace")
    return len(re.findall(r"^\d+ +[a-z_0-9]+\(", lines, re.M)) / (REQUESTS * len(clients))


def count_calls_of_all(server, folder, cleanup):
    """For each request the calls with one connection and with many."""
    counts = {}
    running = server(cleanup, [], folder)
    for request in REQUESTS_OF_INTEREST:
        sent = bytes_of(request, running.port)
        clients = [Client(running.port) for _ in range(MANY)]
        try:
            repeat(clients, request, sent, 3)
            counts[request.name] = tuple(
                count_calls(running.process, clients[:n], request, sent, folder / "trace")
                for n in (1, MANY))
        except AssertionError as error:
            print(f"  {request.name}: {error}", file=sys.stderr)
        for client in clients:
            client.socket.close()
    return counts


def read_profile(path):
    """Instructions and allocations of one profile of callgrind."""
    names, instructions, allocations, called = {}, 0, 0, ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := re.match(r"(c?)fn=\((\d+)\)(?: (.*))?", line):
            name = names.setdefault(match[2], match[3] or "")
            called = name if match[1] else called
        elif match := re.match(r"calls=(\d+)", line):
            allocations += int(match[1]) if re.sub(r"'\d+$", "", called) in ALLOCATIONS else 0
        elif match := re.match(r"(?:summary|totals): (\d+)", line):
            instructions = int(match[1])
    return instructions, allocations


def control(option, process):
    subprocess.run([find("callgrind_control"), option, str(process)], check=True, capture_output=True,
                   timeout=PATIENCE)


def profile(process, folder, repeat_request):
    """The profile of some requests. Threads do not run while callgrind is told something, so that the end of
    the last answer may be missing; hence the difference of two runs is taken."""
    totals = []
    for times in (SOME, MORE):
        for path in folder.glob("profile*"):
            path.unlink()
        control("--zero", process)
        repeat_request(times)
        time.sleep(0.05)
        control("--dump", process)
        totals.append([sum(column) for column in zip(*map(read_profile, folder.glob("profile.*.*")))])
    return [(more - some) / (MORE - SOME) for some, more in zip(*totals)]


def count_instructions_of_all(server, folder, cleanup):
    """For each request the instructions and the allocations."""
    counts = {}
    wrapper = [find("valgrind"), "-q", "--log-file=/dev/null", "--tool=callgrind",
               f"--callgrind-out-file={folder}/profile.%p"]
    running = server(cleanup, wrapper, folder)
    for request in REQUESTS_OF_INTEREST:
        sent = bytes_of(request, running.port)
        client = Client(running.port)
        try:
            repeat([client], request, sent, 20)
            counts[request.name] = profile(running.process, folder, lambda times, client=client,
                                           request=request, sent=sent: repeat([client], request, sent, times))
        except AssertionError as error:
            print(f"  {request.name}: {error}", file=sys.stderr)
        client.socket.close()
    return counts


def configured(command, template, root):
    """A server that reads a configuration and stays in the foreground."""
    def run(cleanup, wrapper, folder):
        port = free_port()
        config = folder / "server.conf"
        user = "root" if os.geteuid() == 0 else os.environ.get("USER", "nobody")
        config.write_text(template.format(root=root, port=port, user=user), encoding="utf-8")
        process = subprocess.Popen([*wrapper, *command, str(config)], start_new_session=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cleanup.callback(stop, process)
        wait_for_port(process, port, PATIENCE)
        return Running(process.pid, port)
    return run


def shared(server, root):
    """A server as the other benchmarks start it."""
    def run(cleanup, wrapper, folder):
        running = start(server, wrapper, root, folder, cleanup)
        return Running(running.group, running.port)
    return run


def known(programs, root):
    serve, plain, prepared = programs
    servers, notes = {}, []
    nginx, lighttpd, h2o = find("nginx"), find("lighttpd"), find("h2o")
    if nginx:
        # One process: the master has nothing to do with requests.
        command = [nginx, "-g", "master_process off;"]
        servers["nginx, cache"] = shared(Server(command, NGINX_CACHE), root)
        servers["nginx"] = shared(Server(command, NGINX), root)
        notes.append(re.search(r"nginx/\S+", output_of(nginx, "-v"))[0])
    if lighttpd:
        servers["lighttpd"] = configured([lighttpd, "-D", "-f"], LIGHTTPD, root)
        notes.append(re.search(r"lighttpd/\S+", output_of(lighttpd, "-v"))[0])
    if h2o:
        servers["h2o"] = configured([h2o, "-c"], H2O, root)
        notes.append("h2o " + re.search(r"version (\S+)", output_of(h2o, "-v"))[1])
    for mode in ("epoll", "thread"):
        servers[f"prepared, {mode}"] = shared(Server([prepared, mode]), root)
    servers["open and send, epoll"] = shared(Server([plain, "epoll"]), root)
    for mode in ("epoll", "thread"):
        servers[f"fsrv, {mode}"] = shared(Server([serve, "--quiet", "--mode", mode]), root)
    for name, found in (("nginx", nginx), ("lighttpd", lighttpd), ("h2o", h2o)):
        if not found:
            notes.append(f"{name} is not installed")
    return servers, notes


def print_table(title, counts, form):
    print(f"\n{title}\n{'':22}" + "".join(f"{request.name:>14}" for request in REQUESTS_OF_INTEREST))
    for server, row in counts.items():
        cells = (form(row[request.name]) if request.name in row else "-" for request in REQUESTS_OF_INTEREST)
        print(f"{server:22}" + "".join(f"{cell:>14}" for cell in cells))


def find_dearer(counts, recorded):
    """What a request of fsrv-serve costs more than was recorded."""
    for kind, place, what, factor, more in (("calls", 0, "system calls", 1, 0.5),
                                            ("profile", 0, "instructions", 1.03, 0),
                                            ("profile", 1, "allocations", 1, 0.5)):
        for server, row in counts.get(kind, {}).items():
            for request, pair in row.items():
                before = recorded.get(kind, {}).get(server, {}).get(request)
                if server.startswith("fsrv") and before and pair[place] > before[place] * factor + more:
                    yield f"{server}, {request}: {pair[place]:,.1f} {what}, {before[place]:,.1f} recorded"


def read_record(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def count_again(counts, servers):
    """Instructions of fsrv-serve, once more. Where two threads take part they differ from run to run, so the
    lower ones count: what has become dearer is so each time."""
    own = {name: server for name, server in servers.items() if name.startswith("fsrv")}
    for server, row in measure(own, count_instructions_of_all).items():
        counts["profile"][server] = {request: min(pair, row.get(request, pair))
                                     for request, pair in counts["profile"][server].items()}


def keep_or_check(counts, notes, task, path):
    if task == "record":
        rounded = {kind: {server: {request: [round(value, 2) for value in pair]
                                   for request, pair in row.items()}
                          for server, row in table.items()}
                   for kind, table in counts.items()}
        path.write_text(json.dumps({"notes": notes, **rounded}, indent=1) + "\n", encoding="utf-8")
        return 0
    dearer = list(find_dearer(counts, read_record(path)))
    print("\n" + ("\n".join(dearer) or "no request is dearer than recorded"))
    return 1 if dearer else 0


def measure_one(name, server, count):
    """None when the server does not do what it is to do."""
    with contextlib.ExitStack() as cleanup:
        folder = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="fsrv-bench-"))
        try:
            return count(server, pathlib.Path(folder), cleanup)
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            print(f"{name}: {error}", file=sys.stderr)
    return None


def measure(servers, count):
    """Several at once: what is counted does not depend on what else the machine does."""
    chosen = {name: server for name, server in servers.items() if ONLY.search(name)}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = pool.map(measure_one, chosen.keys(), chosen.values(), [count] * len(chosen))
        return {name: row for name, row in zip(chosen, rows) if row is not None}


def make_files(root):
    root.mkdir()
    for name, size in FILES.items():
        (root / name).write_bytes(bytes(range(256)) * (size // 256))
        os.utime(root / name, (time.time() - 3600,) * 2)
    time.sleep(2.1)  # a file that changed a moment ago is not kept in memory


def main(programs, build, task, record):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ.update(UNCOUNTED_REPETITIONS)
    counts = {}
    with tempfile.TemporaryDirectory(prefix="fsrv-bench-") as name:
        root = pathlib.Path(name) / "root"
        make_files(root)
        servers, notes = known(programs, root)
        print(f"{', '.join(notes)}; fsrv-serve and handlers: {build}")
        if find("strace"):
            counts["calls"] = measure(servers, count_calls_of_all)
            print_table(f"system calls for each request, 1 connection / {MANY}", counts["calls"],
                        lambda pair: f"{pair[0]:.1f} / {pair[1]:.1f}")
        if find("valgrind"):
            counts["profile"] = measure(servers, count_instructions_of_all)
            if task == "check" and any(find_dearer(counts, read_record(record))):
                count_again(counts, servers)
            print_table("instructions for each request", counts["profile"], lambda pair: f"{pair[0]:,.0f}")
            print_table("allocations for each request", counts["profile"], lambda pair: f"{pair[1]:.1f}")
    return keep_or_check(counts, notes, task, pathlib.Path(record)) if counts else 77


if __name__ == "__main__":
    if len(sys.argv) != 7 or sys.argv[5] not in ("check", "record"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:4], *sys.argv[4:]))

#!/usr/bin/env python3
"""Requests per second of a page with two scripts put in: fsrv-serve beside nginx with sub_filter.

usage: bench_pages.py FSRV_SERVE BUILD

BUILD says in words how FSRV_SERVE was built. The same page without scripts is measured too. Rounds
are interleaved; the servers share one core, wrk has another. Everything stays on the loopback
interface. Exits 77 without nginx, wrk, taskset or a second core, 1 when a server sends wrong bytes.
BENCH_ROUNDS and BENCH_SECONDS change how many rounds there are and how long each is. On a machine with
other work look at the processor time for each request rather than at the requests in a second.
"""

import contextlib
import os
import pathlib
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import typing
import urllib.request

from servers import PATIENCE, find, start_nginx, stop

PAGE_SIZE = 200_000
ROUNDS = int(os.environ.get("BENCH_ROUNDS") or 5)
SECONDS = int(os.environ.get("BENCH_SECONDS") or 3)
# No dollar sign and no single quote: nginx would read them.
HEAD_SCRIPT = 'window.__runtime = { name: "bench", version: "1.0", started: performance.now() };' * 4
BODY_SCRIPT = 'document.documentElement.dataset.ready = String(document.body.childElementCount);' * 4
FILTERS = f"""
            sub_filter '<head>' '<head><script>{HEAD_SCRIPT}</script>';
            sub_filter '</body>' '<script>{BODY_SCRIPT}</script></body>';"""

# With sendfile a page with filters leaves in some thirty small writes, and each answer waits some 40 ms
# for an acknowledgement of its last packet. One buffer for the whole page is the fastest of the ways that
# nginx has, so both are measured.
NGINX = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=100 inactive=600s;
    open_file_cache_valid 600s;
    keepalive_requests 1000000000;
    default_type text/html;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        sub_filter_once on;
        location /plain/ {{ alias {folder}/site/; }}
        location /sendfile/ {{ alias {folder}/site/; {filters} }}
        location /buffer/ {{ alias {folder}/site/; {filters} sendfile off; output_buffers 1 512k; }}
    }}
}}
"""


class Server(typing.NamedTuple):
    group: int
    url: str
    content: bytes


class Round(typing.NamedTuple):
    rate: float  # requests in a second
    cost: float  # microseconds of the server's processor time for each request


def make_page():
    """The same bytes each time: about one tag in 40 bytes, some scripts, a style sheet, comments."""
    dice = random.Random(200)
    words = ("frame range byte seek clip tag server page cache length offset player title layer scene "
             "track").split()

    def text(count):
        return " ".join(dice.choice(words) for _ in range(count))

    def paragraph():
        return (f"<p class=\"{dice.choice(words)}\">{text(9)} "
                f"<a href=\"/{dice.choice(words)}?n={dice.randrange(999)}"
                f"&amp;m=1\">{text(2)}</a> {text(6)} <em>{text(1)}</em>, {text(5)}.</p>\n")

    def figure():
        return (f"<figure id=\"f{dice.randrange(9999)}\">"
                f"<img src=\"{dice.choice(words)}.png\" alt=\"{text(3)}\">"
                f"<figcaption>{text(6)}</figcaption></figure>\n")

    def table():
        rows = (f"<tr><td>{text(1)}</td><td>{dice.randrange(9999)}</td></tr>\n" for _ in range(6))
        return "<table>\n" + "".join(rows) + "</table>\n"

    def script():
        return f"<script>if ({dice.randrange(99)} < window.n) {{ note(\"<b>{text(4)}</b>\"); }}</script>\n"

    parts = ["<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
             f"<title>{text(4)}</title>\n<style>\n",
             *(f".{word} > p {{ margin: {i}px; color: #{i:03x}; }}\n" for i, word in enumerate(words)),
             "</style>\n", script(), "</head>\n<body>\n"]
    size = sum(map(len, parts))
    while size < PAGE_SIZE:
        make = dice.choices((paragraph, figure, table, script), (60, 15, 5, 5))[0]
        parts.append(f"<!-- {text(3)} -->\n<section>\n{make()}{paragraph()}</section>\n")
        size += len(parts[-1])
    return "".join([*parts, "</body>\n</html>\n"]).encode()


def find_programs():
    programs = {name: find(name) for name in ("nginx", "wrk", "taskset")}
    for name, found in programs.items():
        if not found:
            print(f"skipped: {name} is not installed")
            return None
    return programs


def start_fsrv(command, cleanup):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    cleanup.callback(stop, process)
    url = process.stdout.readline().strip()
    assert url, "fsrv-serve did not start"
    return process.pid, url


def version_of(nginx):
    return re.search(r"nginx/\S+",
                     subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True).stderr)[0]


def check_bytes(name, server):
    with urllib.request.urlopen(server.url, timeout=PATIENCE) as response:
        got = response.read()
    assert got == server.content, f"{name}: {len(got)} bytes instead of the right {len(server.content)}"


def processor_time(group):
    """Seconds, of all processes of a group."""
    ticks = 0
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[2]) == group:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(command, server, seconds):
    before = processor_time(server.group)
    output = subprocess.run([*command, f"-d{seconds}s", server.url], check=True, capture_output=True,
                            text=True, timeout=seconds + PATIENCE).stdout
    used = processor_time(server.group) - before
    assert "Socket errors" not in output and "Non-2xx" not in output, f"wrk: {output}"
    requests = int(re.search(r"(\d+) requests in", output)[1])
    return Round(float(re.search(r"Requests/sec:\s*([\d.]+)", output)[1]), used / requests * 1e6)


def report(rounds, servers):
    print(f"{'':30}{'requests/s':>11}{'min':>8}{'max':>8}{'MB/s':>7}{'CPU us/request':>16}")
    for name, results in rounds.items():
        rates = [result.rate for result in results]
        median, cost = statistics.median(rates), statistics.median(result.cost for result in results)
        megabytes = median * len(servers[name].content) / 1e6
        print(f"{name:30}{median:11.0f}{min(rates):8.0f}{max(rates):8.0f}{megabytes:7.0f}{cost:16.0f}")
    first, *others = rounds
    for name in others:
        pairs = list(zip(rounds[first], rounds[name]))
        faster = statistics.median(a.rate / b.rate for a, b in pairs)
        cheaper = statistics.median(b.cost / a.cost for a, b in pairs)
        print(f"{first} : {name}: {faster:.2f} times the requests, "
              f"{cheaper:.2f} times as many in the same CPU time")


def write_site(folder, page):
    site = folder / "site"
    site.mkdir()
    (site / "index.html").write_bytes(page)
    (folder / "head.js").write_text(HEAD_SCRIPT, encoding="utf-8")
    (folder / "body.js").write_text(BODY_SCRIPT, encoding="utf-8")
    # A page that has just been written is not kept in memory, because it may change again.
    os.utime(site / "index.html", (time.time() - 3600,) * 2)
    return site


def main(serve, build):
    programs = find_programs()
    cores = sorted(os.sched_getaffinity(0))
    if programs and len(cores) < 2:
        print("skipped: needs two cores")
    if not programs or len(cores) < 2:
        return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    on_core = [[programs["taskset"], "-c", str(core)] for core in cores[:2]]
    with contextlib.ExitStack() as cleanup:
        folder = pathlib.Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="fsrv-bench-")))
        page = make_page()
        wanted = page.replace(b"<head>", b"<head><script>%s</script>" % HEAD_SCRIPT.encode()).replace(
            b"</body>", b"<script>%s</script></body>" % BODY_SCRIPT.encode())
        site = write_site(folder, page)
        fsrv = [*on_core[0], serve, "--quiet", "--mode", "epoll", str(site)]
        scripts = ["--pre-head-script", str(folder / "head.js"), "--body-script", str(folder / "body.js")]
        nginx, port = start_nginx([*on_core[0], programs["nginx"]], NGINX, folder, cleanup, filters=FILTERS)
        base = f"http://127.0.0.1:{port}/"
        servers = {
            "fsrv-serve, scripts": Server(*start_fsrv([*fsrv, *scripts], cleanup), wanted),
            "nginx, sub_filter": Server(nginx, base + "buffer/index.html", wanted),
            "nginx, sub_filter, sendfile": Server(nginx, base + "sendfile/index.html", wanted),
            "nginx, page as it is": Server(nginx, base + "plain/index.html", page),
            "fsrv-serve, page as it is": Server(*start_fsrv(fsrv, cleanup), page),
        }
        for name, server in servers.items():
            check_bytes(name, server)
        print(f"a page of {len(page)} bytes, {len(wanted) - len(page)} put in at two places, all bytes "
              f"right; {ROUNDS} rounds of {SECONDS} s, 16 connections, medians; "
              f"{version_of(programs['nginx'])}; fsrv-serve: {build}")
        wrk = [*on_core[1], programs["wrk"], "-t1", "-c16"]
        for server in servers.values():
            measure(wrk, server, 1)
        rounds = {name: [] for name in servers}
        for _ in range(ROUNDS):
            for name, server in servers.items():
                rounds[name].append(measure(wrk, server, SECONDS))
        report(rounds, servers)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

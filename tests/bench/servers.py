"""The servers that benchmarks put side by side, each started on a folder and pinned to a core."""

import atexit
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import typing

from ports import free_port, wait_for_port

PATIENCE = 20
HERE = pathlib.Path(__file__).resolve().parent

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
    {more}
    keepalive_requests 1000000000;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ root {root}; }}
        location = /health {{ return 200 "ok\\n"; }}
    }}
}}
"""


class Running(typing.NamedTuple):
    group: int
    port: int


class Server(typing.NamedTuple):
    command: list  # the folder to serve is its last argument, unless it is nginx
    nginx: typing.Optional[str] = None  # further lines of its configuration


def find(program):
    return shutil.which(program, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")


def stop(process):
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    # What is left of its group, such as a worker that lost its master.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def start_nginx(command, template, folder, cleanup, **fields):
    """The template of its configuration is filled in with folder, port, user and the fields."""
    port = free_port()
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(template.format(folder=folder, port=port, user=user, **fields), encoding="utf-8")
    process = subprocess.Popen([*command, "-e", "stderr", "-p", str(folder), "-c", str(config)],
                               start_new_session=True)
    cleanup.callback(stop, process)
    wait_for_port(process, port, PATIENCE)
    return Running(process.pid, port)


def start(server, pin, root, folder, cleanup):
    if server.nginx is not None:
        return start_nginx([*pin, *server.command], NGINX, folder, cleanup, root=root, more=server.nginx)
    process = subprocess.Popen([*pin, *server.command, str(root)], stdout=subprocess.PIPE, text=True,
                               start_new_session=True)
    cleanup.callback(stop, process)
    url = process.stdout.readline().strip()
    assert url, f"{server.command} did not start"
    return Running(process.pid, int(re.search(r":(\d+)/", url)[1]))


def output_of(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return done.stdout.strip()


def build_go_server(go):
    """The program, which is removed when this one ends."""
    folder = tempfile.TemporaryDirectory(prefix="fsrv-bench-go-")
    atexit.register(folder.cleanup)
    program = os.path.join(folder.name, "go_server")
    subprocess.run([go, "build", "-o", program, str(HERE / "go_server.go")], check=True,
                   env={**os.environ, "GO111MODULE": "off", "GOCACHE": folder.name})
    return program


def known(serve, plain):
    """The servers that this machine has, by name; and their versions, and which it has not."""
    here = str(HERE / "node_server.js")
    servers = {f"fsrv-serve {mode}": Server([serve, "--quiet", "--mode", mode])
               for mode in ("thread", "epoll", "pool")}
    servers["MHD one loop"] = Server([plain, "epoll"])
    servers["MHD thread each"] = Server([plain, "thread"])
    notes = []
    nginx, node, go = find("nginx"), find("node"), find("go")
    if nginx:
        about = output_of(nginx, "-V")
        servers["nginx"] = Server([nginx], "tcp_nopush on;")
        servers["nginx chunk 512k"] = Server([nginx], "tcp_nopush on; sendfile_max_chunk 512k;")
        if "--with-threads" in about:
            servers["nginx aio threads"] = Server([nginx], "tcp_nopush on; aio threads;")
        else:
            notes.append("this nginx was built without threads: no row with aio threads")
        notes.append(re.search(r"nginx/\S+", about)[0])
    else:
        notes.append("nginx is not installed: no rows of it")
    if node:
        servers["node readFileSync"] = Server([node, here, "sync"])
        servers["node createReadStream"] = Server([node, here, "stream"])
        notes.append(f"node {output_of(node, '--version')}")
    else:
        notes.append("node is not installed: no rows of it")
    if go:
        servers["go FileServer"] = Server([build_go_server(go)])
        notes.append(output_of(go, "version"))
    else:
        notes.append("go is not installed: no row of it")
    return servers, notes


def pins():
    """What runs a command on the first core, and on the second; nothing where that cannot be."""
    cores, taskset = sorted(os.sched_getaffinity(0)), find("taskset")
    if len(cores) < 2 or not taskset:
        return [], []
    return tuple([taskset, "-c", str(core)] for core in cores[:2])


def make_files(load, count, cleanup):
    """Files whose bytes are in memory: in a file system that has nothing else, where there is room."""
    need = count * (32 << 20) * 1.3
    room = os.statvfs("/dev/shm") if os.path.isdir("/dev/shm") else None
    base = "/dev/shm" if room and room.f_bavail * room.f_frsize > need else None
    folder = pathlib.Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="fsrv-bench-", dir=base)))
    subprocess.run([load, "files", str(folder), str(count)], check=True)
    # A file that has just been written is not kept in memory, because it may change again.
    for path in folder.iterdir():
        os.utime(path, (time.time() - 3600,) * 2)
    return folder

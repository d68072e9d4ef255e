"""ffmpeg reads files from fsrv-serve while they are written: test_follow.py FSRV_SERVE"""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial

from server import PATIENCE, Server, ask
from tap import equal, run, skip_all

MODES = ('thread', 'epoll', 'pool')
# Long enough for a writer on a busy machine.
QUIET = 6
SLICES = 12
FORMATS = {
    'live.ts': ['-c:v', 'mpeg2video', '-f', 'mpegts'],
    'live.mkv': ['-c:v', 'mpeg4', '-f', 'matroska'],
    'live.mp4': ['-c:v', 'mpeg4', '-g', '5', '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4'],
}


def ffmpeg(*arguments):
    return subprocess.run(['ffmpeg', '-v', 'error', '-nostdin', *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=4 * PATIENCE, check=True).stdout


def encode(folder):
    """Two seconds of a test picture in each format."""
    clips = {}
    for name, options in FORMATS.items():
        path = os.path.join(folder, name)
        ffmpeg('-f', 'lavfi', '-i', 'testsrc=duration=2:size=320x240:rate=25', *options, path)
        with open(path, 'rb') as file:
            clips[name] = file.read()
    return clips


def packets_of(source):
    """One line for each packet, with its time and a checksum."""
    return ffmpeg('-i', source, '-c', 'copy', '-f', 'framecrc', '-')


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f'no {what} in time')
        time.sleep(0.01)


def begin(folder, clips):
    """Leaves the first slice of each."""
    for name, content in clips.items():
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(content[:len(content) // SLICES])


def append(folder, clips):
    for i in range(1, SLICES):
        for name, content in clips.items():
            with open(os.path.join(folder, name), 'ab') as file:
                file.write(content[len(content) * i // SLICES:len(content) * (i + 1) // SLICES])
        time.sleep(0.05)


def serve(serve_program, mode, folder, *options):
    return Server([serve_program, '--mode', mode, *options, folder])


def reads_all(serve_program, mode, clips, whole):
    with tempfile.TemporaryDirectory() as folder:
        results = {}

        def read(name):
            results[name] = packets_of(server.url + name)

        begin(folder, clips)
        options = ('--follow', 'live.*', '--follow-seconds', str(QUIET))
        with serve(serve_program, mode, folder, *options) as server:
            readers = [threading.Thread(target=read, args=(name,)) for name in clips]
            for reader in readers:
                reader.start()
            # Nobody has more than the first slice yet.
            wait_for(lambda: all(any(f'GET /{name} 0-' in line for line in server.errors) for name in clips),
                     'request')
            append(folder, clips)
            for reader in readers:
                reader.join()
            for name in clips:
                equal(results.get(name), whole[name], f'packets of {name}')


def gets_what_is_there(serve_program, mode, clips):
    with tempfile.TemporaryDirectory() as folder:
        begin(folder, clips)
        with serve(serve_program, mode, folder) as server:
            connection = server.connect()
            for name, content in clips.items():
                status, fields, received = ask(connection, f'/{name}')
                equal(status, 200, f'status of {name}')
                equal(int(fields['Content-Length']), len(content) // SLICES, f'length of {name}')
                equal(received, content[:len(content) // SLICES], f'content of {name}')


def main(serve_program):
    if shutil.which('ffmpeg') is None:
        skip_all('ffmpeg is not installed')
    with tempfile.TemporaryDirectory() as folder:
        clips = encode(folder)
        whole = {name: packets_of(os.path.join(folder, name)) for name in clips}
        run([case for mode in MODES for case in (
            (f'{mode}: ffmpeg gets every packet of a file that is being written',
             partial(reads_all, serve_program, mode, clips, whole)),
            (f'{mode}: without --follow a client gets what is there',
             partial(gets_what_is_there, serve_program, mode, clips)))])


main(sys.argv[1])

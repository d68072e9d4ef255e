"""A folder on a disk that is slow or hangs on command; tests/support/slowdisk.c says how."""
import os
import subprocess
import tempfile

from server import PATIENCE
from tap import equal, skip_all


class SlowDisk:
    """with SlowDisk(program, folder) as disk: ... shows the folder at disk.path."""

    def __init__(self, program, folder):
        self.place = tempfile.TemporaryDirectory()
        self.path = self.place.name
        self.process = subprocess.Popen([program, folder, self.path], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.is_ready = self.process.stdout.readline() == 'ready\n'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.place.cleanup()

    def tell(self, command):
        self.process.stdin.write(command + '\n')
        self.process.stdin.flush()
        equal(self.process.stdout.readline().split()[:1], ['ok'], command)


def skip_without(program, folder):
    if not program or not os.access('/dev/fuse', os.R_OK | os.W_OK):
        skip_all('no FUSE')
    try:
        with SlowDisk(program, folder) as disk:
            is_ready = disk.is_ready
    except OSError:  # Without /etc/mtab fusermount3 unmounts for root alone.
        is_ready = False
    if not is_ready:
        skip_all('no FUSE file system can be mounted and unmounted')

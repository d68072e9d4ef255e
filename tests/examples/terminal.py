"""A program that runs on a terminal of its own."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from server import PATIENCE


class Terminal:
    """with Terminal(command) as terminal: the standard files of the program are a terminal of 100 x 24."""

    def __init__(self, command, environment=(), columns=100, rows=24):
        self.master, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
        environment = {'PATH': os.environ['PATH'], 'TERM': 'xterm-256color', **dict(environment)}
        self.process = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, env=environment)
        os.close(side)
        self.output = ''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def _read(self, patience):
        if not select.select([self.master], [], [], patience)[0]:
            return False
        try:
            block = os.read(self.master, 1 << 16)
        except OSError:  # the program has ended
            return False
        self.output += block.decode(errors='replace').replace('\r\n', '\n')
        return block != b''

    def expect(self, condition, what):
        """Reads until condition(all output so far) is true; returns its value."""
        deadline = time.monotonic() + PATIENCE
        while not (value := condition(self.output)):
            if time.monotonic() > deadline or self.process.poll() is not None and not self._read(0):
                raise AssertionError(f'{what}: not in {self.output!r}')
            self._read(0.1)
        return value

    def end(self):
        """Ends the program as Ctrl-C does; returns all that it wrote."""
        self.process.send_signal(signal.SIGINT)
        while self._read(0.1) or self.process.poll() is None:
            pass
        while self._read(0):  # what it wrote at the very end
            pass
        if self.process.returncode != 0:
            raise AssertionError(f'exit status {self.process.returncode}: {self.output!r}')
        return self.output

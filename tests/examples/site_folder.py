"""The folder that the programs under test serve."""
import os

PAGE = b'<!DOCTYPE html><title>page</title>\n'
CLIP = bytes(range(256)) * 8192  # 2 MiB: a body of its own each time, never one from memory
HUGE = 32 << 20  # more than sockets buffer


def make_site(folder):
    os.mkdir(os.path.join(folder, 'sub'))
    for name, content in (('index.html', PAGE), ('clip.mp4', CLIP), ('sub/notes.txt', b'notes\n')):
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(content)
    with open(os.path.join(folder, 'huge.bin'), 'wb') as file:
        file.truncate(HUGE)
    # A tag is weak while the file is young, and If-Range needs a strong one.
    for name in ('index.html', 'clip.mp4', 'sub/notes.txt', 'huge.bin'):
        os.utime(os.path.join(folder, name), (1_600_000_000, 1_600_000_000))

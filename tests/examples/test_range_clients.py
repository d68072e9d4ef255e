"""Clients that ask fsrv-serve for several ranges at once: test_range_clients.py FSRV_SERVE"""
import hashlib
import http.client
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial

from server import PATIENCE, Server, ask
from site_folder import CLIP, make_site
from tap import Skip, equal, run

MODES = ('thread', 'epoll', 'pool')
BLOCK = 2048
N_BLOCKS = 1500
MANY = 256  # ranges that a client asks for at first


def make_versions(folder):
    """A new version on the server, and an old one that lacks every few blocks and has others elsewhere."""
    chance = random.Random(1)
    blocks = [chance.randbytes(BLOCK) for _ in range(N_BLOCKS)]
    with open(os.path.join(folder, 'image'), 'wb') as file:
        file.write(b''.join(blocks) + b'the end')
    old = [block for block in blocks if chance.random() < 0.8]
    chance.shuffle(old)
    return b''.join(blocks) + b'the end', old


def missing_runs(new, old):
    """First and last positions of what a client lacks, which knows the hash of each block."""
    known = {hashlib.md5(block).digest() for block in old}
    runs = []
    for start in range(0, len(new), BLOCK):
        block = new[start:start + BLOCK]
        if hashlib.md5(block).digest() in known:
            continue
        if runs and runs[-1][1] == start - 1:
            runs[-1][1] = start + len(block) - 1
        else:
            runs.append([start, start + len(block) - 1])
    return runs


def boundary_of(fields):
    match = re.fullmatch(r'multipart/byteranges; boundary=([0-9A-Za-z-]+)', fields['Content-Type'])
    if not match:
        raise AssertionError(f'Content-Type is {fields["Content-Type"]!r}')
    return match[1].encode()


def positions(head, size):
    match = re.search(rb'^Content-Range: bytes (\d+)-(\d+)/(\d+)\r?$', head, re.MULTILINE)
    equal(int(match[3]), size, 'the size in Content-Range')
    return int(match[1]), int(match[2])


def parts_by_length(fields, content, size):
    """As zsync reads: a line is skipped before each boundary, then a head tells how many bytes follow."""
    delimiter = b'\r\n--' + boundary_of(fields)
    at = 0
    while True:
        equal(content[at:at + len(delimiter)], delimiter, f'at {at}')
        at += len(delimiter)
        if content[at:] == b'--\r\n':
            return
        end = content.index(b'\r\n\r\n', at)
        first, last = positions(content[at:end], size)
        at = end + 4 + last - first + 1
        yield first, content[end + 4:at]


def parts_by_boundary(fields, content, size):
    """As zchunk reads: parts lie between boundaries."""
    first_part, *parts, end = content.split(b'\r\n--' + boundary_of(fields))
    equal((first_part, end), (b'', b'--\r\n'), 'before and behind the parts')
    for part in parts:
        head, _, body = part.partition(b'\r\n\r\n')
        first, last = positions(head, size)
        equal(len(body), last - first + 1, f'length of the part from {first}')
        yield first, body


def take_answer(status, fields, content, size, parts):
    """The pieces of one answer: parts, one range, or everything."""
    if status == 200:
        return [(0, content)]
    equal(status, 206, 'status')
    if 'Content-Range' in fields:
        return [(positions(b'Content-Range: ' + fields['Content-Range'].encode(), size)[0], content)]
    return list(parts(fields, content, size))


def fetch(connection, path, runs, most, parts, size):
    """Fetches runs, with fewer ranges at once when the server sends everything. Returns the pieces and how
    many ranges were asked for at once in the end."""
    pieces, done = [], 0
    while done < len(runs):
        ranges = ','.join(f'{first}-{last}' for first, last in runs[done:done + most])
        connection.request('GET', path, headers={'Range': f'bytes={ranges}'})
        response = connection.getresponse()
        if response.status == 200 and most > 1:
            connection.close()
            most //= 2
            continue
        content = response.read()
        equal(int(response.headers['Content-Length']), len(content), 'Content-Length')
        pieces += take_answer(response.status, response.headers, content, size, parts)
        done += most
    return pieces, most


def updates_a_file(command, folder, wanted_most, parts):
    """Builds the new version from the blocks of an old one and the ranges that are fetched."""
    new, old = make_versions(folder)
    runs = missing_runs(new, old)
    built = bytearray(len(new))
    at = {hashlib.md5(new[start:start + BLOCK]).digest(): start for start in range(0, len(new), BLOCK)}
    for block in old:
        start = at[hashlib.md5(block).digest()]
        built[start:start + BLOCK] = block
    with Server([*command, folder]) as server:
        connection = server.connect()
        pieces, most = fetch(connection, '/image', runs, MANY, parts, len(new))
        connection.close()
    for start, piece in pieces:
        built[start:start + len(piece)] = piece
    equal(hashlib.md5(built).hexdigest(), hashlib.md5(new).hexdigest(), 'the new version')
    equal(most, wanted_most, 'ranges at once')
    if wanted_most > 1 and sum(len(piece) for _, piece in pieces) > len(new) // 2:
        raise AssertionError('most of the file was fetched')


def program(name):
    return shutil.which(name) or skip(name)


def skip(name):
    raise Skip(f'no {name}')


def run_in(folder, *command):
    subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                   check=True)


def updates_by_zsync(command, folder, place):
    """The program itself, which ends in an error when it is sent the whole file."""
    run_in(folder, program('zsyncmake'), '-u', 'image', '-o', 'image.zsync', 'image')
    with Server([*command, folder]) as server:
        run_in(place, program('zsync'), '-s', '-i', 'old', f'{server.url}image.zsync')


def updates_by_zchunk(command, folder, place):
    run_in(folder, program('zck'), '-o', 'image.zck', 'image')
    run_in(place, program('zck'), '-o', 'old.zck', 'old')
    with Server([*command, folder]) as server:
        run_in(place, program('zckdl'), '-s', 'old.zck', f'{server.url}image.zck')
    run_in(place, program('unzck'), 'image.zck')


def updates_by_a_program(update, command, folder):
    new, old = make_versions(folder)
    with tempfile.TemporaryDirectory() as place:
        with open(os.path.join(place, 'old'), 'wb') as file:
            file.write(b''.join(old))
        update(command, folder, place)
        with open(os.path.join(place, 'image'), 'rb') as file:
            equal(hashlib.md5(file.read()).hexdigest(), hashlib.md5(new).hexdigest(), 'the new version')


def curl(server, ranges, path='/clip.mp4'):
    """Status, fields and content of what curl -r gets."""
    done = subprocess.run([program('curl'), '-s', '-i', '-r', ranges, f'{server.url}{path[1:]}'],
                          capture_output=True, timeout=PATIENCE, check=True)
    head, _, content = done.stdout.partition(b'\r\n\r\n')
    line, *lines = head.decode('ascii').split('\r\n')
    fields = http.client.HTTPMessage()
    for field in lines:
        name, _, value = field.partition(': ')
        fields[name] = value
    return int(line.split()[1]), fields, content


def answers_curl(command, folder):
    with Server([*command, '--max-ranges=8', folder]) as server:
        status, fields, content = curl(server, '0-1,5-6')
        equal((status, fields['Content-Range'], content), (206, f'bytes 0-6/{len(CLIP)}', CLIP[:7]),
              'a small gap')
        status, fields, content = curl(server, '0-1,500-501,-300000')
        equal((status, list(parts_by_length(fields, content, len(CLIP)))),
              (206, [(0, CLIP[:2]), (500, CLIP[500:502]), (len(CLIP) - 300000, CLIP[-300000:])]), 'parts')
        status, fields, content = curl(server, '4000000-4000001,5000000-')
        equal((status, fields['Content-Range'], content), (416, f'bytes */{len(CLIP)}', b''), 'beyond')
    with Server([*command, folder]) as server:
        for ranges in ('0-1,5-6', '0-1,500-501', '2000000-2000001,3000000-'):
            status, fields, content = curl(server, ranges)
            equal((status, 'Content-Range' in fields, content == CLIP), (200, False, True), ranges)


def logs_parts(serve, folder):
    with Server([serve, '--max-ranges=2', folder]) as server:
        connection = server.connect()
        content = ask(connection, '/clip.mp4', Range='bytes=0-1,500-501')[2]
        connection.close()
        errors = server.errors
    equal(''.join(errors), f'206 GET /clip.mp4 2 parts, {len(content)}/{len(CLIP)}\n', 'the log')


def costs_no_more_than_the_file(serve, folder):
    """Thousands of ranges that overlap, and thousands of bytes apart from each other (CVE-2011-3192)."""
    overlapping = 'bytes=' + ','.join(f'{n}-' for n in range(3000))
    scattered = 'bytes=' + ','.join(f'{n}-{n}' for n in range(0, 300000, 100))
    backwards = 'bytes=' + ','.join(f'{n}-{n}' for n in range(300000, 0, -100))
    with Server([serve, '--quiet', '--max-ranges=64', folder]) as server:
        connection = server.connect()
        for name, ranges, wanted in (('overlapping', overlapping, 206), ('scattered', scattered, 200),
                                     ('backwards', backwards, 200)):
            status, fields, content = ask(connection, '/clip.mp4', Range=ranges)
            equal((status, content == CLIP), (wanted, True), name)
            equal(fields.get_content_type(), 'video/mp4', name)
        connection.close()


def cases(serve, folder):
    for mode in MODES:
        command = [serve, '--quiet', f'--mode={mode}']
        yield f'{mode}: curl', partial(answers_curl, command, folder)
        for name, parts in (('zsync', parts_by_length), ('zchunk', parts_by_boundary)):
            for most in (64, 8, 1):
                yield f'{mode}: a client like {name}, {most} ranges', partial(
                    updates_a_file, [*command, f'--max-ranges={most}'], folder, most, parts)
        yield f'{mode}: zsync', partial(
            updates_by_a_program, updates_by_zsync, [*command, '--max-ranges=20'], folder)
        for most in (64, 8, 1):
            yield f'{mode}: zchunk, {most} ranges', partial(
                updates_by_a_program, updates_by_zchunk, [*command, f'--max-ranges={most}'], folder)
    yield 'the log', partial(logs_parts, serve, folder)
    yield 'many ranges', partial(costs_no_more_than_the_file, serve, folder)


def main(serve):
    with tempfile.TemporaryDirectory() as folder:
        make_site(folder)
        run(cases(serve, folder))


main(*sys.argv[1:])

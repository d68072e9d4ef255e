#!/usr/bin/env python3
"""Runs fsrv-inject as a filter: test_inject_tool.py TOOL

Each row: what it shows, the options, standard input, exit status, standard output (None: not looked at)
and a word that the one line on standard error must hold (None: no line)."""
import os
import subprocess
import sys
import tempfile

UNSAFE = b"'</script>'"
ROWS = (
    ('page unchanged', [], b'<p>x', 0, b'<p>x', None),
    ('empty page', [], b'', 0, b'', None),
    ('empty page with a snippet', ['--head-start', 'a'], b'', 0, b'AA', None),
    ('files in order', ['--head-end', 'b', '--head-end', 'a'], b'x', 0, b'BBAAx', None),
    ('empty file', ['--body-end', 'empty'], b'', 0, b'', None),
    ('body is opened', ['--body-end', 'a'], b'', 0, b'<body>AA', None),
    ('strip', ['--strip', 'm', '--strip', 'n'], b'<p><script>m</script><script n></script>', 0, b'<p>', None),
    ('many to strip', ['--strip', 'm'], b'<p>' + 300 * b'<script>m</script>', 0, b'<p>', None),
    ('chunk', ['--chunk', '1', '--body-end', 'a'], b'x</body>', 0, b'xAA</body>', None),
    ('binary page', ['--body-end', 'a'], b'\x00\xff\r\n', 0, b'\x00\xff\r\nAA', None),
    ('UTF-16', ['--body-end', 'a'], b'\xff\xfe<\x00', 0, b'\xff\xfe<\x00', b'UTF-16'),
    ('unfinished', ['--body-end', 'a'], b'x<!--', 0, b'xAA<!--', b'byte 1'),
    ('wrap', ['--wrap-js'], b'run()\n', 0, b'<script>run()\n</script>', None),
    ('wrap nothing', ['--wrap-js'], b'', 0, b'<script></script>', None),
    ('wrap with a type', ['--wrap-js', '--type', 'module'], b'x', 0, b'<script type="module">x</script>',
     None),
    ('escape', ['--wrap-js'], UNSAFE, 0, b"<script>'\\u003C/script>'</script>", None),
    ('strict', ['--wrap-js', '--strict'], UNSAFE, 2, b'', b'--wrap-js'),
    ('strict and safe', ['--wrap-js', '--strict'], b'x', 0, b'<script>x</script>', None),
    ('data URL', ['--wrap-js', '--data-url'], UNSAFE, 0, None, None),
    ('data URL of JSON', ['--wrap-js', '--data-url', '--type', 'application/json'], UNSAFE, 2, b'',
     b'--wrap-js'),
    ('help', ['--help'], b'', 0, None, None),
    ('version', ['--version'], b'', 0, b'fsrv-inject 0.1.0\n', None),
    ('missing file', ['--head-start', 'no-such-file'], b'x', 2, b'', b'no-such-file'),
    ('folder for a file', ['--head-start', '.'], b'x', 2, b'', b' .: '),
    ('value missing', ['--strip'], b'x', 2, b'', b'--strip'),
    ('empty marker', ['--strip', ''], b'x', 2, b'', b'--strip'),
    ('long marker', ['--strip', 129 * 'm'], b'x', 2, b'', b'--strip'),
    ('longest marker', ['--strip', 128 * 'm'], b'x', 0, b'x', None),
    ('unknown option', ['--no-such-option'], b'x', 2, b'', b'--no-such-option'),
    ('argument', ['page.html'], b'x', 2, b'', b'page.html'),
    ('option with a line break', ['--a\nb'], b'x', 2, b'', b'--a'),
    ('chunk of nothing', ['--chunk', '0'], b'x', 2, b'', b'--chunk'),
    ('chunk of a word', ['--chunk', '1x'], b'x', 2, b'', b'--chunk'),
    ('chunk too large', ['--chunk', '99999999999999999999'], b'x', 2, b'', b'--chunk'),
    ('chunk empty', ['--chunk', ''], b'x', 2, b'', b'--chunk'),
    ('mode without wrap', ['--strict'], b'x', 2, b'', b'--wrap-js'),
    ('type without wrap', ['--type', 'module'], b'x', 2, b'', b'--wrap-js'),
    ('both modes', ['--wrap-js', '--strict', '--data-url'], b'x', 2, b'', b'--data-url'),
    ('wrap and strip', ['--wrap-js', '--strip', 'm'], b'x', 2, b'', b'--wrap-js'),
)


def run(tool, options, folder, **streams):
    return subprocess.run([tool] + options, cwd=folder, stderr=subprocess.PIPE, timeout=60, check=False,
                          **streams)


def check(tool, folder, row):
    name, options, page, status, output, word = row
    done = run(tool, options, folder, input=page, stdout=subprocess.PIPE)
    faults = []
    if done.returncode != status:
        faults.append(f'{name}: exit status {done.returncode}')
    if output is not None and done.stdout != output:
        faults.append(f'{name}: wrote {done.stdout!r}')
    if word is None and done.stderr or word is not None and (
            done.stderr.count(b'\n') != 1 or not done.stderr.endswith(b'\n') or word not in done.stderr):
        faults.append(f'{name}: said {done.stderr!r}')
    return faults


def check_full_disk(tool, folder):
    faults = []
    for options in ([], ['--wrap-js'], ['--help'], ['--version']):
        with open('/dev/full', 'wb') as full:
            done = run(tool, options, folder, input=b'x', stdout=full)
        if done.returncode != 2 or done.stderr.count(b'\n') != 1:
            faults.append(f'full disk {options}: exit status {done.returncode}, said {done.stderr!r}')
    return faults


def main():
    tool = os.path.abspath(sys.argv[1])
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (('a', b'AA'), ('b', b'BB'), ('empty', b'')):
            with open(os.path.join(folder, name), 'wb') as file:
                file.write(data)
        for row in ROWS:
            faults += check(tool, folder, row)
        faults += check_full_disk(tool, folder)
    print('\n'.join(faults))
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())

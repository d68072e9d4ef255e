#!/usr/bin/env python3
"""Runs fsrv-inject over recorded pages: test_vectors.py TOOL DIRECTORY

The directory holds inject.json (pages with the whole output) and inject-cases.json (pages with the
size and hash of the output). Every output must be right byte for byte, however the page is cut up.
Exit status 77, "skipped", when the directory is not there."""
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

CHUNKS = (None, 1, 2, 3, 7, 64)
FILES = ('inject.json', 'inject-cases.json')
POINTS = ('head_start', 'head_end', 'body_end')


def page_of(case):
    return base64.b64decode(case['html_b64']) if 'html_b64' in case else case['html'].encode()


def is_right(case, output):
    if 'out' in case:
        return (len(output) == case['out']['size']
                and hashlib.sha256(output).hexdigest() == case['out']['sha256'])
    if 'output_b64' in case:
        return output == base64.b64decode(case['output_b64'])
    return output == case['output'].encode()


def arguments(folder, snippets):
    result = []
    for point in POINTS:
        path = os.path.join(folder, point)
        with open(path, 'wb') as file:
            file.write(snippets[point].encode())
        result += ['--' + point.replace('_', '-'), path]
    return result


def run(tool, options, page):
    return subprocess.run([tool] + options, input=page, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60)


def check(tool, options, case):
    """Returns what is wrong with one page, in words."""
    page = page_of(case)
    for marker in case.get('strip_markers', ()):
        options = options + ['--strip', marker]
    faults = []
    for chunk in CHUNKS:
        done = run(tool, options + ([] if chunk is None else ['--chunk', str(chunk)]), page)
        if done.returncode != 0 or not is_right(case, done.stdout):
            faults.append(f'{case["name"]}: chunk {chunk}: exit status {done.returncode}, '
                          f'got {done.stdout!r}')
    plain = run(tool, [], page)
    if plain.stdout != page or plain.stderr:
        faults.append(f'{case["name"]}: changed although nothing is put in')
    return faults


def main():
    tool, directory = sys.argv[1:]
    if not os.path.isdir(directory):
        print(f'no vectors in {directory}')
        return 77
    faults, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for name in FILES:
            with open(os.path.join(directory, name), encoding='utf-8') as file:
                vectors = json.load(file)
            options = arguments(folder, vectors['snippets'])
            for case in vectors['cases']:
                count += 1
                faults += check(tool, options, case)
    print('\n'.join(faults))
    print(f'{count} pages, {len(faults)} faults')
    return 1 if faults or count == 0 else 0


if __name__ == '__main__':
    sys.exit(main())

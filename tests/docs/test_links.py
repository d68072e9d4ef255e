"""Every relative link in the documentation leads to a file, and to a heading where it names one.

usage: test_links.py SOURCES"""
import glob
import os
import re
import sys

from tap import run

ROOT = sys.argv[1]


def without_code(text):
    return re.sub(r'`[^`\n]*`', '', re.sub(r'^```.*?^```$', '', text, flags=re.DOTALL | re.MULTILINE))


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def anchors(path):
    """The names that a page gives its headings."""
    text = re.sub(r'^```.*?^```$', '', read(path), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r'^#+ (.*)$', text, re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings}


def problems_of(path):
    for link in re.findall(r'\]\(([^)\s]+)\)', without_code(read(path))):
        if re.match(r'\w+:', link):
            continue
        name, _, anchor = link.partition('#')
        target = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
        if not os.path.exists(target):
            yield f'{link} leads nowhere'
        elif anchor and anchor not in anchors(target):
            yield f'{link}: there is no such heading'


def check(path):
    problems = list(problems_of(path))
    if problems:
        raise AssertionError('\n'.join(problems))


PAGES = [os.path.join(ROOT, 'README.md'), *sorted(glob.glob(os.path.join(ROOT, 'docs', '*.md')))]
run([(os.path.relpath(path, ROOT), lambda path=path: check(path)) for path in PAGES])

"""No function is longer or more branched than a reader holds in mind: test_limits.py PMCCABE"""
import subprocess
import sys
from functools import partial

from sources import ROOT, find, none
from tap import run, skip_all

MAX_LINES = 60
MAX_COMPLEXITY = 12  # a switch counts once, however many cases it has


def check_file(pmccabe, path):
    output = subprocess.run([pmccabe, path], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    functions = [line.split(maxsplit=5) for line in output.splitlines()]
    none(f'{where}: {lines} lines, complexity {complexity}' for complexity, _, _, _, lines, where in functions
         if int(lines) > MAX_LINES or int(complexity) > MAX_COMPLEXITY)


def main(pmccabe=None):
    if not pmccabe:
        skip_all('pmccabe is not installed')
    run((path, partial(check_file, pmccabe, path)) for path in find('lib', '.c', '.h') + find('examples', '.c', '.cpp'))


main(*sys.argv[1:])

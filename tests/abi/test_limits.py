"""Nothing is longer, wider or more branched than a reader holds in mind: test_limits.py [PMCCABE]"""
import subprocess
import sys
from functools import partial

from limits import parameters, wide_code, wide_prose
from sources import ROOT, find, none
from tap import Skip, run

MAX_LINES = 60
MAX_COMPLEXITY = 12  # a switch counts once, however many cases it has
MAX_COLUMNS = 110
MAX_COLUMNS_OF_PROSE = 100


def check_file(pmccabe, path):
    if not pmccabe:
        raise Skip('pmccabe is not installed')
    output = subprocess.run([pmccabe, path], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    functions = [line.split(maxsplit=5) for line in output.splitlines()]
    none(f'{where}: {lines} lines, complexity {complexity}' for complexity, _, _, _, lines, where in functions
         if int(lines) > MAX_LINES or int(complexity) > MAX_COMPLEXITY)


def check_columns(place):
    none(wide_code(place, MAX_COLUMNS))


def check_prose():
    none(problem for path in ['README.md', *find('docs', '.md')]
         for problem in wide_prose(path, MAX_COLUMNS_OF_PROSE))


def main(pmccabe=None):
    sources = find('lib', '.c', '.h') + find('examples', '.c', '.cpp')
    run((
        *((path, partial(check_file, pmccabe, path)) for path in sources),
        ('functions of lib have few parameters', lambda: none(parameters())),
        *((f'lines in {place} are at most {MAX_COLUMNS} columns wide', partial(check_columns, place))
          for place in ('lib', 'include', 'examples', 'tests', 'docs', 'meson.build', 'meson_options.txt',
                        '.ci/run')),
        (f'lines of README.md and docs are at most {MAX_COLUMNS_OF_PROSE} columns wide', check_prose),
    ))


main(*sys.argv[1:])

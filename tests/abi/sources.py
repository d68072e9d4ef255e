"""What the checks of source files share: finding them, and reading C without comments and strings."""
import os
import re
import subprocess

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')

_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def find(folder, *endings):
    """Paths below the project's root, sorted."""
    found = []
    for where, _, names in os.walk(os.path.join(ROOT, folder)):
        found += [os.path.relpath(os.path.join(where, name), ROOT) for name in names if name.endswith(endings)]
    if not found:
        raise AssertionError(f'no files in {folder}')
    return sorted(found)


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def read_code(path):
    """The text with comments blanked and strings emptied; line numbers stay."""
    def blank(match):
        lines = '\n' * match[0].count('\n')
        return f'""{lines}' if match[0][0] in '"\'' else f' {lines}'
    return _TOKEN.sub(blank, read(path))


def includes(path):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', read(path), re.MULTILINE)


def calls(code, name):
    """The argument lists of what looks like calls of a function, with their line numbers."""
    for match in re.finditer(rf'(?<![\w.>]){name}\s*\(', code):
        depth, at = 1, match.end()
        while depth > 0 and at < len(code):
            depth += {'(': 1, ')': -1}.get(code[at], 0)
            at += 1
        yield code.count('\n', 0, match.start()) + 1, code[match.end():at - 1]


def symbols(nm, library, *options):
    """Name and kind of each symbol that nm lists."""
    done = subprocess.run([nm, '-P', *options, library], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    fields = [line.split() for line in done.stdout.splitlines()]
    return [(name, rest[0]) for name, *rest in fields if rest]


def none(problems):
    problems = list(problems)
    if problems:
        raise AssertionError('\n'.join(problems))

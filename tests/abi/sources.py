"""What the checks of source files share: finding them, and reading C without comments and strings."""
import os
import re
import subprocess
from typing import NamedTuple

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')

_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


class Function(NamedTuple):
    """A function as a file declares or defines it."""
    name: str
    parameters: list  # their texts; empty for (void)
    is_static: bool
    has_body: bool
    line: int


def find(folder, *endings, root=ROOT):
    """Paths below the project's root, sorted."""
    found = []
    for where, _, names in os.walk(os.path.join(root, folder)):
        found += [os.path.relpath(os.path.join(where, name), root)
                  for name in names if name.endswith(endings)]
    if not found:
        raise AssertionError(f'no files in {folder}')
    return sorted(found)


def read(path, root=ROOT):
    with open(os.path.join(root, path), encoding='utf-8') as file:
        return file.read()


def read_code(path, root=ROOT):
    """The text with comments blanked and strings emptied; line numbers stay."""
    def blank(match):
        lines = '\n' * match[0].count('\n')
        return f'""{lines}' if match[0][0] in '"\'' else f' {lines}'
    return _TOKEN.sub(blank, read(path, root))


def include_directives(path, root=ROOT):
    """What follows each #include, #include_next or #import, and the name of the header there, if any."""
    def blank(match):
        return match[0] if match[0][0] in '"\'' else ' '
    text = _TOKEN.sub(blank, re.sub(r'\\[ \t]*\n', '', read(path, root)))
    for match in re.finditer(r'^[^\S\n]*(?:#|%:)[^\S\n]*(\w+)(.*)', text, re.MULTILINE):
        if match[1] in ('include', 'include_next', 'import'):
            rest = match[2].strip()
            named = re.fullmatch(r'"([^"]+)"|<([^>]+)>', rest) if match[1] == 'include' else None
            yield rest, named and (named[1] or named[2])


def includes(path, root=ROOT):
    return [name for _, name in include_directives(path, root) if name]


def without_attributes(code):
    return re.sub(r'__attribute__\s*\(\(.*?\)\)\)?', '', code)


def split_list(text):
    """The parts of a text between its commas, but for commas in parentheses."""
    parts, depth = [''], 0
    for char in text:
        depth += {'(': 1, ')': -1}.get(char, 0)
        if char == ',' and depth == 0:
            parts.append('')
        else:
            parts[-1] += char
    return [' '.join(part.split()) for part in parts]


def _statements(code):
    """What stands outside of all blocks: where it begins, its text, and whether a block follows it."""
    depth, start = 0, 0
    for match in re.finditer(r'[{};]', code):
        if match[0] == '}':
            depth -= 1
        elif depth == 0:
            yield start, code[start:match.start()], match[0] == '{'
        if match[0] == '{':
            depth += 1
        if depth == 0:
            start = match.end()


def functions(path, root=ROOT):
    """The functions that a file of C declares or defines. Their types are made of words and asterisks."""
    def blank(match):
        return '\n' * match[0].count('\n')
    code = re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', blank, read_code(path, root), flags=re.MULTILINE)
    code = re.sub(r'\bextern\s*""\s*\{', ' ', without_attributes(code))
    for start, text, has_body in _statements(code):
        match = re.fullmatch(r'\s*(?!typedef\b)(\w[\w\s*]*?)\b(\w+)\s*\((?!\s*\*)(.*)\)\s*', text, re.DOTALL)
        if match:
            parameters = [] if match[3].strip() in ('', 'void') else split_list(match[3])
            line = code.count('\n', 0, start + match.start(2)) + 1
            yield Function(match[2], parameters, 'static' in match[1].split(), has_body, line)


def calls(code, name):
    """The argument lists of what looks like calls of a function, with their line numbers."""
    for match in re.finditer(rf'(?<![\w.>]){name}\s*\(', code):
        depth, at = 1, match.end()
        while depth > 0 and at < len(code):
            depth += {'(': 1, ')': -1}.get(code[at], 0)
            at += 1
        yield code.count('\n', 0, match.start()) + 1, code[match.end():at - 1]


def list_symbols(nm, library, *options):
    """The lines of nm: a symbol each, or the name of a member of the library."""
    done = subprocess.run([nm, '-P', *options, library], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout.splitlines()


def symbols(nm, library, *options):
    """Name and kind of each symbol that nm lists."""
    fields = [line.split() for line in list_symbols(nm, library, *options)]
    return [(name, rest[0]) for name, *rest in fields if rest]


def none(problems):
    problems = list(problems)
    if problems:
        raise AssertionError('\n'.join(problems))

"""Reads the public headers: what they declare, and the comments before it.

A comment that is not in the form of docs/contributing.md is an error, with its file and line: nothing is
left out in silence."""
import re
from typing import NamedTuple


class Malformed(Exception):
    """What a header has and the reference cannot show; the text names file and line."""


class Block(NamedTuple):
    """A part of a comment. kind is text, code, list or bullets. The content is a text, the lines of code,
    the pairs of a list (label, text), or the texts of bullets."""
    kind: str
    content: object


class Member(NamedTuple):
    """Members of a struct or values of an enum that one comment is about."""
    declarations: list  # "size_t size", "FSRV_OK = 0"
    blocks: list


class Item(NamedTuple):
    """kind is function, callback, struct, enum, macro, constants or opaque."""
    kind: str
    name: str
    declaration: str
    blocks: list
    members: list


class Header(NamedTuple):
    """A header's path for #include, the first line of its comment, the rest of that, and its items."""
    path: str
    summary: str
    blocks: list
    items: list


LABELLED = re.compile(r'( *)(\S(?:.*?\S)??)\s{2,}(\S.*)')
RESULT = re.compile(r'FSRV_\w+')


class Comment:
    """Splits the lines of a comment, without its frame of asterisks, into blocks."""

    def __init__(self, path, line, lines):
        self.path, self.line, self.lines = path, line, lines
        self.blocks = []
        self.at = 0

    def fail(self, what):
        raise Malformed(f'{self.path}:{self.line + self.at}: {what}')

    def parse(self):
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip():
                self.at += 1
            elif line.startswith('\t'):
                self.take_code()
            elif line.startswith('- '):
                self.take_bullet()
            elif LABELLED.fullmatch(line) or (RESULT.fullmatch(line) and self.is_after('Returns:')):
                self.take_labelled()
            else:
                self.take_text()
        return self.blocks

    def is_after(self, text):
        last = self.blocks[-1] if self.blocks else None
        return last is not None and (last == Block('text', text) or last.kind == 'list')

    def rest_of(self, first):
        """The text that begins with first and goes on in deeper lines."""
        words = [first]
        self.at += 1
        while self.at < len(self.lines) and self.lines[self.at].startswith('  '):
            if not LABELLED.fullmatch(self.lines[self.at]):
                words.append(self.lines[self.at].strip())
            elif len(self.lines[self.at]) - len(self.lines[self.at].lstrip()) < 4:
                break
            else:
                self.fail('two blanks in the text of a list')
            self.at += 1
        return ' '.join(words)

    def take_code(self):
        code = []
        while self.at < len(self.lines) and (self.lines[self.at].startswith('\t') or not self.lines[self.at]):
            code.append(self.lines[self.at][1:])
            self.at += 1
        while not code[-1]:
            code.pop()
        self.blocks.append(Block('code', code))

    def take_bullet(self):
        if not self.blocks or self.blocks[-1].kind != 'bullets':
            self.blocks.append(Block('bullets', []))
        self.blocks[-1].content.append(self.rest_of(self.lines[self.at][2:]))

    def take_labelled(self):
        if not self.blocks or self.blocks[-1].kind != 'list':
            self.blocks.append(Block('list', []))
        match = LABELLED.fullmatch(self.lines[self.at])
        label, text = (match[2], match[3]) if match else (self.lines[self.at], '')
        if match and (len(label) > 24 or label.endswith('.')):
            self.fail(f'two blanks after "{label}": is this a list, or text that lost its line breaks?')
        self.blocks[-1].content.append((label, self.rest_of(text).strip()))

    def take_text(self):
        words = []
        while self.at < len(self.lines) and self.lines[self.at].strip():
            line = self.lines[self.at]
            if line.startswith(('\t', '- ')) or (words and LABELLED.fullmatch(line)) or \
                    (words == ['Returns:'] and RESULT.match(line)):
                break
            if line.startswith(' '):
                self.fail('an indented line in a paragraph')
            words.append(line.strip())
            self.at += 1
        self.blocks.append(Block('text', ' '.join(words)))


def unframe(text):
    """The lines of a comment without the frame."""
    body = re.sub(r'\s*\*/\s*$', '', re.sub(r'^\s*/\*\s?', '', text))
    return [re.sub(r'^\s*\* ?(?=\t)|^\s*\* ?', '', line) if number else line
            for number, line in enumerate(body.split('\n'))]


def take_trailing(members, blocks):
    """A comment behind a declaration is about that one alone."""
    if len(members[-1].declarations) > 1:
        members.append(Member([members[-1].declarations.pop()], []))
    members[-1].blocks.extend(blocks)


def parse_members(path, line, body):
    """What stands between the braces of a struct or an enum."""
    members, comment, is_new = [], None, True
    pattern = re.compile(r'(?P<comment>/\*.*?\*/)|(?P<blank>\n[ \t]*\n)|(?P<end>[;,]|\Z)|'
                         r'(?P<text>[^;,/\n]+|/|\n)', re.DOTALL)
    text, depth, last_end = '', 0, None
    for match in pattern.finditer(body):
        at = line + body.count('\n', 0, match.start())
        if match['comment']:
            blocks = Comment(path, at, unframe(match['comment'])).parse()
            if last_end is not None and '\n' not in body[last_end:match.start()] and members:
                take_trailing(members, blocks)
                comment = None
            elif text.strip():  # the last value of an enum has no comma behind it
                members.append(Member([' '.join(text.split())], (comment or []) + blocks))
                text, comment = '', None
            else:
                comment = (comment or []) + blocks
            is_new = is_new or comment is not None
        elif match['blank']:
            is_new = True
        elif match['end'] is not None and depth == 0:
            declaration = ' '.join(text.split())
            text = ''
            if not declaration:
                continue
            if comment is None and not is_new and members and not declaration.startswith('enum '):
                members[-1].declarations.append(declaration)
            else:
                members.append(Member([declaration], comment or []))
            comment, is_new, last_end = None, False, match.end()
        else:
            part = match['text'] or match['end'] or ''
            depth += part.count('(') + part.count('{') - part.count(')') - part.count('}')
            text += part
    return members


NAMED = (('callback', r'typedef [^(]*\(\*(\w+)\)'), ('macro', r'#define (\w+)'), ('opaque', r'struct (\w+);'),
         ('struct', r'struct (\w+) \{'), ('enum', r'enum (\w+) \{'),
         ('constants', r'static const \w+ (\w+) ='), ('function', r'FSRV_API [^(]*?(\w+)\('))


def make_item(path, line, blocks, declaration):
    for kind, pattern in NAMED:
        match = re.match(pattern, declaration)
        if match:
            members = []
            if kind in ('struct', 'enum') and declaration.count('{') == 1:
                start = declaration.index('{') + 1
                members = parse_members(path, line + declaration.count('\n', 0, start),
                                        declaration[start:declaration.rindex('}')])
            return Item(kind, match[1], declaration, blocks, members)
    raise Malformed(f'{path}:{line}: a declaration that is not understood: {declaration.splitlines()[0]}')


IGNORED = re.compile(r'\s*|#.*|extern "C" \{|\}')
COMMENT_OR_LINE = re.compile(r'/\*.*?\*/\n|[^\n]*\n', re.DOTALL)


def read_declaration(text, at):
    """The text of a declaration from at on, and where it ends."""
    if text.startswith('#', at):
        end = re.compile(r'(?:[^\n]*\\\n)*[^\n]*').match(text, at).end()
        return text[at:end], end
    depth = 0
    for match in re.compile(r'/\*.*?\*/|[{};]', re.DOTALL).finditer(text, at):
        depth += {'{': 1, '}': -1}.get(match[0], 0)
        if match[0] == ';' and depth == 0:
            return text[at:match.end()], match.end()
    return text[at:], len(text)


def read_header(folder, path):
    with open(f'{folder}/{path}', encoding='utf-8') as file:
        text = file.read()
    first = None
    items, at, before = [], 0, None
    while at < len(text):
        line = text.count('\n', 0, at) + 1
        match = COMMENT_OR_LINE.match(text, at)
        if match[0].startswith('/*'):
            comment = (line, unframe(match[0].rstrip('\n')))
            before, at = comment if first else None, match.end()
            first = first or comment
            continue
        starts_item = re.match(r'FSRV_API|typedef|struct|enum|static', match[0])
        if starts_item or (before and match[0].startswith('#define')):
            declaration, at = read_declaration(text, at)
            if before is not None:
                items.append(make_item(path, line, Comment(path, *before).parse(), declaration))
            elif items and items[-1].kind == 'constants':
                items[-1] = items[-1]._replace(declaration=f'{items[-1].declaration}\n{declaration}')
            else:
                raise Malformed(f'{path}:{line}: no comment stands before {declaration.splitlines()[0]}')
        elif not IGNORED.fullmatch(match[0].rstrip('\n')):
            raise Malformed(f'{path}:{line}: not understood: {match[0].strip()}')
        else:
            at = match.end()
        before = None
    opening = re.fullmatch(rf'{re.escape(path)} - (.*)', first[1][0]) if first else None
    if opening is None:
        raise Malformed(f'{path}:1: the first comment begins with "{path} - " and what the header is for')
    paragraph = next((number for number, one in enumerate(first[1]) if not one.strip()), len(first[1]))
    summary = ' '.join([opening[1], *(one.strip() for one in first[1][1:paragraph])])
    return Header(path, summary, Comment(path, first[0] + paragraph, first[1][paragraph:]).parse(), items)

"""Makes the manual of section 3 and its HTML of the public headers.

manual.py list INCLUDE                      the names of the pages, each with those of its further functions
manual.py man INCLUDE VERSION FOLDER        writes the pages, NAME.3
manual.py html INCLUDE VERSION FOLDER MANDOC PAGE...
                                            and of them, and of further pages, what a browser shows"""
import html
import os
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

from headers import Malformed, read_header

# When the interface changed last; pages have no date of their build.
DATE = 'November 26, 2026'


class Page(NamedTuple):
    """header: whose items these are; overview: whether its first comment belongs here, too."""
    name: str
    header: str
    title: str
    overview: bool
    items: tuple


PAGES = (
    Page('fsrv', 'fsrv', 'file-serving request handler for libmicrohttpd', True, ('fsrv',)),
    Page('fsrv_new', 'fsrv', 'make and free a handler', False, ('fsrv_new', 'fsrv_free', 'fsrv_drain')),
    Page('fsrv_options', 'fsrv', 'options of a handler', False,
         ('fsrv_options', 'fsrv_flags', 'fsrv_symlinks', 'fsrv_etag', 'fsrv_body', 'fsrv_type',
          'FSRV_NO_CACHE', 'fsrv_log_function', 'fsrv_wake_function', 'fsrv_etag_function',
          'fsrv_allocate_function')),
    Page('fsrv_handle', 'fsrv', 'answer a request', False,
         ('fsrv_handle', 'fsrv_request_completed', 'fsrv_keep_escapes')),
    Page('fsrv_access', 'fsrv', 'what was answered, and how it ended', False,
         ('fsrv_access', 'fsrv_access_function', 'fsrv_completion', 'fsrv_completion_function', 'fsrv_ending',
          'FSRV_LENGTH_UNKNOWN')),
    Page('fsrv_stats', 'fsrv', 'counters of a handler', False, ('fsrv_stats',)),
    Page('fsrv_inject_add_script', 'fsrv', 'insert scripts into pages, and remove them', False,
         ('fsrv_inject_add_script', 'fsrv_inject_add_markup', 'fsrv_inject_add_strip', 'fsrv_scope')),
    Page('fsrv_field_set', 'fields', 'header fields of responses', True,
         ('fsrv_field_set', 'fsrv_field_add', 'fsrv_field_remove', 'fsrv_field_rule', 'fsrv_response',
          'fsrv_fields', 'fsrv_fields_function', 'FSRV_FIELDS_SIZE')),
    Page('fsrv_disposition_write', 'fields', 'write Content-Disposition', False,
         ('fsrv_disposition_write', 'fsrv_disposition', 'FSRV_DISPOSITION_SIZE')),
    Page('fsrv_serve', 'resource', 'answer with content of the program', True,
         ('fsrv_serve', 'fsrv_resource', 'fsrv_resource_kind', 'fsrv_resource_flags')),
    Page('fsrv_overlay_put', 'resource', 'keep content under a path', False,
         ('fsrv_overlay_put', 'fsrv_overlay_remove')),
    Page('fsrv_server_start', 'server', 'a server for programs without a daemon', True,
         ('fsrv_server_start', 'fsrv_server_stop', 'fsrv_server_port', 'fsrv_server_url', 'fsrv_server',
          'fsrv_server_options', 'fsrv_server_mode', 'FSRV_NO_TIMEOUT', 'FSRV_NO_LIMIT')),
    Page('fsrv_parse_range_header', 'range', 'parse a Range field', True,
         ('fsrv_parse_range_header', 'fsrv_range_verdict', 'fsrv_range')),
    Page('fsrv_scan_page', 'inject', 'find the places for scripts in a page', True,
         ('fsrv_scan_page', 'fsrv_scan_begin', 'fsrv_scan_feed', 'fsrv_scan_end', 'fsrv_scan',
          'fsrv_scan_verdict', 'fsrv_scan_options', 'fsrv_scan_flag', 'fsrv_marker', 'FSRV_MARKER_MAX',
          'fsrv_page', 'fsrv_page_flag', 'fsrv_point', 'fsrv_strip', 'FSRV_NO_OFFSET')),
    Page('fsrv_segments_plan', 'inject', 'plan a page with scripts', False,
         ('fsrv_segments_plan', 'fsrv_segments_slice', 'fsrv_segments_copy', 'fsrv_snippet', 'fsrv_segment',
          'fsrv_plan_flag', 'FSRV_SEGMENTS_MAX')),
    Page('fsrv_script_build', 'inject', 'build a script element', False,
         ('fsrv_script_build', 'fsrv_script_check', 'fsrv_script', 'fsrv_attribute', 'fsrv_script_mode',
          'fsrv_script_trait')),
    Page('fsrv_strerror', 'base', 'errors and version', True,
         ('fsrv_strerror', 'fsrv_version', 'fsrv_error')),
    Page('fsrv_bindings', 'bindings', 'the interface for other languages', True,
         ('fsrv_disposition_size', 'fsrv_length_unknown')),
)

CLOSING = '.,;:)?!'
MACROS = ((re.compile(r'([a-z_]\w*)\((\d)\)'), lambda match: f'Xr {match[1]} {match[2]}'),
          (re.compile(r'(FSRV|MHD)_[A-Z][A-Z_0-9]+'), lambda match: f'Dv {match[0]}'),
          (re.compile(r'fsrv/\w+\.h'), lambda match: f'Pa {match[0]}'))


def escape(text):
    text = text.replace('\\', '\\e')
    return '\\&' + text if text.startswith(('.', "'")) else text


def quote(text):
    return '"{}"'.format(escape(text).replace('"', '\\(dq'))


def heading_of(item):
    if item.kind in ('function', 'callback'):
        return f'{item.name}()'
    word = {'struct': 'struct ', 'opaque': 'struct ', 'enum': 'enum '}.get(item.kind, '')
    return 'Constants' if item.kind == 'constants' else word + item.name


class Writer:
    """Writes one page in mdoc(7)."""

    def __init__(self, page, header, known):
        self.page, self.header, self.known = page, header, known
        self.items = {}
        for item in header.items:
            self.items.setdefault(item.name, []).append(item)
        self.lines = []

    def put(self, *lines):
        self.lines += lines

    def macro_of(self, word):
        for pattern, make in MACROS:
            match = pattern.fullmatch(word)
            if match:
                return make(match)
        if word not in self.known:
            return None
        page, has_page = self.known[word]
        return f'Xr {word} 3' if has_page and page != self.page.name else f'Sy {word}'

    def put_text(self, text):
        """Text in which names, constants and pages of the manual are marked."""
        line = []
        for word in text.split():
            match = re.fullmatch(rf'(["(]*)(.*?)([{CLOSING}"]*)', word)
            macro = self.macro_of(match[2])
            if macro is None:
                line.append(word)
                if re.search(r'[.:?]\)?$', word) and not word.endswith('...'):
                    self.put_words(line)
                    line = []
                continue
            self.put_words(line)
            line = []
            opening = f'No \\&{escape(match[1])} Ns ' if match[1] else ''
            closing = f' Ns No \\&{escape(match[3])}' if match[3] else ''
            self.put(f'.{opening}{macro}{closing}')
        self.put_words(line)

    def put_words(self, words):
        if words:
            self.put(escape(' '.join(words)))

    def put_list(self, pairs):
        self.put('.Bl -tag -width Ds')
        for label, text in pairs:
            self.put(f'.It {"Dv" if label.startswith("FSRV_") else "Va"} {quote(label)}')
            self.put_text(text)
        self.put('.El')

    def put_blocks(self, blocks):
        for number, block in enumerate(blocks):
            if number > 0 and block.kind == 'text':
                self.put('.Pp')
            if block.kind == 'text':
                self.put_text(block.content)
            elif block.kind == 'code':
                self.put('.Bd -literal -offset indent', *map(escape, block.content), '.Ed')
            elif block.kind == 'list':
                self.put_list(block.content)
            else:
                self.put('.Bl -bullet')
                for text in block.content:
                    self.put('.It')
                    self.put_text(text)
                self.put('.El')

    def put_members(self, item):
        if not item.members:
            return
        self.put('.Bl -tag -width Ds')
        for member in item.members:
            label = '; '.join(member.declarations)
            self.put(f'.It {"Dv" if item.kind == "enum" else "Vt"} {quote(label)}')
            enum = re.match(r'enum (\w+) ', label)
            if member.blocks:
                self.put_blocks(member.blocks)
            elif enum and item.kind == 'struct':
                self.put_text(f'A value of enum {enum[1]}.')
        self.put('.El')

    def put_prototype(self, declaration, prefix=''):
        text = ' '.join(declaration.removeprefix('FSRV_API ').removeprefix('typedef ').rstrip(';').split())
        match = re.fullmatch(r'(.*?)(\(\*\w+\)|\w+)\((.*)\)', text)
        self.put(f'.Ft {quote(prefix + match[1].strip())}', f'.Fo {quote(match[2])}')
        parts, depth = [''], 0
        for char in match[3]:
            depth += {'(': 1, ')': -1}.get(char, 0)
            if char == ',' and depth == 0:
                parts.append('')
            else:
                parts[-1] += char
        self.put(*(f'.Fa {quote(part.strip())}' for part in parts), '.Fc')

    def put_synopsis(self):
        self.put('.Sh SYNOPSIS', f'.In {self.header.path}')
        for item in self.page_items():
            if item.kind in ('function', 'callback'):
                self.put_prototype(item.declaration, 'typedef ' if item.kind == 'callback' else '')

    def page_items(self):
        for name in self.page.items:
            if name not in self.items:
                raise Malformed(f'{self.header.path}: the page {self.page.name} wants {name}, '
                                'which is not there')
            yield from self.items[name]

    def put_item(self, item):
        self.put(f'.Ss {heading_of(item)}')
        if item.kind in ('macro', 'constants'):
            self.put('.Bd -literal -offset indent', *map(escape, item.declaration.splitlines()), '.Ed')
            self.put('.Pp')
        self.put_blocks(item.blocks)
        self.put_members(item)

    def write(self, version):
        functions = [item.name for item in self.page_items() if item.kind == 'function']
        names = [self.page.name] + [name for name in functions if name != self.page.name]
        self.put(f'.Dd {DATE}', f'.Dt {self.page.name.upper()} 3', f'.Os fsrv {version}', '.Sh NAME',
                 *(f'.Nm {name}{" ," if name != names[-1] else ""}' for name in names),
                 f'.Nd {self.page.title}')
        self.put_synopsis()
        self.put('.Sh DESCRIPTION')
        if self.page.overview:
            self.put_blocks(self.header.blocks)
        for item in self.page_items():
            self.put_item(item)
        others = sorted({page.name for page in PAGES if page.name != self.page.name
                         and (page.header == self.page.header or page.name in ('fsrv', 'fsrv_strerror'))})
        self.put('.Sh SEE ALSO', *(f'.Xr {name} 3{" ," if name != others[-1] else ""}' for name in others))
        return '\n'.join(self.lines) + '\n'


def read_headers(include):
    headers = {name: read_header(include, f'fsrv/{name}.h')
               for name in sorted({page.header for page in PAGES})}
    shown = {(page.header, name) for page in PAGES for name in page.items}
    for name, header in headers.items():
        for item in header.items:
            if (name, item.name) not in shown:
                raise Malformed(f'{header.path}: {item.name} is on no page of manual.py')
    for name in os.listdir(os.path.join(include, 'fsrv')):
        if name.endswith('.h') and name.removesuffix('.h') not in headers:
            raise Malformed(f'fsrv/{name}: no page of manual.py is about it')
    return headers


def functions_of(headers):
    return {item.name: page.name for page in PAGES for item in headers[page.header].items
            if item.kind == 'function' and item.name in page.items}


def known_names(headers):
    """Of each function, type and constant the page, and whether a page has its own name."""
    functions = functions_of(headers)
    known = {item.name: (page.name, item.name in functions or item.name == page.name) for page in PAGES
             for item in headers[page.header].items if item.name in page.items}
    known.pop('fsrv')  # also the name of the library
    return known


def write_file(folder, name, text):
    with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
        file.write(text)


def write_pages(headers, version, folder):
    os.makedirs(folder, exist_ok=True)
    known = known_names(headers)
    for page in PAGES:
        write_file(folder, f'{page.name}.3', Writer(page, headers[page.header], known).write(version))


def list_names(headers):
    """A line for each page, with the further functions that it is about."""
    functions = functions_of(headers)
    for page in PAGES:
        yield ' '.join([page.name, *(name for name, its in functions.items() if its == page.name != name)])


def link(match, pages, targets):
    """A reference of mandoc's to another page. Those of the system are not here."""
    name, section, text = match[1], match[2], match[3]
    if f'{name}.{section}' in pages:
        return f'<a class="Xr" href="{name}.{section}.html">{text}</a>'
    if section == '3' and name in targets:
        return f'<a class="Xr" href="{targets[name]}.3.html#{name}()">{text}</a>'
    return f'<span class="Xr">{text}</span>'


def write_html(mandoc, path, pages, headers, folder):
    done = subprocess.run([mandoc, '-T', 'html', '-W', 'warning,stop', '-O',
                           'style=reference.css,man=%N.%S.html,toc', path], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise Malformed(f'{path}: {done.stderr or done.stdout[-300:]}')
    targets = functions_of(headers)
    text = re.sub(r'<a class="Xr" href="([\w-]+)\.(\d)\.html">(.*?)</a>',
                  lambda match: link(match, pages, targets), done.stdout)
    places = {name: target for name, target, _ in anchors(headers)}
    text = re.sub(r'<b class="Sy">(\w+)</b>',
                  lambda match: f'<a class="Sy" href="{places[match[1]]}">{match[1]}</a>'
                  if match[1] in places else match[0], text)
    text = text.replace('<head>', '<head>\n  <meta name="color-scheme" content="light dark"/>', 1)
    text = text.replace('<body>', '<body>\n<nav><a href="index.html">fsrv</a></nav>', 1)
    write_file(folder, os.path.basename(path) + '.html', text)


INDEX = '''<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8"/>
  <meta name="viewport" content="width=device-width, initial-scale=1.0"/>
  <meta name="color-scheme" content="light dark"/>
  <link rel="stylesheet" href="reference.css" type="text/css" media="all"/>
  <title>fsrv {version}: reference</title>
</head>
<body>
<h1>fsrv {version}</h1>
<p>The reference of the C library, made of its headers.</p>
<dl class="pages">
{pages}
</dl>
{programs}
<h2>All names</h2>
<ul class="names">
{names}
</ul>
</body>
</html>
'''


def anchors(headers):
    for page in PAGES:
        for item in headers[page.header].items:
            if item.name in page.items and item.kind != 'constants':
                heading = heading_of(item)
                yield item.name, f'{page.name}.3.html#{heading.replace(" ", "_")}', heading


def write_index(headers, version, programs, folder):
    titles = '\n'.join(f'<dt><a href="{page.name}.3.html">{page.name}</a></dt>'
                       f'<dd>{html.escape(page.title)}</dd>' for page in PAGES)
    names = '\n'.join(f'<li><a href="{target}">{text}</a></li>'
                      for _, target, text in sorted(anchors(headers), key=lambda one: one[0].lower()))
    programs = '\n'.join(f'<li><a href="{name}.html">{name[:-2]}</a></li>' for name in programs)
    programs = f'<h2>Programs</h2>\n<ul>\n{programs}\n</ul>' if programs else ''
    write_file(folder, 'index.html',
               INDEX.format(version=version, pages=titles, names=names, programs=programs))


def make_html(headers, version, folder, mandoc, programs):
    pages = {f'{page.name}.3' for page in PAGES} | {os.path.basename(path) for path in programs}
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        write_pages(headers, version, scratch)
        for page in PAGES:
            write_html(mandoc, os.path.join(scratch, f'{page.name}.3'), pages, headers, folder)
    for path in programs:
        write_html(mandoc, path, pages, headers, folder)
    write_index(headers, version, sorted(map(os.path.basename, programs)), folder)
    style = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'reference.css')
    with open(style, encoding='utf-8') as file:
        write_file(folder, 'reference.css', file.read())


def main(task, include, version=None, folder=None, mandoc=None, *programs):
    try:
        headers = read_headers(include)
        if task == 'list':
            print('\n'.join(list_names(headers)))
        elif task == 'man':
            write_pages(headers, version, folder)
        else:
            make_html(headers, version, folder, mandoc, programs)
    except Malformed as error:
        sys.exit(f'manual.py: {error}')


if __name__ == '__main__':
    main(*sys.argv[1:])

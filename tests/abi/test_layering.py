"""Who may use what: test_layering.py NM CORE_LIBRARY ALL_OBJECTS

CORE_LIBRARY is an archive of http, html and base.c, ALL_OBJECTS one of each file of lib."""
import re
import sys
from functools import cache, partial

import rules
from graph import include_uses, library_objects, link_uses
from sources import calls, find, includes, none, read, read_code, symbols, without_attributes
from tap import run

# Headers from outside of lib, as they begin.
OF_THE_SYSTEM = ('unistd.h', 'fcntl.h', 'stdio.h', 'errno.h', 'pthread.h', 'locale.h', 'ctype.h', 'sys/')
OF_THE_ADAPTER = ('microhttpd', 'fsrv/fsrv.h', 'fsrv/server.h')

# Pure functions of memory and strings that no locale changes, and the bsearch of tables. Clang makes bcmp
# of memcmp.
ALLOWED_IMPORTS = {'bcmp', 'memchr', 'memcmp', 'memcpy', 'memmem', 'memmove', 'memrchr', 'memset', 'strlen',
                   'strnlen', 'strcmp', 'strncmp', 'strchr', 'strrchr', 'strpbrk', 'strspn', 'strcspn',
                   'bsearch'}
# Of compilers and sanitizers, and the checked forms of the above.
INSTRUMENTATION = re.compile(r'__(asan|ubsan|tsan|msan|sanitizer|gcov|llvm|stack_chk|cyg)_\w*|'
                             r'_GLOBAL_OFFSET_TABLE_')
CHECKED = re.compile(r'__(\w+)_chk')

# They read locale or environment, overflow, print, or decide the fate of the process.
BANNED = (r'strto\w+', r'ato[ifl]+', 'sprintf', 'vsprintf', 'strcpy', 'stpcpy', 'strcat', 'strncpy',
          'strncat', 'gets', r'v?[fd]?printf', r'v?asprintf', 'puts', 'putchar', 'fputs', 'perror',
          r'\w*scanf', 'strtok', 'tolower', 'toupper',
          r'isw?(alpha|digit|alnum|space|upper|lower|xdigit|print|punct|graph|cntrl|blank|ascii|ctype)',
          r'tow(lower|upper)', 'toascii', 'strcasecmp', 'strncasecmp', 'strcasestr', 'strverscmp', 'strcoll',
          'strxfrm', 'strsignal', 'strerror', 'fnmatch', 'glob', 'wordexp', 'regcomp',
          r'\w*(strftime|strptime)', r'\w*(mbs?r?towcs?|wcs?r?tombs?|mbr?len)', 'setlocale',
          'uselocale', 'localeconv', 'nl_langinfo', 'rpmatch', 'getenv', 'secure_getenv', 'setenv',
          'exit', '_exit', 'abort', 'atexit', 'signal', 'sigaction', 'system', 'popen', 'fork',
          r'exec\w+', 'chdir', 'umask', 'alloca', 'localtime', 'gmtime', 'fopen', 'creat')

# What makes a descriptor must not leak it into child processes.
CLOSE_ON_EXEC = {'open': 'O_CLOEXEC', 'openat': 'O_CLOEXEC', 'socket': 'SOCK_CLOEXEC',
                 'accept4': 'SOCK_CLOEXEC', 'socketpair': 'SOCK_CLOEXEC', 'eventfd': 'EFD_CLOEXEC',
                 'epoll_create1': 'EPOLL_CLOEXEC', 'timerfd_create': 'TFD_CLOEXEC',
                 'memfd_create': 'MFD_CLOEXEC', 'pipe2': 'O_CLOEXEC', 'inotify_init1': 'IN_CLOEXEC'}
WITHOUT_THE_CHOICE = ('accept', 'dup', 'pipe', 'epoll_create', 'inotify_init', 'opendir')


def check_includes(layer, forbidden):
    none(f'{path} includes {name}' for path in find(f'lib/{layer}', '.c', '.h') for name in includes(path)
         if name.startswith(forbidden))


def check_words():
    """The lower layers do not know the adapter, not even in a comment."""
    none(f'{path}: {match[0]}' for layer in ('http', 'html', 'fs') for kind in ('.c', '.h')
         for path in find(f'lib/{layer}', kind)
         if (match := re.search(r'libmicrohttpd|MHD', read(path))))


def check_imports(nm, library):
    defined = {name for name, _ in symbols(nm, library, '--defined-only')}
    if 'fsrv_parse_range_header' not in defined:
        raise AssertionError(f'{library} does not hold the core')
    imported = {name for name, _ in symbols(nm, library, '--undefined-only')} - defined
    imported = {CHECKED.sub(r'\1', name) for name in imported if not INSTRUMENTATION.fullmatch(name)}
    none(f'http or html uses {name}' for name in sorted(imported - ALLOWED_IMPORTS))


def check_banned():
    for path in find('lib', '.c', '.h') + find('include', '.h'):
        code = without_attributes(read_code(path))
        none(f'{path}:{line}: {name} is not for a library' for name in BANNED
             for line, _ in calls(code, f'(?:{name})'))


def check_formats():
    """Decimals and the grouping of digits follow the locale."""
    none(f'{path}: {text} prints as the locale says' for path in find('lib', '.c', '.h')
         for text in re.findall(r'"(?:\\.|[^"\\\n])*"', read(path))
         if re.search(r"%[-+ #0-9.*]*(?:'|L?[aefgAEFG])", text.replace('%%', '')))


def takers_of_flags():
    """Functions that pass their own parameter flags on to open or openat2: their callers choose."""
    code = ' '.join(read_code(path) for path in find('lib', '.c'))
    return set(re.findall(r'\b(\w+)\([^;{}()]*\bint flags\b[^;{}()]*\)\s*\{', code))


def check_open_call(arguments, wanted):
    if re.search(r'\bFSRV__(OPEN|SEARCH|NAME)_FLAGS\b|\bflags\b', arguments):
        return None
    if wanted not in arguments:
        return f'without {wanted}'
    return 'with flags of its own' if wanted == 'O_CLOEXEC' else None


def check_descriptors(path):
    code = read_code(path)
    makers = {**CLOSE_ON_EXEC, **{name: 'O_CLOEXEC' for name in takers_of_flags()}}
    for name, wanted in makers.items():
        for line, arguments in calls(code, name):
            problem = check_open_call(arguments, wanted)
            if problem:
                yield f'{path}:{line}: {name} {problem}'
    for name in WITHOUT_THE_CHOICE:
        yield from (f'{path}:{line}: {name} cannot close on exec' for line, _ in calls(code, name))


def check_all_descriptors():
    found = [path for path in find('lib', '.c') if re.search(r'\bopen(at)?\(', read_code(path))]
    if not found:
        raise AssertionError('no call of open found: the check looks in the wrong place')
    none(problem for path in find('lib', '.c') for problem in check_descriptors(path))


def check_open_flags():
    """What is opened for reading, and what is opened as a directory or for its name alone."""
    found = re.findall(r'#define (FSRV__\w+_FLAGS) (.*?\))', ' '.join(map(read_code, find('lib', '.h'))))
    if len({name for name, _ in found}) != 3:
        raise AssertionError(f'flags of other names than expected: {found}')
    for name, flags in found:
        reads = 'O_RDONLY' in flags and 'O_DIRECTORY' not in flags
        wanted = ('O_CLOEXEC', 'O_NONBLOCK', 'O_NOCTTY') if reads else ('O_CLOEXEC',)
        none(f'{name}, {flags}, lacks {flag}' for flag in wanted if flag not in flags)


def graph_cases(uses):
    """uses gives the edges of the graph; it is called within the cases, since it may fail."""
    yield 'no module uses one of a higher layer', lambda: none(rules.upward(uses()))
    yield 'http, html and base do not use each other', lambda: none(rules.sideways(uses()))
    yield 'no cycle', lambda: none(rules.cycles(uses()))


def declaration_cases(objects):
    yield 'every include names a header', lambda: none(rules.odd_includes())
    yield 'headers declare what their own file defines', lambda: none(rules.foreign_declarations(objects()))
    yield 'a .c file declares nothing of others', lambda: none(rules.declarations_by_hand(objects()))
    yield 'what others see is declared in a header', lambda: none(rules.undeclared_definitions(objects()))
    yield 'what others see is named fsrv', lambda: none(rules.odd_names(objects()))


def main(nm, core, archive):
    objects = cache(partial(library_objects, nm, archive))
    uses = cache(lambda: include_uses() + link_uses(objects()))
    run((
        *((f'{layer} includes no headers of the system or of libmicrohttpd',
           partial(check_includes, layer, OF_THE_SYSTEM + OF_THE_ADAPTER)) for layer in ('http', 'html')),
        ('fs includes no headers of libmicrohttpd', partial(check_includes, 'fs', OF_THE_ADAPTER)),
        ('http and html import only memory and string functions', lambda: check_imports(nm, core)),
        *graph_cases(uses),
        *declaration_cases(objects),
        ('http, html and fs do not name libmicrohttpd', check_words),
        ('no banned function', check_banned),
        ('no format that a locale changes', check_formats),
        ('every descriptor closes on exec', check_all_descriptors),
        ('files of a client\'s choice cannot block or become a terminal', check_open_flags),
    ))


main(*sys.argv[1:])

"""Help, manual page and completions of fsrv-serve know the same options.

test_serve_completions.py FSRV_SERVE SOURCE

SOURCE is the folder of the project."""
import os
import re
import shutil
import sys
from functools import partial

from server import run_to_end
from tap import Skip, equal, run

LONG = r'--([a-z][a-z-]+)'


def read(*parts):
    with open(os.path.join(*parts), encoding='utf-8') as file:
        return file.read()


def known_options(source):
    """What the program takes: names, and whether a value has to follow."""
    table = re.findall(r'\{"([a-z-]+)", (no|required|optional)_argument',
                       read(source, 'examples/serve_options.c'))
    equal(len(table) > 40, True, 'options in serve_options.c')
    return dict(table)


def options_of_help(serve):
    lines = [line for line in run_to_end([serve, '--help'])[1].splitlines() if line.startswith('  -')]
    return [name for line in lines for name in re.findall(LONG, re.split(r'(?<=\S)  +', line.strip())[0])]


def options_of_page(source):
    lines = read(source, 'docs/man/fsrv-serve.1').replace('\\-', '-').splitlines()
    section = lines[lines.index('.SH OPTIONS'):lines.index('.SH HEADER FIELDS')]
    heads = [line for before, line in zip(section, section[1:]) if before == '.TP']
    return [name for head in heads for name in re.findall(LONG, head)]


def options_of_bash(source):
    words = re.search(r'compgen -W "\s(.*?)"', read(source, 'examples/completions/fsrv-serve.bash'), re.S)[1]
    return re.findall(LONG, words)


def options_of_zsh(source):
    lines = read(source, 'examples/completions/_fsrv-serve').splitlines()
    specifications = [line for line in lines if line.startswith("\t'")]
    return [re.search(LONG, line)[1] for line in specifications if '--' in line]


def options_of_fish(source):
    text = read(source, 'examples/completions/fsrv-serve.fish')
    return re.findall(r'^complete -c fsrv-serve .*?-l ([a-z-]+)', text, re.M)


def knows_all(options, known):
    found = options()
    equal(sorted(found), sorted(set(found)), 'options that are there twice')
    equal(sorted(found), sorted(known), 'options')


def needs_values(serve, known):
    """The table is what the program does."""
    for name, value in known.items():
        if name in ('help', 'version'):
            continue
        error = run_to_end([serve, '/no/such/folder', f'--{name}'])[2]
        equal('needs a value' in error, value == 'required', f'{name}: {error}')


def parses(shell, path):
    if shutil.which(shell) is None:
        raise Skip(f'no {shell}')
    status, output, error = run_to_end([shell, '-n', path])
    equal((status, output, error), (0, '', ''), path)


def ask_bash(source, *words):
    script = '''source "$0"; compopt() { :; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _fsrv_serve fsrv-serve "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"; printf '%s\\n' "${COMPREPLY[@]}"'''
    path = os.path.join(source, 'examples/completions/fsrv-serve.bash')
    return run_to_end(['bash', '-c', script, path, 'fsrv-serve', *words])[1].split()


def ask_fish(source, *words):
    script = f'source {source}/examples/completions/fsrv-serve.fish; complete -C "$argv"'
    output = run_to_end(['fish', '--no-config', '-c', script, ' '.join(['fsrv-serve', *words])])[1]
    return [line.split('\t')[0] for line in output.splitlines()]


def completes(shell, ask):
    if shutil.which(shell) is None:
        raise Skip(f'no {shell}')
    # Newer releases of fish also offer what has these letters with others between them.
    found = [name for name in ask('--mod') if name.startswith('--mod')]
    equal(found, ['--mode='] if shell == 'bash' else ['--mode'], '--mod')
    equal(sorted(ask('--mode', '')), ['epoll', 'pool', 'thread'], '--mode')
    equal([name.rstrip('/') for name in ask('/us')], ['/usr'], 'a folder')
    equal([name.rstrip('/') for name in ask('--overlay', '/us')], ['/usr'], '--overlay')
    equal('/etc/passwd' in ask('--key', '/etc/passw'), True, '--key')
    equal(ask('--port', ''), [], '--port')


def names_specifications_of_zsh(source, known):
    """As zsh reads them: one for each option, those with a short form are two."""
    if shutil.which('zsh') is None:
        raise Skip('no zsh')
    path = os.path.join(source, 'examples/completions/_fsrv-serve')
    output = run_to_end(['zsh', '-f', '-c', '_arguments() { print -rl -- "$@" }; source "$0"', path])[1]
    names = [re.search(LONG, line.split('[')[0].split(')')[-1]) for line in output.splitlines()]
    equal(sorted(name[1] for name in names if name), sorted(known), 'options')


def lints(source):
    if shutil.which('mandoc') is None:
        raise Skip('no mandoc')
    page = f'{source}/docs/man/fsrv-serve.1'
    status, output, _ = run_to_end(['mandoc', '-T', 'lint', '-W', 'warning', page])
    equal((status, output), (0, ''), 'warnings')


def cases(serve, source):
    known = known_options(source)
    yield 'values', partial(needs_values, serve, known)
    for name, options in (
            ('--help', partial(options_of_help, serve)), ('manual page', partial(options_of_page, source)),
            ('bash', partial(options_of_bash, source)), ('zsh', partial(options_of_zsh, source)),
            ('fish', partial(options_of_fish, source))):
        yield f'{name} has every option', partial(knows_all, options, known)
    for shell, name in (('bash', 'fsrv-serve.bash'), ('zsh', '_fsrv-serve'), ('fish', 'fsrv-serve.fish')):
        path = f'{source}/examples/completions/{name}'
        yield f'{shell} parses its file', partial(parses, shell, path)
    yield 'bash completes', partial(completes, 'bash', partial(ask_bash, source))
    yield 'fish completes', partial(completes, 'fish', partial(ask_fish, source))
    yield 'zsh reads each option', partial(names_specifications_of_zsh, source, known)
    yield 'the manual page has no warnings', partial(lints, source)


def main(serve, source):
    run(cases(serve, source))


main(*sys.argv[1:])

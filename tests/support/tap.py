"""Runs the cases of a test program and reports them in TAP, as meson reads it."""
import sys
import traceback


class Skip(Exception):
    """Raised by a case, or handed to skip_all, when the machine lacks something."""


def skip_all(reason):
    print(f'1..0 # SKIP {reason}')
    sys.exit(0)


def _run(number, name, case):
    try:
        case()
    except Skip as reason:
        print(f'ok {number} - {name} # SKIP {reason}', flush=True)
        return True
    except Exception as error:
        for line in traceback.format_exc().splitlines() if not isinstance(error, AssertionError) else []:
            print(f'# {line}')
        for line in str(error).splitlines():
            print(f'# {line}')
        print(f'not ok {number} - {name}', flush=True)
        return False
    print(f'ok {number} - {name}', flush=True)
    return True


def run(cases):
    """cases: pairs of a name and a function without arguments, which fails by raising. Ends the program."""
    cases = list(cases)
    print(f'1..{len(cases)}', flush=True)
    good = [_run(number, name, case) for number, (name, case) in enumerate(cases, 1)]
    sys.exit(0 if all(good) else 1)


def equal(got, want, what=''):
    if got != want:
        raise AssertionError(f'{what}: got {got!r}, want {want!r}')

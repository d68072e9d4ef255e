"""The code blocks of the documentation that have a name: ```c before.c, ```nginx, and so on."""
import re


def read_blocks(path):
    """Pairs of what stands behind the three backticks, and the lines of the block."""
    with open(path, encoding='utf-8') as file:
        return re.findall(r'^```([^\n]+)\n(.*?)^```$', file.read(), re.DOTALL | re.MULTILINE)


def read_programs(path):
    """The whole programs, by their file names."""
    return {kind.split()[1]: text for kind, text in read_blocks(path) if re.fullmatch(r'c \w+\.c', kind)}


def read_block(path, kind):
    """The only block of that kind."""
    found = [text for name, text in read_blocks(path) if name == kind]
    if len(found) != 1:
        raise AssertionError(f'{path} has {len(found)} blocks of {kind}')
    return found[0]

"""The rules that the modules of lib keep. Each function gives the problems that it finds, one text each."""
import os
import re

from graph import components, explain, graph_of, module_of, modules, shortest_cycle
from sources import (ROOT, find, functions, include_directives, read_code, split_list, without_attributes)

# The folders of lib from the bottom up. Those of one layer do not know each other. base.c is a module
# beside the lowest ones.
FLOORS = (('http', 'html', 'base'), ('fs',), ('mhd',))


def folder_of(module):
    return module.split('/')[0]


def layer_of(module):
    for number, folders in enumerate(FLOORS):
        if folder_of(module) in folders:
            return number
    raise AssertionError(f'lib/{module} is on no layer')


def upward(uses):
    return [use.why for use in uses if layer_of(use.used) > layer_of(use.user)]


def sideways(uses):
    return [use.why for use in uses
            if layer_of(use.used) == layer_of(use.user) and folder_of(use.used) != folder_of(use.user)]


def cycles(uses):
    """Of each component one cycle, step by step."""
    graph = graph_of(uses)
    problems = []
    for component in components(graph):
        heading = f'{len(component)} modules use each other: {", ".join(component)}. A cycle:'
        steps = explain(shortest_cycle(graph, component), uses)
        problems.append('\n'.join([heading, *(f'  {step}' for step in steps)]))
    return problems


def odd_includes(root=ROOT):
    """Includes that hide a use: through a macro, of what is no header, or by a path with dots. In quotes
    stand headers of lib and include alone; range.c finds range.h beside it where both were copied."""
    known = set(find('lib', '.h', root=root) + find('include', '.h', root=root))
    problems = []
    for path in find('lib', '.c', '.h', root=root) + find('include', '.h', root=root):
        places = (os.path.dirname(path), 'lib', 'include', 'include/fsrv')
        for text, name in include_directives(path, root):
            is_plain = name and re.fullmatch(r'(\w+/)*\w+\.h', name)
            if not is_plain or text[0] == '"' and not known & {f'{place}/{name}' for place in places}:
                problems.append(f'{path} includes {text}')
    return problems


def declared(paths, root=ROOT):
    """Functions that others may define."""
    return {function.name for path in paths for function in functions(path, root)
            if not function.is_static and not function.has_body}


def variables(path, root=ROOT):
    """What a file declares as extern, but for functions."""
    found = re.findall(r'\bextern\b([^;{}]*);', without_attributes(read_code(path, root)))
    names = [re.fullmatch(r'[\w\s*]*?(?:\(\s*\*\s*(\w+).*|(\w+)\s*(?:\[.*\])*)', part)
             for text in found for part in split_list(text)]
    return {match[1] or match[2] for match in names if match}


def words(paths, root=ROOT):
    return {word for path in paths for word in re.findall(r'\w+', read_code(path, root))}


def of_headers(objects, root=ROOT):
    """Of each module its headers, and the names that its object defines."""
    defined = {module_of(path): set(an_object.defined) for path, an_object in objects.items()}
    for module, paths in sorted(modules(root).items()):
        names = defined.get(module, set())
        yield module, [path for path in paths if path.endswith('.h')], names


def foreign_declarations(objects, root=ROOT):
    """Headers of lib that declare what the .c file of the same name does not define, or define it.

    A header may declare functions that libmicrohttpd's own header has only in newer releases."""
    problems = []
    for module, headers, known in of_headers(objects, root):
        for header in headers:
            names = {name for name in declared([header], root) | variables(header, root)
                     if not name.startswith('MHD_')}
            problems += [f'{header} declares {name}, which lib/{module}.c does not define'
                         for name in sorted(names - known)]
            problems += [f'{header} defines {name}, which is not static'
                         for name, _, is_static, has_body, _ in functions(header, root)
                         if has_body and not is_static]
    return problems


def declarations_by_hand(objects, root=ROOT):
    """What a .c file declares without a header, and does not define."""
    problems = []
    for path, an_object in sorted(objects.items()):
        names = declared([path], root) - set(an_object.defined) | variables(path, root)
        problems += [f'{path} declares {name} by hand' for name in sorted(names)]
    return problems


def undeclared_definitions(objects, root=ROOT):
    """Functions and data that other files see, but neither the header of the same name nor a public one."""
    public = words(find('include', '.h', root=root), root)
    problems = []
    for module, headers, names in of_headers(objects, root):
        problems += [f'lib/{module}.c defines {name}, which its header and the public ones do not declare'
                     for name in sorted(names - public - words(headers, root))]
    return problems


def odd_names(objects, root=ROOT):
    """What other files see is public, or its name says that it is not."""
    public = declared(find('include', '.h', root=root), root)
    return [f'{path} defines {name}, which is neither public nor fsrv__'
            for path, an_object in sorted(objects.items()) for name in sorted(set(an_object.defined) - public)
            if not name.startswith('fsrv__')]

"""The rules that the modules of lib keep. Each function gives the problems that it finds, one text each."""
import os
import re

from graph import components, explain, graph_of, module_of, modules, shortest_cycle
from sources import ROOT, find, functions, include_directives, includes

# The folders of lib from the bottom up. Those of one layer do not know each other. base.c is a module
# beside the lowest ones.
FLOORS = (('http', 'html', 'base'), ('fs',), ('mhd',))

# What range.c may include: it is copied into other programs, into one folder with range.h.
FOR_RANGE = re.compile(r'(fsrv/)?range\.h|(limits|stdbool|stddef|stdint|string)\.h')


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
    return {function.name for path in paths for function in functions(path, root)
            if not function.is_static and not function.has_body}


def defined(paths, root=ROOT):
    return {function.name for path in paths for function in functions(path, root)
            if not function.is_static and function.has_body}


def foreign_declarations(root=ROOT):
    """Headers of lib that declare what the .c file of the same name does not define."""
    problems = []
    for module, paths in sorted(modules(root).items()):
        source = f'lib/{module}.c'
        known = defined([path for path in paths if path == source], root)
        for header in (path for path in paths if path.endswith('.h')):
            problems += [f'{header} declares {name}, which {source} does not define'
                         for name in sorted(declared([header], root) - known)]
            problems += [f'{header} defines {name}, which is not static'
                         for name in sorted(defined([header], root))]
    return problems


def undeclared_definitions(root=ROOT):
    """Functions that are neither static nor declared by the header of the same name or by a public one."""
    public = declared(find('include', '.h', root=root), root)
    problems = []
    for module, paths in sorted(modules(root).items()):
        headers = [path for path in paths if path.endswith('.h')]
        known = public | declared(headers, root)
        for source in (path for path in paths if path.endswith('.c')):
            problems += [f'{source} defines {name}, which neither lib/{module}.h nor a public header declares'
                         for name in sorted(defined([source], root) - known)]
    return problems


def misread(objects, root=ROOT):
    """Files in which the compiler found other functions than functions() did."""
    problems = []
    for path, an_object in sorted(objects.items()):
        compiled = {name for name, kind in an_object.defined.items() if kind == 'T'}
        problems += [f'{path}: {name} is a function of the text or of the object only'
                     for name in sorted(compiled ^ defined([path], root))]
    return problems


def range_needs(uses, root=ROOT):
    """What lib/http/range.c needs that a program which copies it does not have."""
    source = 'lib/http/range.c'
    problems = [f'{source} includes {name}' for name in includes(source, root)
                if not FOR_RANGE.fullmatch(name)]
    return problems + [use.why for use in uses if use.user == module_of(source)]

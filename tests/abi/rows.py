"""Arranges a graph without cycles in rows, as people draw one: a node stands above all that it uses, the
lines cross as little as may be, and a line that passes a row has a place of its own there.

Nodes are strings; a place that only a line takes is a tuple of the line's ends and its row. The result
depends on nothing but the arguments."""
from graph import reachable

SWEEPS = 24


def reduced(graph):
    """Without the edges that longer paths imply."""
    below = {node: reachable(graph, node) for node in graph}
    return {node: {used for used in graph[node] if not any(used in below[other] for other in graph[node])}
            for node in graph}


def users_of(graph):
    users = {node: set() for node in graph}
    for node, used in graph.items():
        for other in used:
            users[other].add(node)
    return users


def height(graph, node):
    """How many steps the longest way down has."""
    return max((height(graph, used) + 1 for used in graph[node]), default=0)


def has_room(row, node, widths, gap, room):
    return not row or sum(widths[other] + gap for other in row) + widths[node] <= room


def fill_rows(graph, widths, gap, room):
    """Rows from the lowest up. What has the longest chain of users above it is placed first."""
    users = users_of(graph)
    order = sorted(graph, key=lambda node: (-height(users, node), node))
    alone = [node for node in order if not graph[node] and not users[node]]
    left = [node for node in order if node not in alone]
    rows = []
    while left:
        row = []
        for node in left:
            if not graph[node] & {*left} and has_room(row, node, widths, gap, room):
                row.append(node)
        rows.append(row)
        left = [node for node in left if node not in row]
    for node in alone:
        fitting = [row for row in rows if has_room(row, node, widths, gap, room)]
        if not fitting:
            rows.append([])
        min(fitting or rows[-1:], key=lambda row: sum(widths[other] + gap for other in row)).append(node)
    return rows


def lift(rows, graph, widths, gap, room):
    """Moves nodes up towards their users where that makes more lines shorter than longer."""
    users = users_of(graph)
    for level in reversed(range(len(rows))):
        for node in sorted(rows[level]):
            top = min((number for number, row in enumerate(rows) if users[node] & {*row}), default=0)
            fitting = [row for row in rows[level + 1:top] if has_room(row, node, widths, gap, room)]
            if fitting and len(users[node]) > len(graph[node]):
                rows[level].remove(node)
                fitting[-1].append(node)


def with_lines(rows, graph):
    """The rows with a place for each line that passes them, and the links from each place to lower ones."""
    level = {node: number for number, row in enumerate(rows) for node in row}
    full = [sorted(row) for row in rows]
    links = {node: [] for node in graph}
    for node in sorted(graph):
        for used in sorted(graph[node]):
            above = node
            for number in range(level[node] - 1, level[used], -1):
                place = (node, used, number)
                full[number].append(place)
                links[above].append(place)
                links[place] = []
                above = place
            links[above].append(used)
    return full, links


def mirrored(links):
    back = {place: [] for place in links}
    for place, lower in links.items():
        for other in lower:
            back[other].append(place)
    return back


def crossings(rows, links):
    """Between neighbouring rows, pair by pair."""
    count = 0
    for upper, lower in zip(rows[1:], rows):
        at = {place: number for number, place in enumerate(lower)}
        ends = [(number, at[other]) for number, place in enumerate(upper) for other in links[place]]
        count += sum(1 for a, b in ends for c, d in ends if a < c and b > d)
    return count


def sort_by_neighbours(row, neighbours, beside):
    """Each place goes to where the middle of its neighbours in the row beside is."""
    at = {place: (number + 0.5) / len(beside) for number, place in enumerate(beside)}

    def middle(number, place):
        known = [at[other] for other in neighbours[place]]
        return sum(known) / len(known) if known else (number + 0.5) / len(row)
    keys = {place: (middle(number, place), number) for number, place in enumerate(row)}
    return sorted(row, key=keys.get)


def untangle(rows, links):
    """The order within rows that crosses least, of those that sweeps up and down come by."""
    back = mirrored(links)
    best = rows = [list(row) for row in rows]
    for _ in range(SWEEPS):
        for number in range(len(rows) - 2, -1, -1):
            rows[number] = sort_by_neighbours(rows[number], back, rows[number + 1])
        for number in range(1, len(rows)):
            rows[number] = sort_by_neighbours(rows[number], links, rows[number - 1])
        if crossings(rows, links) < crossings(best, links):
            best = [list(row) for row in rows]
    return swap_neighbours([list(row) for row in best], links)


def swap_neighbours(rows, links):
    """Exchanges neighbours as long as that removes crossings."""
    count, is_better = crossings(rows, links), True
    while is_better:
        is_better = False
        for row in rows:
            for i in range(len(row) - 1):
                row[i], row[i + 1] = row[i + 1], row[i]
                fewer = crossings(rows, links)
                if fewer < count:
                    count, is_better = fewer, True
                else:
                    row[i], row[i + 1] = row[i + 1], row[i]
    return rows


def spread(wanted, distances, room):
    """Places in order and at least these distances apart, as near to the wanted ones as may be: of all such
    ones those with the least sum of squares. distances has one more, from the left border to the first
    place; room is where the last one ends."""
    offsets = [sum(distances[:i + 1]) for i in range(len(wanted))]
    groups = []
    for want, offset in zip(wanted, offsets):
        groups.append([want - offset, 1])
        while len(groups) > 1 and groups[-2][0] >= groups[-1][0]:
            mean, size = groups.pop()
            groups[-1] = [(groups[-1][0] * groups[-1][1] + mean * size) / (groups[-1][1] + size),
                          groups[-1][1] + size]
    free = [mean for mean, size in groups for _ in range(size)]
    slack = max(room - offsets[-1], 0)
    return [min(max(mean, 0), slack) + offset for mean, offset in zip(free, offsets)]


def distances_in(row, widths, gap, room):
    """From border to middle of the first, and from middle to middle of the others. Lines need half a gap, and
    all get closer where there is too little room."""
    sizes = [widths.get(place, 0) for place in row]
    gaps = [gap if a and b else gap / 2 for a, b in zip(sizes, sizes[1:])]
    part = min(1, max(room - sum(sizes), 0) / (sum(gaps) or 1))
    return [sizes[0] / 2] + [(a + b) / 2 + between * part for a, b, between in zip(sizes, sizes[1:], gaps)]


def place(rows, links, widths, gap, room):
    """The horizontal middle of each place."""
    back = mirrored(links)
    middles = {}
    for row in rows:
        middles.update(zip(row, spread([room / 2] * len(row), distances_in(row, widths, gap, room),
                                       room - widths.get(row[-1], 0) / 2)))
    for _ in range(SWEEPS):
        for row in [*rows[-2::-1], *rows[1:]]:
            wanted = []
            for at in row:
                near = [middles[other] for other in links[at] + back[at]]
                wanted.append(sum(near) / len(near) if near else middles[at])
            middles.update(zip(row, spread(wanted, distances_in(row, widths, gap, room),
                                           room - widths.get(row[-1], 0) / 2)))
    return middles


def centred(middles, widths, room):
    left = min(middle - widths.get(node, 0) / 2 for node, middle in middles.items())
    right = max(middle + widths.get(node, 0) / 2 for node, middle in middles.items())
    return {node: middle + (room - left - right) / 2 for node, middle in middles.items()}


def arrange(graph, widths, gap, room):
    """Rows from the lowest up, the links from each place to lower ones, and the middle of each place."""
    graph = reduced(graph)
    rows = fill_rows(graph, widths, gap, room)
    lift(rows, graph, widths, gap, room)
    rows, links = with_lines([row for row in rows if row], graph)
    rows = untangle(rows, links)
    return rows, links, centred(place(rows, links, widths, gap, room), widths, room)

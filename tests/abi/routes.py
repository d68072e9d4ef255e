"""Finds ways between boxes on squared paper, past all others, with few bends and apart from each other."""
import heapq

CELL = 6
CLEARANCE = 5   # between a way and a box that it passes
APPROACH = 15   # how far from its end a way should go straight

# What these cost, in steps.
BEND = 7
SHARED = 12     # a step where another way goes already
BESIDE = 2      # a step right beside one
AVOIDED = 8     # a step through an area that no way should pass
NEAR = 2        # a step near the box where the way begins or ends
LATE_BEND = 40  # a bend there

DIRECTIONS = ((0, 1), (1, 0), (0, -1), (-1, 0))


class Paper:
    """boxes: left, top, right and bottom of each by its name. Ways lead to some of them."""

    def __init__(self, width, height, boxes):
        self.columns, self.rows = int(width // CELL), int(height // CELL)
        self.boxes = boxes
        self.owners = {}  # of cells that only ways from or to a box may use
        self.costs = {}
        for name, (left, top, right, bottom) in boxes.items():
            for cell in self.cells(left - CLEARANCE, top - CLEARANCE, right + CLEARANCE, bottom + CLEARANCE):
                self.owners.setdefault(cell, set()).add(name)

    def avoid(self, left, top, right, bottom):
        for cell in self.cells(left, top, right, bottom):
            self.costs[cell] = AVOIDED

    def near(self, name):
        """The cells around a box."""
        left, top, right, bottom = self.boxes[name]
        around = self.cells(left - APPROACH, top - APPROACH, right + APPROACH, bottom + APPROACH)
        return {cell for cell in around if not self.is_inside(self.point(cell), name)}

    @staticmethod
    def point(cell):
        return cell[0] * CELL + CELL / 2, cell[1] * CELL + CELL / 2

    def cells(self, left, top, right, bottom):
        for x in range(int(left // CELL), int(right // CELL) + 1):
            for y in range(int(top // CELL), int(bottom // CELL) + 1):
                yield x, y

    def is_free(self, cell, ends):
        return 0 < cell[0] < self.columns and 0 < cell[1] < self.rows and self.owners.get(cell, ends) <= ends

    def middle(self, name):
        left, top, right, bottom = self.boxes[name]
        return int((left + right) / 2 // CELL), int((top + bottom) / 2 // CELL)

    def price(self, cell, direction, turn, following, near):
        price = 1 + self.costs.get(following, 0) + (NEAR if following in near else 0)
        if direction in (None, turn):
            return price
        return price + (LATE_BEND if cell in near else BEND)

    def search(self, start, goal, ends):
        """The cells of the cheapest way."""
        near = set.union(*(self.near(name) for name in ends))
        queue, came_from, best = [(0, 0, start, None)], {}, {(start, None): 0}
        while queue:
            _, cost, cell, direction = heapq.heappop(queue)
            if cell == goal:
                return self.trace(came_from, (cell, direction))
            if cost > best[cell, direction]:
                continue
            for turn, (dx, dy) in enumerate(DIRECTIONS):
                following = (cell[0] + dx, cell[1] + dy)
                if not self.is_free(following, ends):
                    continue
                price = cost + self.price(cell, direction, turn, following, near)
                if price < best.get((following, turn), price + 1):
                    best[following, turn] = price
                    came_from[following, turn] = (cell, direction)
                    distance = abs(following[0] - goal[0]) + abs(following[1] - goal[1])
                    heapq.heappush(queue, (price + distance, price, following, turn))
        raise AssertionError(f'no way from {start} to {goal}')

    @staticmethod
    def trace(came_from, state):
        cells = [state[0]]
        while state in came_from:
            state = came_from[state]
            cells.append(state[0])
        return cells[::-1]

    def take(self, cells):
        for x, y in cells:
            for dx in (-1, 0, 1):
                for dy in (-1, 0, 1):
                    cost = BESIDE if dx or dy else SHARED
                    self.costs[x + dx, y + dy] = max(self.costs.get((x + dx, y + dy), 0), cost)

    def way(self, start, goal):
        """The corners of a way from the border of one box to that of another."""
        cells = self.search(self.middle(start), self.middle(goal), {start, goal})
        self.take(cells)
        points = [self.point(cell) for cell in cells]
        first = max(number for number, point in enumerate(points) if self.is_inside(point, start)) + 1
        last = min(number for number, point in enumerate(points) if self.is_inside(point, goal))
        between = points[first:last]
        return corners([self.on_border(between[0], start), *between, self.on_border(between[-1], goal)])

    def is_inside(self, point, name):
        return self.on_border(point, name) == point

    def on_border(self, point, name):
        """The point of a box that is next to another point."""
        left, top, right, bottom = self.boxes[name]
        return min(max(point[0], left), right), min(max(point[1], top), bottom)


def corners(points):
    """Without those that lie on a straight line between their neighbours."""
    kept = points[:1]
    for before, point, after in zip(points, points[1:], points[2:]):
        if (point[0] - before[0], point[1] - before[1]) != (after[0] - point[0], after[1] - point[1]):
            kept.append(point)
    return kept + points[-1:]

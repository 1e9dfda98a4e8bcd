"""Where to draw what: a graph from left to right, in columns and rows.

The layered drawing of Sugiyama, Tagawa and Toda (1981): every gate stands right of all it reads; a
wire over several columns gets a place in each of them; the places of a column are ordered to
cross few wires; then they move towards the middle of what they are connected with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from nnsim.circuit.graph import Graph

SWEEPS, SWEEPS_OF_LARGE, LARGE = 8, 2, 2_000  # how often columns are sorted; nodes
SPACING = 2  # rows between neighbours in a column, so that a gate can stand between two inputs
_Point = tuple[int, int]


@dataclass(frozen=True)
class Wire:
    """The way from a node to one input of a gate."""

    source: int
    target: int
    position: int  # which input of the target, from 0
    path: tuple[_Point, ...]  # one point in each column from the source's to the target's


@dataclass(frozen=True)
class Layout:
    """A drawing on a grid; both count from 0, columns to the right and rows downwards."""

    columns: int  # neighbours in a column are two rows or more apart
    rows: int
    places: tuple[_Point, ...]  # of each node, by its index
    wires: tuple[Wire, ...]  # in the order of their targets

    @property
    def crossings(self) -> int:
        gaps: dict[int, set[tuple[int, int]]] = {}
        for wire in self.wires:
            for (column, row), (_next, next_row) in zip(wire.path, wire.path[1:], strict=False):
                gaps.setdefault(column, set()).add((row, next_row))
        return sum(_inversions(sorted(pairs)) for pairs in gaps.values())


def lay_out(graph: Graph) -> Layout:
    """Return a drawing of `graph`.

    The output is in the last column; everything else stands directly left of the first gate that
    reads it, so that the wires are short.
    """
    return _Drawing(graph).layout()


class _Drawing:
    """The graph with a point of its own for every column a wire passes."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        column = _columns(graph)
        self.columns: list[list[int]] = [[] for _ in range(max(column) + 1)]  # points, in order
        self.before: list[list[int]] = []  # of each point, its neighbours one column to the left
        self.after: list[list[int]] = []
        self.row: list[int] = []
        self.ways: list[tuple[int, int, int, list[int]]] = []  # source, target, position, points
        for index in range(len(graph.nodes)):
            self._point(column[index])
        passing: dict[tuple[int, int], int] = {}  # wires from one source share their points
        for node in graph.nodes:
            for position, source in enumerate(node.inputs):
                points = [source]
                for c in range(column[source] + 1, column[node.index]):
                    if (source, c) not in passing:
                        passing[source, c] = self._point(c)
                        self._join(points[-1], passing[source, c])
                    points.append(passing[source, c])
                self._join(points[-1], node.index)
                self.ways.append((source, node.index, position, [*points, node.index]))
        self.column_of = {p: c for c, points in enumerate(self.columns) for p in points}

    def layout(self) -> Layout:
        self._order()
        self._align()
        top = min(self.row)
        place = [(self.column_of[p], row - top) for p, row in enumerate(self.row)]
        wires = tuple(
            Wire(source, target, position, tuple(place[p] for p in points))
            for source, target, position, points in self.ways
        )
        rows = max(self.row) - top + 1
        return Layout(len(self.columns), rows, tuple(place[: len(self.graph.nodes)]), wires)

    def _point(self, column: int) -> int:
        point = len(self.row)
        self.columns[column].append(point)
        self.before.append([])
        self.after.append([])
        self.row.append(0)
        return point

    def _join(self, left: int, right: int) -> None:
        self.after[left].append(right)
        self.before[right].append(left)

    def _order(self) -> None:
        """Order every column by the mean place of its neighbours, to and fro; keep the best."""
        self._start_depth_first()
        best, fewest = [list(points) for points in self.columns], self._crossings()
        large = len(self.graph.nodes) > LARGE
        for _sweep in range(SWEEPS_OF_LARGE if large else SWEEPS):
            if fewest == 0:
                break
            for points in self.columns[1:]:
                self._sort(points, self.before)
            for points in reversed(self.columns[:-1]):
                self._sort(points, self.after)
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(points) for points in self.columns], crossings
        self.columns = best
        self._number()

    def _start_depth_first(self) -> None:
        """Order every column as a walk from the output meets it: a tree gets no crossing."""
        rank: dict[int, int] = {}
        stack = [self.graph.output]
        while stack:
            point = stack.pop()
            if point not in rank:
                rank[point] = len(rank)
                stack.extend(reversed(self.before[point]))
        for points in self.columns:
            points.sort(key=lambda point: rank.get(point, len(rank)))
        self._number()

    def _number(self) -> None:
        for points in self.columns:
            for row, point in enumerate(points):
                self.row[point] = row

    def _sort(self, points: list[int], neighbours: list[list[int]]) -> None:
        points.sort(key=lambda point: self._mean_row(neighbours[point], self.row[point]))
        for row, point in enumerate(points):
            self.row[point] = row

    def _mean_row(self, neighbours: Sequence[int], otherwise: float) -> float:
        return fmean(self.row[point] for point in neighbours) if neighbours else otherwise

    def _crossings(self) -> int:
        total = 0
        for points in self.columns:
            pairs = [(self.row[p], self.row[q]) for p in points for q in self.after[p]]
            total += _inversions(sorted(pairs))
        return total

    def _align(self) -> None:
        """Move the points of each column, in their order, to rows near their neighbours."""
        for _sweep in range(2):
            for points in reversed(self.columns):
                self._place(points, lambda point: self.after[point])
            for points in self.columns:
                self._place(points, lambda point: self.before[point])

    def _place(self, points: list[int], neighbours: Callable[[int], list[int]]) -> None:
        """Give each point the row it wishes for; those that want the same spread around it.

        The closest increasing rows are those of isotonic regression (pool adjacent violators) of
        the wished rows less 0, 2, 4, …
        """
        pools: list[tuple[float, int]] = []  # mean wish, number of points
        for order, point in enumerate(points):
            wish = self._mean_row(neighbours(point), self.row[point]) - SPACING * order
            count = 1
            while pools and pools[-1][0] >= wish:
                mean, others = pools.pop()
                wish = (wish * count + mean * others) / (count + others)
                count += others
            pools.append((wish, count))
        order, lowest = 0, None
        for mean, count in pools:
            first = round(mean)
            lowest = first if lowest is None else max(lowest, first)
            for _point in range(count):
                self.row[points[order]] = lowest + SPACING * order
                order += 1


def _columns(graph: Graph) -> list[int]:
    """Count the longest way from each node to an end; the column is that from the right."""
    before_end = [0] * len(graph.nodes)
    for node in reversed(graph.nodes):
        for source in node.inputs:
            before_end[source] = max(before_end[source], before_end[node.index] + 1)
    return [max(before_end) - distance for distance in before_end]


def _inversions(pairs: Sequence[tuple[int, int]]) -> int:
    """Count the pairs of wires that cross: sorted by the left end, inverted at the right."""
    size = 1 + max((right for _left, right in pairs), default=0)
    seen = [0] * (size + 1)  # a binary indexed tree over the right ends (Barth, Jünger, Mutzel)
    count = 0
    for number, (_left, right) in enumerate(pairs):
        not_above, i = 0, right + 1
        while i:
            not_above += seen[i]
            i -= i & -i
        count += number - not_above
        i = right + 1
        while i <= size:
            seen[i] += 1
            i += i & -i
    return count

"""Where a circuit's picture has its boxes, wires and numbers, in character cells.

The grid of `nnsim.circuit.layout` becomes columns of boxes with room for a number over and under
the wire that leaves each, and a gap for the wires to the next column. Nothing here knows values:
a picture lasts as long as the graph does.

Between two columns every wire runs to the right, along an upright track if it changes its row, and
to the right again. The wires that leave one node are one net and share a track; nets whose tracks
would overlap stand side by side, in an order that crosses few of them. Where a wire crosses a
strange one, the upright one passes over it unbroken.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from nnsim.circuit import Graph, Node
from nnsim.circuit.gates import CONSTANT, INPUT
from nnsim.circuit.graph import Block
from nnsim.circuit.layout import Wire, lay_out
from nnsim.lab.addresses import Address
from nnsim.tui.draw.text import width_of

ROW = 2  # lines of the picture for each row of the grid
NUMBER = 7  # cells of a number on a wire
STUB = NUMBER + 1  # cells of the wire under it
MOST_WIDE = 6  # upright tracks in a gap before they stand close
MOST_WIRES = 4  # into a folded gate before its parameters go inside

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
LIGHT = {
    LEFT: "─", RIGHT: "─", LEFT | RIGHT: "─", UP: "│", DOWN: "│", UP | DOWN: "│",
    DOWN | RIGHT: "┌", DOWN | LEFT: "┐", UP | RIGHT: "└", UP | LEFT: "┘",
    UP | DOWN | RIGHT: "├", UP | DOWN | LEFT: "┤", DOWN | LEFT | RIGHT: "┬",
    UP | LEFT | RIGHT: "┴", UP | DOWN | LEFT | RIGHT: "┼",
}  # fmt: skip
HEAVY = dict(zip(LIGHT, "━━━┃┃┃┏┓┗┛┣┫┳┻╋", strict=True))
Point = tuple[int, int]


# What is drawn ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Drawn:
    """The part of a graph that is drawn, as a graph of its own."""

    graph: Graph
    nodes: tuple[int, ...]  # for each node of it, the node of the whole graph
    inside: dict[int, tuple[int, ...]]  # for gates of the whole graph, the inputs in their boxes


def drawn(graph: Graph) -> Drawn:
    """Return the part of `graph` that is drawn: all, but for what only a large folded gate reads.

    A folded neuron reads its inputs, all its weights and its bias; the parameters stay inside its
    box, or the picture would be nothing but them. The inputs of the network are always drawn.
    """
    inside: dict[int, tuple[int, ...]] = {}
    for gate in graph.gates:
        if isinstance(gate.kind, Block) and len(gate.inputs) > MOST_WIRES:
            kept = [
                source
                for source in gate.inputs
                if graph.nodes[source].kind is INPUT
                and len(graph.readers[source]) == 1
                and Address.parse(graph.nodes[source].name).parts[0][0] != "input"
            ]
            if kept:
                inside[gate.index] = tuple(kept)
    hidden = {source for sources in inside.values() for source in sources}
    if not hidden:
        return Drawn(graph, tuple(range(len(graph.nodes))), {})
    nodes: list[Node] = []
    new: dict[int, int] = {}
    for node in graph.nodes:
        if node.index in hidden:
            continue
        new[node.index] = len(nodes)
        sources = tuple(new[source] for source in node.inputs if source in new)
        nodes.append(replace(node, index=len(nodes), inputs=sources))
    return Drawn(Graph(tuple(nodes), new[graph.output], {}), tuple(new), inside)


# Wires --------------------------------------------------------------------------------------------
@dataclass
class Net:
    """The wires from one node through one gap between columns."""

    source: int
    leaves: int  # the row at which it comes in from the left
    enters: set[int] = field(default_factory=set)  # the rows at which it goes on to the right
    track: int = -1  # which upright one it takes, from the left; −1 where it runs straight

    @property
    def straight(self) -> bool:
        return self.enters == {self.leaves}

    @property
    def span(self) -> tuple[int, int]:
        """The rows its track covers."""
        return min(self.leaves, *self.enters), max(self.leaves, *self.enters)


def assign_tracks(nets: Sequence[Net]) -> int:
    """Give every net of one gap that needs it a track; return how many tracks there are.

    A net that leaves at the row at which another enters comes left of it, or the two would run
    over one another in that row.
    """
    bent = [net for net in nets if not net.straight]
    # Of those that go down, the lower ones turn first; of those that go up, the upper ones.
    waiting = sorted(bent, key=_turn)
    placed: list[Net] = []
    while waiting:
        free = next((n for n in waiting if not _blocked(n, waiting)), waiting[0])
        waiting.remove(free)
        low, high = free.span
        beside = [n.track for n in placed if n.span[0] <= high and low <= n.span[1]]
        free.track = 1 + max(beside, default=-1)
        placed.append(free)
    return 1 + max((net.track for net in placed), default=-1)


def _turn(net: Net) -> tuple[int, int]:
    goes_down = sum(net.enters) > net.leaves * len(net.enters)
    return (0, -net.leaves) if goes_down else (1, net.leaves)


def _blocked(net: Net, waiting: Iterable[Net]) -> bool:
    return any(other is not net and other.leaves in net.enters for other in waiting)


def cells_along(points: Sequence[Point]) -> dict[Point, int]:
    """Return the cells of a way through `points` (each straight from the one before), and for
    each the sides at which the way goes on; at both ends it goes on level.
    """  # noqa: D205
    cells: dict[Point, int] = {points[0]: LEFT, points[-1]: RIGHT}
    if points[0] == points[-1]:
        cells[points[0]] = LEFT | RIGHT
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        x, y = x0, y0
        while (x, y) != (x1, y1):
            to_x = x + (x1 > x) - (x1 < x)
            to_y = y if to_x != x else y + (1 if y1 > y else -1)
            out = RIGHT if to_x > x else LEFT if to_x < x else DOWN if to_y > y else UP
            back = {RIGHT: LEFT, LEFT: RIGHT, DOWN: UP, UP: DOWN}[out]
            cells[x, y] = cells.get((x, y), 0) | out
            cells[to_x, to_y] = cells.get((to_x, to_y), 0) | back
            x, y = to_x, to_y
    return cells


def cells_of_net(net: Net, start: int, track: int, end: int) -> Iterator[tuple[Point, int]]:
    """Yield the cells of a net from column `start` to `end`, and the sides where it goes on.

    `track` is the column of its track, if it has one.
    """
    level = LEFT | RIGHT
    if net.straight:
        yield from (((x, net.leaves), level) for x in range(start, end + 1))
        return
    low, high = net.span
    yield from (((x, net.leaves), level) for x in range(start, track))
    for y in range(low, high + 1):
        part = (UP if y > low else 0) | (DOWN if y < high else 0)
        part |= (LEFT if y == net.leaves else 0) | (RIGHT if y in net.enters else 0)
        yield (track, y), part
    for y in net.enters:
        yield from (((x, y), level) for x in range(track + 1, end + 1))


def sides(of_nets: dict[int, int]) -> int:
    """Return the sides to draw in a cell, from the sides of each net in it."""
    if len(of_nets) == 1:
        return next(iter(of_nets.values()))
    found = set(of_nets.values())
    if found == {UP | DOWN, LEFT | RIGHT}:
        return UP | DOWN
    joined = 0
    for one in found:
        joined |= one
    return joined


# Boxes, columns and gaps --------------------------------------------------------------------------
@dataclass(frozen=True)
class Box:
    """Where a node is drawn."""

    node: int  # of the whole graph
    title: str  # on its upper edge; of an input there is only the symbol
    symbol: str
    x: int
    y: int  # the line in its middle, where its wire leaves
    width: int
    half: int  # lines over and under its middle; 0 where there is no box, only text
    ports: tuple[int, ...] = ()  # the lines at which its wires come in

    @property
    def end(self) -> int:
        return self.x + self.width


class CircuitLayout:
    """The boxes and wires of a graph: `width` by `height` cells.

    Attributes
    ----------
    boxes, columns : dict of int to Box, to int
        By node of the whole graph, in the order of its nodes; and the column of each.
    by_line : dict of int to list of Box
        The boxes that have something on a line, their numbers included.
    cells : dict of int to dict of int to dict of int to int
        By line and column: for each net (by its source), the sides at which it goes on.
    runs : dict of int to list of (column, text, nets)
        By line: the wires as they are drawn, cells of the same nets together.
    inside : dict of int to tuple of int
        The inputs that are drawn inside the box of a gate.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        part: Drawn = drawn(graph)
        self.inside = part.inside
        self._small, self._whole = part.graph, part.nodes
        grid = lay_out(part.graph)
        self._top = 0
        self._column = [column for column, _row in grid.places]
        self._y = [row * ROW for _column, row in grid.places]
        self._numbers = {node.index: i for i, node in enumerate(graph.gates, 1)}
        self._halves = self._heights(grid.wires, grid.columns)
        self._top = min(y - max(1, half) for y, half in zip(self._y, self._halves, strict=True))
        self._y = [y - self._top for y in self._y]
        self._into: dict[int, list[Wire]] = {}
        for wire in grid.wires:
            self._into.setdefault(wire.target, []).append(wire)
        self._entries = self._ports()
        self._gaps = self._nets(grid.wires, grid.columns)
        self._place(grid.columns)
        self._index()

    def _line(self, row: int) -> int:
        return row * ROW - self._top

    # Boxes ------------------------------------------------------------------------------------
    def _heights(self, wires: tuple[Wire, ...], columns: int) -> list[int]:
        """How far each box reaches up and down: to its wires, where there is room."""
        taken: list[dict[int, int]] = [{} for _ in range(columns)]  # line → what stands there
        halves = [0 if not n.kind.is_gate else 1 for n in self._small.nodes]
        for wire in wires:
            for column, row in wire.path[1:-1]:
                taken[column][row * ROW] = 0
        for node in self._small.nodes:
            taken[self._column[node.index]][self._y[node.index]] = int(node.kind is not CONSTANT)
        wanted = [1] * len(halves)
        for wire in wires:
            away = abs(wire.path[-2][1] * ROW - self._y[wire.target])
            wanted[wire.target] = max(wanted[wire.target], away)
        for node in self._small.gates:
            lines = taken[self._column[node.index]]
            y, most = self._y[node.index], max(1, (len(node.inputs) + 2) // 2)
            if len(node.inputs) < 2:
                continue
            while halves[node.index] < min(most, wanted[node.index]):
                half = halves[node.index] + 1
                if any(other != y and abs(other - y) <= half + e for other, e in lines.items()):
                    break
                halves[node.index] = lines[y] = half
        return halves

    def _ports(self) -> dict[tuple[int, int], int]:
        """The line at which each wire comes in, by target and position."""
        ports: dict[tuple[int, int], int] = {}
        for target, wires in self._into.items():
            found = sorted((self._line(wire.path[-2][1]), wire.position) for wire in wires)
            lines = _spread([y for y, _position in found], self._y[target], self._halves[target])
            for (_from, position), line in zip(found, lines, strict=True):
                ports[target, position] = line
        return ports

    def _texts(self, node: Node) -> tuple[str, str, int]:
        """Title, symbol and width of the box of a node."""
        if not node.kind.is_gate:
            return "", node.label(), width_of(node.label()) + 2
        whole = self.graph.nodes[self._whole[node.index]]
        symbol = node.label()
        title = node.name or f"#{self._numbers[whole.index]}"
        if isinstance(node.kind, Block) and title == symbol:
            title = f"#{self._numbers[whole.index]}"
        return title, symbol, max(width_of(symbol) + 2, width_of(title)) + 2

    # Columns, gaps and wires --------------------------------------------------------------------
    def _place(self, columns: int) -> None:
        """Give every column its place from the left, and every box its own."""
        nodes = self._small.nodes
        texts = [self._texts(node) for node in nodes]
        room, stub = [0] * columns, [1] * columns
        for node in nodes:
            column = self._column[node.index]
            room[column] = max(room[column], texts[node.index][2])
            if node.kind is not CONSTANT:
                stub[column] = STUB
        tracks = [assign_tracks(list(nets.values())) for nets in self._gaps]
        self._pitch = [2 if count <= MOST_WIDE else 1 for count in tracks]
        self._starts = [0] * columns
        self._tracks = [0] * (columns - 1)  # where the first track of each gap is
        for c, (count, pitch) in enumerate(zip(tracks, self._pitch, strict=True)):
            self._tracks[c] = self._starts[c] + room[c] + stub[c] + 1
            self._starts[c + 1] = self._tracks[c] + count * pitch + (pitch == 1)
        self.boxes: dict[int, Box] = {}
        self.columns = {whole: self._column[i] for i, whole in enumerate(self._whole)}
        for node, (title, symbol, width) in zip(nodes, texts, strict=True):
            column, whole = self._column[node.index], self._whole[node.index]
            x = self._starts[column] + (0 if node.kind.is_gate else room[column] - width)
            ports = tuple(self._entries[node.index, p] for p in range(len(node.inputs)))
            y, half = self._y[node.index], self._halves[node.index]
            self.boxes[whole] = Box(whole, title, symbol, x, y, width, half, ports)
        self.width = self._starts[-1] + room[-1] + STUB + 1
        self.height = 1 + max(box.y + max(1, box.half) for box in self.boxes.values())

    def _enters(self, wire: Wire, place: int) -> int:
        """The line on which a wire comes from the gap behind point `place` of its path."""
        if place == len(wire.path) - 2:
            return self._entries[wire.target, wire.position]
        return self._line(wire.path[place + 1][1])

    def _nets(self, wires: tuple[Wire, ...], columns: int) -> list[dict[int, Net]]:
        """The nets between each column and the next, by source."""
        gaps: list[dict[int, Net]] = [{} for _ in range(columns - 1)]
        for wire in wires:
            for place, (column, row) in enumerate(wire.path[:-1]):
                net = gaps[column].get(wire.source)
                if net is None:
                    net = gaps[column][wire.source] = Net(wire.source, self._line(row))
                net.enters.add(self._enters(wire, place))
        return gaps

    def ways_into(self, gate: int) -> Iterator[tuple[int, Iterable[Point]]]:
        """Yield the wires into a gate of the whole graph: its source, and its cells."""
        for wire in self._into.get(self._index_of.get(gate, -1), ()):
            y = self._line(wire.path[0][1])
            source = self._whole[wire.source]
            points = [(self.boxes[source].end, y)]
            for place, (column, _row) in enumerate(wire.path[:-1]):
                enters = self._enters(wire, place)
                if enters != y:
                    track = self._gaps[column][wire.source].track
                    x = self._tracks[column] + track * self._pitch[column]
                    points += [(x, y), (x, enters)]
                    y = enters
            points.append((self.boxes[gate].x - 1, y))
            yield source, cells_along(points)

    def _index(self) -> None:
        self._index_of = {whole: i for i, whole in enumerate(self._whole)}
        self.cells: dict[int, dict[int, dict[int, int]]] = {}
        for column, nets in enumerate(self._gaps):
            for net in nets.values():
                source = self._whole[net.source]
                at_home = self._column[net.source] == column
                start = self.boxes[source].end if at_home else self._starts[column]
                track = self._tracks[column] + net.track * self._pitch[column]
                for (x, y), part in cells_of_net(net, start, track, self._starts[column + 1] - 1):
                    self.cells.setdefault(y, {}).setdefault(x, {})[source] = part
        self.runs = {y: _runs(line) for y, line in self.cells.items()}
        self.by_line: dict[int, list[Box]] = {}
        for box in self.boxes.values():
            for y in self.lines_of(box):
                self.by_line.setdefault(y, []).append(box)

    @staticmethod
    def lines_of(box: Box) -> range:
        half = max(1, box.half)
        return range(box.y - half, box.y + half + 1)


def _runs(line: dict[int, dict[int, int]]) -> list[tuple[int, str, tuple[int, ...]]]:
    """Put neighbouring cells of the same nets together."""
    runs: list[tuple[int, str, tuple[int, ...]]] = []
    for x in sorted(line):
        char, nets = LIGHT[sides(line[x])], tuple(line[x])
        if runs and runs[-1][2] == nets and runs[-1][0] + len(runs[-1][1]) == x:
            runs[-1] = (runs[-1][0], runs[-1][1] + char, nets)
        else:
            runs.append((x, char, nets))
    return runs


def _spread(lines: list[int], y: int, half: int) -> list[int]:
    """Where wires that come from `lines` (sorted) go into a box, as straight as can be."""
    count = len(lines)
    if count == 1:
        return [y]
    if count > 2 * half + 1:
        return [y] * count
    low, high = y - half, y + half
    found: list[int] = []
    for i, line in enumerate(lines):
        least = low + i if not found else found[-1] + 1
        found.append(min(max(line, least), high - (count - 1 - i)))
    return found

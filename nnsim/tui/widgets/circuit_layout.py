"""Where a circuit's picture has its boxes, wires and numbers, in character cells.

The grid of `nnsim.circuit.layout` becomes columns of boxes with room for a number over and under
the wire that leaves each, and a gap for the wires to the next column. Nothing here knows values:
a picture lasts as long as the graph does.
"""

from __future__ import annotations

from dataclasses import dataclass

from nnsim.circuit import Graph, Node
from nnsim.circuit.gates import CONSTANT
from nnsim.circuit.graph import Block
from nnsim.circuit.layout import Wire, lay_out
from nnsim.tui.widgets.circuit_parts import Drawn, drawn
from nnsim.tui.widgets.circuit_wires import Net, Point, assign_tracks, cells_along
from nnsim.tui.widgets.diagram_text import width_of

ROW = 2  # lines of the picture for each row of the grid
NUMBER = 7  # cells of a number on a wire
STUB = NUMBER + 1  # cells of the wire under it


@dataclass(frozen=True)
class Box:
    """Where a node is drawn.

    Attributes
    ----------
    node : int
        Of the whole graph.
    title, symbol : str
        On its upper edge, and in its middle; of an input only the symbol.
    x, y : int
        Its left edge, and the line in its middle, where its wire leaves.
    width : int
    half : int
        Lines over and under its middle; 0 where there is no box, only text.
    ports : tuple of int
        The lines at which its wires come in.
    """

    node: int
    title: str
    symbol: str
    x: int
    y: int
    width: int
    half: int
    ports: tuple[int, ...] = ()

    @property
    def end(self) -> int:
        """The first cell to its right."""
        return self.x + self.width


@dataclass(frozen=True)
class Way:
    """One wire, cell by cell; `source` and `target` are nodes of the whole graph."""

    source: int
    target: int
    cells: dict[Point, int]


class CircuitLayout:
    """The boxes and wires of a graph.

    Attributes
    ----------
    width, height : int
        In cells.
    boxes : dict of int to Box
        By node of the whole graph, in the order of its nodes.
    columns : dict of int to int
        The column of each of them.
    ways : list of Way
    by_line : dict of int to list of Box
        The boxes that have something on a line, their numbers included.
    cells : dict of int to dict of int to dict of int to int
        By line and column: for each net (by its source), the sides at which it goes on.
    inside : dict of int to tuple of int
        The inputs that are drawn inside the box of a gate.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        part: Drawn = drawn(graph)
        self.inside = part.inside
        self._small, self._whole = part.graph, part.nodes
        grid = lay_out(part.graph)
        self._column = [column for column, _row in grid.places]
        self._y = [row * ROW for _column, row in grid.places]
        self._numbers = {node.index: i for i, node in enumerate(graph.gates, 1)}
        self._halves = self._heights(grid.wires, grid.columns)
        self._entries = self._ports(grid.wires)
        self._place(grid.wires, grid.columns)

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

    def _ports(self, wires: tuple[Wire, ...]) -> dict[tuple[int, int], int]:
        """The line at which each wire comes in, by target and position."""
        coming: dict[int, list[tuple[int, int]]] = {}
        for wire in wires:
            coming.setdefault(wire.target, []).append((wire.path[-2][1] * ROW, wire.position))
        ports: dict[tuple[int, int], int] = {}
        for target, found in coming.items():
            found.sort()
            lines = _spread([y for y, _position in found], self._y[target], self._halves[target])
            for (_line, position), line in zip(found, lines, strict=True):
                ports[target, position] = line
        return ports

    def _texts(self, node: Node) -> tuple[str, str, int]:
        """Title, symbol and width of the box of a node."""
        if not node.kind.is_gate:
            return "", node.label(), width_of(node.label()) + 2
        whole = self._graph.nodes[self._whole[node.index]]
        symbol = node.label()
        title = node.name or f"#{self._numbers[whole.index]}"
        if isinstance(node.kind, Block) and title == symbol:
            title = f"#{self._numbers[whole.index]}"
        return title, symbol, max(width_of(symbol) + 2, width_of(title)) + 2

    # Columns, gaps and wires --------------------------------------------------------------------

    def _place(self, wires: tuple[Wire, ...], columns: int) -> None:
        nodes = self._small.nodes
        texts = [self._texts(node) for node in nodes]
        room = [0] * columns
        stub = [1] * columns
        for node in nodes:
            column = self._column[node.index]
            room[column] = max(room[column], texts[node.index][2])
            if node.kind is not CONSTANT:
                stub[column] = STUB
        gaps = self._gaps(wires, columns)
        tracks = [assign_tracks(list(nets.values())) for nets in gaps]
        pitch = [2 if count <= 6 else 1 for count in tracks]
        starts = [0] * columns
        for c in range(1, columns):
            gap = 1 + tracks[c - 1] * pitch[c - 1] + (pitch[c - 1] == 1)
            starts[c] = starts[c - 1] + room[c - 1] + stub[c - 1] + gap
        top = min(y - max(1, half) for y, half in zip(self._y, self._halves, strict=True))
        self.boxes: dict[int, Box] = {}
        self.columns = {whole: self._column[i] for i, whole in enumerate(self._whole)}
        for node, (title, symbol, width) in zip(nodes, texts, strict=True):
            column, y = self._column[node.index], self._y[node.index] - top
            x = starts[column]
            if not node.kind.is_gate:
                x += room[column] - width
            ports = tuple(self._entries[node.index, p] - top for p in range(len(node.inputs)))
            whole = self._whole[node.index]
            self.boxes[whole] = Box(
                whole, title, symbol, x, y, width, self._halves[node.index], ports
            )
        self.ways: list[Way] = []
        for wire in wires:
            points = self._points(wire, starts, room, stub, gaps, pitch, top)
            self.ways.append(
                Way(self._whole[wire.source], self._whole[wire.target], cells_along(points))
            )
        self.width = starts[-1] + room[-1] + STUB + 1
        self.height = 1 + max(box.y + max(1, box.half) for box in self.boxes.values())
        self._index()

    def _gaps(self, wires: tuple[Wire, ...], columns: int) -> list[dict[int, Net]]:
        """The nets between each column and the next, by source."""
        gaps: list[dict[int, Net]] = [{} for _ in range(columns - 1)]
        for wire in wires:
            for i, ((column, row), (_next, row2)) in enumerate(
                zip(wire.path, wire.path[1:], strict=False)
            ):
                net = gaps[column].setdefault(wire.source, Net(wire.source, row * ROW))
                last = i == len(wire.path) - 2
                net.enters.add(self._entries[wire.target, wire.position] if last else row2 * ROW)
        return gaps

    def _points(
        self,
        wire: Wire,
        starts: list[int],
        room: list[int],
        stub: list[int],
        gaps: list[dict[int, Net]],
        pitch: list[int],
        top: int,
    ) -> list[Point]:
        """The corners of a wire, from the edge of its source to that of its target."""
        y = wire.path[0][1] * ROW
        points = [(self.boxes[self._whole[wire.source]].end, y - top)]
        for i, (column, _row) in enumerate(wire.path[:-1]):
            last = i == len(wire.path) - 2
            enters = (
                self._entries[wire.target, wire.position] if last else wire.path[i + 1][1] * ROW
            )
            if enters != y:
                net = gaps[column][wire.source]
                x = starts[column] + room[column] + stub[column] + 1 + net.track * pitch[column]
                points += [(x, y - top), (x, enters - top)]
                y = enters
        points.append((self.boxes[self._whole[wire.target]].x - 1, y - top))
        return points

    def _index(self) -> None:
        self.cells: dict[int, dict[int, dict[int, int]]] = {}
        for way in self.ways:
            for (x, y), part in way.cells.items():
                nets = self.cells.setdefault(y, {}).setdefault(x, {})
                nets[way.source] = nets.get(way.source, 0) | part
        self.by_line: dict[int, list[Box]] = {}
        for box in self.boxes.values():
            for y in self.lines_of(box):
                self.by_line.setdefault(y, []).append(box)

    @staticmethod
    def lines_of(box: Box) -> range:
        """The lines a box and its numbers stand on."""
        half = max(1, box.half)
        return range(box.y - half, box.y + half + 1)

    def at(self, x: int, y: int) -> Box | None:
        """Return the box in a cell; its numbers count as it."""
        for box in self.by_line.get(y, ()):
            if box.x <= x < box.end + STUB:
                return box
        return None


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

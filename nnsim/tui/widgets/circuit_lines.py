"""One line of a circuit's picture, for a place in its walk."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from nnsim.circuit import Circuit, Phase, Walk
from nnsim.circuit.gates import CONSTANT
from nnsim.circuit.graph import Block
from nnsim.lab.hiding import HIDDEN, MARK, NOTHING, Hidden, hidden_in_circuit, is_hidden
from nnsim.tui.draw.text import fit, middle, width_of
from nnsim.tui.widgets.circuit_layout import NUMBER, STUB, Box, CircuitLayout
from nnsim.tui.widgets.circuit_parts import blamed
from nnsim.tui.widgets.circuit_wires import HEAVY, LEFT, LIGHT, RIGHT, sides
from nnsim.tui.widgets.diagram_canvas import Line

# Corners and edges: plain, of the gate whose turn it is, and of a folded one.
PLAIN = {"tl": "┌", "tr": "┐", "bl": "└", "br": "┘", "-": "─", "|": "│",
         "t>": "┬", "b>": "┴", ">": "┤", "out": "├"}  # fmt: skip
BOLD = {"tl": "┏", "tr": "┓", "bl": "┗", "br": "┛", "-": "━", "|": "┃",
        "t>": "┳", "b>": "┻", ">": "┫", "out": "┣"}  # fmt: skip
DOUBLE = {"tl": "╔", "tr": "╗", "bl": "╚", "br": "╝", "-": "═", "|": "║",
          "t>": "╦", "b>": "╩", ">": "╣", "out": "╠"}  # fmt: skip


WIRE, DIM, ACTIVE = ("wire", 0), ("dim", 0), ("active", 0)


def wire_number(value: float, width: int = NUMBER) -> str:
    """Print a number with at most four significant digits in at most `width` cells."""
    if is_hidden(value):
        return MARK
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "−inf"
    for digits in (4, 3, 2, 1):
        text = f"{value + 0.0:.{digits}g}"
        mantissa, e, exponent = text.partition("e")
        text = (f"{mantissa}e{int(exponent)}" if e else text).replace("-", "−")
        if len(text) <= width:
            return text
    return text[:width]


@dataclass
class Scene:
    """What there is to draw: a layout, what is known at a place of the walk, what is selected.

    Attributes
    ----------
    current : int or None
        The gate whose turn it is.
    forward : bool
        Which way the walk goes.
    active : dict of int to dict of int to set of int
        By line and column: the nets (their sources) of the wires into the current gate.
    """

    circuit: Circuit
    layout: CircuitLayout
    values: list[float | None] = field(default_factory=list)
    gradients: list[float | None] = field(default_factory=list)
    current: int | None = None
    forward: bool = True
    selected: int | None = None
    blame: int | None = None
    active: dict[int, dict[int, set[int]]] = field(default_factory=dict)

    @classmethod
    def make(
        cls,
        layout: CircuitLayout,
        walk: Walk,
        selected: int | None,
        before: Scene | None = None,
        hidden: Hidden = NOTHING,
    ) -> Scene:
        """Take the walk as it stands; what stays from the scene before is not looked for again.

        Of the numbers at the addresses `hidden` a mark shows that they are there.
        """
        values, gradients = list(walk.values), list(walk.gradients)
        if hidden:
            for numbers, nodes in zip(
                (values, gradients), hidden_in_circuit(walk.circuit, hidden), strict=True
            ):
                for node in nodes:
                    numbers[node] = None if numbers[node] is None else HIDDEN
        step = walk.step
        current = None if step is None else step.node.index
        active: dict[int, dict[int, set[int]]] = {}
        for source, cells in () if current is None else layout.ways_into(current):
            for x, y in cells:
                active.setdefault(y, {}).setdefault(x, set()).add(source)
        return cls(
            walk.circuit,
            layout,
            values,
            gradients,
            current,
            walk.phase is Phase.FORWARD,
            selected,
            before.blame
            if before is not None and before.circuit is walk.circuit
            else blamed(walk.circuit),
            active,
        )

    def differing(self, other: Scene) -> set[int]:
        """The lines on which something may look different in `other`, of the same layout."""
        boxes = self.layout.boxes
        nodes = {self.current, other.current, self.selected, other.selected}
        nodes |= {self.blame, other.blame}
        for index in boxes:
            if (
                self.values[index] is not other.values[index]
                or self.gradients[index] is not other.gradients[index]
            ):
                nodes.add(index)
        lines = {y for n in nodes if n in boxes for y in self.layout.lines_of(boxes[n])}
        lines.update(self.active if self.active != other.active else ())
        lines.update(other.active if self.active != other.active else ())
        for index in boxes:  # a wire fades where nothing is known
            if (self.values[index] is None) != (other.values[index] is None):
                lines |= self.layout.lines_of_net.get(index, set())
        return lines

    def line(self, y: int, left: int, width: int) -> Line:
        """Draw line `y` of the picture, from column `left` on."""
        line = Line(width)
        self._wires(line, y, left)
        for box in self.layout.by_line.get(y, ()):
            if box.x - left < width and box.end + STUB + 2 > left:
                self._box(line, box, y, left)
        return line

    def _wires(self, line: Line, y: int, left: int) -> None:
        end, values = left + line.width, self.values
        for x, text, nets in self.layout.runs.get(y, ()):
            if x < end and x + len(text) > left:
                known = any(values[net] is not None for net in nets)
                line.put(x - left, text, WIRE if known else DIM)
        active = self.active.get(y)
        if active:
            cells = self.layout.cells[y]
            for x, sources in active.items():
                if left <= x < end:
                    heavy = sides({net: part for net, part in cells[x].items() if net in sources})
                    line.put(x - left, HEAVY[heavy], ACTIVE)

    def _box(self, line: Line, box: Box, y: int, left: int) -> None:
        node = self.circuit.graph.nodes[box.node]
        if not box.half:
            if y == box.y:
                self._leaf(line, box, left)
        elif abs(y - box.y) <= box.half:
            self._frame(line, box, y, left)
        if node.kind is CONSTANT:
            return
        if box.node == self.circuit.graph.output and y == box.y:
            known = "wire" if self.values[box.node] is not None else "dim"
            line.put(box.end - left, LIGHT[LEFT | RIGHT] * (STUB - 1) + "▶", (known, 0))
        if y == box.y - 1:
            self._number(line, box, self.values[box.node], "value", left)
        elif y == box.y + 1:
            self._number(line, box, self.gradients[box.node], "gradient", left)

    @staticmethod
    def _number(line: Line, box: Box, value: float | None, name: str, left: int) -> None:
        if value is None:
            return
        text = wire_number(value)
        if not math.isfinite(value) and not is_hidden(value):
            text, name = f"!{text}", "wrong"
        line.put(box.end + 1 - left, text, (name, 0))

    def _leaf(self, line: Line, box: Box, left: int) -> None:
        selected = box.node == self.selected
        constant = self.circuit.graph.nodes[box.node].kind is CONSTANT
        text = f"[{box.symbol}]" if selected else f" {box.symbol} "
        name = "selected" if selected else "number" if constant else "name"
        line.put(box.x - left, text, (name, 0))

    def _frame(self, line: Line, box: Box, y: int, left: int) -> None:
        node = self.circuit.graph.nodes[box.node]
        current, selected = box.node == self.current, box.node == self.selected
        folded = isinstance(node.kind, Block)
        edge = DOUBLE if folded else BOLD if current else PLAIN
        wrong = box.node == self.blame and self.values[box.node] is not None
        known = self.values[box.node] is not None
        look = "wrong" if wrong else "current" if current else "box" if known else "dim"
        x, inner = box.x - left, box.width - 2
        port = y in box.ports
        if y in (box.y - box.half, box.y + box.half):
            top = y < box.y
            title = (fit(f"!{box.title}", inner) if wrong else box.title) if top else ""
            start = edge[("t>" if top else "b>") if port else ("tl" if top else "bl")]
            rest = edge["-"] * (inner - width_of(title)) + edge["tr" if top else "br"]
            line.put(x, start, (look, 0))
            line.put(x + 1, title, (look if current or wrong else "title", 0))
            line.put(x + 1 + width_of(title), rest, (look, 0))
            return
        line.put(x, edge[">"] if port else edge["|"], (look, 0))
        line.put(x + box.width - 1, edge["out"] if y == box.y else edge["|"], (look, 0))
        if y != box.y:
            return
        before = "[" if selected else "▶" if current and self.forward else " "
        behind = "]" if selected else "◀" if current and not self.forward else " "
        text = before + middle(box.symbol, inner - 2) + behind
        name = "selected" if selected else "current-symbol" if current else "symbol"
        line.put(x + 1, text, (name if known or selected else "dim", 0))

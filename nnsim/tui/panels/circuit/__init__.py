"""The circuit as a picture: follows the walk, scrolls, and lets a person choose a value or gate."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView

from nnsim.circuit import Circuit, Phase, Walk
from nnsim.circuit.gates import CONSTANT
from nnsim.circuit.graph import Block
from nnsim.i18n import N_
from nnsim.lab.circuit_bench import CircuitBench
from nnsim.lab.hiding import HIDDEN, MARK, NOTHING, Hidden, hidden_in_circuit, is_hidden
from nnsim.tui.draw.canvas import Canvas
from nnsim.tui.draw.lines import Lines, Piece
from nnsim.tui.draw.text import fit, middle, width_of
from nnsim.tui.panels.circuit.layout import (
    HEAVY,
    LEFT,
    LIGHT,
    NUMBER,
    RIGHT,
    STUB,
    Box,
    CircuitLayout,
    sides,
)

_CHOOSE = Binding.Group(N_("Choose"), compact=True)
_AROUND = 16  # cells beside a box that should be seen with it

# Corners and edges: plain, of the gate whose turn it is, and of a folded one.
PLAIN = {"tl": "┌", "tr": "┐", "bl": "└", "br": "┘", "-": "─", "|": "│",
         "t>": "┬", "b>": "┴", ">": "┤", "out": "├"}  # fmt: skip
BOLD = {"tl": "┏", "tr": "┓", "bl": "┗", "br": "┛", "-": "━", "|": "┃",
        "t>": "┳", "b>": "┻", ">": "┫", "out": "┣"}  # fmt: skip
DOUBLE = {"tl": "╔", "tr": "╗", "bl": "╚", "br": "╝", "-": "═", "|": "║",
          "t>": "╦", "b>": "╩", ">": "╣", "out": "╠"}  # fmt: skip


def blamed(circuit: Circuit) -> int | None:
    """Return the first gate that is not finite: in its value, or else in what it sends back."""
    for node in circuit.gates:
        if not math.isfinite(circuit.values[node.index]):
            return node.index
    for node in reversed(circuit.gates):
        if not all(math.isfinite(circuit.gradients[source]) for source in node.inputs):
            return node.index
    return None


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


@dataclass(frozen=True)
class Picture:
    """What there is to draw: a layout, what is known at a place of the walk, what is selected."""

    circuit: Circuit
    layout: CircuitLayout
    values: list[float | None]
    gradients: list[float | None]
    current: int | None  # the gate whose turn it is
    forward: bool  # which way the walk goes
    selected: int | None
    blame: int | None
    active: dict[int, dict[int, set[int]]]
    """By line and column: the nets (their sources) of the wires into the current gate."""

    @classmethod
    def make(
        cls, layout: CircuitLayout, walk: Walk, selected: int | None, hidden: Hidden = NOTHING
    ) -> Picture:
        """Take the walk as it stands; of numbers that are hidden a mark shows that they exist."""
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
            blamed(walk.circuit),
            active,
        )

    def line(self, y: int, left: int, width: int) -> Canvas:
        """Draw line `y` of the picture, from column `left` on; a box stands for its node."""
        line = Canvas(width)
        self._wires(line, y, left)
        for box in self.layout.by_line.get(y, ()):
            if box.x - left < width and box.end + STUB + 2 > left:
                self._box(line, box, y, left)
        return line

    def _wires(self, line: Canvas, y: int, left: int) -> None:
        end, values = left + line.width, self.values
        for x, text, nets in self.layout.runs.get(y, ()):
            if x < end and x + len(text) > left:
                known = any(values[net] is not None for net in nets)
                line.put(x - left, text, "" if known else "faint")
        active = self.active.get(y)
        if active:
            cells = self.layout.cells[y]
            for x, sources in active.items():
                if left <= x < end:
                    heavy = sides({net: part for net, part in cells[x].items() if net in sources})
                    line.put(x - left, HEAVY[heavy], "here")

    def _box(self, line: Canvas, box: Box, y: int, left: int) -> None:
        node = self.circuit.graph.nodes[box.node]
        if not box.half:
            if y == box.y:
                self._leaf(line, box, left)
        elif abs(y - box.y) <= box.half:
            self._frame(line, box, y, left)
        if node.kind is CONSTANT:
            return
        line.claim(box.x - left, box.width + STUB, box.node)
        if box.node == self.circuit.graph.output and y == box.y:
            known = "" if self.values[box.node] is not None else "faint"
            line.put(box.end - left, LIGHT[LEFT | RIGHT] * (STUB - 1) + "▶", known)
        if y == box.y - 1:
            self._number(line, box, self.values[box.node], "light", left)
        elif y == box.y + 1:
            self._number(line, box, self.gradients[box.node], "back", left)

    @staticmethod
    def _number(line: Canvas, box: Box, value: float | None, style: str, left: int) -> None:
        if value is None:
            return
        text = wire_number(value)
        if not math.isfinite(value) and not is_hidden(value):
            text, style = f"!{text}", "wrong reverse"
        line.put(box.end + 1 - left, text, style)

    def _leaf(self, line: Canvas, box: Box, left: int) -> None:
        selected = box.node == self.selected
        constant = self.circuit.graph.nodes[box.node].kind is CONSTANT
        text = f"[{box.symbol}]" if selected else f" {box.symbol} "
        style = "cursor" if selected else "" if constant else "strong"
        line.put(box.x - left, text, style)

    def _frame(self, line: Canvas, box: Box, y: int, left: int) -> None:
        node = self.circuit.graph.nodes[box.node]
        current, selected = box.node == self.current, box.node == self.selected
        folded = isinstance(node.kind, Block)
        edge = DOUBLE if folded else BOLD if current else PLAIN
        wrong = box.node == self.blame and self.values[box.node] is not None
        known = self.values[box.node] is not None
        look = "wrong reverse" if wrong else "here" if current else "" if known else "faint"
        x, inner = box.x - left, box.width - 2
        port = y in box.ports
        if y in (box.y - box.half, box.y + box.half):
            top = y < box.y
            title = (fit(f"!{box.title}", inner) if wrong else box.title) if top else ""
            start = edge[("t>" if top else "b>") if port else ("tl" if top else "bl")]
            rest = edge["-"] * (inner - width_of(title)) + edge["tr" if top else "br"]
            line.put(x, start, look)
            line.put(x + 1, title, look if current or wrong else "dim")
            line.put(x + 1 + width_of(title), rest, look)
            return
        line.put(x, edge[">"] if port else edge["|"], look)
        line.put(x + box.width - 1, edge["out"] if y == box.y else edge["|"], look)
        if y != box.y:
            return
        before = "[" if selected else "▶" if current and self.forward else " "
        behind = "]" if selected else "◀" if current and not self.forward else " "
        text = before + middle(box.symbol, inner - 2) + behind
        style = "cursor" if selected else "here reverse" if current else "strong"
        line.put(x + 1, text, style if known or selected else "faint")


class CircuitGraph(Lines, ScrollView, can_focus=True, inherit_bindings=False):
    """Draws the circuit of a bench, after `show` has given it one."""

    BINDING_GROUP_TITLE = N_("Picture")
    HELP = N_(
        "The circuit from left to right: over each wire the value, under it the gradient, as far "
        "as the walk has come. A thick box is the gate whose turn it is, with an arrow the way "
        "the walk goes; a double box is several gates folded into one; [x] is chosen; ! is where "
        "a number stops being finite."
    )
    DEFAULT_CSS = """
    CircuitGraph { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", N_("Up"), id="circuit.up", group=_CHOOSE,
                tooltip=N_("Choose the value or gate above")),
        Binding("down,j", "choose(1)", N_("Down"), id="circuit.down", group=_CHOOSE,
                tooltip=N_("Choose the value or gate below")),
        Binding("tab", "choose_input(1)", N_("Next input"), id="circuit.next_input", show=False,
                tooltip=N_("Choose the next input value")),
        Binding("shift+tab", "choose_input(-1)", N_("Input before"), id="circuit.input_before",
                show=False, tooltip=N_("Choose the input value before")),
        Binding("pageup", "roll(0, -1)", N_("Page up"), show=False, id="circuit.page_up",
                tooltip=N_("Scroll the picture up")),
        Binding("pagedown", "roll(0, 1)", N_("Page down"), show=False, id="circuit.page_down",
                tooltip=N_("Scroll the picture down")),
        Binding("less_than_sign", "roll(-1, 0)", N_("Page left"), show=False,
                id="circuit.page_left", tooltip=N_("Scroll the picture to the left")),
        Binding("greater_than_sign", "roll(1, 0)", N_("Page right"), show=False,
                id="circuit.page_right", tooltip=N_("Scroll the picture to the right")),
    ]  # fmt: skip

    class Selected(Message):
        """The person chose a value or gate: a node of the circuit's graph."""

        def __init__(self, graph: CircuitGraph, node: int) -> None:
            self.graph = graph
            self.node = node
            super().__init__()

        @property
        def control(self) -> CircuitGraph:
            return self.graph

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.picture: Picture | None = None
        self._grabbed: tuple[Offset, Offset] | None = None  # mouse and scroll at the button's press
        self._dragged = False

    def show(self, bench: CircuitBench, selected: int | None, hidden: Hidden = NOTHING) -> None:
        old, graph = self.picture, bench.circuit.graph
        layout = None if old is None else old.layout
        if layout is None or layout.graph is not graph:
            layout, old = CircuitLayout(graph), None
            self.virtual_size = Size(layout.width, layout.height)
        self.picture = Picture.make(layout, bench.walk, selected, hidden)
        self.update()
        if old is None:
            self.call_after_refresh(self._follow, None)
        else:
            self._follow(old)

    def _follow(self, old: Picture | None) -> None:
        """Keep what the walk or the person is at in sight."""
        picture = self.picture
        if picture is None:
            return
        moved = old is None or (old.current, old.selected) != (picture.current, picture.selected)
        at = picture.current if picture.selected is None else picture.selected
        if at is None and moved:
            self.scroll_to(0, 0, animate=False, force=True)
        elif moved and at in picture.layout.boxes:
            box = picture.layout.boxes[at]
            lines = picture.layout.lines_of(box)
            region = Region(box.x, lines.start, box.width + STUB, len(lines))
            room = Region.from_offset(self.scroll_offset, self.area)
            if not room.contains_region(region):
                # With what leads to it and away from it, so that it is not at the edge next time.
                x, y = max(0, box.x - _AROUND), max(0, lines.start - 2)
                wide = Region(x, y, box.end + STUB + _AROUND - x, lines.stop + 2 - y)
                self.scroll_to_region(
                    wide if wide.width <= room.width else region, animate=False, force=True
                )

    @property
    def area(self) -> Size:
        size: Size = self.scrollable_content_region.size
        return size

    def circumstances(self) -> Hashable:
        return super().circumstances(), self.scroll_offset

    def rows(self, width: int, height: int) -> Sequence[list[Piece]]:
        picture = self.picture
        if picture is None:
            return []
        layout, scroll = picture.layout, self.scroll_offset
        # One that is smaller than the room for it stands in the middle.
        left = scroll.x - max(0, (width - layout.width) // 2)
        top = scroll.y - max(0, (height - layout.height) // 2)
        return [picture.line(top + y, left, width).pieces() for y in range(height)]

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_x(old_value, new_value)
        self.update()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.update()

    def on_resize(self) -> None:
        self.update()
        self.call_after_refresh(self._follow, None)

    def _order(self) -> list[Box]:
        if self.picture is None:
            return []
        nodes = self.picture.circuit.graph.nodes
        boxes = [
            b for b in self.picture.layout.boxes.values() if nodes[b.node].kind is not CONSTANT
        ]
        columns = self.picture.layout.columns
        return sorted(boxes, key=lambda box: (columns[box.node], box.y))

    def _choose_from(self, boxes: list[Box], by: int) -> None:
        picture = self.picture
        if picture is None or not boxes:
            return
        order = [box.node for box in boxes]
        at = picture.selected if picture.selected is not None else picture.current
        if at in order:
            node = order[(order.index(at) + by) % len(order)]
        else:
            node = order[0 if by > 0 else -1]
        self.post_message(self.Selected(self, node))

    def action_choose(self, by: int) -> None:
        self._choose_from(self._order(), by)

    def action_choose_input(self, by: int) -> None:
        if self.picture is not None:
            inputs = self.picture.circuit.graph.inputs
            self._choose_from([box for box in self._order() if box.node in inputs], by)

    def action_roll(self, x: int, y: int) -> None:
        size = self.scrollable_content_region.size
        self.scroll_relative(
            x * max(1, size.width // 2), y * max(1, size.height // 2), animate=False, force=True
        )

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.capture_mouse()
        self._grabbed = (event.screen_offset, self.scroll_offset)
        self._dragged = False

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._grabbed is None:
            return
        start, scroll = self._grabbed
        by = event.screen_offset - start
        if by != Offset(0, 0):
            self._dragged = True
            self.scroll_to(scroll.x - by.x, scroll.y - by.y, animate=False, force=True)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._grabbed is None:
            return
        self._grabbed = None
        self.release_mouse()
        node = None if self._dragged else self.under(event)
        if node is not None:
            self.post_message(self.Selected(self, node))

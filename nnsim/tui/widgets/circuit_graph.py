"""The circuit as a picture: follows the walk, scrolls, and lets a person choose a value or gate."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from nnsim.circuit.gates import CONSTANT
from nnsim.i18n import N_
from nnsim.lab.circuit_bench import CircuitBench
from nnsim.lab.hiding import NOTHING, Hidden
from nnsim.tui.widgets.circuit_layout import STUB, Box, CircuitLayout
from nnsim.tui.widgets.circuit_lines import Scene
from nnsim.tui.widgets.diagram_canvas import Run
from nnsim.tui.widgets.painter import Painter

_CHOOSE = Binding.Group(N_("Choose"), compact=True)
_AROUND = 16  # cells beside a box that should be seen with it


class CircuitGraph(Painter, ScrollView, can_focus=True, inherit_bindings=False):
    """Draws the circuit of a bench, after `show` has given it one."""

    PREFIX = "circuit--"
    BINDING_GROUP_TITLE = N_("Picture")
    HELP = N_(
        "The circuit from left to right: over each wire the value, under it the gradient, as far "
        "as the walk has come. A thick box is the gate whose turn it is, with an arrow the way "
        "the walk goes; a double box is several gates folded into one; [x] is chosen; ! is where "
        "a number stops being finite."
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "circuit--wire", "circuit--dim", "circuit--active", "circuit--value",
        "circuit--gradient", "circuit--wrong", "circuit--name", "circuit--number",
        "circuit--title", "circuit--box", "circuit--symbol", "circuit--current",
        "circuit--current-symbol", "circuit--selected",
    }  # fmt: skip
    DEFAULT_CSS = """
    CircuitGraph {
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        .circuit--wire, .circuit--box { color: $foreground 75%; }
        .circuit--dim { color: $foreground 35%; }
        .circuit--active { color: $text-warning; text-style: bold; }
        .circuit--value { color: $text-success; }
        .circuit--gradient { color: $text-error; }
        .circuit--wrong { color: $text-error; text-style: bold reverse; }
        .circuit--name, .circuit--symbol { color: $foreground; text-style: bold; }
        .circuit--number { color: $foreground; }
        .circuit--title { color: $text-muted; }
        .circuit--current { color: $text-warning; text-style: bold; }
        .circuit--current-symbol { color: $text-warning; text-style: bold reverse; }
        .circuit--selected { color: $text-accent; text-style: bold reverse; }
        &:ansi {
            .circuit--wire, .circuit--box, .circuit--name { color: ansi_default; }
            .circuit--symbol, .circuit--number { color: ansi_default; }
            .circuit--dim, .circuit--title { color: ansi_default; text-style: dim; }
            .circuit--value { color: ansi_green; }
            .circuit--gradient, .circuit--wrong { color: ansi_red; }
            .circuit--active, .circuit--current { color: ansi_yellow; }
            .circuit--current-symbol { color: ansi_yellow; }
            .circuit--selected { color: ansi_magenta; }
        }
    }
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
            """The picture it happened in."""
            return self.graph

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._scene: Scene | None = None
        self._graph: object = None
        self._strips: dict[int, tuple[list[Run], Strip]] = {}
        self._grabbed: tuple[Offset, Offset] | None = None  # mouse and scroll at the button's press
        self._dragged = False

    @property
    def scene(self) -> Scene | None:
        """What is drawn."""
        return self._scene

    # Showing ------------------------------------------------------------------------------------

    def show(self, bench: CircuitBench, selected: int | None, hidden: Hidden = NOTHING) -> None:
        """Show the bench and what is chosen on it; only what differs is drawn again."""
        old = self._scene
        graph = bench.circuit.graph
        if old is None or self._graph is not graph:
            self._graph = graph
            layout = CircuitLayout(graph)
            self._scene = Scene.make(layout, bench.walk, selected, hidden=hidden)
            self._measure()
            self.call_after_refresh(self._follow, None)
        else:
            self._scene = new = Scene.make(old.layout, bench.walk, selected, old, hidden)
            self._redraw_lines(old.differing(new))
            self._follow(old)

    def _measure(self) -> None:
        if self._scene is not None:
            layout = self._scene.layout
            self.virtual_size = Size(layout.width, layout.height)
        self._strips.clear()
        self.refresh()

    def _follow(self, old: Scene | None) -> None:
        """Keep what the walk or the person is at in sight."""
        scene = self._scene
        if scene is None:
            return
        moved = old is None or (old.current, old.selected) != (scene.current, scene.selected)
        at = scene.current if scene.selected is None else scene.selected
        if at is None and moved:
            self.scroll_to(0, 0, animate=False, force=True)
        elif moved and at in scene.layout.boxes:
            box = scene.layout.boxes[at]
            lines = scene.layout.lines_of(box)
            region = Region(box.x, lines.start, box.width + STUB, len(lines))
            room = Region.from_offset(self.scroll_offset, self.scrollable_content_region.size)
            if not room.contains_region(region):
                # With what leads to it and away from it, so that it is not at the edge next time.
                x, y = max(0, box.x - _AROUND), max(0, lines.start - 2)
                wide = Region(x, y, box.end + STUB + _AROUND - x, lines.stop + 2 - y)
                self.scroll_to_region(
                    wide if wide.width <= room.width else region, animate=False, force=True
                )

    def _margin(self) -> Offset:
        """Where a picture that is smaller than the room for it begins."""
        if self._scene is None:
            return Offset(0, 0)
        layout, room = self._scene.layout, self.scrollable_content_region.size
        return Offset(
            max(0, (room.width - layout.width) // 2), max(0, (room.height - layout.height) // 2)
        )

    def _redraw_lines(self, lines: set[int]) -> None:
        """Draw those of the picture's lines again that look different now."""
        scene, margin, scroll = self._scene, self._margin(), self.scroll_offset
        if scene is None:
            return
        left, width = scroll.x - margin.x, self.scrollable_content_region.width
        changed: list[int] = []
        for y in sorted(lines):
            place = y + margin.y - scroll.y
            drawn = self._strips.get(place)
            if drawn is None:
                continue
            runs = scene.line(y, left, width).runs()
            if runs != drawn[0]:
                self._strips[place] = self._drawn(runs, width)
                changed.append(place)
        while changed:  # neighbours together: each region costs as much as a few lines
            first = last = changed.pop(0)
            while changed and changed[0] <= last + 3:
                last = changed.pop(0)
            self.redraw(first, last)

    def _drawn(self, runs: list[Run], width: int) -> tuple[list[Run], Strip]:
        segments = [Segment(text, self.style(key[0])) for text, key in runs]
        return runs, Strip(segments, width).simplify()

    def render_line(self, y: int) -> Strip:
        """Return one line in sight, kept until something on it changes."""
        drawn = self._strips.get(y)
        if drawn is not None:
            return drawn[1]
        width, scene, margin = self.scrollable_content_region.width, self._scene, self._margin()
        line = y + self.scroll_offset.y - margin.y
        if scene is None or not 0 <= line < scene.layout.height:
            return Strip.blank(width, self.style())
        runs = scene.line(line, self.scroll_offset.x - margin.x, width).runs()
        drawn = self._strips[y] = self._drawn(runs, width)
        return drawn[1]

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Every line in sight is another one now."""
        super().watch_scroll_x(old_value, new_value)
        self._strips.clear()
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Every line in sight is another one now."""
        super().watch_scroll_y(old_value, new_value)
        self._strips.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """Take the colours of the new theme or state."""
        super().notify_style_update()
        self._strips.clear()

    def on_resize(self) -> None:
        """Fit the picture to the new room."""
        self._measure()
        self.call_after_refresh(self._follow, None)

    # Choosing -----------------------------------------------------------------------------------

    def _order(self) -> list[Box]:
        """What can be chosen, column by column, from above to below."""
        if self._scene is None:
            return []
        nodes = self._scene.circuit.graph.nodes
        boxes = [b for b in self._scene.layout.boxes.values() if nodes[b.node].kind is not CONSTANT]
        columns = self._scene.layout.columns
        return sorted(boxes, key=lambda box: (columns[box.node], box.y))

    def _choose_from(self, boxes: list[Box], by: int) -> None:
        scene = self._scene
        if scene is None or not boxes:
            return
        order = [box.node for box in boxes]
        at = scene.selected if scene.selected is not None else scene.current
        if at in order:
            node = order[(order.index(at) + by) % len(order)]
        else:
            node = order[0 if by > 0 else -1]
        self.post_message(self.Selected(self, node))

    def action_choose(self, by: int) -> None:
        """Choose the next value or gate; they go round."""
        self._choose_from(self._order(), by)

    def action_choose_input(self, by: int) -> None:
        """Choose the next input value; they go round."""
        if self._scene is not None:
            inputs = self._scene.circuit.graph.inputs
            self._choose_from([box for box in self._order() if box.node in inputs], by)

    def action_roll(self, x: int, y: int) -> None:
        """Scroll by half of what is in sight."""
        size = self.scrollable_content_region.size
        self.scroll_relative(
            x * max(1, size.width // 2), y * max(1, size.height // 2), animate=False, force=True
        )

    # Mouse --------------------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the picture."""
        self.capture_mouse()
        self._grabbed = (event.screen_offset, self.scroll_offset)
        self._dragged = False

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the picture."""
        if self._grabbed is None:
            return
        start, scroll = self._grabbed
        by = event.screen_offset - start
        if by != Offset(0, 0):
            self._dragged = True
            self.scroll_to(scroll.x - by.x, scroll.y - by.y, animate=False, force=True)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go; where nothing was dragged, choose what is under the mouse."""
        if self._grabbed is None:
            return
        self._grabbed = None
        self.release_mouse()
        place = event.get_content_offset_capture(self)
        if self._dragged or self._scene is None:
            return
        at = place + self.scroll_offset - self._margin()
        box = self._scene.layout.at(at.x, at.y)
        if box is not None and self._scene.circuit.graph.nodes[box.node].kind is not CONSTANT:
            self.post_message(self.Selected(self, box.node))

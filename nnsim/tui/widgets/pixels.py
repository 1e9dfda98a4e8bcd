"""The input editor for pictures: a grid of pixels that keys and the mouse paint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from nnsim.i18n import N_
from nnsim.tui.widgets.input_editor import InputEditor
from nnsim.tui.widgets.painter import Painter
from nnsim.tui.widgets.pixel_board import Board

if TYPE_CHECKING:
    from nnsim.lab import Lab

SHADES = "·░▒▓█"
CHANNELS = {3: "RGB", 4: "RGBA"}


def shade(value: float) -> str:
    """The character for a brightness: dark is a dot, light a full block."""
    if value <= 0:
        return SHADES[0]
    return SHADES[min(4, 1 + int(min(value, 1.0) * 3.999))] if value < 1 else SHADES[4]


def line_between(start: Offset, end: Offset) -> Iterator[Offset]:
    """The cells on the straight line between two (Bresenham), both ends included."""
    dx, dy = abs(end.x - start.x), -abs(end.y - start.y)
    step_x, step_y = (1 if start.x < end.x else -1), (1 if start.y < end.y else -1)
    error, x, y = dx + dy, start.x, start.y
    while True:
        yield Offset(x, y)
        if (x, y) == (end.x, end.y):
            return
        twice = 2 * error
        if twice >= dy:
            error += dy
            x += step_x
        if twice <= dx:
            error += dx
            y += step_y


class PixelGrid(Painter, InputEditor, can_focus=True):
    """Pixels to paint, numbered from 1, row by row."""

    PREFIX = "pixels--"
    BINDING_GROUP_TITLE = N_("Pixels")
    HELP = N_(
        "Paint the picture that the network reads. Arrows or hjkl move, Space switches a pixel. "
        "Drag with the left button paints, with the right button erases."
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "pixels--light",
        "pixels--dark",
        "pixels--cursor",
        "pixels--marked",
    }
    DEFAULT_CSS = """
    PixelGrid {
        height: auto;
        .pixels--light { color: $foreground; }
        .pixels--dark { color: $text-disabled; }
        .pixels--cursor { color: $text-accent; text-style: bold; }
        .pixels--marked { color: $text-primary; text-style: bold; }
    }
    """
    _MOVES = Binding.Group(N_("Move"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1, 0)", N_("Left"), id="pixels.left", group=_MOVES,
                tooltip=N_("Pixel to the left")),
        Binding("down,j", "move(0, 1)", N_("Down"), id="pixels.down", group=_MOVES,
                tooltip=N_("Pixel below")),
        Binding("up,k", "move(0, -1)", N_("Up"), id="pixels.up", group=_MOVES,
                tooltip=N_("Pixel above")),
        Binding("right,l", "move(1, 0)", N_("Right"), id="pixels.right", group=_MOVES,
                tooltip=N_("Pixel to the right")),
        Binding("space", "switch", N_("Paint"), id="pixels.switch",
                tooltip=N_("Switch the pixel on or off")),
        Binding("home", "edge(0)", N_("First pixel"), id="pixels.first", show=False),
        Binding("end", "edge(-1)", N_("Last pixel"), id="pixels.last", show=False),
    ]  # fmt: skip

    cursor: reactive[int] = reactive(0, repaint=False)

    class Painted(Message):
        """The person set a pixel; `stroke` says that it continues the drag before it."""

        def __init__(self, grid: PixelGrid, index: int, value: float, stroke: bool) -> None:
            self.grid = grid
            self.index = index
            self.value = value
            self.stroke = stroke
            super().__init__()

    class Moved(Message):
        """The person moved the cursor to a pixel."""

        def __init__(self, grid: PixelGrid, index: int) -> None:
            self.grid = grid
            self.index = index
            super().__init__()

    def __init__(self, shape: tuple[int, ...], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.board = Board(shape)
        self.values: NDArray[np.float64] = np.zeros(self.board.size)
        self.marked: frozenset[int] = frozenset()
        self._brush: float | None = None
        self._last: Offset | None = None
        self._stroke = False

    def show(self, values: NDArray[np.float64], marked: frozenset[int] = frozenset()) -> None:
        """Show these pixels, in the order of their numbers, with some of them marked."""
        changed = set(np.flatnonzero(self.values != values).tolist()) | (self.marked ^ marked)
        if marked != self.marked and values.size in (len(marked), len(self.marked)):
            changed = set(range(values.size))  # no marks are drawn where all would be
        self.values = values.copy()
        self.marked = marked
        self._redraw(*changed)

    def show_input(self, lab: Lab, marked: frozenset[int]) -> None:
        """Show the pixels of a bench."""
        self.show(lab.input.reshape(-1), marked)

    @property
    def chosen_input(self) -> int:
        """The pixel under the cursor."""
        return self.cursor

    # Geometry ---------------------------------------------------------------------------------

    @property
    def cell(self) -> tuple[int, int]:
        """Columns and lines that one pixel takes."""
        return self.board.width, self.board.height

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the roomiest cells that fit."""
        # Prediction and training stand below: leave them half of the screen.
        return self.board.lines(width or container.width, max(4, viewport.height // 2 - 4))

    def on_resize(self) -> None:
        """Fit the pixels into the new size."""
        self.board.place(*self.content_size)
        self.board.follow(self.cursor)
        self.refresh()

    def _redraw(self, *indices: int) -> None:
        for index in indices:
            corner = self.board.corner(index)
            if corner is not None:
                self.refresh(Region(*corner, self.board.width, self.board.height))

    # Keys and mouse ---------------------------------------------------------------------------

    def watch_cursor(self, before: int, after: int) -> None:
        """Redraw the two pixels concerned, or all where the window moves."""
        if self.board.follow(after):
            self.refresh()
        else:
            self._redraw(before, after)

    def action_move(self, dx: int, dy: int) -> None:
        """Move the cursor; it stops at the edges."""
        row, column = self.board.where(self.cursor)
        row = min(max(row + dy, 0), self.board.rows - 1)
        column = min(max(column + dx, 0), self.board.columns - 1)
        self._go(self.board.index(row, column))

    def action_edge(self, end: int) -> None:
        """Move the cursor to the first or the last pixel."""
        self._go(0 if end == 0 else self.values.size - 1)

    def _go(self, index: int) -> None:
        if index != self.cursor:
            self.cursor = index
            self.post_message(self.Moved(self, index))

    def action_switch(self) -> None:
        """Switch the pixel under the cursor."""
        value = 0.0 if self.values[self.cursor] >= 0.5 else 1.0
        self.post_message(self.Painted(self, self.cursor, value, stroke=False))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Start a stroke: the left button paints, the right one erases."""
        place = event.get_content_offset_capture(self)
        if not self.board.at(*place) or event.button not in (1, 3):
            return
        event.stop()
        self.capture_mouse()
        self._brush = 1.0 if event.button == 1 else 0.0
        self._last, self._stroke = place, False
        self._touch(place)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Go on with the stroke, through every pixel on the way."""
        if self._brush is None or self._last is None:
            return
        event.stop()
        place = event.get_content_offset_capture(self)
        if place == self._last:
            return
        for between in list(line_between(self._last, place))[1:]:
            self._touch(between)
        self._last = place

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """End the stroke."""
        if self._brush is not None:
            event.stop()
            self._brush = self._last = None
            self.release_mouse()

    def _touch(self, place: Offset) -> None:
        for index in self.board.at(*place):
            self.cursor = index
            if self._brush is not None and self.values[index] != self._brush:
                self.post_message(self.Painted(self, index, self._brush, self._stroke))
                self._stroke = True

    # Drawing ----------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of characters: a slice through one row of pixels (or two)."""
        board, plain = self.board, self.style()
        if y < board.header:
            return self.line((" " * board.left, "plain"), (self._channel_names(), "marked"))
        down, line = divmod(y - board.header, board.height)
        row = board.first_row + (2 * down if board.half else down)
        if row >= min(board.rows, board.first_row + board.rows_seen):
            return Strip.blank(self.content_size.width, plain)
        segments = [Segment(" " * board.left, plain)]
        for column, gap in board.columns_in_sight():
            if gap:
                segments.append(Segment(" ", plain))
            index = board.index(row, column)
            if board.half:
                below = board.index(row + 1, column) if row + 1 < board.rows else None
                segments.append(self._two_rows(index, below))
            else:
                segments += self._cell_line(index, line, board.width, board.height)
        return Strip(segments).adjust_cell_length(self.content_size.width, plain).simplify()

    def _channel_names(self) -> str:
        """The line above several channels: the name of each where it starts."""
        board, seen = self.board, set[int]()
        text = ""
        for column, gap in board.columns_in_sight():
            channel = board.channel(column)
            name = CHANNELS.get(board.channels, "")[channel : channel + 1] or str(channel + 1)
            text += " " * gap + ("" if channel in seen else name).ljust(board.width)
            seen.add(channel)
        return text

    def _two_rows(self, above: int, below: int | None) -> Segment:
        """A cell that holds a pixel of one row over a pixel of the next."""
        width = self.board.width
        if self.has_focus and self.cursor in (above, below):
            sign = ("┌┐" if width == 2 else "▲") if self.cursor == above else (
                "└┘" if width == 2 else "▼"
            )  # fmt: skip
            return Segment(sign, self.style("cursor"))
        upper = float(self.values[above])
        lower = 0.0 if below is None else float(self.values[below])
        on = (upper >= 0.5, lower >= 0.5)
        sign = {(True, True): "█", (True, False): "▀", (False, True): "▄"}.get(on, "·")
        return Segment(sign * width, self._brightness(max(upper, lower) if any(on) else 0.0))

    def _cell_line(self, index: int, line: int, width: int, height: int) -> list[Segment]:
        value = float(self.values[index])
        fill = shade(value)
        body = (fill if value > 0 else " ") * width
        number = str(index + 1)
        label = number if width >= 4 and line == 0 and len(number) <= width - 2 else ""
        if width < 4 and value <= 0:
            body = fill.center(width)
        elif height > 1 and value <= 0 and line == height // 2:
            body = fill.rjust(width // 2).ljust(width)
        cursor = index == self.cursor and self.has_focus
        # Where all are marked, a mark on each would say nothing and hide the picture.
        marked = index in self.marked and len(self.marked) < self.values.size
        corners = ("", "")
        if cursor or marked:
            corners = self._corners(line, height, width, 0 if cursor else 1)
        around = self.style("cursor" if cursor else "marked")
        inner = body[len(corners[0]) + len(label) : width - len(corners[1])]
        return [
            Segment(corners[0], around),
            Segment(label, self.style("marked" if marked else "dark")),
            Segment(inner, self._brightness(value)),
            Segment(corners[1], around),
        ]

    @staticmethod
    def _corners(line: int, height: int, width: int, kind: int) -> tuple[str, str]:
        """What stands around the cursor (kind 0) or a marked pixel (1)."""
        if width == 1:
            return "+•"[kind], ""
        if height == 1:
            return ("[", "]") if kind == 0 else ("(", ")")
        if line == 0:
            return ("┌", "┐") if kind == 0 else ("╭", "╮")
        if line < height - 1:
            return "", ""
        return ("└", "┘") if kind == 0 else ("╰", "╯")

    def _brightness(self, value: float) -> Style:
        if value <= 0:
            return self.style("dark")
        if value >= 1 or self.app.native_ansi_color:
            return self.style("light")
        light = self.get_component_styles("pixels--light").color
        dark: Color = self.background_colors[1]
        return self.style() + Style(color=dark.blend(light, 0.25 + 0.75 * value).rich_color)

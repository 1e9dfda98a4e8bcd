"""The input editor for pictures: a grid of pixels that keys and the mouse paint."""

from __future__ import annotations

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
from nnsim.tui.numbers import precise
from nnsim.tui.widgets.input_editor import InputEditor
from nnsim.tui.widgets.painter import Painter
from nnsim.tui.widgets.pixel_board import Board, line_between

if TYPE_CHECKING:
    from nnsim.lab import Lab

SHADES = "·░▒▓█"
LETTERS = ".-+*#"  # the same with --ascii, where some of those would become one
CHANNELS = {3: "RGB", 4: "RGBA"}
STEP = 1 / 8  # of brightness, with one key
FEW = 16  # pixels that are numbered even where each has a single line
LOOKED_AT = 200  # samples in which grey levels are looked for


def shade(value: float, shades: str = SHADES) -> str:
    """The character for a brightness: dark is a dot, light a full block."""
    if value <= 0:
        return shades[0]
    return shades[min(4, 1 + int(min(value, 1.0) * 3.999))] if value < 1 else shades[4]


class PixelGrid(Painter, InputEditor, can_focus=True):
    """Pixels to paint, numbered from 1, row by row."""

    PREFIX = "pixels--"
    BINDING_GROUP_TITLE = N_("Pixels")
    HELP = N_(
        "Paint the picture that the network reads. Arrows or hjkl move, Space switches a pixel. "
        "Drag with the left button paints, with the right button erases. Where pictures have grey "
        "levels or colours, + and - make a pixel lighter or darker, and e types its value; the "
        "channels of a colour picture stand side by side."
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "pixels--light",
        "pixels--dark",
        "pixels--cursor",
        "pixels--marked",
        "pixels--red",
        "pixels--green",
        "pixels--blue",
    }
    DEFAULT_CSS = """
    PixelGrid {
        height: auto;
        border-subtitle-color: $text-muted;
        .pixels--red { color: $text-error; }
        .pixels--green { color: $text-success; }
        .pixels--blue { color: $text-primary; }
        .pixels--light { color: $foreground; }
        .pixels--dark { color: $text-disabled; }
        .pixels--cursor { color: $text-accent; text-style: bold; }
        .pixels--marked { color: $text-primary; text-style: bold; }
    }
    """
    _MOVES = Binding.Group(N_("Move"), compact=True)
    _GREYS = Binding.Group(N_("Grey level"), compact=True)
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
        Binding("plus,equals_sign", "shade(1)", N_("Lighter"), id="pixels.lighter", group=_GREYS,
                tooltip=N_("Make the pixel lighter, by an eighth")),
        Binding("minus", "shade(-1)", N_("Darker"), id="pixels.darker", group=_GREYS,
                tooltip=N_("Make the pixel darker, by an eighth")),
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
        self.grey = self.board.channels > 1  # whether there is more than on and off
        self._data: object = None  # that was looked at for grey levels
        self._data_is_grey = False
        self._shaded = -1  # the pixel that the keys for grey levels changed last
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
        data = lab.experiment.data
        if data is not self._data:
            self._data, self._data_is_grey = data, _has_grey(data.inputs[:LOOKED_AT])
        grey = self.board.channels > 1 or self._data_is_grey or _has_grey(lab.input)
        if grey != self.grey:
            self.grey = grey
            self.refresh_bindings()
            self.refresh()
        self.show(lab.input.reshape(-1), marked)
        self._say_value()

    def _say_value(self) -> None:
        """Write the value under the cursor on the border, where it is more than on or off."""
        text = None
        if self.grey:
            row, column = self.board.where(self.cursor)
            names, channels = self._names, self.board.channels
            channel, column = divmod(column, self.board.columns // channels)
            name = f"{names[channel]} " if channels > 1 else ""
            value = precise(float(self.values[self.cursor]), 8).strip()
            text = f"{name}{row + 1},{column + 1}: {value}"
        if text != self.border_subtitle:
            self.border_subtitle = text

    @property
    def _names(self) -> list[str]:
        """What the channels are called."""
        count = self.board.channels
        return list(CHANNELS.get(count, "")) or [str(i + 1) for i in range(count)]

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
        self._shaded = -1
        self._say_value()
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

    def action_shade(self, by: int) -> None:
        """Make the pixel under the cursor lighter or darker; several steps are undone together."""
        steps = float(self.values[self.cursor]) / STEP
        to = (np.floor(steps + 1e-9) + 1 if by > 0 else np.ceil(steps - 1e-9) - 1) * STEP
        value = min(max(float(to), 0.0), 1.0)
        if value != self.values[self.cursor]:
            again, self._shaded = self._shaded == self.cursor, self.cursor
            self.post_message(self.Painted(self, self.cursor, value, stroke=again))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Grey levels are for pictures that have them."""
        return self.grey if action == "shade" else True

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
            name = self._names[channel]
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
        if self.grey:
            return self._two_greys(above, upper, lower)
        on = (upper >= 0.5, lower >= 0.5)
        sign = {(True, True): "█", (True, False): "▀", (False, True): "▄"}.get(on, "·")
        return Segment(sign * width, self._brightness(max(upper, lower) if any(on) else 0.0))

    def _two_greys(self, above: int, upper: float, lower: float) -> Segment:
        """Two grey levels, one over the other; without colours, how light they are together."""
        width, channel = self.board.width, self._channel_style(above)
        if self.in_signs:
            return Segment(self._shade((upper + lower) / 2) * width, self.style(channel))
        if upper <= 0 and lower <= 0:
            return Segment(self._shade(0.0) * width, self.style("dark"))
        top, bottom = self._mixed(upper, channel), self._mixed(lower, channel)
        return Segment("▀" * width, Style.from_color(top.rich_color, bottom.rich_color))

    def _cell_line(self, index: int, line: int, width: int, height: int) -> list[Segment]:
        value = float(self.values[index])
        fill = self._shade(value)
        body = (fill if value > 0 else " ") * width
        number = str(index + 1)
        room = width >= 4 and line == 0 and len(number) <= width - 2
        # In cells of one line, numbers would hide half of the picture: only a few may.
        label = number if room and (height > 1 or self.values.size <= FEW) else ""
        if value <= 0 and (width < 4 or (height == 1 and not label)):
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
            Segment(inner, self._brightness(value, self._channel_style(index))),
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

    @property
    def in_signs(self) -> bool:
        """Whether characters have to tell what colours can't."""
        app = self.app
        return app.no_color or app.native_ansi_color or getattr(app, "ascii_only", False)

    def _shade(self, value: float) -> str:
        return shade(value, LETTERS if getattr(self.app, "ascii_only", False) else SHADES)

    def _channel_style(self, index: int) -> str:
        """The colour of a pixel's channel; light where there is only one."""
        if self.board.channels not in CHANNELS:
            return "light"
        return ("red", "green", "blue", "light")[index % self.board.channels]

    def _mixed(self, value: float, name: str) -> Color:
        """The colour of a brightness on the background."""
        dark: Color = self.background_colors[1]
        light = self.get_component_styles(f"pixels--{name}").color
        return dark.blend(light, 0.25 + 0.75 * min(value, 1.0) if value > 0 else 0.0)

    def _brightness(self, value: float, name: str = "light") -> Style:
        if value <= 0:
            return self.style("dark")
        if value >= 1 or self.app.native_ansi_color:
            return self.style(name)
        return self.style() + Style(color=self._mixed(value, name).rich_color)


def _has_grey(values: NDArray[np.float64]) -> bool:
    """Whether any of these values is neither on nor off."""
    return bool(((values != 0) & (values != 1)).any())

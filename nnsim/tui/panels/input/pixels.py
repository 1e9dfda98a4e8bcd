"""The input panel for pictures: a grid of pixels that keys and the mouse paint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.geometry import Offset, Size
from textual.reactive import reactive

from nnsim.i18n import N_
from nnsim.tui.draw.lines import Lines, Row
from nnsim.tui.draw.numbers import precise
from nnsim.tui.draw.tiles import LETTERS, SHADES, shade
from nnsim.tui.panels.panel import Panel, Scene

if TYPE_CHECKING:
    pass

# Columns and lines of one pixel, from the roomiest to the smallest; a pixel is about square.
CELL_SIZES = ((8, 4), (6, 3), (6, 2), (4, 2), (4, 1), (3, 1), (2, 1), (1, 1))
HALF_SIZES = (2, 1)  # two rows of pixels in one line


class PixelLayout:
    """A picture of rows × columns × channels, laid out in some place.

    Channels stand side by side, with a gap between them and a line of names above. What is too
    large for its place is seen through a window, which `follow` moves.

    Attributes
    ----------
    width, height : int
        Columns and lines of one pixel; with `half`, two rows of pixels share a line.
    left : int
        Where the picture starts.
    first_row, first_column : int
        The corner of the window, in pixels.
    rows_seen, columns_seen : int
        Its size.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.rows, self._columns = shape[0], shape[1]
        self.channels = shape[2] if len(shape) == 3 else 1
        self.columns = self._columns * self.channels
        self.header = 1 if self.channels > 1 else 0
        self.first_row = self.first_column = 0
        self.place(1, 1)

    @property
    def size(self) -> int:
        """How many pixels there are, those of every channel counted."""
        return self.rows * self.columns

    def lines(self, width: int, limit: int) -> int:
        """How many lines the picture takes in a place `width` wide and `limit` high."""
        _cell_width, height, half = self._fit(width, limit)
        lines = -(-self.rows // 2) if half else self.rows * height
        return min(lines + self.header, max(limit, 1 + self.header))

    def place(self, width: int, height: int) -> None:
        """Lay the picture out in a place of this size."""
        self.width, self.height, self.half = self._fit(width, height)
        in_all = self._span(self.width)
        self.left = max(0, (width - in_all) // 2)
        lines = max(1, height - self.header)
        self.rows_seen = min(self.rows, lines * 2 if self.half else max(1, lines // self.height))
        if in_all <= width:
            self.columns_seen = self.columns
        else:
            self.columns_seen = max(1, (width - self.channels + 1) // self.width)
        self._into_range()

    def _fit(self, width: int, limit: int) -> tuple[int, int, bool]:
        limit -= self.header
        for cell_width, height in CELL_SIZES:
            if self._span(cell_width) <= width and self.rows * height <= limit:
                return cell_width, height, False
        for cell_width in HALF_SIZES:
            if self._span(cell_width) <= width:
                return cell_width, 1, True
        return 1, 1, True

    def _span(self, cell_width: int) -> int:
        return self.columns * cell_width + self.channels - 1

    def follow(self, index: int) -> bool:
        """Move the window so that a pixel is in it; say whether it moved."""
        row, column = self.where(index)
        before = (self.first_row, self.first_column)
        lowest = row - self.rows_seen + 1
        if self.half:
            lowest += lowest % 2  # a line starts at an even row
        self.first_row = min(max(self.first_row, lowest), row)
        self.first_column = min(max(self.first_column, column - self.columns_seen + 1), column)
        self._into_range()
        return before != (self.first_row, self.first_column)

    def _into_range(self) -> None:
        if self.half:
            self.first_row -= self.first_row % 2
        self.first_row = max(0, min(self.first_row, self.rows + self.rows % 2 - self.rows_seen))
        self.first_column = max(0, min(self.first_column, self.columns - self.columns_seen))

    def where(self, index: int) -> tuple[int, int]:
        """Row and column of a pixel, the channels side by side."""
        place, channel = divmod(index, self.channels)
        row, column = divmod(place, self._columns)
        return row, channel * self._columns + column

    def index(self, row: int, column: int) -> int:
        """The pixel in a row and column (channels side by side)."""
        channel, column = divmod(column, self._columns)
        return (row * self._columns + column) * self.channels + channel

    def channel(self, column: int) -> int:
        return column // self._columns

    def columns_in_sight(self) -> Iterator[tuple[int, bool]]:
        """The columns of the window, and whether a gap goes before each."""
        for column in range(self.first_column, self.first_column + self.columns_seen):
            yield column, column > self.first_column and column % self._columns == 0

    def corner(self, index: int) -> tuple[int, int] | None:
        """The cell (x, y) where a pixel starts; None outside the window."""
        row, column = self.where(index)
        if not (
            self.first_row <= row < self.first_row + self.rows_seen
            and self.first_column <= column < self.first_column + self.columns_seen
        ):
            return None
        gaps = self.channel(column) - self.channel(self.first_column)
        x = self.left + (column - self.first_column) * self.width + gaps
        down = row - self.first_row
        return x, self.header + (down // 2 if self.half else down * self.height)

    def at(self, x: int, y: int) -> list[int]:
        """The pixels under a cell: none outside, two where two rows share a line."""
        line = y - self.header
        column = self._column_at(x)
        if line < 0 or column is None:
            return []
        first = self.first_row + (2 * line if self.half else line // self.height)
        end = min(first + (2 if self.half else 1), self.first_row + self.rows_seen, self.rows)
        return [self.index(row, column) for row in range(first, end)]

    def _column_at(self, x: int) -> int | None:
        start = self.left
        for column, gap in self.columns_in_sight():
            start += gap
            if start <= x < start + self.width:
                return column
            start += self.width
        return None


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


CHANNELS = {3: "RGB", 4: "RGBA"}
FEW = 16  # pixels that are numbered even where each has a single line


STEP = 1 / 8  # of brightness, with one key
LOOKED_AT = 200  # samples in which grey levels are looked for


class PixelGrid(Panel, Lines):
    """Pixels to paint, numbered from 1, row by row."""

    BINDING_GROUP_TITLE = N_("Pixels")
    HELP = N_(
        "Paint the picture that the network reads. Arrows or hjkl move, Space switches a pixel. "
        "Drag with the left button paints, with the right button erases. Where pictures have grey "
        "levels or colours, + and - make a pixel lighter or darker, and e types its value; the "
        "channels of a colour picture stand side by side."
    )
    DEFAULT_CSS = "PixelGrid { height: auto; border-subtitle-color: $text-muted; }"
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

    def __init__(self, shape: tuple[int, ...], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.board = PixelLayout(shape)
        self.values: NDArray[np.float64] = np.zeros(self.board.size)
        self.marked: frozenset[int] = frozenset()
        self.grey = self.board.channels > 1  # whether there is more than on and off
        self._data: object = None  # that was looked at for grey levels
        self._data_is_grey = False
        self._shaded = -1  # the pixel that the keys for grey levels changed last
        self._brush: float | None = None
        self._last: Offset | None = None
        self._stroke = False

    def show(self, scene: Scene) -> None:
        lab = scene.lab
        data = lab.experiment.data
        if data is not self._data:
            self._data, self._data_is_grey = data, _has_grey(data.inputs[:LOOKED_AT])
        grey = self.board.channels > 1 or self._data_is_grey or _has_grey(lab.input)
        if grey != self.grey:
            self.grey = grey
            self.refresh_bindings()
        values = lab.input.reshape(-1)
        if values.size == self.board.size:  # else another experiment's panel is on its way
            self.values, self.marked = values.copy(), scene.marked
        self._say_value()
        self.update()

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

    def address(self) -> str | None:
        return f"input[{self.cursor + 1}]"

    def edits(self) -> str | None:
        return self.address()

    @property
    def cell(self) -> tuple[int, int]:
        """Columns and lines that one pixel takes."""
        return self.board.width, self.board.height

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        # Prediction and training stand below: leave them half of the screen.
        return self.board.lines(width or container.width, max(4, viewport.height // 2 - 4))

    def rows(self, width: int, height: int) -> list[Row]:
        """The picture, or the part of it around the cursor that there is room for."""
        board = self.board
        board.place(width, height)
        board.follow(self.cursor)
        above: list[Row] = []
        if board.header:
            above.append([(" " * board.left, ""), (self._channel_names(), "here")])
        end = min(board.rows, board.first_row + board.rows_seen)
        if board.half:
            return above + [self._line(row, 0) for row in range(board.first_row, end, 2)]
        seen = range(board.first_row, end)
        return above + [self._line(row, line) for row in seen for line in range(board.height)]

    def _line(self, row: int, line: int) -> Row:
        """One line of characters: a slice through one row of pixels (or two)."""
        board = self.board
        pieces: list[tuple[str, str | Style]] = [(" " * board.left, "")]
        for column, gap in board.columns_in_sight():
            if gap:
                pieces.append((" ", ""))
            index = board.index(row, column)
            if board.half:
                below = board.index(row + 1, column) if row + 1 < board.rows else None
                pieces.append(self._two_rows(index, below))
            else:
                pieces += self._cell_line(index, line, board.width, board.height)
        return pieces

    @property
    def _names(self) -> list[str]:
        count = self.board.channels
        return list(CHANNELS.get(count, "")) or [str(i + 1) for i in range(count)]

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

    def _two_rows(self, above: int, below: int | None) -> tuple[str, str | Style]:
        """A cell that holds a pixel of one row over a pixel of the next."""
        width = self.board.width
        if self.has_focus and self.cursor in (above, below):
            sign = ("┌┐" if width == 2 else "▲") if self.cursor == above else (
                "└┘" if width == 2 else "▼"
            )  # fmt: skip
            return sign, "here"
        upper = float(self.values[above])
        lower = 0.0 if below is None else float(self.values[below])
        if self.grey:
            return self._two_greys(above, upper, lower)
        on = (upper >= 0.5, lower >= 0.5)
        sign = {(True, True): "█", (True, False): "▀", (False, True): "▄"}.get(on, "·")
        return sign * width, self._brightness(max(upper, lower) if any(on) else 0.0)

    def _two_greys(self, above: int, upper: float, lower: float) -> tuple[str, str | Style]:
        """Two grey levels, one over the other; without colours, how light they are together."""
        width, channel = self.board.width, self._channel_style(above)
        if self.in_signs:
            return self._shade((upper + lower) / 2) * width, channel
        if upper <= 0 and lower <= 0:
            return self._shade(0.0) * width, "dark"
        top, bottom = self._mixed(upper, channel), self._mixed(lower, channel)
        return "▀" * width, Style.from_color(top.rich_color, bottom.rich_color)

    def _cell_line(
        self, index: int, line: int, width: int, height: int
    ) -> list[tuple[str, str | Style]]:
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
        around = "here" if cursor else "positive strong"
        inner = body[len(corners[0]) + len(label) : width - len(corners[1])]
        return [
            (corners[0], around),
            (label, "positive strong" if marked else "dark"),
            (inner, self._brightness(value, self._channel_style(index))),
            (corners[1], around),
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

    def _shade(self, value: float) -> str:
        return shade(value, LETTERS if getattr(self.app, "ascii_only", False) else SHADES)

    def _channel_style(self, index: int) -> str:
        """The colour of a pixel's channel; light where there is only one."""
        if self.board.channels not in CHANNELS:
            return "light"
        return ("red", "green", "blue", "light")[index % self.board.channels]

    def _mixed(self, value: float, name: str) -> Color:
        """The colour of a brightness on the background."""
        share = 0.25 + 0.75 * min(value, 1.0) if value > 0 else 0.0
        return self.sheet.colour(name, share) or self.sheet.background

    def _brightness(self, value: float, name: str = "light") -> str | Style:
        if value <= 0:
            return "dark"
        if value >= 1 or not self.sheet.mixes:
            return name
        return Style.from_color(
            self._mixed(value, name).rich_color, self.sheet.background.rich_color
        )

    def watch_cursor(self) -> None:
        self._shaded = -1
        self._say_value()
        self.update()

    def action_move(self, dx: int, dy: int) -> None:
        row, column = self.board.where(self.cursor)
        row = min(max(row + dy, 0), self.board.rows - 1)
        column = min(max(column + dx, 0), self.board.columns - 1)
        self._go(self.board.index(row, column))

    def action_edge(self, end: int) -> None:
        self._go(0 if end == 0 else self.values.size - 1)

    def _go(self, index: int) -> None:
        self.cursor = index

    def _paint(self, index: int, value: float, *, stroke: bool = False) -> None:
        """Ask for a pixel; `stroke` says that it continues the one before it."""
        self.post_message(self.Asked(f"pixel {index + 1} {value:g}", merge=stroke))

    def action_switch(self) -> None:
        value = 0.0 if self.values[self.cursor] >= 0.5 else 1.0
        self._paint(self.cursor, value)

    def action_shade(self, by: int) -> None:
        """Make the pixel under the cursor lighter or darker; several steps are undone together."""
        steps = float(self.values[self.cursor]) / STEP
        to = (np.floor(steps + 1e-9) + 1 if by > 0 else np.ceil(steps - 1e-9) - 1) * STEP
        value = min(max(float(to), 0.0), 1.0)
        if value != self.values[self.cursor]:
            again, self._shaded = self._shaded == self.cursor, self.cursor
            self._paint(self.cursor, value, stroke=again)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
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
        if self._brush is not None:
            event.stop()
            self._brush = self._last = None
            self.release_mouse()

    def _touch(self, place: Offset) -> None:
        for index in self.board.at(*place):
            self.cursor = index
            if self._brush is not None and self.values[index] != self._brush:
                self._paint(index, self._brush, stroke=self._stroke)
                self._stroke = True


def _has_grey(values: NDArray[np.float64]) -> bool:
    """Whether any of these values is neither on nor off."""
    return bool(((values != 0) & (values != 1)).any())

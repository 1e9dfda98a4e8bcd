"""A picture that is painted: its pixels as characters, in cells of every size."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip

from nnsim.tui.widgets.painter import Painter
from nnsim.tui.widgets.pixel_board import Board

SHADES = "·░▒▓█"
LETTERS = ".-+*#"  # the same with --ascii, where some of those would become one
CHANNELS = {3: "RGB", 4: "RGBA"}
FEW = 16  # pixels that are numbered even where each has a single line


def shade(value: float, shades: str = SHADES) -> str:
    """The character for a brightness: dark is a dot, light a full block."""
    if value <= 0:
        return shades[0]
    return shades[min(4, 1 + int(min(value, 1.0) * 3.999))] if value < 1 else shades[4]


class PixelPicture(Painter):
    """Pixels with their numbers, from 1 row by row; the cursor and marks around some of them."""

    PREFIX = "pixels--"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "pixels--light",
        "pixels--dark",
        "pixels--cursor",
        "pixels--marked",
        "pixels--red",
        "pixels--green",
        "pixels--blue",
    }

    cursor: reactive[int] = reactive(0, repaint=False)

    def __init__(self, shape: tuple[int, ...], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.board = Board(shape)
        self.values: NDArray[np.float64] = np.zeros(self.board.size)
        self.marked: frozenset[int] = frozenset()
        self.grey = self.board.channels > 1  # whether there is more than on and off

    def _redraw(self, *indices: int) -> None:
        for index in indices:
            corner = self.board.corner(index)
            if corner is not None:
                self.refresh(Region(*corner, self.board.width, self.board.height))

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

    @property
    def _names(self) -> list[str]:
        """What the channels are called."""
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

"""What is drawn on cell by cell: a row of text, and a field of braille dots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.cells import get_character_cell_size

from nnsim.tui.draw.lines import Piece


class Canvas:
    """A row of `width` cells to write on; what would leave it is cut.

    Each cell has a style (a name of the style sheet) and may stand for something: what the row
    tells of where the mouse is.
    """

    __slots__ = ("_chars", "_of", "_styles", "width")

    def __init__(self, width: int) -> None:
        self.width = width
        self._chars = [" "] * width
        self._styles = [""] * width
        self._of: list[Any] = [None] * width

    def put(self, x: int, text: str, style: str = "", limit: int | None = None) -> None:
        """Write `text` from cell `x`, at most up to cell `limit`; no wide character is halved."""
        end = self.width if limit is None else min(limit, self.width)
        chars, styles = self._chars, self._styles
        for char in text:
            wide = 1 if char < "\u0300" else get_character_cell_size(char)
            if wide == 0:
                continue
            if x + wide > end:
                return
            if x >= 0:
                chars[x], styles[x] = char, style
                if wide == 2:
                    chars[x + 1], styles[x + 1] = "", style
            x += wide

    def claim(self, x: int, width: int, of: Any) -> None:
        """Let some cells stand for something, whatever is written on them."""
        first, end = max(0, x), max(0, min(self.width, x + width))
        self._of[first:end] = [of] * (end - first)

    def paste(self, x: int, other: Canvas) -> None:
        """Copy another row from cell `x` on; it must fit."""
        end = x + other.width
        self._chars[x:end] = other._chars
        self._styles[x:end] = other._styles
        self._of[x:end] = other._of

    def pieces(self) -> list[Piece]:
        """The row, cells of one style together."""
        chars, styles, of = self._chars, self._styles, self._of
        starts = [
            x
            for x in range(self.width)
            if not x or styles[x] != styles[x - 1] or of[x] is not of[x - 1]
        ]
        ends = [*starts[1:], self.width]
        return [
            Piece("".join(chars[x:end]), styles[x], of[x])
            for x, end in zip(starts, ends, strict=True)
        ]


DOTS_X, DOTS_Y = 2, 4
# Unicode numbers a cell's dots down the left column, then the right, and the fourth row last.
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLANK = 0x2800
NOBODY = -1


class Raster:
    """A field of braille cells.

    Parameters
    ----------
    width, height : int
        In cells; the dots are ``2 * width`` by ``4 * height``.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(0, width), max(0, height)
        self._bits = [bytearray(self.width) for _ in range(self.height)]
        self._owner = [[NOBODY] * self.width for _ in range(self.height)]

    def dot(self, x: int, y: int, owner: int) -> None:
        """Set one dot; the cell takes the colour of whoever drew in it last."""
        if 0 <= x < self.width * DOTS_X and 0 <= y < self.height * DOTS_Y:
            row, column = y // DOTS_Y, x // DOTS_X
            self._bits[row][column] |= _BITS[y % DOTS_Y][x % DOTS_X]
            self._owner[row][column] = owner

    def row(self, y: int) -> list[tuple[str, int]]:
        """Return row `y` of cells as (character, owner); an untouched cell is (" ", NOBODY)."""
        return [
            (chr(_BLANK + bits), owner) if bits else (" ", NOBODY)
            for bits, owner in zip(self._bits[y], self._owner[y], strict=True)
        ]

    def line(
        self,
        start: tuple[int, int],
        end: tuple[int, int],
        owner: int,
        *,
        thickness: Callable[[float], int],
        dash: tuple[int, int] | None = None,
    ) -> None:
        """Draw from dot `start` to dot `end`, which lies to its right.

        Parameters
        ----------
        thickness : callable
            How many dots high the line is at a share (0 to 1) of the way.
        dash : tuple (on, off), optional
            Dots along the line that are drawn and left out in turn; its end is always drawn.
        """
        (x0, y0), (x1, y1) = start, end
        across = max(1, x1 - x0)
        length = max(across, abs(y1 - y0))
        # One dot along the longer way at a time, so that steep lines have no holes.
        for step in range(length + 1):
            share = step / length
            if dash and length - step > 1 and step % sum(dash) >= dash[0]:
                continue
            high = thickness(share)
            x, y = round(x0 + (x1 - x0) * share), round(y0 + (y1 - y0) * share)
            for offset in range(high):
                self.dot(x, y - (high - 1) // 2 + offset, owner)

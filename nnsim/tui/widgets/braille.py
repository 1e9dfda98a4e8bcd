"""Lines in braille: two dots across and four down in every cell, each dot owned by one line.

No screen here: a raster is dots and owners; who draws it picks the colours.
"""

from __future__ import annotations

from collections.abc import Callable

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

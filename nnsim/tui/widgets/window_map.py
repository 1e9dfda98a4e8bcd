"""A small picture of an image with the window of a convolution or pool over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnsim.tui.draw.tiles import shade
from nnsim.tui.widgets.rows import Row


@dataclass(frozen=True, eq=False)
class WindowMap:
    """An image and the window over it; rows and columns from 0.

    Attributes
    ----------
    image : array (rows, columns)
    top, left, rows, columns : int
        The window; parts of it may lie outside, in the padding.
    here : (int, int) or None
        The pixel that the step is about.
    title : str
    """

    image: NDArray[np.float64]
    top: int
    left: int
    rows: int
    columns: int
    here: tuple[int, int] | None
    title: str

    @property
    def width(self) -> int:
        """How many cells it takes across."""
        return 2 * len(self.image[0]) + 1

    def lines(self, width: int, height: int) -> list[Row]:
        """Return the picture, or the part of it around the window, in that room."""
        rows, columns = self.image.shape
        high, wide = min(rows, height - 1), min(columns, (width - 1) // 2)
        first = _around(self.top, self.rows, high, rows)
        start = _around(self.left, self.columns, wide, columns)
        peak = float(np.abs(self.image[np.isfinite(self.image)]).max(initial=0.0)) or 1.0
        scaled = np.abs(self.image) / max(1.0, peak)
        title: Row = [(self.title, "dim")]
        return [title, *(self._line(scaled, y, start, wide) for y in range(first, first + high))]

    def _line(self, scaled: NDArray[np.float64], y: int, start: int, wide: int) -> Row:
        row: Row = []
        inside = self.top <= y < self.top + self.rows
        for x in range(start, start + wide + 1):
            edge = " "
            if inside and x == max(self.left, start):
                edge = "["
            elif inside and x == min(self.left + self.columns, start + wide):
                edge = "]"
            row.append((edge, "here" if edge != " " else ""))
            if x < start + wide:
                within = inside and self.left <= x < self.left + self.columns
                style = "cursor" if (y, x) == self.here else "strong" if within else "dim"
                row.append((shade(float(scaled[y, x])), style))
        return row


def _around(first: int, size: int, room: int, whole: int) -> int:
    """The first row (or column) to show, so that the window is in the middle."""
    return min(max(0, first + size // 2 - room // 2), max(0, whole - room))

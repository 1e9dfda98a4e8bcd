"""How the loss landscape is drawn: levels, contours, the path, the key. No widget."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from nnsim.i18n import _
from nnsim.lab.landscape import CostMap, Window
from nnsim.lab.reading.plane import Axis
from nnsim.tui.widgets.heat import DIGITS, LEVELS, Levels, contours, edges, levels_of
from nnsim.tui.widgets.plot import Plot
from nnsim.tui.widgets.train_axes import label

Array = NDArray[np.float64]

START, WAY, NOW, LEAST, BETWEEN = "○", "•", "●", "×", "·"
# Of a logarithmic scale; what is farther below the highest cost counts as the lowest level.
_MOST_DECADES = 9.0


@dataclass(frozen=True, eq=False)
class Scale:
    """Which cost is of which level.

    Attributes
    ----------
    low, high : float
        Of what is drawn: costs, or their decimal logarithms.
    log : bool
    """

    low: float
    high: float
    log: bool

    @classmethod
    def of(cls, costs: Array, log: bool) -> Scale:
        """The scale from the least to the largest finite cost."""
        finite = costs[np.isfinite(costs)]
        if not finite.size:
            return cls(0.0, 1.0, False)
        low, high = float(finite.min()), float(finite.max())
        if not log or high <= 0:
            return cls(low, high, False)
        least, high = math.log10(float(finite[finite > 0].min())), math.log10(high)
        if low <= 0:  # no logarithm: below the least that has one
            least -= 1
        return cls(max(least, high - _MOST_DECADES), high, True)

    def levels(self, costs: Array) -> Levels:
        """The level of each cost; −1 where it is not known."""
        values = costs
        if self.log:
            with np.errstate(all="ignore"):
                values = np.where(costs > 0, np.log10(costs), np.where(costs <= 0, self.low, costs))
        return levels_of(values, self.low, self.high)

    def key(self) -> list[str]:
        """What each level begins with, as text, from the lowest level on."""
        starts = edges(self.low, self.high)[:-1]
        if self.log:
            starts = 10.0**starts
        return [label(float(value), 6) for value in starts]


def plot_of(window: Window, width: int, height: int) -> tuple[Plot, int, int]:
    """A plot with axes for a window, and the columns and rows of its field.

    The points of the grid lie in the middle of cells, the outermost on the edges of the window;
    there are odd numbers of them, so that one is in the middle of the window.
    """
    rows = max(3, height - 1 - height % 2)
    y = _axis(window.bottom, window.top, rows)
    plot = Plot.fitted(Axis(window.left, window.right), y, width, rows + 1)
    columns = max(3, plot.columns - 1 + plot.columns % 2)
    plot = replace(plot, x=_axis(window.left, window.right, columns), columns=columns)
    return plot, columns, rows


def _axis(low: float, high: float, cells: int) -> Axis:
    half = (high - low) / (cells - 1) / 2
    return Axis(low - half, high + half)


def contour_digits(levels: Levels) -> NDArray[np.str_]:
    """The digit of its level in each cell on a contour, blanks elsewhere."""
    digits = np.array([*DIGITS, "?"])
    found = np.where(contours(levels), digits[levels], " ")
    return np.where(levels < 0, " ", found)


def trail(window: Window, path: Array, columns: int, rows: int) -> dict[tuple[int, int], str]:
    """The marks of a path, (k, 2), by (row, column): its points, and dots between them."""
    cells = window.cells(path, columns, rows)
    found: dict[tuple[int, int], str] = {}
    if not len(cells):
        return found
    other = np.concatenate([[True], (np.diff(cells, axis=0) != 0).any(axis=1)])
    way = [(column, row) for column, row in cells[other].tolist()]
    for start, end in pairwise(way):
        if min(start) >= 0 and min(end) >= 0:
            for column, row in _between(start, end):
                found.setdefault((row, column), BETWEEN)
    for column, row in way:
        if column >= 0:
            found[row, column] = WAY
    if min(way[0]) >= 0:
        found[way[0][1], way[0][0]] = START
    return found


def _between(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    (x0, y0), (x1, y1) = start, end
    length = max(abs(x1 - x0), abs(y1 - y0))
    for step in range(1, length):
        yield round(x0 + (x1 - x0) * step / length), round(y0 + (y1 - y0) * step / length)


def marks(found: CostMap, path: Array, now: tuple[float, float]) -> list[dict[int, str]]:
    """Everything that stands on each row of the map, by column: path, least cost, and now."""
    columns, rows = found.columns, found.rows
    by_row: list[dict[int, str]] = [{} for _row in range(rows)]
    for (row, column), mark in trail(found.window, path, columns, rows).items():
        by_row[row][column] = mark
    if found.lowest is not None:
        column, row = found.lowest
        by_row[row][column] = LEAST
    column, row = found.window.cells(np.array([now]), columns, rows)[0].tolist()
    if row >= 0:
        by_row[row][column] = NOW
    return by_row


def key_line(scale: Scale, width: int) -> list[tuple[str, int]]:
    """The key on one line, as pieces with their level: as many levels as fit."""
    texts = scale.key()
    for step in (1, 2, 3, 5):
        pieces: list[tuple[str, int]] = [(_("cost") + " ", -2)]
        for level in range(0, LEVELS, step):
            pieces.append((f" {DIGITS[level]} ", level))
            pieces.append((f"={texts[level]} ", -2))
        if sum(cell_len(text) for text, _level in pieces) <= width:
            return pieces
    return pieces

"""Where a plot with two axes stands in a panel, and what is written along the axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from nnsim.lab.reading.plane import Axis

LEAST_FOR_NUMBERS = 18  # columns below which the numbers of the upright axis are left out
MOST_DIGITS = 6


def label(value: float) -> str:
    """The number at a tick, as short as it can be written."""
    text = f"{value + 0.0:.6g}".replace("-", "−")
    if len(text) <= MOST_DIGITS:
        return text
    mantissa, _e, exponent = f"{value:.0e}".partition("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "−")


@dataclass(frozen=True)
class Plot:
    """A window of x and y, and the cells that it is drawn on.

    Attributes
    ----------
    x, y : Axis
    left : int
        Columns in front of the plot: the numbers of y, and the axis itself.
    columns, rows : int
        Cells of the plot; one more line, with the numbers of x, follows below.
    """

    x: Axis
    y: Axis
    left: int
    columns: int
    rows: int

    @classmethod
    def fitted(cls, x: Axis, y: Axis, width: int, height: int) -> Plot:
        """The plot that fills a place `width` wide and `height` high."""
        rows = max(1, height - 1)
        left = 1
        if width >= LEAST_FOR_NUMBERS:
            left += max((len(label(tick)) for tick in y.ticks(_upright(rows))), default=0)
        return cls(x, y, left, max(1, width - left), rows)

    def at(self, column: int, line: int) -> tuple[int, int] | None:
        """Column and row of the plot under a cell of the panel; None beside the plot."""
        column -= self.left
        if 0 <= column < self.columns and 0 <= line < self.rows:
            return column, line
        return None

    def upright(self, row: int, *, here: bool = False) -> str:
        """What stands in front of a row of cells: a number, and the axis or where the probe is."""
        front = _upright_line(self)[row]
        return front[:-1] + "▸" if here else front

    def flat(self) -> str:
        """The line below: the numbers of x, each under its cell."""
        return _flat_line(self)

    def row(self, value: float) -> int:
        """The row of cells that a value of y falls into (0 at the top), clamped to the plot."""
        return self.rows - 1 - self.y.cell(value, self.rows)

    def column(self, value: float) -> int:
        """The column of cells that a value of x falls into, clamped to the plot."""
        return self.x.cell(value, self.columns)

    def beyond(self, x: float, y: float) -> str:
        """The arrow towards a place that lies outside; nothing inside."""
        if x < self.x.low or x > self.x.high:
            return "◀" if x < self.x.low else "▶"
        if math.isnan(y) or self.y.holds(y):
            return ""
        return "▼" if y < self.y.low else "▲"

    def point(self, column: int, row: int) -> tuple[float, float]:
        """The place in the middle of a cell, rounded to what tells cells apart."""
        x = self.x.low + (column + 0.5) * self.x.span / self.columns
        y = self.y.high - (row + 0.5) * self.y.span / self.rows
        return self.x.rounded(x, self.columns), self.y.rounded(y, self.rows)


def _upright(rows: int) -> int:
    """How many numbers stand along the upright axis."""
    return max(rows // 3, min(5, rows - 1), 2)


@lru_cache(maxsize=8)
def _upright_line(plot: Plot) -> list[str]:
    """The numbers of y and its axis, row by row."""
    numbers = {plot.row(tick): label(tick) for tick in plot.y.ticks(_upright(plot.rows))}
    wide = plot.left - 1
    return [
        (numbers[row] if wide else "").rjust(wide) + "┤" if row in numbers else "│".rjust(wide + 1)
        for row in range(plot.rows)
    ]


@lru_cache(maxsize=8)
def _flat_line(plot: Plot) -> str:
    """The numbers of x."""
    ticks = plot.x.ticks(max(2, plot.columns // 9))
    line = [" "] * (plot.left + plot.columns)
    free = 0
    for tick in ticks:
        text = label(tick)
        start = plot.left + plot.x.cell(tick, plot.columns) - (len(text) - 1) // 2
        start = min(max(start, 0), len(line) - len(text))
        if start >= free and start + len(text) <= len(line):
            line[start : start + len(text)] = text
            free = start + len(text) + 1
    return "".join(line)

"""Plots: where a plot stands in a panel, what is written along its axes, and curves in it.

Drawn here rather than by a library: at 50×12 cells textual-plot leaves five rows to the data, lays
its legend over them, and tells series apart by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from nnsim.lab.reading.axis import Axis
from nnsim.tui.draw.canvas import DOTS_X, DOTS_Y, Raster
from nnsim.tui.draw.lines import Row, joined
from nnsim.tui.draw.text import cut

Array = NDArray[np.float64]

LEAST_FOR_NUMBERS = 18  # columns below which the numbers of an upright axis are left out
MOST_DIGITS = 6


# Numbers along axes -------------------------------------------------------------------------------
def label(value: float, width: int, digits: int = 4) -> str:
    """Print the value of a tick in at most `width` cells, with so many digits at most."""
    value += 0.0
    for places in range(digits, 0, -1):
        text = f"{value:.{places}g}"
        if "e" in text:
            mantissa, exponent = text.split("e")
            text = f"{mantissa}e{int(exponent)}"
        if len(text) <= width:
            return text
    return text[:width]


def whole(value: float) -> str:
    """Print an epoch: 950, 12k, 3.5M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 10 * size or (value >= size and value % (size / 10) == 0):
            return f"{value / size:.4g}{unit}"
    return f"{value:.0f}"


def along(
    width: int,
    numbers: Iterable[tuple[int, str]],
    *,
    line: str = "─",
    here: int = -1,
    beside: bool = False,
) -> str:
    """A horizontal axis with the text of each number at its column, as many as fit.

    `numbers` are (column, text), ascending. None covers the column `here`, which has a mark: one
    that would is left out, or stands `beside` it.
    """
    cells = [line] * width
    free = 0
    for column, text in numbers:
        start = min(max(0, column - len(text) // 2), max(0, width - len(text)))
        if start <= here < start + len(text):
            if not beside:
                continue
            start = here + 1 if here + 1 + len(text) <= width else here - len(text)
        if start >= free and start + len(text) <= width:
            cells[start : start + len(text)] = text
            free = start + len(text) + 1
    return "".join(cells)


def marked(text: str, at: int, mark: str = "▲", style: str = "here") -> Row:
    """A horizontal axis, with a mark at a column where that is on it."""
    if not 0 <= at < len(text):
        return [(text, "dim")]
    return [(text[:at], "dim"), (mark, style), (text[at + 1 :], "dim")]


# A plot on cells ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Plot:
    """A window of x and y, and the cells that it is drawn on."""

    x: Axis
    y: Axis
    left: int  # columns in front of the plot: the numbers of y, and the axis itself
    # columns, rows: cells of the plot; one more line, with the numbers of x, follows below
    columns: int
    rows: int

    @classmethod
    def fitted(cls, x: Axis, y: Axis, width: int, height: int) -> Plot:
        """The plot that fills a place `width` wide and `height` high."""
        rows = max(1, height - 1)
        left = 1
        if width >= LEAST_FOR_NUMBERS:
            left += max((len(_label(tick)) for tick in y.ticks(_upright(rows))), default=0)
        return cls(x, y, left, max(1, width - left), rows)

    def at(self, column: int, line: int) -> tuple[int, int] | None:
        """Column and row of the plot under a cell of the panel; None beside the plot."""
        column -= self.left
        if 0 <= column < self.columns and 0 <= line < self.rows:
            return column, line
        return None

    def below(self, at: int, style: str = "here") -> Row:
        """The numbers of x under the plot, with a mark at a column of it, or the number there."""
        text, at = self.flat(), self.left + at
        return marked(text, at, text[at] if text[at] != " " else "▲", style)

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
    numbers = {plot.row(tick): _label(tick) for tick in plot.y.ticks(_upright(plot.rows))}
    wide = plot.left - 1
    return [
        (numbers[row] if wide else "").rjust(wide) + "┤" if row in numbers else "│".rjust(wide + 1)
        for row in range(plot.rows)
    ]


@lru_cache(maxsize=8)
def _flat_line(plot: Plot) -> str:
    numbers = []
    for tick in plot.x.ticks(max(2, plot.columns // 9)):
        text = _label(tick)
        middle = 1 - len(text) % 2  # of two in the middle, the left one is under the cell
        numbers.append((plot.left + plot.x.cell(tick, plot.columns) + middle, text))
    return along(plot.left + plot.columns, numbers, line=" ")


def _label(value: float) -> str:
    return label(value, MOST_DIGITS, MOST_DIGITS).replace("-", "−")


# Curves -------------------------------------------------------------------------------------------
SOLID = (1, 0)
DASHED, DOTTED, SPARSE = (5, 3), (1, 2), (1, 5)
LABEL = 7  # cells of the numbers beside the vertical axis
LEAST_WIDTH, LEAST_HEIGHT = LABEL + 8, 3
_HERE = "┆"
_STROKES = {SOLID: "─", DASHED: "╌", DOTTED: "┄", SPARSE: "·"}


@dataclass(frozen=True)
class Series:
    """A line of the plot."""

    name: str
    # x, y: `x` ascends; where `y` is not finite, the line has a gap
    x: Array = field(repr=False)
    y: Array = field(repr=False)
    style: str = ""  # A name of the style sheet
    marker: str = "●"  # one cell wide
    dash: tuple[int, int] = SOLID  # in dots
    note: str = ""  # behind the name in the legend, such as the last value


@dataclass(frozen=True)
class Chart:
    """Series over epochs, with a legend that needs no colour.

    A series has a colour, a pattern of dashes and a marker that stands on it every few cells. More
    points than there are dots across are drawn as the span from the least to the greatest of each
    column of dots, so that no peak is lost.
    """

    title: str
    series: Sequence[Series]  # the first one is drawn on top
    x: Axis
    y: Axis
    here: float | None = None  # the epoch that is marked
    # what all epochs are larger by than they are called (1 on a logarithmic axis)
    shift: float = 0.0

    def rows(self, width: int, height: int) -> list[Row]:
        """The plot in `height` rows of `width` cells: legend, field, horizontal axis."""
        if width < LEAST_WIDTH or height < LEAST_HEIGHT:
            return self.legend(width, 1)[:height]
        legend = self.legend(width, 2 if height >= 8 else 1)
        across, down = width - LABEL - 1, height - len(legend) - 1
        cells = self._field(across, down)
        numbers = self._numbers(down)
        rows = [[(numbers[y], "dim"), *joined(cells[y])] for y in range(down)]
        return [*legend, *rows, self._below(across)]

    # The field ----------------------------------------------------------------------------------
    def _field(self, width: int, height: int) -> list[list[tuple[str, str]]]:
        """The cells of the field as (character, style)."""
        raster = Raster(width, height)
        ends: list[list[tuple[int, int]]] = []
        for number in range(len(self.series) - 1, -1, -1):  # the first one last, on top
            ends.insert(0, self._draw(raster, number))
        styles = [series.style for series in self.series]
        cells = [
            [(char, styles[owner] if owner >= 0 else "") for char, owner in raster.row(y)]
            for y in range(height)
        ]
        self._mark_here(cells, width)
        for number in range(len(self.series) - 1, -1, -1):
            self._mark(cells, number, ends[number])
        return cells

    def _draw(self, raster: Raster, number: int) -> list[tuple[int, int]]:
        """Draw a series; returns the cell of its last dot in each column of cells."""
        series = self.series[number]
        on, off = series.dash
        period = on + off
        across, down = raster.width * DOTS_X - 1, raster.height * DOTS_Y - 1
        seen: dict[int, int] = {}
        before: tuple[int, int] | None = None
        for column, first, least, most, last in self._columns(series, across, down):
            if column < 0:
                before = None  # a gap
                continue
            # Points far from the one before, and the ends of peaks, are seen whatever the dashes.
            lone = before is None or column - before[0] >= period
            if lone or most - least > 2 or column % period < on:
                raster.dot(column, least, number)
                raster.dot(column, most, number)
            for y in range(least + 1, most):
                if y % period < on:
                    raster.dot(column, y, number)
            if before is not None:
                for x, y in _between(before, (column, first)):
                    if (x if abs(first - before[1]) <= column - before[0] else y) % period < on:
                        raster.dot(x, y, number)
                    seen[x // DOTS_X] = y // DOTS_Y
            before = column, last
            seen[column // DOTS_X] = last // DOTS_Y
        return sorted(seen.items())

    def _columns(
        self, series: Series, across: int, down: int
    ) -> Iterator[tuple[int, int, int, int, int]]:
        """Go through the columns of dots that have points, and through the gaps (column −1).

        Yields the column, and its first, highest, lowest and last dot (0 is on top).
        """
        finite = np.isfinite(series.y) & np.isfinite(series.x)
        xs = np.rint(self.x.shares(series.x) * across)
        ys = np.rint((1.0 - self.y.shares(series.y)) * down)
        # Runs of points that are finite and fall into the same column.
        breaks = (np.diff(xs) != 0) | (np.diff(finite) != 0)
        starts = np.flatnonzero(np.concatenate(([True], breaks))) if xs.size else np.zeros(0, int)
        ends = np.append(starts[1:], xs.size)
        if not starts.size:
            return
        safe = np.where(finite, ys, 0.0)
        least, most = np.minimum.reduceat(safe, starts), np.maximum.reduceat(safe, starts)
        for i, start in enumerate(starts.tolist()):
            if not finite[start]:
                yield -1, 0, 0, 0, 0
                continue
            yield (
                int(xs[start]), int(ys[start]), int(least[i]), int(most[i]), int(ys[ends[i] - 1]),
            )  # fmt: skip

    def _mark_here(self, cells: list[list[tuple[str, str]]], width: int) -> None:
        if self.here is None:
            return
        column = self._at(self.here, width)
        if column == width - 1:
            return  # at the end, where the lines end too
        for row in cells:
            if row[column][0] == " ":
                row[column] = (_HERE, "here")

    def _mark(
        self, cells: list[list[tuple[str, str]]], number: int, ends: list[tuple[int, int]]
    ) -> None:
        """Put the markers of a series where its line is, those of other series beside them."""
        series, count = self.series[number], len(self.series)
        if not ends:
            return
        spacing = max(6, 3 * count)
        wanted = spacing * number // count
        last = ends[-1]
        for column, row in ends:
            if column % spacing == wanted and last[0] - column > 2:
                cells[row][column] = (series.marker, series.style)
        cells[last[1]][last[0]] = (series.marker, series.style)

    # Around it ----------------------------------------------------------------------------------
    def legend(self, width: int, most: int) -> list[Row]:
        """The title and what the lines mean, in up to `most` lines."""
        lines: list[list[tuple[str, str]]] = [[(self.title, "header")]]
        used = cell_len(self.title)
        for series in self.series:
            stroke = _STROKES.get(series.dash, "─")
            text = f"  {series.marker}{stroke} {series.name}"
            note = f" {series.note}" if series.note else ""
            if used + cell_len(text + note) > width and len(lines) < most:
                lines.append([])
                used, text = 0, text[2:]
            if used + cell_len(text + note) > width:
                note = ""
            if used + cell_len(text) > width:
                text = cut(text, max(0, width - used))
            lines[-1] += [(text, series.style), (note, "strong")]
            used += cell_len(text + note)
        return list(lines)

    def _numbers(self, height: int) -> list[str]:
        """What stands to the left of each row: the number of a tick, and the axis."""
        rows = [" " * LABEL + "│" for _y in range(height)]
        for tick in self.y.ticks(max(2, (height + 2) // 3)):
            y = round((1.0 - self.y.share(tick)) * (height * DOTS_Y - 1)) // DOTS_Y
            rows[y] = label(tick, LABEL - 1).rjust(LABEL) + "┤"
        return rows

    def _below(self, width: int) -> Row:
        """The horizontal axis, with the numbers of its ticks in the line."""
        here = self._at(self.here, width) if self.here is not None else -1
        ticks = [tick for tick in self.x.ticks(max(2, width // 12)) if tick == round(tick)]
        if self.shift:
            ticks = [0.0, *(tick for tick in ticks if tick > self.shift)]
        numbers = [(self._at(tick + self.shift, width), whole(tick)) for tick in ticks]
        text = along(width, numbers, here=here)
        return [(" " * LABEL + "└", "dim"), *marked(text, here)]

    def _at(self, x: float, width: int) -> int:
        return round(self.x.share(x) * (width * DOTS_X - 1)) // DOTS_X


def _between(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Go through the dots from behind `start` to `end`, without holes."""
    (x0, y0), (x1, y1) = start, end
    length = max(x1 - x0, abs(y1 - y0))
    for step in range(1, length + 1):
        yield x0 + round((x1 - x0) * step / length), y0 + round((y1 - y0) * step / length)

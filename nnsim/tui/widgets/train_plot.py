"""Plots of several series in braille, with axes, and a legend that needs no colour.

Drawn here rather than by a library: at 50×12 cells textual-plot leaves five rows to the data, lays
its legend over them, and tells series apart by colour alone.

A series has a colour, a pattern of dashes and a marker that stands on it every few cells. More
points than there are dots across are drawn as the span from the least to the greatest of each
column of dots, so that no peak is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from nnsim.tui.draw.canvas import DOTS_X, DOTS_Y, Raster
from nnsim.tui.draw.text import cut
from nnsim.tui.widgets.rows import Row, joined
from nnsim.tui.widgets.train_axes import Axis, label, whole

Array = NDArray[np.float64]

SOLID = (1, 0)
DASHED, DOTTED, SPARSE = (5, 3), (1, 2), (1, 5)
LABEL = 7  # cells of the numbers beside the vertical axis
LEAST_WIDTH, LEAST_HEIGHT = LABEL + 8, 3
_HERE = "┆"
_STROKES = {SOLID: "─", DASHED: "╌", DOTTED: "┄", SPARSE: "·"}


@dataclass(frozen=True)
class Series:
    """A line of the plot.

    Attributes
    ----------
    name : str
    x, y : array (n,)
        `x` ascends; where `y` is not finite, the line has a gap.
    style : str
        Name of the component class.
    marker : str
        One cell wide.
    dash : tuple (on, off)
        In dots.
    note : str
        Behind the name in the legend, such as the last value.
    """

    name: str
    x: Array = field(repr=False)
    y: Array = field(repr=False)
    style: str = ""
    marker: str = "●"
    dash: tuple[int, int] = SOLID
    note: str = ""


@dataclass(frozen=True)
class Plot:
    """Series over epochs.

    Attributes
    ----------
    title : str
    series : sequence of Series
        The first one is drawn on top.
    x, y : Axis
    here : float or None
        The epoch that is marked.
    shift : float
        What all epochs are larger by than they are called (1 on a logarithmic axis).
    """

    title: str
    series: Sequence[Series]
    x: Axis
    y: Axis
    here: float | None = None
    shift: float = 0.0

    def rows(self, width: int, height: int) -> list[Row]:
        """Return the plot in `height` rows of `width` cells: legend, field, horizontal axis."""
        if width < LEAST_WIDTH or height < LEAST_HEIGHT:
            return self.legend(width, 1)[:height]
        legend = self.legend(width, 2 if height >= 8 else 1)
        across, down = width - LABEL - 1, height - len(legend) - 1
        cells = self._field(across, down)
        numbers = self._numbers(down)
        rows = [
            [(numbers[y], "dim"), *joined(cells[y])]
            for y in range(down)
        ]  # fmt: skip
        return [*legend, *rows, self._below(across)]

    # The field ----------------------------------------------------------------------------------

    def _field(self, width: int, height: int) -> list[list[tuple[str, str]]]:
        """Return the cells of the field as (character, style)."""
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
        column = round(self.x.share(self.here) * (width * DOTS_X - 1)) // DOTS_X
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
        """Return the title and what the lines mean, in up to `most` lines."""
        lines: list[Row] = [[(self.title, "header")]]
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
        return lines

    def _numbers(self, height: int) -> list[str]:
        """Return what stands to the left of each row: the number of a tick, and the axis."""
        rows = [" " * LABEL + "│" for _y in range(height)]
        for tick in self.y.ticks(max(2, (height + 2) // 3)):
            y = round((1.0 - self.y.share(tick)) * (height * DOTS_Y - 1)) // DOTS_Y
            rows[y] = label(tick, LABEL - 1).rjust(LABEL) + "┤"
        return rows

    def _below(self, width: int) -> Row:
        """Return the horizontal axis, with the numbers of its ticks in the line."""
        line = ["─"] * width
        taken = -1
        here = -1
        if self.here is not None:
            here = round(self.x.share(self.here) * (width * DOTS_X - 1)) // DOTS_X
        ticks = [tick for tick in self.x.ticks(max(2, width // 12)) if tick == round(tick)]
        if self.shift:
            ticks = [0.0, *(tick for tick in ticks if tick > self.shift)]
        for tick in ticks:
            text = whole(tick)
            column = round(self.x.share(tick + self.shift) * (width * DOTS_X - 1)) // DOTS_X
            start = min(max(0, column - len(text) // 2), width - len(text))
            if start > taken and not start <= here < start + len(text):
                line[start : start + len(text)] = text
                taken = start + len(text)
        row: Row = [(" " * LABEL + "└", "dim"), ("".join(line), "dim")]
        if here < 0:
            return row
        text = "".join(line)
        return [row[0], (text[:here], "dim"), ("▲", "here"), (text[here + 1 :], "dim")]


def _between(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Go through the dots from behind `start` to `end`, without holes."""
    (x0, y0), (x1, y1) = start, end
    length = max(x1 - x0, abs(y1 - y0))
    for step in range(1, length + 1):
        yield x0 + round((x1 - x0) * step / length), y0 + round((y1 - y0) * step / length)

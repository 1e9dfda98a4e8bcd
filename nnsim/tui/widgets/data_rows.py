"""The lines of the list of samples: what stands in which column, as wide as there is room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len, set_cell_size

from nnsim.i18n import _
from nnsim.tui.draw.numbers import short
from nnsim.tui.widgets.rows import Row

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.reading.samples import Review, Stories

MOST_NAME = 10  # cells for the name of a class
NUMBER = 6  # cells for a number of an input
MOST_NUMBERS = 64  # of an input, in a line


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` in just `width` cells, cut with "…" or filled up on one side."""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width else ""
    return " " * (width - size) + text if right else text + " " * (width - size)


@dataclass(frozen=True)
class Column:
    """A column: its title, how wide it is, and what stands in it for a sample.

    `keep` says what goes first where there is no room for all: the lowest.
    """

    title: str
    width: int
    text: Callable[[int], tuple[str, str]]
    right: bool = True
    keep: int = 9


class SampleTable:
    """What is said of each sample, in columns.

    Parameters
    ----------
    lab : Lab
    found : Review
    stories : Stories or None
        When each training sample was first read right, and how often that was forgotten.
    pictured : bool
        Whether the sample under the cursor is drawn elsewhere, so that lines need not tell it.
    """

    def __init__(self, lab: Lab, found: Review, stories: Stories | None, *, pictured: bool) -> None:
        self._experiment, self._found = lab.experiment, found
        self._told = () if stories is None else stories.samples
        self._columns = self._of_classes() if found.classes else self._of_numbers()
        if not pictured:
            self._columns.append(Column(_("input"), 0, self._input, right=False, keep=2))

    def _of_classes(self) -> list[Column]:
        name = max([cell_len(self._found.name(k)) for k in range(self._found.width)], default=1)
        name = min(MOST_NAME, name)
        columns = [
            self._number_column(),
            self._column(_("is"), name, lambda i: (self._name(self._found.wanted[i]), "strong"),
                         right=False),
            self._column(_("reads"), name, self._reading, right=False),
            self._column("", 1, self._verdict, right=False, keep=8),
            self._column(_("sure"), 5, lambda i: (self._short(self._found.sureness[i], 5), ""),
                         keep=5),
            self._column(_("loss"), 7, lambda i: (self._short(self._found.losses[i], 7), ""),
                         keep=6),
        ]  # fmt: skip
        if self._told or self._found.data.test_count:
            width = max(5, cell_len(_("test")))
            columns.append(self._column(_("first"), width, self._learned, keep=4))
        if self._told:
            columns.append(self._column(_("forgot"), 4, self._lost, keep=3))
        return columns

    def _of_numbers(self) -> list[Column]:
        width = self._number_width
        found = self._found
        columns = [
            self._number_column(),
            self._column(_("target"), width, lambda i: (self._several(found.targets[i], width),
                                                        "strong")),
            self._column(_("output"), width, lambda i: (self._several(found.outputs[i], width),
                                                        "")),
            self._column(_("error"), width, self._missing, keep=5),
            self._column(_("loss"), 6, lambda i: (self._short(found.losses[i], 6), ""), keep=6),
        ]  # fmt: skip
        if found.data.test_count:
            width = max(4, cell_len(_("test")))
            columns.append(self._column("", width, self._learned, keep=7))
        return columns

    @staticmethod
    def _column(
        title: str,
        width: int,
        text: Callable[[int], tuple[str, str]],
        *,
        right: bool = True,
        keep: int = 9,
    ) -> Column:
        return Column(title, max(width, cell_len(title)), text, right, keep)

    def _number_column(self) -> Column:
        width = max(3, len(str(self._found.count)))
        return self._column("#", width, lambda i: (str(i + 1), "dim"))

    # Cells ------------------------------------------------------------------------------------

    @staticmethod
    def _short(value: float, width: int) -> str:
        return short(float(value), width).strip()

    def _several(self, values: np.ndarray, width: int) -> str:
        """Numbers side by side, as many as there is room for."""
        if len(values) == 1:
            return self._short(values[0], width)
        shown = [self._short(value, 6) for value in values[: width // 4]]
        text = " ".join(shown)
        return text + " …" if len(values) > len(shown) else text

    def _name(self, position: int) -> str:
        return self._found.name(int(position))

    def _reading(self, index: int) -> tuple[str, str]:
        return self._name(self._found.readings[index]), "" if self._found.right[index] else "wrong"

    def _verdict(self, index: int) -> tuple[str, str]:
        return ("", "") if self._found.right[index] else ("✗", "wrong")

    def _learned(self, index: int) -> tuple[str, str]:
        if index >= self._found.data.count:
            return _("test"), "dim"
        if index >= len(self._told):
            return "", ""
        first = self._told[index].first_right
        return ("–" if first is None else str(first)), ""

    def _lost(self, index: int) -> tuple[str, str]:
        if index >= len(self._told):
            return "", ""
        times = self._told[index].forgotten
        return (str(times), "strong") if times else ("", "")

    @property
    def _least_input(self) -> int:
        """Cells for two numbers of the input, or it isn't told."""
        return min(2, self._experiment.input.count) * (NUMBER + 1) - 1

    @property
    def _number_width(self) -> int:
        return 6 if self._experiment.outputs == 1 else 15

    def _missing(self, index: int) -> tuple[str, str]:
        return self._several(self._found.residual(index), self._number_width), ""

    def _input(self, index: int) -> tuple[str, str]:
        values = self._found.inputs(index).reshape(-1)
        if self._experiment.input.kind == "pixels":
            if values.size > 4 * MOST_NUMBERS:
                return "", ""
            return self._experiment.format_input(values), ""
        return " ".join(short(float(value), NUMBER) for value in values[:MOST_NUMBERS]), ""

    # Lines ------------------------------------------------------------------------------------

    def _fitting(self, width: int) -> tuple[list[tuple[Column, int]], int]:
        """The columns that there is room for with the width of each, and the gap between them.

        A column without a width of its own takes what is left.
        """
        columns, gap = list(self._columns), 2

        def left() -> int:
            return width - 1 - sum(column.width for column in columns) - gap * (len(columns) - 1)

        while columns:
            least = min(columns, key=lambda column: column.keep)
            if left() >= (0 if least.width else self._least_input) or least.keep == 9:
                break
            if gap > 1 and least.keep > 3:
                gap = 1
            else:
                columns.remove(least)
        return [(column, column.width or max(0, left())) for column in columns], gap

    def header(self, width: int) -> str:
        """The titles of the columns."""
        columns, gap = self._fitting(width)
        cells = [
            pad(column.title, room, right=column.right and bool(column.width))
            for column, room in columns
        ]
        return " " + (" " * gap).join(cells)

    def row(self, index: int, width: int) -> Row:
        """The line of a sample (from 0)."""
        columns, gap = self._fitting(width)
        pieces: Row = [(" ", "")]
        for place, (column, room) in enumerate(columns):
            text, style = column.text(index)
            right = column.right and bool(column.width)
            pieces.append((" " * gap * bool(place) + pad(text, room, right=right), style))
        return pieces

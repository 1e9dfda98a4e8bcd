"""The samples as a list: which are listed and how that is said, the columns, a sample's picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.cells import cell_len, set_cell_size

from nnsim.i18n import _
from nnsim.lab.reading.samples import BY_NUMBER, FORGOTTEN, ORDERS, WORST, Choice
from nnsim.tui.draw.lines import Piece
from nnsim.tui.draw.numbers import short
from nnsim.tui.draw.tiles import HALVES, shade, tint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnsim.experiments import Experiment
    from nnsim.lab.reading.samples import Review, Stories

    Array = NDArray[np.float64]

MOST_NAME = 10  # cells for the name of a class
NUMBER = 6  # cells for a number of an input
MOST_NUMBERS = 64  # of an input, in a line
LARGEST, WIDEST = 3, 18  # times that a pixel may be enlarged, and cells for such a picture
TURN = {None: False, False: True, True: None}


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` in just `width` cells, cut with "…" or filled up on one side."""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width else ""
    return " " * (width - size) + text if right else text + " " * (width - size)


# Which are listed --------------------------------------------------------------------------------
class _Filter(NamedTuple):
    """What a filter is set to: in full and in short, and whether it leaves anything out."""

    key: str
    action: str
    full: str
    short: str
    on: bool


class Filters:
    """What is listed, and how that is said."""

    def __init__(self) -> None:
        self.choice = Choice()

    def turn(self, what: str, found: Review) -> None:
        """Go on to the next setting of a filter: ``"wanted"``, ``"right"`` or ``"test"``."""
        choice = self.choice
        if what == "wanted":
            following = 0 if choice.wanted is None else choice.wanted + 1
            wanted = following if following < len(found.classes) else None
            self.choice = replace(choice, wanted=wanted, reading=None)
        elif what == "right":
            self.choice = replace(choice, right=TURN[choice.right], reading=None)
        else:
            self.choice = replace(choice, test=TURN[choice.test])

    def turn_order(self, *, told: bool) -> None:
        """Go on to the next order; `told` says whether it is known what was forgotten."""
        orders = ORDERS if told else ORDERS[:2]
        at = orders.index(self.choice.order) if self.choice.order in orders else 0
        self.choice = replace(self.choice, order=orders[(at + 1) % len(orders)])

    def _settings(self, found: Review) -> list[_Filter]:
        choice, every = self.choice, _("all")
        settings: list[_Filter] = []

        def add(key: str, action: str, text: str, *, on: bool) -> None:
            settings.append(_Filter(key, action, text, text if on else every, on))

        if found.classes:
            text = _("all classes")
            if choice.wanted is not None:
                text = _("is {name}").format(name=found.name(choice.wanted))
            if choice.reading is not None:
                reads = _("reads {name}").format(name=found.name(choice.reading))
                text = f"{text}, {reads}"
            add("f", "filter('wanted')", text, on=choice.wanted is not None)
            text = {None: _("right and wrong"), True: _("right"), False: _("wrong")}[choice.right]
            add("x", "filter('right')", text, on=choice.right is not None)
        if found.data.test_count:
            text = {None: _("training and test"), True: _("test"), False: _("training")}[
                choice.test
            ]
            add("v", "filter('test')", text, on=choice.test is not None)
        text = {BY_NUMBER: _("by number"), WORST: _("worst first"),
                FORGOTTEN: _("most forgotten first")}[choice.order]  # fmt: skip
        short = {BY_NUMBER: _("number"), WORST: _("worst"), FORGOTTEN: _("forgotten")}[choice.order]
        settings.append(_Filter("o", "order", text, short, choice.order != BY_NUMBER))
        return settings

    def pieces(self, found: Review, listed: int, width: int) -> list[Piece]:
        """The line, in full where there is room for it, else in short; pieces stand for actions."""
        whole = f"{listed}/{found.count}"
        pieces, count = list[Piece](), ""
        for full, count in ((True, whole), (False, whole), (False, str(listed))):
            pieces = [Piece(" ")]
            for each in self._settings(found):
                pieces.append(Piece(f"{each.key} ", "header", each.action))
                text = each.full if full else each.short
                pieces.append(Piece(text, "cursor" if each.on else "dim", each.action))
                pieces.append(Piece("  "))
            if sum(cell_len(piece.text) for piece in pieces) <= width - cell_len(count) - 1:
                break
        return [*pieces, Piece(count, "strong")]


# The columns --------------------------------------------------------------------------------------
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
    stories : Stories or None
        When each training sample was first read right, and how often that was forgotten.
    pictured : bool
        Whether the sample under the cursor is drawn elsewhere, so that lines need not tell it.
    """

    def __init__(
        self, experiment: Experiment, found: Review, stories: Stories | None, *, pictured: bool
    ) -> None:
        self._experiment, self._found = experiment, found
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

    def row(self, index: int, width: int) -> list[Piece]:
        """The line of a sample (from 0)."""
        columns, gap = self._fitting(width)
        pieces = [Piece(" ")]
        for place, (column, room) in enumerate(columns):
            text, style = column.text(index)
            right = column.right and bool(column.width)
            pieces.append(Piece(" " * gap * bool(place) + pad(text, room, right=right), style))
        return pieces


# The picture --------------------------------------------------------------------------------------
class Picture:
    """Where the pixels of a picture stand in a place of some size.

    A pixel takes two cells side by side, or twice and three times as many where there is room;
    where that is too large, two rows share a line of half blocks.

    Attributes
    ----------
    width, height : int
        Cells and lines; 0 where even that is too large.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, height: int) -> None:
        rows, columns, self._channels = shape
        fitting = [
            size
            for size in range(1, LARGEST + 1)
            if 2 * columns * size <= width
            and rows * size <= height
            and (size == 1 or 2 * columns * size <= WIDEST)
        ]
        self._size = max(fitting, default=0)
        self._half = not fitting
        if self._half:
            self.width, self.height = columns, -(-rows // 2)
        else:
            self.width, self.height = 2 * columns * self._size, rows * self._size
        if self.width > width or self.height > height:
            self.width = self.height = 0

    def row(self, values: Array, y: int) -> list[tuple[str, str]]:
        """One line of the picture (height, width, channels) of 0 to 1, or of what is beyond."""
        if not self._half:
            line = values[y // self._size]
            return [(shade(float(p.mean())) * (2 * self._size), tint(p)) for p in line]
        upper, lower = values[2 * y], values[2 * y + 1 : 2 * y + 2]
        below = lower[0] if len(lower) else np.zeros_like(upper)
        found = []
        for pixel, under in zip(upper, below, strict=True):
            high, low = float(pixel.mean()), float(under.mean())
            found.append((HALVES[high >= 0.5, low >= 0.5], tint(pixel if high >= low else under)))
        return found

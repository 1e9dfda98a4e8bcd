"""The confusion matrix: which class (rows) is read as which (columns)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len

from nnsim.i18n import _, ngettext
from nnsim.tui.draw.lines import Piece, Row
from nnsim.tui.panels.data.samples import MOST_NAME, pad

if TYPE_CHECKING:
    from nnsim.lab.reading.samples import Review

LISTED = 8  # samples that are named below the matrix
SHARE, MOST_TITLE = 7, 6  # cells for the share that is read right, and for the title of a column


class Confusion:
    """The matrix in a window, with a cursor on a cell.

    Attributes
    ----------
    cell : (int, int)
        The class that is, and the one that is read, from 0.
    test : bool or None
        Counts of the test samples, of the training samples, or of both.
    """

    def __init__(self) -> None:
        self.cell = (0, 0)
        self.test: bool | None = None
        self._found: Review | None = None
        self._train = self._tests = np.zeros((0, 0), np.intp)
        self._top = self._left = 0
        self._room = (1, 1)
        self._names: list[str] = []
        self._name = self._cell = 1  # cells for the names at the left, and for a column
        self._apart = self._titled = False

    def rows(
        self, found: Review, test: bool | None, width: int, height: int, *, focused: bool
    ) -> list[Row]:
        """The lines below that of the filters: titles, rows, and what the cursor is on."""
        self._fit(found, test, width, height)
        return self._lines(found, focused=focused)

    def _fit(self, found: Review, test: bool | None, width: int, height: int) -> None:
        """Lay the window out in the room there is; it follows the cursor."""
        if found is not self._found:
            self._found = found
            self._train, self._tests = found.confusion(test=False), found.confusion(test=True)
        self.test = test
        self._names = [found.name(k) for k in range(found.width)]
        self._name = min(MOST_NAME, max(map(cell_len, (*self._names, _("is")))))
        left = width - self._name - 3 - SHARE
        both = test is None and bool(self._tests.any())
        for self._apart in (both, False):  # training + test where there is room, else their sum
            self._cell = 1 + self._widest()
            columns = left // self._cell
            if columns >= self._size:
                break
        self._titled = columns < self._size or self._size + 4 <= height
        self._room = (max(1, height - (3 if self._titled else 2)), max(1, columns))
        self.move(0, 0)
        (row, column), (rows, columns) = self.cell, self._room
        self._top = max(0, min(max(self._top, row - rows + 1), row, max(0, self._size - rows)))
        self._left = max(
            0, min(max(self._left, column - columns + 1), column, max(0, self._size - columns))
        )

    def _widest(self) -> int:
        texts = [self._text(i, j) for i in range(self._size) for j in range(self._size)]
        names = [pad(name, min(MOST_TITLE, cell_len(name))) for name in self._names]
        return max(map(cell_len, (*texts, *names)))

    @property
    def _size(self) -> int:
        return len(self._train)

    def move(self, down: int, right: int) -> None:
        """Move the cursor by cells."""
        last = max(0, self._size - 1)
        row, column = (
            min(max(0, now + by), last) for now, by in zip(self.cell, (down, right), strict=True)
        )
        self.cell = (row, column)

    def _seen(self) -> tuple[range, range]:
        rows, columns = self._room
        return (
            range(self._top, min(self._size, self._top + rows)),
            range(self._left, min(self._size, self._left + columns)),
        )

    def _text(self, row: int, column: int) -> str:
        if self._apart:
            train, tests = int(self._train[row, column]), int(self._tests[row, column])
            return f"{train}+{tests}" if train or tests else "·"
        count = sum(int(counts[row, column]) for counts in self._counted())
        return str(count) if count else "·"

    def _lines(self, found: Review, *, focused: bool) -> list[Row]:
        rows, columns = self._seen()
        drawn: list[Row] = []
        if self._titled:
            drawn.append([(" " * (self._name + 3) + self._title(), "dim")])
        names = "".join(" " + pad(self._names[j], self._cell - 1, right=True) for j in columns)
        corner = pad(_("is"), self._name)
        drawn.append([(f" {corner} {names} {pad(_('right'), SHARE - 1, right=True)}", "header")])
        for row in rows:
            line = [Piece(f" {pad(self._names[row], self._name)} ", "header")]
            chosen = self.cell[1] if focused and row == self.cell[0] else None
            for column in columns:
                line += self._cell_pieces(row, column, chosen)
            end = "]" if chosen is not None and chosen == columns.stop - 1 else " "
            drawn.append([*line, Piece(end, "strong"), Piece(self._share(row), "dim")])
        return [*drawn, [(" " + self._said(found), "")]]

    def _title(self) -> str:
        seen = self._seen()[1]
        window = ""
        if len(seen) < self._size:
            window = f"  {seen.start + 1}–{seen.stop} / {self._size}"
        if self.test is not None:
            text = _("is read as (test)") if self.test else _("is read as (training)")
        elif self._apart:
            text = _("is read as (training + test)")
        else:
            text = _("is read as")
        return text + window

    def _cell_pieces(self, row: int, column: int, chosen: int | None) -> list[Piece]:
        """The gap before a cell, with the brackets of the cursor, and what stands in it."""
        text = pad(self._text(row, column), self._cell - 1, right=True)
        gap = "[" if column == chosen else "]" if column - 1 == chosen else " "
        if column == chosen:
            return [Piece(gap, "strong", (row, column)), Piece(text, "reverse", (row, column))]
        style = "strong" if row == column else "dim" if text.strip() == "·" else "wrong"
        return [Piece(gap, "strong", (row, column)), Piece(text, style, (row, column))]

    def _share(self, row: int) -> str:
        """How many of a class are read right."""
        counts = sum((m[row] for m in self._counted()), np.zeros(self._size, np.intp))
        total = int(counts.sum())
        share = f"{100 * int(counts[row]) / total:.0f}%" if total else "–"
        return pad(share, SHARE - 1, right=True)

    def _counted(self) -> list[np.ndarray]:
        if self.test is None:
            return [self._train, self._tests]
        return [self._tests if self.test else self._train]

    def _said(self, found: Review) -> str:
        row, column = self.cell
        chosen = (found.wanted == row) & (found.readings == column)
        if self.test is not None:
            chosen &= found.is_test == self.test
        numbers = np.flatnonzero(chosen)
        text = ngettext(
            "{n} {name} is read as {reading}", "{n} × {name} read as {reading}", len(numbers)
        ).format(n=len(numbers), name=self._names[row], reading=self._names[column])
        if not len(numbers):
            return text
        shown = " ".join(str(i + 1) for i in numbers[:LISTED])
        return f"{text}: {shown}{' …' if len(numbers) > LISTED else ''} · " + _("Enter lists them")

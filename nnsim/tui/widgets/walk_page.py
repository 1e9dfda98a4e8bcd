"""What a walk panel shows, as data: a sentence, a table, results, a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nnsim.lab.hiding import NOTHING, Hidden, tells
from nnsim.tui.widgets.curve import Point
from nnsim.tui.widgets.window_map import WindowMap


class TableLike(Protocol):
    """Rows of numbers, such as `nnsim.lab.walk.Table`."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def labels(self) -> Sequence[str]: ...

    @property
    def values(self) -> NDArray[np.float64]: ...

    @property
    def addresses(self) -> Callable[[int, int], str | None]: ...

    @property
    def current(self) -> int | None: ...

    @property
    def known(self) -> int: ...


class LineLike(Protocol):
    """A result, such as `nnsim.lab.walk.Line`."""

    @property
    def label(self) -> str: ...

    @property
    def value(self) -> float | None: ...

    @property
    def address(self) -> str | None: ...

    @property
    def current(self) -> bool: ...


@dataclass(frozen=True, eq=False)
class Page:
    """One picture of a walk panel.

    Attributes
    ----------
    place : str
        Where the walk stands, such as ``5/58 · by term``; empty without a walk.
    sentence, role, hint : str
        What happens; what the gate does to the gradient; which key goes on.
    address : str
        The number in focus.
    table, results : optional
    point : Point or None
        The point on the curve of an activation.
    image : WindowMap or None
    hidden : Hidden
        The numbers that are not shown.
    secrets : tuple of float
        Those numbers: what has no address is compared with them.
    fine : bool
        Whether the numbers of the table are small differences, shown with all the digits that fit.
    """

    place: str = ""
    sentence: str = ""
    role: str = ""
    hint: str = ""
    address: str = ""
    table: TableLike | None = None
    results: Sequence[LineLike] = ()
    point: Point | None = None
    image: WindowMap | None = None
    hidden: Hidden = NOTHING
    secrets: tuple[float, ...] = ()
    fine: bool = False

    @property
    def table_rows(self) -> int:
        """How many rows the table has."""
        return 0 if self.table is None else len(self.table.labels)

    @property
    def stops(self) -> int:
        """How many rows the cursor can stand on: those of the table, then the results."""
        return self.table_rows + len(self.results)

    def columns_at(self, row: int) -> list[int]:
        """The columns of a row in which a number with an address stands."""
        if self.table is None or row >= self.table_rows:
            return []
        count = len(self.table.columns) - 1
        return [c for c in range(count) if self.table.addresses(row, c) is not None]

    def address_at(self, row: int, column: int) -> str | None:
        """The address of the number under the cursor."""
        if self.table is not None and row < self.table_rows:
            columns = self.columns_at(row)
            if not columns:
                return None
            return self.table.addresses(row, column if column in columns else columns[0])
        row -= self.table_rows
        return self.results[row].address if 0 <= row < len(self.results) else None

    def hides(self, address: str | None, value: float | None, *, whole: bool = False) -> bool:
        """Whether a number of the page is hidden; `whole` says that it is the sum of all terms."""
        if address is not None:
            return self.hidden.covers(address)
        return value is not None and bool(self.secrets) and tells(value, self.secrets, whole=whole)

    def start(self) -> tuple[int, int]:
        """Where the cursor starts: on the number in focus."""
        if self.table is not None and self.table.current is not None:
            row = self.table.current
            columns = self.columns_at(row)
            same = [c for c in columns if self.table.addresses(row, c) == self.address]
            return row, (same or columns or [0])[0]
        for i, line in enumerate(self.results):
            if line.address == self.address:
                return self.table_rows + i, 0
        for i, line in enumerate(self.results):
            if line.current:
                return self.table_rows + i, 0
        if self.table is not None and self.table_rows:
            for column in self.columns_at(0):
                if self.table.addresses(0, column) == self.address:
                    return 0, column
        return 0, 0

"""A step as matrices: their names, shapes and numbers, as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.hiding import HIDDEN, tells
from nnsim.tui.draw.text import cut, short, wrap_cells
from nnsim.tui.widgets.rows import Row

if TYPE_CHECKING:
    from nnsim.lab.walk import Matrix, MatrixView

CELL = 8
LEAST_WIDTH = 17  # of a matrix that stands beside another
MATRIX_TITLE = 12


def matrix_rows(
    view: MatrixView, place: str, width: int, height: int, secrets: Sequence[float] = ()
) -> list[Row]:
    """Return formula, shapes and as many numbers of each matrix as the room allows.

    `secrets` are numbers that are hidden for now.
    """
    rows: list[Row] = [[(place, "header")]]
    said = f"{view.formula}   ({view.note})"
    rows += [[(line, "strong")] for line in wrap_cells(said, width, 3)]
    beside = max(1, min(len(view.matrices), width // LEAST_WIDTH))
    bands = -(-len(view.matrices) // beside)
    beside = -(-len(view.matrices) // bands)
    room = max(3, (height - len(rows)) // bands)
    for start in range(0, len(view.matrices), beside):
        rows += _band(view.matrices[start : start + beside], width, room, secrets)
    return rows


def _band(
    matrices: Sequence[Matrix], width: int, height: int, secrets: Sequence[float]
) -> list[Row]:
    """Some matrices beside one another, each as wide as it needs and may be."""
    wanted = [max(CELL * _flat(m).shape[1] + 2, MATRIX_TITLE) for m in matrices]
    room = width - 2 * (len(matrices) - 1)
    widths = _shared(wanted, room)
    blocks = [_matrix(m, w, height, secrets) for m, w in zip(matrices, widths, strict=True)]
    rows: list[Row] = []
    for y in range(max(len(block) for block in blocks)):
        row: Row = []
        for block, wide in zip(blocks, widths, strict=True):
            text, style = block[y] if y < len(block) else ("", "")
            row += [(cut(text, wide), style), ("  ", "")]
        rows.append(row)
    return rows


def _shared(wanted: list[int], room: int) -> list[int]:
    """Give each what it wants, and where that is too much, the same to all that want more."""
    given = [0] * len(wanted)
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    for n, i in enumerate(order):
        given[i] = max(1, min(wanted[i], room // (len(order) - n)))
        room -= given[i]
    return given


def _flat(matrix: Matrix) -> NDArray[np.float64]:
    """The numbers in rows: a sample, an input or the tap of a kernel to a row."""
    values = np.atleast_1d(matrix.values)
    if values.ndim == 1:
        return values[None]
    if matrix.axes[0] != "m" and values.ndim > 2:
        return values.reshape(-1, values.shape[-1])
    return values.reshape(len(values), -1)


def _matrix(
    matrix: Matrix, width: int, height: int, secrets: Sequence[float]
) -> list[tuple[str, str]]:
    """The name and shape, the names of the axes, and the first rows and columns."""
    flat = _flat(matrix)
    shape = " × ".join(str(size) for size in matrix.shape)
    lines = [(f"{matrix.name}  {shape}", "strong"), (" × ".join(matrix.axes), "dim")]
    columns = max(1, min(flat.shape[1], (width - 2) // CELL))
    more = " …" if flat.shape[1] > columns else ""
    most = max(1, height - 3)
    for row in flat[: most if len(flat) > most else most + 1]:
        shown = [HIDDEN if tells(float(v), secrets) else float(v) for v in row[:columns]]
        numbers = "".join(f"{short(v, CELL - 1):>{CELL}}" for v in shown)
        lines.append((numbers + more, ""))
    if len(flat) > most + 1:
        lines.append((_("  … {count} more rows").format(count=len(flat) - most), "dim"))
    elif len(flat) == most + 1:
        lines = lines[: 3 + most]
    return lines

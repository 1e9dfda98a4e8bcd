"""A step as matrices: their names, shapes and numbers, as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnsim.i18n import _
from nnsim.tui.numbers import short
from nnsim.tui.widgets.rows import Row
from nnsim.tui.widgets.wrapping import wrap_cells

if TYPE_CHECKING:
    from nnsim.lab.walk import Matrix, MatrixView

CELL = 8
MOST_ROWS = 12


def matrix_rows(view: MatrixView, place: str, width: int, height: int) -> list[Row]:
    """Return formula, shapes and as many numbers of each matrix as the room allows."""
    rows: list[Row] = [[(place, "header")]]
    rows += [[(line, "strong")] for line in wrap_cells(view.formula, width, 2)]
    rows += [[(_("for {samples}").format(samples=view.note), "dim")]]
    shapes = " · ".join(f"{matrix.name} {_shape(matrix)}" for matrix in view.matrices)
    rows += [[(line, "dim")] for line in wrap_cells(shapes, width, 3)]
    each = max(1, (height - len(rows)) // max(1, len(view.matrices)) - 1)
    for matrix in view.matrices:
        rows += _matrix(matrix, width, min(each, MOST_ROWS))
    return rows


def _shape(matrix: Matrix) -> str:
    return "×".join(str(size) for size in matrix.shape)


def _matrix(matrix: Matrix, width: int, most: int) -> list[Row]:
    """The name with its axes, and the first rows and columns."""
    axes = ", ".join(matrix.axes)
    shape = ", ".join(str(size) for size in matrix.shape)
    title: Row = [(matrix.name, "strong"), (f"  ({axes}) = ({shape})", "dim")]
    values = np.atleast_1d(matrix.values)
    deep = values.ndim > 2
    flat = values.reshape(1, -1) if values.ndim == 1 else values.reshape(len(values), -1)
    if deep and values.ndim == 4 and len(values) > 1 and matrix.axes[0] != "m":
        flat = values.reshape(-1, values.shape[-1])  # a kernel: a row for each tap
    columns = max(1, (width - 3) // CELL)
    rows: list[Row] = [title]
    for y in range(min(most, len(flat))):
        more = y == most - 1 and len(flat) > most
        if more:
            rows.append([(_("  … {count} more rows").format(count=len(flat) - y), "dim")])
            break
        cells = [short(float(v), CELL - 1) for v in flat[y, :columns]]
        text = " " + "".join(f" {cell}" for cell in cells)
        rows.append([(text, ""), (" …" if flat.shape[1] > columns else "", "dim")])
    return rows

"""Lists of numbers in an experiment file as arrays, each refusal with the line of the number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nnsim.experiments.table import shown, to_float
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from nnsim.experiments.table import Table

    Array = NDArray[np.float64]


def read_array(table: Table, key: str, shape: tuple[int, ...]) -> Array:
    """Return the nested list `key` as an array, which must have just this `shape`."""
    flat: list[float] = []
    _collect(table, key, (), table.content[key], shape, flat)
    return np.array(flat, dtype=np.float64).reshape(shape)


def read_rows(
    table: Table, key: str, width: int, parse: Callable[[str], Array] | None = None
) -> Array:
    """Return the list `key` as a matrix ``(rows, width)``.

    A row is a list of `width` numbers, one number where `width` is 1, or a text that `parse`
    understands.
    """
    rows = table.values(key)
    matrix = np.empty((len(rows), width))
    for index, row in enumerate(rows):
        if isinstance(row, str) and parse is not None:
            try:
                matrix[index] = parse(row).reshape(-1)
            except ValueError as error:
                table.fail(key, str(error), index)
            continue
        values: list[float] = []
        single = width == 1 and not isinstance(row, list)
        _collect(table, key, (index,), [row] if single else row, (width,), values)
        matrix[index] = values
    return matrix


def _collect(
    table: Table,
    key: str,
    place: tuple[int, ...],
    value: object,
    shape: tuple[int, ...],
    flat: list[float],
) -> None:
    """Append the numbers of `value`, nested as `shape` says, to `flat`."""
    if not shape:
        if not isinstance(value, int | float) or isinstance(value, bool):
            problem = _("{key} holds {value}; it should hold numbers only")
            table.fail(key, problem.format(key=key, value=shown(value)), *place)
        number = to_float(value)
        if not math.isfinite(number):
            problem = _("{key} holds {value}; every number must be finite")
            table.fail(key, problem.format(key=key, value=number), *place)
        flat.append(number)
        return
    if not isinstance(value, list) or len(value) != shape[0]:
        count = len(value) if isinstance(value, list) else 1
        whole = " × ".join(map(str, shape))
        if not isinstance(value, list):
            problem = ngettext(
                "{key} holds {value} here; it should be a list of {shape} number",
                "{key} holds {value} here; it should be a list of {shape} numbers",
                math.prod(shape),
            )
        elif place:
            problem = ngettext(
                "this part of {key} has {got} entry; it should have {shape}",
                "this part of {key} has {got} entries; it should have {shape}",
                count,
            )
        else:
            problem = ngettext(
                "{key} has {got} entry; it should have {shape}",
                "{key} has {got} entries; it should have {shape}",
                count,
            )
        table.fail(key, problem.format(key=key, got=count, value=shown(value), shape=whole), *place)
    for index, part in enumerate(value):
        _collect(table, key, (*place, index), part, shape[1:], flat)

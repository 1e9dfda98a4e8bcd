"""Tables in text files: one sample per line, the last or a named column the target."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnsim.experiments.errors import at, nearest, quoted
from nnsim.experiments.samples import MOST_SAMPLES, Samples, check_size, index_classes
from nnsim.experiments.table import decode, read_bytes
from nnsim.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

    from nnsim.experiments.samples import Wanted

LARGEST_CSV = 256 * 2**20


@dataclass(frozen=True)
class _Sheet:
    """The cells of a file, with the line of each row, and the names of the columns."""

    file: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]


def read_csv(path: Path, wanted: Wanted) -> tuple[Samples, Samples]:
    """Return the samples of a table; there is nothing set aside to test on.

    Commas, semicolons or tabs part the cells, whichever the first line has. The first line may
    name the columns. `wanted` says which columns are inputs and which is the target; without
    that the last one is the target (as many as there are outputs, for regression) and the
    others are inputs.

    Raises
    ------
    ExperimentError
        With ``file:line``, for ragged rows, unknown columns and classes, and what is no number.
    """
    file = str(path)
    rows, lines = _read_rows(file, decode(read_bytes(path, LARGEST_CSV), file))
    if not wanted.target_columns and not any(_is_number(row[-1]) for row in rows):
        wanted = replace(wanted, classified=True)
    sheet = _without_header(file, rows, lines, wanted)
    inputs, targets = _columns(sheet, wanted)
    check_size(sheet.file, len(sheet.rows), len(inputs), 1)
    x = _numbers(sheet, inputs)
    empty = np.zeros((0, len(inputs)))
    if wanted.classified:
        names = [row[targets[0]] for row in sheet.rows]
        labels, classes = index_classes(names, wanted.classes, sheet.file, sheet.lines.__getitem__)
        return (
            Samples(x, labels, None, classes),
            Samples(empty, np.zeros(0, np.intp), None, classes),
        )
    t = _numbers(sheet, targets)
    return Samples(x, None, t), Samples(empty, None, np.zeros((0, len(targets))))


def _read_rows(file: str, text: str) -> tuple[list[list[str]], list[int]]:
    """Split the text into rows of equal length, and tell the line of each."""
    first = text.partition("\n")[0]
    delimiter = next((sign for sign in (",", ";", "\t") if sign in first), " ")
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True, strict=True)
    rows, lines = [], []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            rows.append([cell.strip() for cell in row])
            lines.append(reader.line_num)
            if len(row) != len(rows[0]):
                problem = _("this row has {got} cells; it should have {want} as the first row has")
                problem = problem.format(got=len(row), want=len(rows[0]))
                raise at(file, reader.line_num, problem)
            if len(rows) > MOST_SAMPLES + 1:
                check_size(file, len(rows), 1, reader.line_num)
    except csv.Error as error:
        problem = _("this line is no row of a table ({why})")
        raise at(file, reader.line_num, problem.format(why=error)) from None
    if not rows:
        raise at(file, 1, _("there are no samples in it"))
    return rows, lines


def _without_header(file: str, rows: list[list[str]], lines: list[int], wanted: Wanted) -> _Sheet:
    """Take the names of the columns off the rows, where the first row has names."""
    named = wanted.label_column or wanted.target_columns or wanted.input_columns
    numbers = rows[0][:-1] if wanted.classified else rows[0]
    if not named and all(_is_number(cell) for cell in numbers):
        return _Sheet(file, [], rows, lines)
    if len(rows) == 1:
        raise at(file, 1, _("there are only names of columns in it, and no samples"))
    return _Sheet(file, rows[0], rows[1:], lines[1:])


def _columns(sheet: _Sheet, wanted: Wanted) -> tuple[list[int], list[int]]:
    """Return the columns of the inputs and of the targets."""
    width = len(sheet.rows[0])
    names = (wanted.label_column,) if wanted.label_column else wanted.target_columns
    if names:
        targets = [_column(sheet, name) for name in names]
    else:
        targets = list(range(max(0, width - (1 if wanted.classified else wanted.outputs)), width))
    if wanted.input_columns:
        inputs = [_column(sheet, name) for name in wanted.input_columns]
    else:
        inputs = [column for column in range(width) if column not in targets]
    if len(inputs) != wanted.input.count:
        problem = _("there are {got} columns of inputs, and the experiment has {want} inputs")
        raise at(sheet.file, 1, problem.format(got=len(inputs), want=wanted.input.count))
    count = 1 if wanted.classified else wanted.outputs
    if len(targets) != count:
        problem = _("there are {got} columns of targets, and the network has {want} outputs")
        raise at(sheet.file, 1, problem.format(got=len(targets), want=count))
    return inputs, targets


def _column(sheet: _Sheet, name: str) -> int:
    if name not in sheet.header:
        problem = _("there is no column {name}; {hint}")
        hint = nearest(name, sheet.header)
        raise at(sheet.file, 1, problem.format(name=quoted(name), hint=hint))
    return sheet.header.index(name)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(
    sheet: _Sheet, columns: list[int]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    values = np.empty((len(sheet.rows), len(columns)))
    for index, row in enumerate(sheet.rows):
        for place, column in enumerate(columns):
            cell = row[column]
            try:
                value = float(cell)
            except ValueError:
                problem = _("{cell} in column {column} is not a number")
                problem = problem.format(cell=quoted(cell), column=column + 1)
                raise at(sheet.file, sheet.lines[index], problem) from None
            if not math.isfinite(value):
                problem = _("{cell} in column {column}: every number must be finite")
                raise at(sheet.file, sheet.lines[index],
                         problem.format(cell=quoted(cell), column=column + 1))  # fmt: skip
            values[index, place] = value
    return values

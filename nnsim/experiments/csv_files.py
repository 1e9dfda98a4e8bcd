"""Tables in text files: one sample per line, the last or a named column the target."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
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
    sheet = _read_sheet(str(path), decode(read_bytes(path, LARGEST_CSV), str(path)), wanted)
    inputs, targets = _columns(sheet, wanted)
    check_size(sheet.file, len(sheet.rows), len(inputs), 1)
    x = _numbers(sheet, inputs)
    empty = np.zeros((0, len(inputs)))
    if wanted.classified or not _all_numbers(sheet, targets):
        names = [row[targets[0]].strip() for row in sheet.rows]
        labels, classes = index_classes(names, wanted.classes, sheet.file, sheet.lines.__getitem__)
        return (
            Samples(x, labels, None, classes),
            Samples(empty, np.zeros(0, np.intp), None, classes),
        )
    t = _numbers(sheet, targets)
    return Samples(x, None, t), Samples(empty, None, np.zeros((0, len(targets))))


def _read_sheet(file: str, text: str, wanted: Wanted) -> _Sheet:
    """Split the text into rows of equal length, the names of the columns apart."""
    first = text.partition("\n")[0]
    delimiter = next((sign for sign in (",", ";", "\t") if sign in first), ",")
    if delimiter == "," and "," not in first and len(first.split()) > 1:
        delimiter = " "
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True, strict=True)
    rows, lines = [], []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(reader.line_num)
            if len(rows) > MOST_SAMPLES + 1:
                check_size(file, len(rows), 1, reader.line_num)
    except csv.Error as error:
        problem = _("this line is no row of a table ({why})")
        raise at(file, reader.line_num, problem.format(why=error)) from None
    if not rows:
        raise at(file, 1, _("there are no samples in it"))
    named = bool(wanted.label_column or wanted.target_columns or wanted.input_columns)
    has_header = (
        named
        or not all(_is_number(cell) for cell in rows[0][:-1])
        or (not wanted.classified and not _is_number(rows[0][-1]))
    )
    header = [cell.strip() for cell in rows[0]] if has_header else []
    if has_header:
        rows, lines = rows[1:], lines[1:]
    if not rows:
        raise at(file, 1, _("there are only names of columns in it, and no samples"))
    width = len(header) or len(rows[0])
    for row, line in zip(rows, lines, strict=True):
        if len(row) != width:
            problem = _("this row has {got} cells; it should have {want} as the first row has")
            raise at(file, line, problem.format(got=len(row), want=width))
    return _Sheet(file, header, rows, lines)


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


def _all_numbers(sheet: _Sheet, columns: list[int]) -> bool:
    """Tell whether any row has a number there; one that doesn't is then a mistake."""
    return any(_is_number(row[column]) for row in sheet.rows for column in columns)


def _numbers(
    sheet: _Sheet, columns: list[int]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    values = np.empty((len(sheet.rows), len(columns)))
    for index, row in enumerate(sheet.rows):
        for place, column in enumerate(columns):
            cell = row[column].strip()
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

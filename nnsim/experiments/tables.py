"""Tables in text files: one sample per line, the last or a named column the target."""

from __future__ import annotations

import csv
import io
import re
from array import array
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import IO, TYPE_CHECKING

import numpy as np

from nnsim.experiments.datasets import Samples, check_size, class_labels, index_classes
from nnsim.experiments.errors import at, nearest, quoted
from nnsim.experiments.files import decode, read_bytes
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from nnsim.experiments.datasets import Wanted
    from nnsim.experiments.experiment import Experiment

    Array = NDArray[np.float64]

LARGEST_CSV = 256 * 2**20
Row = tuple[int, list[str]]
"""The line on which a row ends, and its cells."""


@dataclass(frozen=True)
class _Layout:
    file: str
    inputs: list[int]
    targets: list[int]
    classified: bool


def read_csv(
    path: Path, wanted: Wanted, noted: Callable[[int], None] | None = None
) -> tuple[Samples, Samples]:
    """Return the samples of a table; there is nothing set aside to test on.

    Commas, semicolons or tabs part the cells, whichever the first line has. The first line may
    name the columns. `wanted` says which columns are inputs and which is the target; without
    that the last one is the target (as many as there are outputs, for regression and wherever
    the table has so many columns) and the others are inputs.

    Raises
    ------
    ExperimentError
        With ``file:line``, for ragged rows, unknown columns and classes, and what is no number.
    """
    file = str(path)
    rows = _rows(file, read_bytes(path, LARGEST_CSV))
    head = list(islice(rows, 2))
    if not head:
        raise at(file, 1, _("there are no samples in it"))
    if not wanted.target_columns and not any(_is_number(row[-1]) for _line, row in head):
        wanted = replace(wanted, classified=True)
    header = _header(head[0][1], wanted)
    if header:
        del head[0]
    if not head:
        raise at(file, 1, _("there are only names of columns in it, and no samples"))
    width = len(head[0][1])
    if not _named(wanted) and width == wanted.input.count + wanted.outputs > wanted.input.count + 1:
        wanted = replace(wanted, classified=False)  # a number for each output
    layout = _layout(file, header, width, wanted)
    return _read_samples(layout, chain(head, rows), wanted, noted)


def _named(wanted: Wanted) -> bool:
    """Whether somebody said which columns are what."""
    return bool(wanted.label_column or wanted.target_columns or wanted.input_columns)


def _rows(file: str, content: bytes) -> Iterator[Row]:
    """Yield the rows that aren't empty, all of the same length."""
    first = decode(content, file).partition("\n")[0]
    delimiter = next((sign for sign in (",", ";", "\t") if sign in first), " ")
    lines = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    width = 0
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            width = width or len(row)
            if len(row) != width:
                problem = ngettext(
                    "this row has {got} cell; it should have {want} as the first row has",
                    "this row has {got} cells; it should have {want} as the first row has",
                    len(row),
                )
                raise at(file, reader.line_num, problem.format(got=len(row), want=width))
            yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        problem = _("this line is no row of a table ({why})")
        raise at(file, reader.line_num, problem.format(why=error)) from None


def _header(first: list[str], wanted: Wanted) -> list[str]:
    """Return the first row where it names the columns, else nothing."""
    numbers = first[:-1] if wanted.classified else first
    return first if _named(wanted) or not all(_is_number(cell) for cell in numbers) else []


def _layout(file: str, header: list[str], width: int, wanted: Wanted) -> _Layout:
    def column(name: str) -> int:
        if name not in header:
            problem = _("there is no column {name}; {hint}")
            hint = nearest(name, header)
            raise at(file, 1, problem.format(name=quoted(name), hint=hint))
        return header.index(name)

    count = 1 if wanted.classified else wanted.outputs
    names = (wanted.label_column,) if wanted.label_column else wanted.target_columns
    targets = [column(name) for name in names] or list(range(max(0, width - count), width))
    inputs = [column(name) for name in wanted.input_columns]
    inputs = inputs or [each for each in range(width) if each not in targets]
    if len(inputs) != wanted.input.count:
        problem = ngettext(
            "there is {got} column of inputs; there should be {want}, one per input",
            "there are {got} columns of inputs; there should be {want}, one per input",
            len(inputs),
        )
        raise at(file, 1, problem.format(got=len(inputs), want=wanted.input.count))
    if len(targets) != count:
        problem = ngettext(
            "there is {got} column of targets; there should be {want}, one per output",
            "there are {got} columns of targets; there should be {want}, one per output",
            len(targets),
        )
        raise at(file, 1, problem.format(got=len(targets), want=count))
    return _Layout(file, inputs, targets, wanted.classified)


def _read_samples(
    layout: _Layout, rows: Iterator[Row], wanted: Wanted, noted: Callable[[int], None] | None
) -> tuple[Samples, Samples]:
    lines, inputs, targets = array("q"), array("d"), array("d")
    names: list[str] = []
    for line, row in rows:
        lines.append(line)
        _append(layout, line, row, layout.inputs, inputs)
        if layout.classified:
            names.append(row[layout.targets[0]])
        else:
            _append(layout, line, row, layout.targets, targets)
        if not len(lines) % 1000:
            check_size(layout.file, len(lines), len(layout.inputs), line)
            if noted is not None:
                noted(len(lines))
    check_size(layout.file, len(lines), len(layout.inputs), lines[-1])
    x = _finite(layout, inputs, layout.inputs, lines)
    empty = np.zeros((0, len(layout.inputs)))
    if layout.classified:
        labels, classes = index_classes(names, wanted.classes, layout.file, lines.__getitem__)
        none = Samples(empty, np.zeros(0, np.intp), None, classes)
        return Samples(x, labels, None, classes), none
    t = _finite(layout, targets, layout.targets, lines)
    return Samples(x, None, t), Samples(empty, None, np.zeros((0, t.shape[1])))


def _append(
    layout: _Layout, line: int, row: list[str], columns: list[int], numbers: array[float]
) -> None:
    try:
        numbers.extend([float(row[column]) for column in columns])
    except ValueError:
        wrong = next(column for column in columns if not _is_number(row[column]))
        problem = _("{cell} in column {column} is not a number")
        problem = problem.format(cell=quoted(row[wrong]), column=wrong + 1)
        raise at(layout.file, line, problem) from None


def _finite(layout: _Layout, numbers: array[float], columns: list[int], lines: array[int]) -> Array:
    values = np.array(numbers).reshape(-1, len(columns))
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, place = (int(index) for index in bad[0])
        problem = _("{value} in column {column}; every number must be finite")
        problem = problem.format(value=values[row, place], column=columns[place] + 1)
        raise at(layout.file, lines[row], problem)
    return values


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


_BLOCK = 4096  # rows that become Python numbers at a time


def write_table(path: Path, experiment: Experiment, delimiter: str) -> Callable[[IO[bytes]], None]:
    data = experiment.data
    labels = class_labels(experiment, data.targets)
    names, classes = _columns(experiment, labels is not None), experiment.classes
    if labels is None and classes and experiment.outputs == 1:
        problem = _("a table holds classes or, for each output, a number; .npz holds such targets")
        raise at(str(path), None, problem)
    wrong = next((name for name in classes if name != name.strip() or "\n" in name), None)
    if wrong is not None:
        problem = _("a table can't hold the class {name}; .npz can")
        raise at(str(path), None, problem.format(name=quoted(wrong)))
    inputs, targets = data.inputs.reshape(data.count, -1), data.targets

    def write(file: IO[bytes]) -> None:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        table = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        table.writerow(names)
        for start in range(0, data.count, _BLOCK):
            rows = _numbers(inputs[start : start + _BLOCK])
            if labels is None:
                ends = _numbers(targets[start : start + _BLOCK])
            else:
                ends = [[classes[k]] for k in labels[start : start + _BLOCK]]
            table.writerows([*row, *end] for row, end in zip(rows, ends, strict=True))
        text.detach()

    return write


def _numbers(rows: Array) -> list[list[float]]:
    """Return rows of numbers; csv writes each so that it reads back exactly."""
    whole = np.all((rows == np.rint(rows)) & (np.abs(rows) < 2**53))
    if whole and not np.any(np.signbit(rows) & (rows == 0)):
        return rows.astype(np.int64).tolist()  # type: ignore[no-any-return]
    return rows.tolist()  # type: ignore[no-any-return]


def _columns(experiment: Experiment, classified: bool) -> list[str]:
    """Return names of columns that can't be taken for numbers."""
    names = [re.sub(r"[\s,;\"]+", " ", name).strip() for name in experiment.input.names]
    if any(not name or _is_number(name) for name in names):
        names = [f"input {i + 1}" for i in range(len(names))]
    if classified:
        return [*names, "class"]
    return [*names, *(f"target {k + 1}" for k in range(experiment.outputs))]

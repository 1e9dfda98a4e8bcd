"""Data files of an experiment: tables as text, and which reader or writer takes a file."""

from __future__ import annotations

import csv
import io
import os
import re
from array import array
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from nnsim.engine.losses import loss as engine_loss
from nnsim.experiments.arrays import read_idx, read_npz, write_idx, write_npz
from nnsim.experiments.datasets import (
    DataSet,
    Samples,
    Wanted,
    check_size,
    class_labels,
    for_network,
    index_classes,
)
from nnsim.experiments.files import (
    ExperimentError,
    at,
    decode,
    listed,
    nearest,
    quoted,
    read_bytes,
    write_file,
)
from nnsim.experiments.pictures import read_pictures, write_pictures
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from nnsim.experiments.experiment import Experiment

LARGEST_CSV = 256 * 2**20
Row = tuple[int, list[str]]
"""The line on which a row ends, and its cells."""
Noted = Callable[[int], None]
"""Called with how many samples were read or written so far; what it raises ends the work."""


@dataclass(frozen=True)
class _Layout:
    file: str
    inputs: list[int]
    targets: list[int]
    classified: bool


def read_csv(path: Path, wanted: Wanted, noted: Noted | None = None) -> tuple[Samples, Samples]:
    """Return the samples of a table; there is nothing set aside to test on.

    Commas, semicolons or tabs part the cells, whichever the first line has. The first line may
    name the columns. `wanted` says which columns are inputs and which is the target; without
    that the last one is the target (as many as there are outputs, for regression and wherever
    the table has so many columns) and the others are inputs.

    Raises ExperimentError, with ``file:line``, for ragged rows, unknown columns and classes, and
    what is no number.
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
    layout: _Layout, rows: Iterator[Row], wanted: Wanted, noted: Noted | None
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
    if layout.classified:
        labels, classes = index_classes(names, wanted.classes, layout.file, lines.__getitem__)
        samples = Samples(x, labels, None, classes)
    else:
        samples = Samples(x, None, _finite(layout, targets, layout.targets, lines))
    return samples, samples.none()


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


def _finite(
    layout: _Layout, numbers: array[float], columns: list[int], lines: array[int]
) -> NDArray[np.float64]:
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


def _numbers(rows: NDArray[np.float64]) -> list[list[float]]:
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


def read_samples(
    path: Path, wanted: Wanted, labels: Path | None = None, noted: Noted | None = None
) -> tuple[Samples, Samples]:
    """Return the samples of a data file: those to train on, and those to test on.

    ``.csv`` and ``.tsv`` are tables, ``.npz`` NumPy arrays, ``…idx3-ubyte`` and the like (also
    ``.gz``) IDX; of anything else, pixels are read as text pictures and the rest as a table.

    `labels`: the file with the labels of an IDX file of images.

    Raises ExperimentError, with ``file:line`` where the file has lines.
    """
    name = path.name.lower()
    if name.endswith(".npz"):
        return read_npz(path, wanted)
    if is_idx(path):
        return read_idx(path, wanted, labels)
    if is_table(path, wanted):
        return read_csv(path, wanted, noted)
    return _read_pictures(path, wanted)


def _read_pictures(path: Path, wanted: Wanted) -> tuple[Samples, Samples]:
    def samples(images: NDArray[np.float64], labels: NDArray[np.intp]) -> Samples:
        return Samples(
            images.reshape(len(images), wanted.input.count), labels, None, pictures.classes
        )

    pictures = read_pictures(path, wanted.input.picture_shape, wanted.classes)
    check_size(str(path), len(pictures.labels) + len(pictures.test_labels), wanted.input.count)
    return (
        samples(pictures.images, pictures.labels),
        samples(pictures.test_images, pictures.test_labels),
    )


def is_table(path: Path, wanted: Wanted) -> bool:
    """Tell by its name, and by what is wanted of it, whether a file is read as a table."""
    name = path.name.lower()
    if name.endswith((".csv", ".tsv")):
        return True
    return wanted.input.kind != "pixels" and not name.endswith(".npz") and not is_idx(path)


def is_idx(path: Path) -> bool:
    """Tell by its name whether a file is IDX, as in ``train-images-idx3-ubyte.gz``."""
    name = path.name.lower()
    return name.endswith((".gz", ".idx")) or re.search(r"[-.]idx\d", name) is not None


class DataFiles:
    """Data files in a folder.

    `folder`: where names that are no whole path start; the working folder without one.
    """

    def __init__(self, folder: Path | None = None, noted: Noted | None = None) -> None:
        self._folder = folder or Path()
        self._noted = noted

    def read(self, name: str, experiment: Experiment) -> DataSet:
        """Return the samples in a file, for the network and the classes of `experiment`.

        Raises ExperimentError, with ``file:line`` where the file has lines, for whatever this
        network can't learn.
        """
        path = self._path(name)
        wanted = Wanted(
            input=experiment.input,
            classes=experiment.classes,
            outputs=experiment.outputs,
            classified=bool(experiment.classes),
        )
        train, test = read_samples(path, wanted, noted=self._noted)
        if train.labels is not None and not experiment.classes:
            problem = _("its targets are names ({names}), and this network gives numbers")
            raise at(str(path), None, problem.format(names=listed(train.classes)))
        if not len(train):
            raise at(str(path), None, _("there are no samples to train on in it"))
        shape = experiment.input_shape
        data = DataSet(*for_network(train, wanted, shape), *for_network(test, wanted, shape))
        for targets in (data.targets, data.test_targets):
            try:
                engine_loss(experiment.network.loss).check_targets(targets)
            except ValueError as error:
                raise at(str(path), None, str(error)) from None
        return data.labelled() if experiment.classes else data

    def write(self, name: str, experiment: Experiment, *, overwrite: bool = False) -> str:
        """Write the data of `experiment` to a file, whole or not at all; says what is in it.

        Reading the file gives the same numbers again, to the last bit.

        Raises ExperimentError if there is such a file already (unless `overwrite`), if it can't be
        written, or can't hold these data.
        """
        return write_set(self._path(name), experiment, overwrite=overwrite)

    def _path(self, name: str) -> Path:
        if not name or "\0" in name:
            raise at('""', None, _("give the name of a file"))
        try:
            return self._folder / Path(name).expanduser()
        except RuntimeError as error:  # there is no such person
            raise at(name, None, str(error)) from None


def write_set(path: Path, experiment: Experiment, *, overwrite: bool = False) -> str:
    """Write the data of `experiment` to `path` in the format of its name; says what is in it.

    ``.csv`` and ``.tsv`` are tables, ``.npz`` NumPy arrays, ``.txt`` text pictures (a table where
    there are no pixels), ``…-images-idx3-ubyte`` and the like IDX, with the labels in a file beside
    it. Tables and IDX hold the training samples alone.

    Raises ExperimentError, with nothing written.
    """
    name, data = path.name.lower(), experiment.data
    if not data.count:
        raise at(str(path), None, _("there are no samples to save"))
    _check_place(path, overwrite=True)
    both = False
    if name.endswith(".npz"):
        both, files = True, {path: write_npz(experiment)}
    elif is_idx(path):
        files = write_idx(path, experiment)
    elif name.endswith(".txt") and experiment.input.kind == "pixels":
        both, files = True, {path: write_pictures(path, experiment)}
    elif name.endswith((".csv", ".tsv", ".txt")):
        files = {path: write_table(path, experiment, "\t" if name.endswith(".tsv") else ",")}
    else:
        problem = _("a data file ends in .csv, .tsv, .npz or .txt, or in -images-idx3-ubyte")
        raise at(str(path), None, problem)
    for file in files:
        _check_place(file, overwrite=overwrite)
    _write_all(files, new=not overwrite)
    return _said(experiment, list(files), both=both)


def _write_all(files: dict[Path, Callable[[IO[bytes]], None]], *, new: bool) -> None:
    """Write one file after the other; where one fails, those before are as they were."""
    before: dict[Path, bytes | None] = {}
    last = list(files)[-1]
    try:
        for file, write in files.items():
            if file != last:  # (labels: a million bytes at the most)
                before[file] = file.read_bytes() if file.is_file() else None
            write_file(file, write, new=new)
    except BaseException:
        for file, content in before.items():
            with suppress(OSError, ExperimentError):
                if content is None:
                    file.unlink()
                else:
                    write_file(file, content)
        raise


def _check_place(path: Path, *, overwrite: bool) -> None:
    """Refuse folders and, unless `overwrite`, files that there are."""
    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir fails for names that are too long)
        raise at(str(path), None, _("this is a folder; give a file"))
    if not overwrite and os.path.lexists(path):
        problem = _("there is such a file already; to replace it, end the line with !")
        raise at(str(path), None, problem)


def _said(experiment: Experiment, files: Sequence[Path], *, both: bool) -> str:
    data = experiment.data
    count = data.count + (data.test_count if both else 0)
    said = ngettext("{count} sample is in {files}", "{count} samples are in {files}", count)
    text = said.format(count=count, files=", ".join(str(file) for file in files))
    if both or not data.test_count:
        return text
    return text + ngettext(
        "; the {count} to test on is not: .npz holds both",
        "; the {count} to test on are not: .npz holds both",
        data.test_count,
    ).format(count=data.test_count)

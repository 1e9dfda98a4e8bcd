"""Writing data sets to files that `nnsim.experiments.files` reads back, bit for bit."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import struct
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import numpy as np

from nnsim.engine import losses as metrics
from nnsim.experiments.errors import ExperimentError, at, quoted
from nnsim.experiments.files import is_idx
from nnsim.experiments.images import LARGEST_TEXT, MOST_LEVELS, format_pictures, parse_pictures
from nnsim.experiments.inputs import class_targets
from nnsim.experiments.saving import write_file
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from nnsim.experiments.experiment import Experiment

    Array = NDArray[np.float64]
    Labels = NDArray[np.intp]

_BLOCK = 4096  # rows that become Python numbers at a time
_SQUEEZED = 32 * 2**20  # an archive of more bytes is not compressed: it would take too long


def write_set(path: Path, experiment: Experiment, *, overwrite: bool = False) -> str:
    """Write the data of `experiment` to `path` in the format of its name; says what is in it.

    ``.csv`` and ``.tsv`` are tables, ``.npz`` NumPy arrays, ``.txt`` text pictures (a table where
    there are no pixels), ``…-images-idx3-ubyte`` and the like IDX, with the labels in a file beside
    it. Tables and IDX hold the training samples alone.

    Raises
    ------
    ExperimentError
        With nothing written.
    """
    name, data = path.name.lower(), experiment.data
    if not data.count:
        raise at(str(path), None, _("there are no samples to save"))
    _check_place(path, overwrite=True)
    both = False
    if name.endswith(".npz"):
        both, files = True, {path: _npz(experiment)}
    elif is_idx(path):
        files = _idx(path, experiment)
    elif name.endswith(".txt") and experiment.input.kind == "pixels":
        both, files = True, {path: _pictures(path, experiment)}
    elif name.endswith((".csv", ".tsv", ".txt")):
        files = {path: _table(path, experiment, "\t" if name.endswith(".tsv") else ",")}
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


def _labels(experiment: Experiment, targets: Array) -> Labels | None:
    """Return the classes of targets; None where they are more than classes."""
    if not experiment.classes:
        return None
    labels = metrics.decide(targets)
    return labels if np.array_equal(class_targets(labels, experiment.outputs), targets) else None


# Tables ---------------------------------------------------------------------------------------


def _table(path: Path, experiment: Experiment, delimiter: str) -> Callable[[IO[bytes]], None]:
    """Return what writes the training samples as a table."""
    data = experiment.data
    labels = _labels(experiment, data.targets)
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


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


# Archives -------------------------------------------------------------------------------------


def _npz(experiment: Experiment) -> Callable[[IO[bytes]], None]:
    """Return what writes all samples as a NumPy archive."""
    data = experiment.data
    every = np.concatenate([data.targets, data.test_targets])
    labels, classes = _labels(experiment, every), np.array(experiment.classes, dtype=np.str_)
    arrays: dict[str, NDArray[np.generic]] = {}
    for prefix, inputs, part in (
        ("", data.inputs, slice(0, data.count)),
        ("test_", data.test_inputs, slice(data.count, None)),
    ):
        if not len(inputs):
            continue
        arrays[f"{prefix}inputs"] = inputs.reshape(len(inputs), *experiment.input.shape)
        if labels is None:
            arrays[f"{prefix}targets"] = every[part]
        else:
            arrays[f"{prefix}labels"] = classes[labels[part]]
    size = sum(array.nbytes for array in arrays.values())
    save = np.savez_compressed if size <= _SQUEEZED else np.savez
    return lambda file: save(file, **arrays)  # type: ignore[arg-type]


# Text pictures --------------------------------------------------------------------------------


def _pictures(path: Path, experiment: Experiment) -> Callable[[IO[bytes]], None]:
    """Return what writes all samples as text pictures."""
    data, shape = experiment.data, experiment.input.picture_shape
    every = np.concatenate([data.targets, data.test_targets])
    labels = _labels(experiment, every)
    if labels is None:
        problem = _(
            "text pictures are of a class each, and these targets are numbers; .npz holds them"
        )
        raise at(str(path), None, problem)
    images = np.concatenate([data.inputs, data.test_inputs]).reshape(-1, *shape)
    levels = _levels(images)
    if levels is None:
        problem = _("text pictures hold at most {most} grey levels; .npz and .csv hold any number")
        raise at(str(path), None, problem.format(most=MOST_LEVELS + 1))
    parts = _sections(experiment.classes, labels[: data.count], images[: data.count])
    tests = _sections(experiment.classes, labels[data.count :], images[data.count :], "test ")
    text = format_pictures([*parts, *tests], levels=levels)
    if len(text) > LARGEST_TEXT:
        problem = _("these are too many for text pictures; .npz holds them")
        raise at(str(path), None, problem)
    _check_reads_back(path, text, experiment, images, labels)

    def write(file: IO[bytes]) -> None:
        file.write(text.encode())

    return write


def _levels(images: Array) -> int | None:
    """Return the fewest grey levels that write these pictures exactly; None where none do."""
    values = np.unique(images)
    if not len(values) or (values[0] >= 0 and values[-1] <= 1):
        for levels in range(1, MOST_LEVELS + 1):
            if np.array_equal(np.rint(values * levels) / levels, values):
                return levels
    return None


def _sections(
    classes: Sequence[str], labels: Labels, images: Array, prefix: str = ""
) -> list[tuple[str, Array]]:
    """Return the pictures class by class, as often as the class changes: their order stays."""
    starts = np.flatnonzero(np.diff(labels, prepend=-1))
    ends = [*starts, len(labels)][1:]
    return [
        (f"{prefix}{classes[labels[start]]}", images[start:end])
        for start, end in zip(starts, ends, strict=True)
    ]


def _check_reads_back(
    path: Path, text: str, experiment: Experiment, images: Array, labels: Labels
) -> None:
    """Refuse names of classes that mean something else in a file of text pictures."""
    count = experiment.data.count
    try:
        found = parse_pictures(text, str(path), experiment.input.picture_shape, experiment.classes)
    except ExperimentError:
        found = None
    if (
        found is None
        or not np.array_equal(found.labels, labels[:count])
        or not np.array_equal(found.test_labels, labels[count:])
        or not np.array_equal(found.images, images[:count])
    ):
        problem = _("text pictures can't hold classes of these names; .npz can")
        raise at(str(path), None, problem)


# IDX ------------------------------------------------------------------------------------------


def _idx(path: Path, experiment: Experiment) -> dict[Path, Callable[[IO[bytes]], None]]:
    """Return what writes the training samples as IDX, labels first: images without are nothing."""
    beside = re.sub(r"images([-.])idx\d", r"labels\1idx1", path.name)
    if beside == path.name:
        problem = _("the images and their labels are two files: name the first …-images-idx3-ubyte")
        raise at(str(path), None, problem)
    data, given = experiment.data, experiment.input
    labels = _labels(experiment, data.targets)
    numbers = None if labels is None else _class_numbers(experiment.classes)
    if labels is None or numbers is None:
        problem = _("IDX holds classes that are numbers, one for each sample; .npz holds the rest")
        raise at(str(path), None, problem)
    images = data.inputs.reshape(data.count, *given.shape)
    as_bytes = np.rint(images * 255)
    if given.kind == "pixels" and np.array_equal(as_bytes / 255, images) and images.max() <= 1:
        stored: NDArray[np.generic] = as_bytes.astype(">u1")
    else:
        stored = images.astype(">f8")
    chosen = numbers[labels]
    kind = ">u1" if chosen.min() >= 0 and chosen.max() < 256 else ">i4"
    return {
        path.with_name(beside): _idx_array(beside, chosen.astype(kind)),
        path: _idx_array(path.name, stored),
    }


_CODES = {"|u1": 0x08, ">u1": 0x08, ">i4": 0x0C, ">f8": 0x0E}


def _class_numbers(classes: Sequence[str]) -> NDArray[np.int64] | None:
    """Return a number for each class that a reader takes for that class; None without any."""
    if all(re.fullmatch(r"0|-?[1-9]\d{0,8}", name) for name in classes):
        return np.array([int(name) for name in classes])
    if any(name in classes for name in map(str, range(len(classes)))):
        return None  # would a 1 be the first class, or the one of that name?
    return np.arange(len(classes))


def _idx_array(name: str, array: NDArray[np.generic]) -> Callable[[IO[bytes]], None]:
    head = struct.pack(">HBB", 0, _CODES[array.dtype.str], array.ndim)
    head += struct.pack(f">{array.ndim}I", *array.shape)

    def write(file: IO[bytes]) -> None:
        if name.lower().endswith(".gz"):
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                packed.write(head)
                packed.write(array.tobytes())
        else:
            file.write(head)
            file.write(array.tobytes())

    return write

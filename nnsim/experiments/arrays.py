"""Arrays in files: NumPy's archives, and the IDX of the MNIST files."""

from __future__ import annotations

import gzip
import io
import math
import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib import format as npy

from nnsim.experiments.datasets import (
    Samples,
    check_size,
    class_labels,
    index_classes,
    index_numbers,
)
from nnsim.experiments.files import ExperimentError, at, listed, open_bytes
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import IO

    from numpy.typing import NDArray

    from nnsim.experiments.datasets import Wanted
    from nnsim.experiments.experiment import Experiment

INPUTS = ("inputs", "x", "X", "x_train", "train_images", "images", "data")
TARGETS = ("targets", "labels", "y", "t", "target", "y_train", "train_labels")
TEST_INPUTS = ("test_inputs", "x_test", "test_images")
TEST_TARGETS = ("test_targets", "test_labels", "y_test", "t_test")

LONGEST_HEADER = 2**16

# What zipfile, zlib and NumPy raise over files that are cut short, damaged or encrypted.
DAMAGE = (
    OSError, EOFError, ValueError, KeyError, RuntimeError, SyntaxError, OverflowError,
    zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip


def read_npz(path: Path, wanted: Wanted) -> tuple[Samples, Samples]:
    """Return the samples of a NumPy archive: those to train on, and those to test on.

    The arrays are looked for under the names of `INPUTS`, `TARGETS`, `TEST_INPUTS` and
    `TEST_TARGETS`. A row of whole numbers or texts as targets are classes where the experiment
    has classes. Bytes (uint8) of pixels are 0 … 255 and become 0 … 1.

    Raises ExperimentError if it is no archive, lacks an array, or holds what does not fit the
    experiment.
    """
    archive = _Archive(path)
    train = _samples(archive, wanted, INPUTS, TARGETS)
    if not archive.has(TEST_INPUTS):
        return train, train.none()
    from dataclasses import replace

    known = replace(wanted, classes=train.classes or wanted.classes)
    return train, _samples(archive, known, TEST_INPUTS, TEST_TARGETS)


def scaled(values: NDArray[np.generic], wanted: Wanted) -> NDArray[np.float64]:
    """Return inputs as float64, bytes of pixels as 0 … 1."""
    as_float = values.astype(np.float64)
    if wanted.input.kind == "pixels" and values.dtype == np.uint8:
        as_float /= 255
    return as_float


class _Archive:
    """The arrays of a ``.npz`` file; shapes are looked at before any memory is taken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = str(path)
        if path.is_dir():
            raise at(self.file, None, _("this is a folder; give a file"))
        try:
            with zipfile.ZipFile(path) as archive:
                self.names = {
                    name.removesuffix(".npy") for name in archive.namelist() if name[-4:] == ".npy"
                }
        except FileNotFoundError:
            raise at(self.file, None, _("there is no such file")) from None
        except DAMAGE:
            raise at(self.file, None, _("this is not a NumPy archive (.npz)")) from None

    def has(self, names: tuple[str, ...]) -> bool:
        return any(name in self.names for name in names)

    def read(self, names: tuple[str, ...]) -> NDArray[np.generic]:
        """Return the array with the first of these names that there is."""
        name = next((name for name in names if name in self.names), None)
        if name is None:
            problem = _("there is no array {names} in it; it has {found}")
            shown = " / ".join(names[:3])
            found = listed(sorted(self.names)) or _("none")
            raise at(self.file, None, problem.format(names=shown, found=found))
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{name}.npy") as member:
                stream = io.BytesIO(member.read(LONGEST_HEADER))  # a header may claim 4 GB
                version = npy.read_magic(stream)
                read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                shape, _order, kind = read(stream)
                self._check(name, shape, kind)
            with np.load(self.path, allow_pickle=False) as arrays:
                return np.asarray(arrays[name])
        except ExperimentError:
            raise
        except DAMAGE:
            problem = _("the array {name} is damaged")
            raise at(self.file, None, problem.format(name=name)) from None

    def _check(self, name: str, shape: tuple[int, ...], kind: np.dtype[np.generic]) -> None:
        if kind.kind not in "buifU" or kind.itemsize > 4096:
            problem = _("the array {name} holds {kind}; it should hold numbers or texts")
            raise at(self.file, None, problem.format(name=name, kind=kind))
        if not shape:
            raise at(self.file, None, _("the array {name} is a single number").format(name=name))
        check_size(self.file, shape[0], math.prod(shape[1:]) * max(1, kind.itemsize // 8))


def _samples(
    archive: _Archive, wanted: Wanted, inputs: tuple[str, ...], targets: tuple[str, ...]
) -> Samples:
    x, t = archive.read(inputs), archive.read(targets)
    if math.prod(x.shape[1:]) != wanted.input.count or x.dtype.kind == "U":
        problem = ngettext(
            "its inputs are {got}; the experiment has {want} input",
            "its inputs are {got}; the experiment has {want} inputs",
            wanted.input.count,
        )
        size = " × ".join(map(str, x.shape[1:])) or "1"
        raise at(archive.file, None, problem.format(got=size, want=wanted.input.count))
    if len(x) != len(t):
        problem = ngettext(
            "there is {got} target; there should be {want}, one per input",
            "there are {got} targets; there should be {want}, one per input",
            len(t),
        )
        raise at(archive.file, None, problem.format(got=len(t), want=len(x)))
    flat = scaled(x.reshape(len(x), -1), wanted)
    _check_finite(archive, flat)
    if t.ndim == 1 and t.dtype.kind == "U":
        labels, classes = index_classes([str(n) for n in t], wanted.classes, archive.file)
        return Samples(flat, labels, None, classes)
    if t.ndim == 1 and t.dtype.kind in "bui" and wanted.classified:
        labels, classes = index_numbers(t, wanted.classes, archive.file)
        return Samples(flat, labels, None, classes)
    rows = t.reshape(len(t), -1)
    if rows.shape[1] != wanted.outputs or rows.dtype.kind == "U":
        problem = ngettext(
            "its targets have {got} number each; they should have {want}, one per output",
            "its targets have {got} numbers each; they should have {want}, one per output",
            rows.shape[1],
        )
        raise at(archive.file, None, problem.format(got=rows.shape[1], want=wanted.outputs))
    values = rows.astype(np.float64)
    _check_finite(archive, values)
    return Samples(flat, None, values)


def _check_finite(archive: _Archive, values: NDArray[np.float64]) -> None:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        problem = _("sample {row} holds {value}; every number must be finite")
        row, column = bad[0]
        raise at(archive.file, None,
                 problem.format(row=int(row) + 1, value=values[row, column]))  # fmt: skip


_SQUEEZED = 32 * 2**20  # an archive of more bytes is not compressed: it would take too long


def write_npz(experiment: Experiment) -> Callable[[IO[bytes]], None]:
    data = experiment.data
    every = np.concatenate([data.targets, data.test_targets])
    labels, classes = class_labels(experiment, every), np.array(experiment.classes, dtype=np.str_)
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


Shape = tuple[int, ...]
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Path, wanted: Wanted, labels: Path | None) -> tuple[Samples, Samples]:
    """Return the images of an IDX file, with the labels of the IDX file that goes with it.

    Bytes of pixels become 0 … 1. Where no file of `labels` is named it is the one beside the
    images whose name has ``labels-idx1`` for ``images-idx3``.

    Raises ExperimentError if a file is not IDX, is cut short, or does not fit the experiment or the
    other file.
    """

    def fits(shape: Shape) -> str:
        if math.prod(shape[1:]) == wanted.input.count:
            return ""
        problem = ngettext(
            "its images are {got}; the experiment has {want} input",
            "its images are {got}; the experiment has {want} inputs",
            wanted.input.count,
        )
        size = " × ".join(map(str, shape[1:])) or "1"
        return problem.format(got=size, want=wanted.input.count)

    images = read_array(path, fits)

    def goes_along(shape: Shape) -> str:
        if shape == (len(images),):
            return ""
        problem = _("it holds {got} labels; there should be {want}, one per image")
        got = " × ".join(map(str, shape))
        return problem.format(got=got, want=len(images))

    where = labels or _labels_beside(path)
    numbers = read_array(where, goes_along)
    inputs = scaled(images.reshape(len(images), -1), wanted)
    index, classes = index_numbers(numbers, wanted.classes, str(where))
    samples = Samples(inputs, index, None, classes)
    return samples, samples.none()


def _labels_beside(path: Path) -> Path:
    name = re.sub(r"images([-.])idx\d", r"labels\1idx1", path.name)
    if name == path.name:
        raise at(str(path), None, _('name the file with its labels: labels = "…-labels-idx1-…"'))
    return path.with_name(name)


def read_array(
    path: Path, check: Callable[[Shape], str] = lambda _shape: ""
) -> NDArray[np.generic]:
    """Return the array in an IDX file, unpacked where it is gzipped.

    `check`: takes the shape that the header tells, and says what is wrong with it, or nothing.

    Raises ExperimentError if the file is not IDX, is cut short, or goes on behind its numbers.
    Whatever the header tells is refused by the header alone: no more is read, or unpacked, than it
    announces.
    """
    file = str(path)
    with open_bytes(path) as stream:
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        if not packed:
            return _read(file, stream, check)
        try:
            with gzip.open(stream) as unpacked:
                return _read(file, unpacked, check)
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise at(file, None, _("this gzipped file is damaged or cut short")) from None


def _read(
    file: str, stream: IO[bytes] | gzip.GzipFile, check: Callable[[Shape], str]
) -> NDArray[np.generic]:
    head = stream.read(4)
    if not head:
        raise at(file, None, _("the file is empty"))
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _TYPES or not head[3]:
        raise at(file, None, _("this is not an IDX file"))
    kind, dimensions = np.dtype(_TYPES[head[2]]), head[3]
    lengths = stream.read(4 * dimensions)
    if len(lengths) < 4 * dimensions:
        raise at(file, None, _("this IDX file is cut short"))
    shape = tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
    check_size(file, shape[0], math.prod(shape[1:]))
    if problem := check(shape):
        raise at(file, None, problem)
    want = math.prod(shape) * kind.itemsize
    content = bytearray()
    while part := stream.read(min(2**20, want + 1 - len(content))):  # one more: is there an end?
        content += part
    if len(content) > want:
        problem = ngettext(
            "this IDX file goes on behind its numbers; its header says {want} byte of them",
            "this IDX file goes on behind its numbers; its header says {want} bytes of them",
            want,
        )
        raise at(file, None, problem.format(want=want))
    if len(content) < want:
        problem = ngettext(
            "this IDX file has {got} byte of numbers; its header says {want}",
            "this IDX file has {got} bytes of numbers; its header says {want}",
            len(content),
        )
        raise at(file, None, problem.format(got=len(content), want=want))
    return np.frombuffer(content, kind).reshape(shape)


def write_idx(path: Path, experiment: Experiment) -> dict[Path, Callable[[IO[bytes]], None]]:
    """Return what writes the training samples as IDX, labels first: images without are nothing."""
    beside = re.sub(r"images([-.])idx\d", r"labels\1idx1", path.name)
    if beside == path.name:
        problem = _("the images and their labels are two files: name the first …-images-idx3-ubyte")
        raise at(str(path), None, problem)
    data, given = experiment.data, experiment.input
    labels = class_labels(experiment, data.targets)
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

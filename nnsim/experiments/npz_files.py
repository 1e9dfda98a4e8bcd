"""NumPy archives: arrays of inputs and targets, with others to test on if there are any."""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib import format as npy

from nnsim.experiments.errors import ExperimentError, at, listed
from nnsim.experiments.samples import Samples, check_size, index_classes, index_numbers
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nnsim.experiments.samples import Wanted

INPUTS = ("inputs", "x", "X", "x_train", "train_images", "images", "data")
TARGETS = ("targets", "labels", "y", "t", "target", "y_train", "train_labels")
TEST_INPUTS = ("test_inputs", "x_test", "test_images")
TEST_TARGETS = ("test_targets", "test_labels", "y_test", "t_test")

LONGEST_HEADER = 2**16

# What zipfile, zlib and NumPy raise over files that are cut short, damaged or encrypted.
_DAMAGE = (
    OSError, EOFError, ValueError, KeyError, RuntimeError, SyntaxError, OverflowError,
    zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip


def read_npz(path: Path, wanted: Wanted) -> tuple[Samples, Samples]:
    """Return the samples of a NumPy archive: those to train on, and those to test on.

    The arrays are looked for under the names of `INPUTS`, `TARGETS`, `TEST_INPUTS` and
    `TEST_TARGETS`. A row of whole numbers or texts as targets are classes where the experiment
    has classes. Bytes (uint8) of pixels are 0 … 255 and become 0 … 1.

    Raises
    ------
    ExperimentError
        If it is no archive, lacks an array, or holds what does not fit the experiment.
    """
    archive = _Archive(path)
    train = _samples(archive, wanted, INPUTS, TARGETS)
    if not archive.has(TEST_INPUTS):
        return train, train.take(np.zeros(0, np.intp))
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
        except _DAMAGE:
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
        except _DAMAGE:
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

"""IDX, the format of the MNIST files, plain or gzipped.

Two zero bytes, the type of the numbers, the number of dimensions, the length of each as four
bytes with the highest first, then the numbers (LeCun, Cortes and Burges, "The MNIST database").
"""

from __future__ import annotations

import gzip
import math
import re
import zlib
from typing import TYPE_CHECKING

import numpy as np

from nnsim.experiments.errors import at
from nnsim.experiments.npz_files import scaled
from nnsim.experiments.samples import Samples, check_size, index_numbers
from nnsim.experiments.table import read_bytes
from nnsim.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nnsim.experiments.samples import Wanted

LARGEST_IDX = 1024 * 2**20
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Path, wanted: Wanted, labels: Path | None) -> tuple[Samples, Samples]:
    """Return the images of an IDX file, with the labels of the IDX file that goes with it.

    Bytes of pixels become 0 … 1. Where no file of `labels` is named it is the one beside the
    images whose name has ``labels-idx1`` for ``images-idx3``.

    Raises
    ------
    ExperimentError
        If a file is not IDX, is cut short, or does not fit the experiment or the other file.
    """
    images = read_array(path)
    if math.prod(images.shape[1:]) != wanted.input.count:
        problem = _("its images are {got}; the experiment has {want} inputs")
        size = " × ".join(map(str, images.shape[1:])) or "1"
        raise at(str(path), None, problem.format(got=size, want=wanted.input.count))
    numbers = read_array(labels or _labels_beside(path))
    if numbers.ndim != 1 or len(numbers) != len(images):
        problem = _("there are {got} labels for {want} images")
        raise at(str(labels or _labels_beside(path)), None,
                 problem.format(got=len(numbers), want=len(images)))  # fmt: skip
    inputs = scaled(images.reshape(len(images), -1), wanted)
    where = str(labels or _labels_beside(path))
    index, classes = index_numbers(numbers, wanted.classes, where)
    none = Samples(np.zeros((0, wanted.input.count)), np.zeros(0, np.intp), None, classes)
    return Samples(inputs, index, None, classes), none


def _labels_beside(path: Path) -> Path:
    name = re.sub(r"images([-.])idx\d", r"labels\1idx1", path.name)
    if name == path.name:
        raise at(str(path), None, _('name the file with its labels: labels = "…-labels-idx1-…"'))
    return path.with_name(name)


def read_array(path: Path) -> NDArray[np.generic]:
    """Return the array in an IDX file.

    Raises
    ------
    ExperimentError
        If the file is not IDX, or cut short.
    """
    file = str(path)
    content = _unpacked(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES or not content[3]:
        raise at(file, None, _("this is not an IDX file"))
    kind, dimensions = np.dtype(_TYPES[content[2]]), content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise at(file, None, _("this IDX file is cut short"))
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", dimensions, 4))
    check_size(file, shape[0], math.prod(shape[1:]))
    want = math.prod(shape) * kind.itemsize
    if len(content) - start != want:
        problem = _("this IDX file has {got} bytes of numbers; its header says {want}")
        raise at(file, None, problem.format(got=len(content) - start, want=want))
    return np.frombuffer(content, kind, offset=start).reshape(shape)


def _unpacked(path: Path) -> bytes:
    """Return the bytes of the file, unpacked where they are gzipped, never more than the limit."""
    content = read_bytes(path, LARGEST_IDX)
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        with gzip.open(path) as stream:
            unpacked = bytearray()
            while len(unpacked) <= LARGEST_IDX and (part := stream.read(2**20)):
                unpacked += part
    except (OSError, EOFError, zlib.error):
        raise at(str(path), None, _("this gzipped file is damaged or cut short")) from None
    if len(unpacked) > LARGEST_IDX:
        problem = _("the file is too large; it may have {limit} MB")
        raise at(str(path), None, problem.format(limit=LARGEST_IDX // 2**20))
    return bytes(unpacked)

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
from nnsim.experiments.table import open_bytes
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import IO

    from numpy.typing import NDArray

    from nnsim.experiments.samples import Wanted

Shape = tuple[int, ...]
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

    def fits(shape: Shape) -> str:
        """Refuse images of another size than the inputs."""
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
        """Refuse labels that are not one per image."""
        if shape == (len(images),):
            return ""
        problem = _("it holds {got} labels; there should be {want}, one per image")
        got = " × ".join(map(str, shape))
        return problem.format(got=got, want=len(images))

    where = labels or _labels_beside(path)
    numbers = read_array(where, goes_along)
    inputs = scaled(images.reshape(len(images), -1), wanted)
    index, classes = index_numbers(numbers, wanted.classes, str(where))
    none = Samples(np.zeros((0, wanted.input.count)), np.zeros(0, np.intp), None, classes)
    return Samples(inputs, index, None, classes), none


def _labels_beside(path: Path) -> Path:
    name = re.sub(r"images([-.])idx\d", r"labels\1idx1", path.name)
    if name == path.name:
        raise at(str(path), None, _('name the file with its labels: labels = "…-labels-idx1-…"'))
    return path.with_name(name)


def read_array(
    path: Path, check: Callable[[Shape], str] = lambda _shape: ""
) -> NDArray[np.generic]:
    """Return the array in an IDX file, unpacked where it is gzipped.

    Parameters
    ----------
    path : Path
    check : callable
        Takes the shape that the header tells, and says what is wrong with it, or nothing.

    Raises
    ------
    ExperimentError
        If the file is not IDX, is cut short, or goes on behind its numbers. Whatever the header
        tells is refused by the header alone: no more is read, or unpacked, than it announces.
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

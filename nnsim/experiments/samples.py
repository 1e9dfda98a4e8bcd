"""Samples on their way from a file or a generator to a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnsim.experiments.errors import at, nearest, quoted
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from nnsim.experiments.inputs import InputSpec

    Array = NDArray[np.float64]
    Labels = NDArray[np.intp]

MOST_SAMPLES = 1_000_000
MOST_VALUES = 64_000_000
"""Numbers in the inputs of a data set: 512 MB, which holds the 60,000 images of MNIST."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples with flat inputs, and a class or numbers as the target of each.

    Attributes
    ----------
    inputs : array (m, n)
    labels : array (m,) or None
        Positions (from 0) in `classes`.
    targets : array (m, outputs) or None
        What there is in place of labels.
    classes : tuple of str
        The names of the classes; empty without labels.
    """

    inputs: Array
    labels: Labels | None = None
    targets: Array | None = None
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: Labels) -> Samples:
        """Return the samples in these rows."""
        labels = None if self.labels is None else self.labels[rows]
        targets = None if self.targets is None else self.targets[rows]
        return Samples(self.inputs[rows], labels, targets, self.classes)

    def join(self, other: Samples) -> Samples:
        """Return these samples and then the `other` ones, which are of the same kind."""
        if not len(other):
            return self
        if not len(self):
            return other
        labels = targets = None
        if self.labels is not None and other.labels is not None:
            labels = np.concatenate([self.labels, other.labels])
        if self.targets is not None and other.targets is not None:
            targets = np.concatenate([self.targets, other.targets])
        return Samples(np.concatenate([self.inputs, other.inputs]), labels, targets, self.classes)


@dataclass(frozen=True)
class Wanted:
    """What the samples of an experiment must be like.

    Attributes
    ----------
    input : InputSpec
    classes : tuple of str
        The classes that the experiment names; empty where it leaves that to the data.
    outputs : int
        How many numbers the network gives.
    classified : bool
        Whether targets are classes even where the data writes numbers.
    input_columns, label_column, target_columns
        The columns of a table that hold the inputs, the class and the targets, by name; where
        none is named, the last one is the target and all others are inputs.
    """

    input: InputSpec
    classes: tuple[str, ...]
    outputs: int
    classified: bool
    label_column: str | None = None
    target_columns: tuple[str, ...] = ()
    input_columns: tuple[str, ...] = ()


def index_classes(
    names: Sequence[str],
    classes: Sequence[str],
    file: str,
    line: Callable[[int], int | None] | None = None,
) -> tuple[Labels, tuple[str, ...]]:
    """Return the position of each name among the classes, and the classes.

    Where there are no `classes` yet they are those that occur, in numerical or else alphabetical
    order.

    Raises
    ------
    ExperimentError
        For a name that is no class, at the line that `line` tells for its row.
    """
    if not classes:
        found = set(names)
        numeric = all(name.isdecimal() for name in found)
        classes = sorted(found, key=int) if numeric else sorted(found)
    position = {name: index for index, name in enumerate(classes)}
    labels = np.empty(len(names), dtype=np.intp)
    for row, name in enumerate(names):
        if name not in position:
            problem = _("{name} is no class of the experiment; {hint}")
            hint = nearest(name, classes)
            raise at(file, line and line(row), problem.format(name=quoted(name), hint=hint))
        labels[row] = position[name]
    return labels, tuple(classes)


def check_size(file: str, samples: int, numbers: int, line: int | None = None) -> None:
    """Refuse a data set that is empty or beyond all measure, before it is read.

    Raises
    ------
    ExperimentError
    """
    if samples == 0:
        raise at(file, line, _("there are no samples in it"))
    if samples > MOST_SAMPLES or samples * numbers > MOST_VALUES:
        problem = ngettext(
            "{samples} samples of {numbers} number are too many; at most {most} samples "
            "and {values} numbers in all",
            "{samples} samples of {numbers} numbers are too many; at most {most} samples "
            "and {values} numbers in all",
            numbers,
        )
        raise at(file, line, problem.format(
            samples=samples, numbers=numbers, most=MOST_SAMPLES, values=MOST_VALUES,
        ))  # fmt: skip


def from_pictures(
    wanted: Wanted, images: Array, labels: Labels, classes: tuple[str, ...]
) -> Samples:
    """Return pictures (m, height, width, channels) as samples."""
    return Samples(images.reshape(len(images), wanted.input.count), labels, None, classes)


def index_numbers(
    numbers: NDArray[np.generic], classes: Sequence[str], file: str
) -> tuple[Labels, tuple[str, ...]]:
    """Return the class positions of whole numbers, and the classes.

    The numbers are names of `classes` where all of them are, and else positions from 0.

    Raises
    ------
    ExperimentError
        For a number that is neither, or no whole number.
    """
    if numbers.dtype.kind not in "bui":
        raise at(file, None, _("its labels are not whole numbers"))
    values, rows = np.unique(numbers.astype(np.int64), return_inverse=True)
    names = [str(value) for value in values]
    if classes and not set(names) <= set(classes):
        if values[0] < 0 or values[-1] >= len(classes):
            wrong = names[0] if values[0] < 0 else names[-1]
            problem = _("{name} is no class of the experiment; {hint}")
            hint = nearest(wrong, classes)
            raise at(file, None, problem.format(name=quoted(wrong), hint=hint))
        return numbers.astype(np.intp), tuple(classes)
    found, known = index_classes(names, classes, file)
    return found[rows.reshape(-1)], known

"""What a network learns from: samples on their way in, data sets, and changes of one sample."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nnsim.engine.losses import are_classes, decide
from nnsim.experiments.files import at, nearest, quoted
from nnsim.experiments.inputs import class_targets
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from nnsim.experiments.experiment import Experiment
    from nnsim.experiments.inputs import InputSpec

    Array = NDArray[np.float64]
    Labels = NDArray[np.intp]
    Rows = NDArray[Any] | None

MOST_SAMPLES = 1_000_000
MOST_VALUES = 64_000_000
"""Numbers in the inputs of a data set: 512 MB, which holds the 60,000 images of MNIST."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples with flat inputs, and a class or numbers as the target of each."""

    inputs: Array
    labels: Labels | None = None  # positions (from 0) in `classes`
    targets: Array | None = None  # what there is in place of labels
    classes: tuple[str, ...] = ()  # the names of the classes; empty without labels

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: Labels) -> Samples:
        labels = None if self.labels is None else self.labels[rows]
        targets = None if self.targets is None else self.targets[rows]
        return Samples(self.inputs[rows], labels, targets, self.classes)

    def none(self) -> Samples:
        """Return no samples, of the same kind."""
        return self.take(np.zeros(0, np.intp))

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

    `input_columns, label_column, target_columns`: the columns of a table that hold the inputs, the
      class and the targets, by name; where none is named, the last one is the target and all others
      are inputs.
    """

    input: InputSpec
    # the classes that the experiment names; empty where it leaves that to the data
    classes: tuple[str, ...]
    outputs: int  # how many numbers the network gives
    classified: bool  # whether targets are classes even where the data writes numbers
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

    Raises ExperimentError for a name that is no class, at the line that `line` tells for its row.
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
    """Refuse a data set that is empty or beyond all measure, before it is read."""
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


def index_numbers(
    numbers: NDArray[np.generic], classes: Sequence[str], file: str
) -> tuple[Labels, tuple[str, ...]]:
    """Return the class positions of whole numbers, and the classes.

    The numbers are names of `classes` where all of them are, and else positions from 0.

    Raises ExperimentError for a number that is neither, or no whole number.
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


@dataclass(frozen=True, eq=False)
class DataSet:
    """What an experiment learns from and is tested on.

    `test_inputs, test_targets, test_labels`: the same of the samples that are never trained on;
      there may be none of them.
    """

    inputs: Array  # as the network takes them: ``(m, n)``, or ``(m, height, width, channels)``
    targets: Array
    labels: Labels | None  # the class of each sample, counted from 0; None for regression
    test_inputs: Array
    test_targets: Array
    test_labels: Labels | None
    # where the arrays to train on can grow (see `nnsim.experiments.datasets`)
    room: Room | None = field(default=None, repr=False)
    grown: int = 0  # bytes that the last change of one sample took

    @property
    def count(self) -> int:
        return len(self.inputs)

    @property
    def test_count(self) -> int:
        return len(self.test_inputs)

    def labelled(self) -> DataSet:
        """Return the same with labels, where targets are classes written as numbers."""
        both = np.concatenate([self.targets, self.test_targets])
        if self.labels is not None or not len(both) or not are_classes(both):
            return self
        labels = decide(both)
        return replace(self, labels=labels[: self.count], test_labels=labels[self.count :])


def for_network(
    samples: Samples, wanted: Wanted, shape: tuple[int, ...]
) -> tuple[Array, Array, Labels | None]:
    """Return inputs in the shape that the network takes, its targets, and the labels."""
    inputs = np.ascontiguousarray(samples.inputs.reshape(len(samples), *shape))
    targets = samples.targets
    if targets is None:
        labels = samples.labels if samples.labels is not None else np.zeros(0, np.intp)
        targets = class_targets(labels, wanted.outputs)
    for array in (inputs, targets):
        array.setflags(write=False)
    return inputs, targets, samples.labels


_LEAST_ROOM = 16


class Room:
    """The training samples in arrays with room behind them, so that adding one copies only one.

    Several data sets may look at the same arrays, each at as many rows as it has; the one that has
    them all can grow where it is.

    `used`: rows that some data set has.
    """

    def __init__(self, data: DataSet) -> None:
        self._capacity = data.count + max(_LEAST_ROOM, data.count // 8)
        self.used = data.count
        self._arrays = [_longer(array, self._capacity) for array in _training(data)]
        self.size = sum(array.nbytes for array in self._arrays if array is not None)

    def takes(self, data: DataSet) -> bool:
        """Whether one more sample can go behind those of `data`."""
        return self.used == data.count < self._capacity

    def append(self, *rows: Any) -> list[Any]:
        """Put a sample behind the others and return the arrays with it."""
        for array, row in zip(self._arrays, rows, strict=True):
            if array is not None:
                array[self.used] = row
        self.used += 1
        return [None if array is None else _closed(array[: self.used]) for array in self._arrays]


def _training(data: DataSet) -> tuple[Rows, Rows, Rows]:
    return data.inputs, data.targets, data.labels


def _longer(array: Rows, capacity: int) -> Rows:
    if array is None:
        return None
    longer = np.zeros((capacity, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer


def _closed(array: Rows) -> Any:
    if array is not None:
        array.setflags(write=False)
    return array


def added(data: DataSet, inputs: Array, target: Array, label: int | None) -> DataSet:
    """Return the data with one more sample to train on, behind the others.

    `label`: its class, from 0; not looked at where the data has no labels.
    """
    room, grown = data.room, inputs.nbytes + target.nbytes
    if room is None or not room.takes(data):
        room = Room(data)
        grown = room.size
    x, t, labels = room.append(inputs, target, label if data.labels is not None else None)
    return replace(data, inputs=x, targets=t, labels=labels, room=room, grown=grown)


def without(data: DataSet, index: int) -> DataSet:
    """Return the data without sample `index` (from 0; the test samples follow the others)."""
    if index < data.count:
        arrays = [_without(array, index) for array in _training(data)]
        names = ("inputs", "targets", "labels")
    else:
        test = (data.test_inputs, data.test_targets, data.test_labels)
        arrays = [_without(array, index - data.count) for array in test]
        names = ("test_inputs", "test_targets", "test_labels")
    changed = dict(zip(names, arrays, strict=True))
    room = data.room if index >= data.count else None
    return replace(data, **changed, room=room, grown=_bytes(*arrays))


def _without(array: Rows, index: int) -> Any:
    return None if array is None else _closed(np.delete(array, index, axis=0))


def relabelled(data: DataSet, index: int, target: Array, label: int | None) -> DataSet:
    """Return the data with another target for sample `index` (from 0)."""
    test = index >= data.count
    row = index - data.count if test else index
    targets = _with_row(data.test_targets if test else data.targets, row, target)
    labels = _with_row(data.test_labels if test else data.labels, row, label)
    grown = _bytes(targets, labels)
    if test:
        return replace(data, test_targets=targets, test_labels=labels, grown=grown)
    return replace(data, targets=targets, labels=labels, room=None, grown=grown)


def _with_row(array: Rows, row: int, value: Any) -> Any:
    if array is None:
        return None
    changed = array.copy()
    changed[row] = value
    return _closed(changed)


def _bytes(*arrays: Rows) -> int:
    return sum(array.nbytes for array in arrays if array is not None)


def class_labels(experiment: Experiment, targets: Array) -> Labels | None:
    """Return the classes of targets; None where they are more than classes."""
    if not experiment.classes:
        return None
    labels = decide(targets)
    return labels if np.array_equal(class_targets(labels, experiment.outputs), targets) else None

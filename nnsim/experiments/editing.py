"""Data sets that differ from another by one sample; the one that they are made from stays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnsim.experiments.datasets import DataSet

    Array = NDArray[np.float64]
    Rows = NDArray[Any] | None

_LEAST_ROOM = 16


class Room:
    """The training samples in arrays with room behind them, so that adding one copies only one.

    Several data sets may look at the same arrays, each at as many rows as it has; the one that has
    them all can grow where it is.

    Attributes
    ----------
    used : int
        Rows that some data set has.
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
    """Return the array, not to be written any more."""
    if array is not None:
        array.setflags(write=False)
    return array


def added(data: DataSet, inputs: Array, target: Array, label: int | None) -> DataSet:
    """Return the data with one more sample to train on, behind the others.

    Parameters
    ----------
    data : DataSet
    inputs : array, shaped as the network takes them
    target : array (outputs,)
    label : int or None
        Its class, from 0; not looked at where the data has no labels.
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

"""How the network on the bench reads every sample of the data: reading, sureness, loss."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.metrics import decide
from nnsim.lab.beliefs import sureness
from nnsim.lab.parts import at_a_time

if TYPE_CHECKING:
    from nnsim.experiments import DataSet
    from nnsim.lab.lab import Lab
    from nnsim.lab.metrics import Metrics

Array = NDArray[np.float64]
Whole = NDArray[np.intp]
Bits = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Review:
    """All samples, training samples first, and what the network makes of them.

    Attributes
    ----------
    data : DataSet
    classes : tuple of str
        Nothing for regression.
    outputs : array (m, n_out)
    losses : array (m,)
        Of each sample alone, without penalty.
    """

    data: DataSet
    classes: tuple[str, ...]
    outputs: Array
    losses: Array

    @property
    def count(self) -> int:
        """How many samples there are, those to test on counted."""
        return len(self.losses)

    @cached_property
    def targets(self) -> Array:
        """What the outputs should be, (m, n_out)."""
        return np.concatenate([self.data.targets, self.data.test_targets])

    @cached_property
    def is_test(self) -> Bits:
        """Which samples are never trained on, (m,)."""
        return np.arange(self.count) >= self.data.count

    @cached_property
    def wanted(self) -> Whole:
        """The class of each sample, from 0, (m,)."""
        return np.asarray(decide(self.targets))

    @cached_property
    def readings(self) -> Whole:
        """The class that the network says, from 0, (m,)."""
        return np.asarray(decide(self.outputs))

    @cached_property
    def right(self) -> Bits:
        """Which samples are read right, (m,)."""
        return np.asarray(self.wanted == self.readings)

    @cached_property
    def sureness(self) -> Array:
        """How sure the readings are, 0 to 1, (m,); as `nnsim.lab.beliefs` has it."""
        return sureness(self.outputs)

    @cached_property
    def width(self) -> int:
        """How many classes there may be, as targets or readings."""
        most = max(self.wanted.max(initial=0), self.readings.max(initial=0))
        return max(len(self.classes), int(most) + 1)

    def name(self, position: int) -> str:
        """What a class is called."""
        return self.classes[position] if position < len(self.classes) else str(position + 1)

    def confusion(self, *, test: bool) -> Whole:
        """How often each class is read as each, (is, read as), of training or test samples."""
        chosen = self.is_test == test
        pairs = self.wanted[chosen] * self.width + self.readings[chosen]
        counts = np.bincount(pairs, minlength=self.width**2)
        return np.asarray(counts).reshape(self.width, self.width)

    def inputs(self, index: int) -> Array:
        """The inputs of a sample, as the network takes them."""
        data, test = self.data, index - self.data.count
        found: Array = data.inputs[index] if test < 0 else data.test_inputs[test]
        return found

    def residual(self, index: int) -> Array:
        """What is missing at each output of a sample: target − output, (n_out,)."""
        missing: Array = self.targets[index] - self.outputs[index]
        return missing


_KEPT: WeakKeyDictionary[Lab, tuple[Metrics, Review]] = WeakKeyDictionary()


def review(lab: Lab) -> Review:
    """Every sample as it is read now; the same object until parameters or data change."""
    kept = _KEPT.get(lab)
    if kept is not None and kept[0] is lab.metrics:
        return kept[1]
    found = _read(lab)
    _KEPT[lab] = (lab.metrics, found)
    return found


def _read(lab: Lab) -> Review:
    data, network = lab.experiment.data, lab.network
    outputs = np.zeros((lab.sample_count, lab.experiment.outputs))
    losses = np.zeros(lab.sample_count)
    block = at_a_time(network)
    sets = ((0, data.inputs, data.targets), (data.count, data.test_inputs, data.test_targets))
    with np.errstate(all="ignore"):
        for first, inputs, targets in sets:
            if not len(inputs):
                continue
            x, wanted = network.check(inputs, targets)
            for start in range(0, len(x), block):
                plan = network.evaluate(x[start : start + block], wanted[start : start + block])
                part = slice(first + start, first + start + len(plan.losses))
                losses[part] = plan.losses
                outputs[part] = plan.outputs.reshape(len(plan.losses), -1)
    return Review(data, lab.experiment.classes, outputs, losses)


# Choosing ---------------------------------------------------------------------------------------

BY_NUMBER, WORST, FORGOTTEN = "number", "worst", "forgotten"
ORDERS = (BY_NUMBER, WORST, FORGOTTEN)


@dataclass(frozen=True)
class Choice:
    """Which samples are looked at, and in which order.

    Attributes
    ----------
    wanted, reading : int or None
        Of this class, or read as this class, from 0.
    right : bool or None
        Read right, or wrong.
    test : bool or None
        To test on, or to train on.
    order : str
        One of `ORDERS`: by number; the largest loss first; the most often forgotten first.
    """

    wanted: int | None = None
    reading: int | None = None
    right: bool | None = None
    test: bool | None = None
    order: str = BY_NUMBER

    def of(self, found: Review, forgotten: Whole | None = None) -> Whole:
        """The positions of the chosen samples, from 0, in the order that is asked for.

        Parameters
        ----------
        found : Review
        forgotten : array (training samples,), optional
            How often each was forgotten.
        """
        chosen = np.ones(found.count, bool)
        if self.test is not None:
            chosen &= found.is_test == self.test
        if found.classes:
            if self.wanted is not None:
                chosen &= found.wanted == self.wanted
            if self.reading is not None:
                chosen &= found.readings == self.reading
            if self.right is not None:
                chosen &= found.right == self.right
        rows = np.flatnonzero(chosen)
        if self.order == WORST:
            # What is no number any more is worst of all.
            losses = np.nan_to_num(found.losses[rows], nan=np.inf, posinf=np.inf)
            rows = rows[np.argsort(-losses, kind="stable")]
        elif self.order == FORGOTTEN and forgotten is not None:
            times = np.full(found.count, -1)
            times[: len(forgotten)] = forgotten
            rows = rows[np.argsort(-times[rows], kind="stable")]
        return np.asarray(rows)

"""Where training stands after an epoch; metrics are computed when somebody reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from nnsim.engine.losses import decide
from nnsim.engine.network import Network
from nnsim.engine.steps import Samples
from nnsim.engine.tape import Array


class Evaluation:
    """Outputs and losses of a network over a whole set, in evaluation mode, in one go."""

    def __init__(self, network: Network, samples: Samples, block: int) -> None:
        x, target = samples.x, samples.target
        count = samples.count
        self.losses = np.empty(count, network.dtype)
        decided, wanted = np.empty(count, np.intp), np.empty(count, np.intp)
        self.classes = True
        for start in range(0, count, block):
            part = slice(start, min(start + block, count))
            rows = samples.rows(part)
            plan = network.evaluate(x[rows], target[rows])
            self.losses[part] = plan.losses
            decided[part] = decide(plan.outputs)
            wanted[part] = decide(target[rows])
            self.classes &= network.are_classes(target[rows])
        self.right = int((decided == wanted).sum()) if self.classes else None
        self.accuracy = None if self.right is None else self.right / count
        with np.errstate(all="ignore"):
            self.cost = float(self.losses.sum(dtype=np.float64))
        self.loss = network.reduce(self.losses)


def _metric(name: str, field: str, doc: str) -> Any:
    """Return a property: a field of the evaluation of one of the sets, None where there is none."""
    return property(lambda self: getattr(self._evaluate(name), field, None), doc=doc)


class Progress:
    """The state after an epoch (or where training stopped within one).

    Metrics are taken on the whole set after the update, with the parameters of this moment, also
    if they are read later.

    Attributes
    ----------
    epoch, updates : int
        Epochs and steps done since the trainer began.
    learning_rate : float
        That the last step took.
    stopped : str or None
        On the last item: ``"finished"``, ``"early"``, ``"diverged"`` or ``"interrupted"``.
    """

    def __init__(
        self, network: Network, sets: dict[str, Samples], block: int,
        epoch: int, updates: int, learning_rate: float, stopped: str | None,
    ) -> None:  # fmt: skip
        self.epoch, self.updates, self.learning_rate = epoch, updates, learning_rate
        self.stopped = stopped
        self._network, self._sets, self._block = network, sets, block
        self._then: tuple[Array, Array] | None = None
        self._evaluations: dict[str, Evaluation] = {}

    def keep(self) -> None:
        """Copy the parameters: training is about to go on."""
        running = self._network.running
        self._then = self._network.parameters.copy(), running.copy() if running.size else running

    @property
    def parameters(self) -> Array:
        """A copy of the parameters of this moment."""
        return (self._network.parameters if self._then is None else self._then[0]).copy()

    def _evaluate(self, name: str) -> Evaluation | None:
        if name not in self._sets:
            return None
        if name not in self._evaluations:
            with _moment(self._network, self._then):
                self._evaluations[name] = Evaluation(self._network, self._sets[name], self._block)
        return self._evaluations[name]

    loss = _metric("train", "loss", "net.loss of the training data.")
    cost = _metric("train", "cost", "C_T: the sum of their losses, without penalty.")
    accuracy = _metric("train", "accuracy", "The share of them read right; None for regression.")
    right = _metric("train", "right", "How many are read right; None for regression.")
    validation_loss = _metric("validation", "loss", "net.loss of the validation data.")
    validation_accuracy = _metric("validation", "accuracy", "The share of them read right.")
    test_loss = _metric("test", "loss", "net.loss of the test data.")
    test_cost = _metric("test", "cost", "The sum of their losses.")
    test_accuracy = _metric("test", "accuracy", "The share of them read right.")


@contextmanager
def _moment(network: Network, then: tuple[Array, Array] | None) -> Iterator[None]:
    """Put the parameters of an earlier moment into a network for a while."""
    if then is None:
        yield
        return
    now = network.parameters.copy(), network.running.copy()
    try:
        network.parameters[...], network.running[...] = then
        yield
    finally:
        network.parameters[...], network.running[...] = now

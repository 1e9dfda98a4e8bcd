"""Training the starts of a recipe: all at once, or one after the other where that can't be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnsim.engine import Ensemble, Trainer
from nnsim.engine.metrics import decide
from nnsim.engine.optimizers import optimizer as read_optimizer
from nnsim.lab.starts import Recipe, Snapshot

Array = NDArray[np.float64]

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
# The curves are measured at about so many epochs, evenly spaced, and at so many per doubling.
_EVEN, _PER_DOUBLING = 60, 4


class Starts:
    """Trains all starts of a recipe, an epoch at a time.

    It shares nothing with the bench, so that a thread may own it.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.epoch = 0
        self.read = 0  # of those that are read one after the other before training begins
        self.done = False
        self._many: _Together | _OneByOne = (
            _Together(recipe) if recipe.together else _OneByOne(recipe)
        )
        self._diverged = np.zeros(len(recipe.seeds), np.int64)
        self._measured_at = measured_at(recipe.epochs)
        self._epochs: list[int] = []
        self._costs: list[Array] = []
        self._accuracies: list[Array] = []
        self._parts = 0  # of an epoch that isn't whole
        self._steps: Iterator[None] | None = None

    @property
    def begun(self) -> bool:
        """Whether they have been looked at as they start, so that a snapshot takes no time."""
        return bool(self._epochs)

    @property
    def progress(self) -> float:
        """How much of the training is done, 0 to 1."""
        whole = self.epoch + self._parts / max(1, self._many.parts)
        return 1.0 if self.done else whole / self.recipe.epochs

    def steps(self) -> Iterator[None]:
        """Train to the end; an item after each epoch (or after an epoch of one network)."""
        many, recipe = self._many, self.recipe
        for _network in many.read_all(recipe.x, recipe.target):
            self.read += 1
            yield
        self._begin()
        for whole in many.train(self._measured_at):
            self._parts += 1
            if whole:
                self.epoch, self._parts = self.epoch + 1, 0
                self._diverged[~many.alive & (self._diverged == 0)] = self.epoch
                if self.epoch in self._measured_at:
                    self._note()
                if not many.alive.any():
                    break
            yield
        if self._epochs[-1] != self.epoch:
            self._note()
        self.done = True

    def _begin(self) -> None:
        if not self._epochs:
            self._note()

    def train(self, seconds: float = math.inf) -> bool:
        """Train on for so long (by default to the end); say whether it is at the end.

        What can be done in one go is not cut off: an epoch of all, or of one network.
        """
        if self._steps is None:
            self._steps = self.steps()
        until = perf_counter() + seconds
        while not self.done and perf_counter() < until:
            next(self._steps, None)
        return self.done

    def _note(self) -> None:
        _losses, costs, accuracies = self._many.measured(self.recipe.x, self.recipe.target)
        self._epochs.append(self.epoch)
        self._costs.append(_quantiles(costs))
        if self.recipe.classes:
            self._accuracies.append(_quantiles(accuracies))

    def snapshot(self) -> Snapshot:
        """How they stand."""
        recipe = self.recipe
        self._begin()
        losses, costs, accuracies = self._many.measured(recipe.x, recipe.target)
        tests = None
        if recipe.classes and recipe.test_x is not None and recipe.test_target is not None:
            tests = self._many.measured(recipe.test_x, recipe.test_target)[2]
        return Snapshot(
            recipe, self.epoch, self.progress, self.done, losses, costs,
            accuracies if recipe.classes else None, tests, self._diverged.copy(),
            np.array(self._epochs), np.array(self._costs),
            np.array(self._accuracies) if recipe.classes else None,
        )  # fmt: skip


def measured_at(epochs: int) -> frozenset[int]:
    """The epochs at which curves are measured: all of few, else spread, the early ones denser."""
    even = {round(epochs * i / _EVEN) for i in range(_EVEN + 1)}
    early = {round(2 ** (i / _PER_DOUBLING)) for i in range(1 + 20 * _PER_DOUBLING)}
    return frozenset(e for e in even | early if 0 <= e <= epochs)


def _quantiles(values: Array) -> Array:
    """Least, quartiles and largest, each one of the values; NaN counts as infinite."""
    ordered = np.sort(np.where(np.isnan(values), np.inf, values))
    places = [max(0, math.ceil(q * len(ordered)) - 1) for q in QUANTILES]
    return np.asarray(ordered[places])


class _Together:
    """All at once, by an `Ensemble`."""

    parts = 1  # of an epoch

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        told = recipe.settings
        self.ensemble = Ensemble(
            recipe.network,
            recipe.seeds,
            told["learning_rate"],
            told["optimizer"],
            told["batch_size"],
            schedule=told["schedule"],
            train_biases=told["train_biases"],
            shuffle_seed=told["seed"],
        )

    @property
    def alive(self) -> NDArray[np.bool_]:
        return self.ensemble.alive

    def read_all(self, x: Array, target: Array) -> Iterator[None]:  # noqa: ARG002
        """Nothing: they are read all at once."""
        return iter(())

    def train(self, measured: frozenset[int]) -> Iterator[bool]:  # noqa: ARG002
        """Train to the end, an epoch for each item."""
        recipe = self._recipe
        for _progress in self.ensemble.run(recipe.x, recipe.target, recipe.epochs):
            yield True

    def measured(self, x: Array, target: Array) -> tuple[Array, Array, Array]:
        """Loss, cost and accuracy of each, (R,)."""
        losses, costs, accuracies = self.ensemble.evaluate(x, target)
        if accuracies is None and not self._recipe.classes:
            accuracies = np.zeros(len(costs))  # which nobody reads
        elif accuracies is None:  # of classes in name only: probabilities as targets
            found = self.ensemble.forward(x)
            wanted = decide(target)
            accuracies = np.array([np.mean(decide(output) == wanted) for output in found])
        return losses, costs, accuracies


class _OneByOne:
    """One after the other, an epoch each, by a trainer that changes from state to state."""

    def __init__(self, recipe: Recipe) -> None:
        told = dict(recipe.settings)
        rule = type(read_optimizer(told.pop("optimizer")))(**told.pop("constants"))
        self._recipe = recipe
        self._network = recipe.network
        self._trainer = Trainer(self._network, rule, **told)
        self._states: list[dict[str, Any]] = []
        for seed in recipe.seeds:
            self._network.initialize(seed=seed)
            self._trainer.reset()
            self._trainer.period = recipe.epochs
            self._states.append(self._trainer.state())
        self.parts = len(self._states)
        self.alive = np.ones(self.parts, bool)
        # What was read of a network, by its number and the data, as long as its state is this.
        self._known: dict[tuple[int, int], tuple[dict[str, Any], tuple[float, float, float]]] = {}

    def read_all(self, x: Array, target: Array) -> Iterator[None]:
        """Read the data with one network after the other."""
        for r in range(self.parts):
            self._read(r, x, target)
            yield

    def train(self, measured: frozenset[int]) -> Iterator[bool]:
        """Train to the end, one epoch of one network for each item; says if it is the last one."""
        x, target = self._recipe.x, self._recipe.target
        for epoch in range(1, self._recipe.epochs + 1):
            for r, state in enumerate(self._states):
                if self.alive[r]:
                    self._trainer.restore(state)
                    progress = next(self._trainer.run(x, target, epochs=1))
                    self.alive[r] = progress.stopped != "diverged"
                    self._states[r] = self._trainer.state()
                    if epoch in measured:  # now, so that nobody has to wait for all of them
                        self._read(r, x, target)
                yield r == self.parts - 1

    def measured(self, x: Array, target: Array) -> tuple[Array, Array, Array]:
        """Loss, cost and accuracy of each, (R,)."""
        found = np.array([self._read(r, x, target) for r in range(self.parts)])
        return found[:, 0], found[:, 1], found[:, 2]

    def _read(self, r: int, x: Array, target: Array) -> tuple[float, float, float]:
        state, net, key = self._states[r], self._network, (r, id(x))
        before = self._known.get(key)
        if before is not None and before[0] is state:
            return before[1]
        net.parameters[...], net.running[...] = state["parameters"], state["running"]
        with np.errstate(all="ignore"):
            each = net.losses(x, target)
            right = float(np.mean(decide(net.forward(x)) == decide(target)))
            found = net.reduce(each), float(each.sum()), right
        self._known[key] = state, found
        return found

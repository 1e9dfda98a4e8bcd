"""Many starts of the network on the bench, from many seeds: what is trained, what came of it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.engine import Ensemble, Network, Trainer
from nnsim.engine.checks import LARGEST_SEED
from nnsim.engine.losses import decide
from nnsim.engine.optimizers import optimizer as read_optimizer
from nnsim.i18n import _
from nnsim.lab.errors import LabError
from nnsim.lab.training import surgery
from nnsim.lab.training.live import short_turns

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab

Array = NDArray[np.float64]

COUNTS = (10, 30, 100, 300, 1000)
"""How many seeds a person chooses from."""
MOST_EPOCHS = 1_000_000
MOST_BYTES = 256 * 2**20
STUCK = 0.1
DIVERGED, IS_STUCK, FINE = "diverged", "stuck", ""


@dataclass(frozen=True, eq=False)
class Recipe:
    """What is trained and how: a copy, so that the bench may change meanwhile."""

    network: Network  # like the one on the bench, of its own
    # the optimiser by name and constants, the rate and whatever else a `Trainer` is told
    settings: dict[str, Any]
    # (m, …)
    x: Array
    target: Array
    # None where there is no test data
    test_x: Array | None
    test_target: Array | None
    classes: bool  # whether there is an accuracy
    seeds: range
    epochs: int
    _data: object = field(repr=False)

    @classmethod
    def of(cls, lab: Lab, count: int = 100, epochs: int | None = None, first: int = 0) -> Recipe:
        """The recipe for `count` seeds from `first` on, with the settings of the bench.

        So many epochs as the experiment says, unless told.
        Raises LabError if it can't be trained, or would take too much memory; with the reason.
        """
        epochs = lab.experiment.training.epochs if epochs is None else epochs
        data, trainer, bench = lab.experiment.data, lab.trainer, lab.network
        surgery.refuse_muted(lab.network, _("training"))
        if not data.count:
            raise LabError(_("there is no data to train on"))
        if not 1 <= epochs <= MOST_EPOCHS:
            raise LabError(
                _("{epochs} epochs: give 1 to {most}").format(epochs=epochs, most=MOST_EPOCHS)
            )
        if not (1 <= count <= COUNTS[-1] and 0 <= first <= LARGEST_SEED - count):
            raise LabError(
                _("{count} seeds: give 1 to {most}").format(count=count, most=COUNTS[-1])
            )
        try:
            bench.refuse_untrainable()
            network = Network.from_description(bench.describe())
            x, target = network.check(data.inputs, data.targets)
            test: tuple[Array | None, Array | None] = (None, None)
            if data.test_count:
                test = network.check(data.test_inputs, data.test_targets)
        except ValueError as problem:
            raise LabError(str(problem)) from problem
        if bench.bug is not None:
            network.plant(bench.bug[0], network.layers[bench.bug[1]].name)
        recipe = cls(
            network, _settings(trainer), x, target, test[0], test[1],
            bool(lab.experiment.classes), range(first, first + count), epochs, data,
        )  # fmt: skip
        recipe._refuse_large()
        return recipe

    def is_of(self, lab: Lab) -> bool:
        """Whether the bench, opened at one of the seeds, would still train the same."""
        mine, bench = self.network.describe(), lab.network.describe()
        return (
            self._data is lab.experiment.data
            and {**mine, "seed": 0} == {**bench, "seed": 0}
            and self.network.bug == lab.network.bug
            and not lab.network.muted
            and self.settings == _settings(lab.trainer)
        )

    def commands(self, seed: int, epoch: int | None = None) -> tuple[str, str]:
        """What opens the network of a seed on the bench, trained to the end or to an epoch."""
        return f"seed {seed}", f"until {self.epochs if epoch is None else epoch}"

    @property
    def together(self) -> bool:
        """Whether an `Ensemble` can train them all at once; else they go one after the other."""
        usual = read_optimizer(self.settings["optimizer"]).config()
        return (
            all(layer.for_many for layer in self.network.layers)
            and self.network.bug is None
            and self.settings["clip"] is None
            and self.settings["patience"] is None
            and not self.settings["validation_fraction"]
            and self.settings["constants"] == usual
        )

    @property
    def bytes(self) -> int:
        net, one = self.network, self.network.dtype.itemsize
        if not self.together:
            return len(self.seeds) * one * 6 * net.parameters.size
        batch = min(self.settings["batch_size"] or len(self.x), len(self.x))
        # A step keeps activations, slopes and deltas; reading the data activations and losses.
        read = len(self.x) + (0 if self.test_x is None else len(self.test_x))
        numbers = 3 * net.activations(batch) + 2 * net.activations(min(4096, read))
        return len(self.seeds) * one * (numbers + 8 * net.parameters.size)

    def _refuse_large(self) -> None:
        if self.bytes > MOST_BYTES:
            fitting = len(self.seeds) * MOST_BYTES // self.bytes
            raise LabError(
                _(
                    "{count} of these networks at once would take about {size} MB; at most {most} "
                    "MB are allowed, which is {fitting} of them"
                ).format(
                    count=len(self.seeds),
                    size=math.ceil(self.bytes / 2**20),
                    most=MOST_BYTES // 2**20,
                    fitting=fitting,
                )
            )


def _settings(trainer: Trainer) -> dict[str, Any]:
    return {
        "optimizer": trainer.optimizer.name,
        "constants": trainer.optimizer.config(),
        "learning_rate": trainer.learning_rate,
        "batch_size": trainer.batch_size,
        "schedule": str(trainer.schedule),
        "clip": trainer.clip,
        "train_biases": trainer.train_biases,
        "patience": trainer.patience,
        "validation_fraction": trainer.validation_fraction,
        "seed": trainer.seed,  # of shuffling and dropout: the same for every start, as on the bench
    }


@dataclass(frozen=True, eq=False)
class Snapshot:
    """How far all starts have come; arrays are by seed, (R,), and stay as they are."""

    recipe: Recipe
    epoch: int  # epochs that all have behind them
    progress: float  # how much of the training is behind them, 0 to 1
    done: bool
    # (R,): net.loss, and the sum of the losses over the training data, without penalty
    losses: Array
    costs: Array
    # (R,); None where that has no meaning
    accuracies: Array | None
    test_accuracies: Array | None
    # (R,): the epoch in which training left the finite numbers, from 1; 0 where it did not
    diverged: NDArray[np.int64]
    epochs: NDArray[np.int64]  # (n,): where the curves were measured, from 0 on
    # (n, 5): least cost, quartiles and largest cost over the seeds; each is the cost of one of
    # them
    cost_curve: Array
    accuracy_curve: Array | None  # (n, 5)

    @cached_property
    def verdicts(self) -> tuple[str, ...]:
        """By seed what went wrong: ``"diverged"``, ``"stuck"``, or nothing (see `stuck`)."""
        behind = stuck(
            self.costs, self.accuracies, self.diverged == 0, float(self.cost_curve[0, 2])
        )
        return tuple(
            DIVERGED if gone else IS_STUCK if late else FINE
            for gone, late in zip(self.diverged, behind, strict=True)
        )

    def order(self) -> NDArray[np.int64]:
        """The positions of the seeds from the least cost to the largest, diverged ones last."""
        costs = np.where(np.isnan(self.costs), np.inf, self.costs)
        return np.lexsort((costs, self.diverged > 0)).astype(np.int64)


def stuck(
    costs: Array, accuracies: Array | None, alive: NDArray[np.bool_], start: float
) -> NDArray[np.bool_]:
    """Say which starts are stuck, that is, far behind what others reach.

    With classes: the accuracy is at least 0.1 below what the best quarter of the starts that did
    not diverge reaches at least. Without: the cost is above what the cheapest quarter has at most,
    by more than 0.1 of `start`, the median cost before training. A diverged start is not stuck.
    Arrays are (R,); `alive` says which did not diverge.
    """
    if not alive.any():
        return np.zeros(len(costs), bool)
    quarter = math.ceil(alive.sum() / 4) - 1
    if accuracies is not None:
        good = float(np.sort(accuracies[alive])[::-1][quarter])
        return np.asarray(alive & (accuracies <= good - STUCK + 1e-9))
    costs = np.where(np.isnan(costs), np.inf, costs)
    cheap = float(np.sort(costs[alive])[quarter])
    return np.asarray(alive & (costs > cheap + STUCK * start))


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
        return bool(self._epochs)

    @property
    def progress(self) -> float:
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
                if self.epoch == recipe.epochs or not many.alive.any():
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
        return iter(())

    def train(self, measured: frozenset[int]) -> Iterator[bool]:  # noqa: ARG002
        recipe = self._recipe
        for _progress in self.ensemble.run(recipe.x, recipe.target, recipe.epochs):
            yield True

    def measured(self, x: Array, target: Array) -> tuple[Array, Array, Array]:
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
        self._going = np.ones(self.parts, bool)  # neither diverged nor stopped early
        # What was read of a network, by its number and the data, as long as its state is this.
        self._known: dict[tuple[int, int], tuple[dict[str, Any], tuple[float, float, float]]] = {}

    def read_all(self, x: Array, target: Array) -> Iterator[None]:
        for r in range(self.parts):
            self._read(r, x, target)
            yield

    def train(self, measured: frozenset[int]) -> Iterator[bool]:
        """Train to the end, one epoch of one network for each item; says if it is the last one."""
        x, target = self._recipe.x, self._recipe.target
        for epoch in range(1, self._recipe.epochs + 1):
            for r, state in enumerate(self._states):
                if self._going[r]:
                    self._trainer.restore(state)
                    progress = next(self._trainer.run(x, target, epochs=1))
                    self.alive[r] = progress.stopped != "diverged"
                    self._going[r] = progress.stopped not in ("diverged", "early")
                    self._states[r] = self._trainer.state()
                    if epoch in measured:  # now, so that nobody has to wait for all of them
                        self._read(r, x, target)
                yield r == self.parts - 1
            if not self._going.any():
                return

    def measured(self, x: Array, target: Array) -> tuple[Array, Array, Array]:
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


SLICE = 0.03  # seconds of training between two looks whether it is to stop
LEAST_BETWEEN = 0.1  # seconds between two snapshots
SHARE = 6
"""At most one part in so many of the time goes into snapshots."""


class LiveStarts:
    """The starts of a recipe, trained in a thread that shares only snapshots with others."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.latest: Snapshot | None = None  # each is another one, and none ever changes
        self.read = 0  # how many have been read as they start, where that takes its time
        self.problem = ""  # why it ended before the end, where something went wrong
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="starts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float | None = None) -> bool:
        self._thread.join(seconds)
        return not self.running

    def _run(self) -> None:
        try:
            with short_turns():
                self._train()
        except (ValueError, MemoryError, ArithmeticError) as problem:
            self.problem = str(problem) or type(problem).__name__

    def _train(self) -> None:
        starts, due = Starts(self.recipe), 0.0
        while not (self._stop.is_set() or starts.train(SLICE)):
            now, self.read = perf_counter(), starts.read
            if starts.begun and now >= due:
                self.latest = starts.snapshot()
                taken = perf_counter() - now
                due = now + max(LEAST_BETWEEN, SHARE * taken)
        if starts.begun:
            self.latest = starts.snapshot()

"""Many starts of the network on the bench, from many seeds: what is trained, what came of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.engine import Network
from nnsim.engine.optimizers import optimizer as read_optimizer
from nnsim.engine.seeds import LARGEST_SEED
from nnsim.i18n import _
from nnsim.lab import surgery
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.engine import Trainer
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
    """What is trained and how: a copy, so that the bench may change meanwhile.

    Attributes
    ----------
    network : Network
        Like the one on the bench, of its own.
    settings : dict
        The optimiser by name and constants, the rate and whatever else a `Trainer` is told.
    x, target : array (m, …)
    test_x, test_target : array, or None where there is no test data
    classes : bool
        Whether there is an accuracy.
    seeds : range
    epochs : int
    """

    network: Network
    settings: dict[str, Any]
    x: Array
    target: Array
    test_x: Array | None
    test_target: Array | None
    classes: bool
    seeds: range
    epochs: int
    _data: object = field(repr=False)

    @classmethod
    def of(cls, lab: Lab, count: int = 100, epochs: int | None = None, first: int = 0) -> Recipe:
        """The recipe for `count` seeds from `first` on, with the settings of the bench.

        Parameters
        ----------
        lab : Lab
        count : int
        epochs : int, optional
            As many as the experiment says, unless told.
        first : int

        Raises
        ------
        LabError
            If it can't be trained, or would take too much memory; with the reason.
        """
        epochs = lab.experiment.training.epochs if epochs is None else epochs
        data, trainer, bench = lab.experiment.data, lab.trainer, lab.network
        surgery.refuse_muted(lab, _("training"))
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
            and self.settings["constants"] == usual
        )

    @property
    def bytes(self) -> int:
        """How much memory training them takes, about."""
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
        "seed": trainer.seed,  # of shuffling and dropout: the same for every start, as on the bench
    }


@dataclass(frozen=True, eq=False)
class Snapshot:
    """How far all starts have come; arrays are by seed, (R,), and stay as they are.

    Attributes
    ----------
    recipe : Recipe
    epoch : int
        Epochs that all have behind them.
    progress : float
        How much of the training is behind them, 0 to 1.
    done : bool
    losses, costs : array (R,)
        net.loss, and the sum of the losses over the training data, without penalty.
    accuracies, test_accuracies : array (R,), or None where that has no meaning
    diverged : array (R,) of int
        The epoch in which training left the finite numbers, from 1; 0 where it did not.
    epochs : array (n,)
        Where the curves were measured, from 0 on.
    cost_curve : array (n, 5)
        Least cost, quartiles and largest cost over the seeds; each is the cost of one of them.
    accuracy_curve : array (n, 5), or None
    """

    recipe: Recipe
    epoch: int
    progress: float
    done: bool
    losses: Array
    costs: Array
    accuracies: Array | None
    test_accuracies: Array | None
    diverged: NDArray[np.int64]
    epochs: NDArray[np.int64]
    cost_curve: Array
    accuracy_curve: Array | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdicts", self._verdicts())

    verdicts: tuple[str, ...] = field(init=False)
    """By seed what went wrong: ``"diverged"``, ``"stuck"``, or nothing (see `stuck`)."""

    def _verdicts(self) -> tuple[str, ...]:
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

    Parameters
    ----------
    costs : array (R,)
    accuracies : array (R,), or None
    alive : array (R,) of bool
        Which did not diverge.
    start : float
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

"""What can be set about training, and changed while it runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnsim.engine import checks
from nnsim.engine import checks as seeds
from nnsim.engine.checks import EngineError
from nnsim.engine.layers.base import as_count
from nnsim.engine.network import Network
from nnsim.engine.optimizers import Optimizer, Schedule
from nnsim.engine.optimizers import optimizer as read_optimizer
from nnsim.engine.optimizers import schedule as read_schedule


class Settings:
    """The settings of a `Trainer`, which has them all in its own description."""

    def __init__(
        self,
        network: Network,
        optimizer: str | Optimizer = "sgd",
        learning_rate: float = 0.2,
        batch_size: int | None = None,
        seed: int = 0,
        *,
        schedule: str | Schedule = "constant",
        clip: float | None = None,
        train_biases: bool = True,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        min_delta: float = 0.0,
    ) -> None:
        self.network = network
        self.seed = seeds.as_seed(seed)
        self.epoch = self.updates = self.period = 0
        self._rate = checks.real(learning_rate, "learning_rate", least=0)
        self.schedule = schedule
        self.optimizer = optimizer
        self.batch_size = batch_size
        self.clip = clip
        self.train_biases = train_biases
        self.validation_fraction = checks.real(validation_fraction, "validation_fraction", least=0)
        if self.validation_fraction >= 1:
            raise EngineError("validation_fraction is 1 or more: nothing would be left to train on")
        self.patience = None if patience is None else as_count(patience, "patience")
        self.min_delta = checks.real(min_delta, "min_delta", least=0)
        self.shuffling, self.noise = seeds.shuffler(self.seed), seeds.noise(self.seed)

    def forget_plans(self) -> None:
        """Record the steps anew: a setting has changed that is part of them."""

    @property
    def learning_rate(self) -> float:
        """η₀, before the schedule; can be set while training runs."""
        return self._rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._rate = checks.real(value, "learning_rate", least=0)
        self.set_rate()

    def set_rate(self) -> float:
        """Give the optimiser the rate of this epoch, and return it."""
        rate = self._rate * self._schedule.scale(self.epoch, self.period)
        self._optimizer.learning_rate[...] = rate
        return rate

    @property
    def batch_size(self) -> int | None:
        """Samples per step, None for all; can be set while training runs."""
        return self._batch_size

    @batch_size.setter
    def batch_size(self, value: int | None) -> None:
        self._batch_size = None if not value else as_count(value, "batch_size")

    @property
    def optimizer(self) -> Optimizer:
        """The rule; set it to another name (or rule) to go on with that, its slots empty."""
        return self._optimizer

    @optimizer.setter
    def optimizer(self, value: str | Optimizer) -> None:
        self._optimizer = read_optimizer(value)
        self._optimizer.prepare(self.network.parameters, self._rate)
        self.forget_plans()

    @property
    def schedule(self) -> Schedule:
        """How the learning rate changes with the epochs; can be set."""
        return self._schedule

    @schedule.setter
    def schedule(self, value: str | Schedule) -> None:
        self._schedule = read_schedule(value)

    @property
    def clip(self) -> float | None:
        """The largest norm of the gradient, or None; can be set."""
        return self._clip

    @clip.setter
    def clip(self, value: float | None) -> None:
        self._clip = None if value is None else checks.real(value, "clip", above=0)
        self.forget_plans()

    @property
    def train_biases(self) -> bool:
        """Whether biases are trained; can be set."""
        return self._train_biases

    @train_biases.setter
    def train_biases(self, value: bool) -> None:
        self._train_biases = bool(value)
        self.forget_plans()

    def split(self, count: int) -> tuple[Any, Any]:
        """Return the rows to train on and those held back, as the seed chooses them."""
        order = np.random.default_rng([self.seed, 1]).permutation(count)
        held = round(self.validation_fraction * count)
        if not 0 < held < count:
            raise EngineError(
                f"validation_fraction {self.validation_fraction:g} of {count} samples leaves "
                "no sample on one side"
            )
        return np.sort(order[held:]), np.sort(order[:held])

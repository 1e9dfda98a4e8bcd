"""The training loop: epoch after epoch, with what is told after each, until something stops it."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Any

import numpy as np

from nnsim.engine import checkpoint
from nnsim.engine import checks as seeds
from nnsim.engine.layers.base import as_count
from nnsim.engine.optimizers import Optimizer, Schedule
from nnsim.engine.progress import Evaluation, Progress, Samples
from nnsim.engine.tape import Array
from nnsim.engine.updating import Updating

Pair = tuple[Any, Any]


class Trainer(Updating):
    """Trains a network by gradient descent.

    Parameters
    ----------
    network : Network
    optimizer : str or Optimizer
        ``"sgd"``, ``"momentum"``, ``"nesterov"``, ``"adagrad"``, ``"rmsprop"``, ``"adam"``,
        ``"adamw"``, or one with constants of your own, such as ``Momentum(0.5)``.
    learning_rate : float
        η; can be changed at any time.
    batch_size : int, optional
        Samples per step, shuffled anew for every epoch; the last batch may be smaller. None or
        0: all samples in one step, in their order.
    seed : int
        Of shuffling, dropout and the validation split.
    schedule : str or Schedule
        ``"constant"``, ``"step:10:0.5"``, ``"cosine:100"``.
    clip : float, optional
        The largest norm of the gradient; a longer one is scaled down to it.
    train_biases : bool
        False freezes the biases.
    validation_fraction : float
        The share of the data that is held back (chosen by the seed) and only looked at.
    patience : int, optional
        Stop early after this many epochs without a lower loss (of the validation data if there
        are any) and go back to the best parameters.
    min_delta : float
        By how much a loss must be lower to count.

    Attributes
    ----------
    epoch, updates : int
        Whole epochs and steps done so far.
    period : int
        What a cosine schedule without a period spans: the epochs of the first run.
    stopped : str or None
        Why the last run ended: ``"finished"``, ``"early"``, ``"diverged"``, ``"interrupted"``.

    Raises
    ------
    EngineError
        If a value makes no sense; `run` and `step`: if the network can't be trained (a step
        activation).

    Notes
    -----
    Training stops as diverged before an update in which the gradient is NaN or infinite, or so
    large that its square overflows; the parameters are then the last finite ones.

    A ``KeyboardInterrupt`` leaves every update whole and counted, so that training can go on. It
    may strike while a step is still being computed, and dropout then draws anew for that step;
    `interrupt` waits for the end of the step, and what follows has the same numbers.
    """

    def __init__(
        self,
        network: Any,
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
        self._last: Progress | None = None
        super().__init__(
            network,
            optimizer,
            learning_rate,
            batch_size,
            seed,
            schedule=schedule,
            clip=clip,
            train_biases=train_biases,
            validation_fraction=validation_fraction,
            patience=patience,
            min_delta=min_delta,
        )
        self.reset()

    def reset(self) -> None:
        """Begin anew: epoch 0, empty slots, the seed's first shuffle; parameters stay."""
        self.keep_last()
        self.epoch = self.updates = self.position = self.period = self.waited = 0
        self.stopped: str | None = None
        self.optimizer.prepare(self.network.parameters, self.learning_rate)
        self.forget_plans()
        self.shuffling.bit_generator.state = seeds.shuffler(self.seed).bit_generator.state
        self.noise.bit_generator.state = seeds.noise(self.seed).bit_generator.state
        self.best: tuple[float, Array, Array] | None = None
        self.order_state: Any = None
        self.prepare()

    # --- running -----------------------------------------------------------------------------

    def run(
        self,
        x: Any,
        target: Any,
        epochs: int = 50,
        validation: Pair | None = None,
        test: Pair | None = None,
    ) -> Iterator[Progress]:
        """Train, and yield a `Progress` after each epoch.

        Parameters
        ----------
        x, target : array (m, …)
        epochs : int
            How many more. After an interruption the epoch that was cut off is finished first, and
            is the first of them.
        validation, test : (x, target), optional
            Sets that are only looked at: the first decides about early stopping.

        Returns
        -------
        iterator of Progress
            Training goes on as the iterator is advanced; the last item says why it stopped.
        """
        epochs = as_count(epochs, "epochs", least=0, most=2**62)
        sets = self._sets(x, target, validation, test)
        self._fit_position(sets["train"])
        self.period = self.period or epochs
        self._interrupt = False
        return self._epochs(sets, epochs)

    def step(self, x: Any, target: Any) -> str | None:
        """Make one update; returns ``"diverged"`` if it could not be made, else None."""
        samples = self._sets(x, target, None, None)["train"]
        self._fit_position(samples)
        if self.position == samples.count:  # Ctrl+C has struck between the last update and the end
            self._end_epoch()
        self.keep_last()
        with np.errstate(all="ignore"):
            self.set_rate()
            try:
                self.stopped = None if self._update(samples) else "diverged"
            finally:
                if self.position >= samples.count:
                    self._end_epoch()
        return self.stopped

    def begin(self, x: Any, target: Any, epochs: int) -> Samples:
        """Get ready to `advance`: the data are checked once, here, and returned as it takes them.

        Parameters
        ----------
        x, target : array (m, …)
        epochs : int
            How many there will be, as far as one knows; `period`, if none was set.
        """
        samples = self._sets(x, target, None, None)["train"]
        self._fit_position(samples)
        self.period = self.period or epochs
        self._interrupt = False
        self.set_rate()
        return samples

    def advance(self, samples: Samples, updates: int | None = None) -> str | None:
        """Train to the end of the epoch, or for so many updates if that comes first.

        Returns
        -------
        str or None
            ``"diverged"`` or, once for each `interrupt`, ``"interrupted"``; else None.
        """
        self.keep_last()
        if self._schedule.name != "constant":
            self.set_rate()
        self.stopped = self._epoch(samples, updates)
        if self.stopped == "interrupted":
            self._interrupt = False
        return self.stopped

    def interrupt(self) -> None:
        """Ask the run to stop after the step it is in; to be called from a signal or thread."""
        self._interrupt = True

    def keep_last(self) -> None:
        """Let the last progress keep the parameters that it speaks of: they will change."""
        if self._last is not None:
            self._last.keep()
            self._last = None

    def _epochs(self, sets: dict[str, Samples], epochs: int) -> Iterator[Progress]:
        samples, last = sets["train"], self.epoch + epochs
        self.set_rate()
        self.stopped = None
        block = self._block(samples)
        while self.epoch < last and self.stopped is None:
            self.keep_last()
            rate = self._rate if self._schedule.name == "constant" else self.set_rate()
            self.stopped = self._epoch(samples)
            if self.stopped is None and self.patience is not None:
                self.stopped = self._too_long(sets, block)
            if self.stopped is None and self.epoch >= last:
                self.stopped = "finished"
            self._last = Progress(
                self.network, sets, block, self.epoch, self.updates, rate, self.stopped
            )
            yield self._last

    # --- sets and early stopping -------------------------------------------------------------

    def _sets(
        self, x: Any, target: Any, validation: Pair | None, test: Pair | None
    ) -> dict[str, Samples]:
        self.network.refuse_untrainable()
        x, target = self.network.check(x, target)
        sets = {"train": Samples(x, target)}
        if self.validation_fraction:
            rows, held = self.split(len(x))
            sets = {"train": Samples(x, target, rows), "validation": Samples(x, target, held)}
        for name, pair in (("validation", validation), ("test", test)):
            if pair is not None:
                sets[name] = Samples(*self.network.check(*pair))
        return sets

    def _block(self, samples: Samples) -> int:
        """Return how many samples metrics are computed on at a time."""
        net = self.network
        sample = net.dtype.itemsize * net.activations(1)
        batch = min(self.batch_size or samples.count, samples.count)
        return min(4096, max(1, batch // 4, _EVALUATION_BYTES // sample))

    def _too_long(self, sets: dict[str, Samples], block: int) -> str | None:
        """Remember the best parameters; says ``"early"`` when they are too long ago."""
        net = self.network
        loss = Evaluation(net, sets.get("validation", sets["train"]), block).loss
        if self.best is None or loss < self.best[0] - self.min_delta:
            self.best, self.waited = (loss, net.parameters.copy(), net.running.copy()), 0
            return None
        self.waited += 1
        if self.patience is None or self.waited < self.patience:
            return None
        net.parameters[...], net.running[...] = self.best[1:]
        self.best, self.waited = None, 0
        return "early"

    # --- state -------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return a copy of all that training goes on from, with the same numbers."""
        return checkpoint.state(self)

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a `state` of this trainer, or of one for the same network."""
        self._order = None
        checkpoint.restore(self, state)

    def twin(self) -> Trainer:
        """Return a trainer with a network of its own that goes on from here, as this one would."""
        return checkpoint.twin(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write network, parameters and all that training goes on from to an ``.npz`` file."""
        checkpoint.save(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Trainer:
        """Read a trainer (``.network`` is its network) that `save` wrote; goes on as it would have.

        Raises
        ------
        EngineError
            As ``Network.load``, and if the file holds a network only.
        """
        network, optimizer, settings, state = checkpoint.load(path)
        trainer = cls(network, optimizer, **settings)
        trainer.restore(state)
        return trainer


# Metrics of small networks are computed in blocks of about this size.
_EVALUATION_BYTES = 1 << 17

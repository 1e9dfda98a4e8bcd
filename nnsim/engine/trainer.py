"""Training: epoch after epoch of updates, with what is told after each, until something stops it.

A `Trainer` knows its settings, where it stands, and what has been best so far. Each update fills a
batch, runs the network's tape to the gradient, looks whether all is finite, and follows it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from os import PathLike
from typing import Any, Self

import numpy as np

from nnsim.engine import checks, files
from nnsim.engine.checks import EngineError, as_count
from nnsim.engine.layers import Dropout
from nnsim.engine.network import Network
from nnsim.engine.optimizers import FLUSH_EVERY, OPTIMIZERS, Optimizer, Schedule
from nnsim.engine.optimizers import optimizer as read_optimizer
from nnsim.engine.optimizers import schedule as read_schedule
from nnsim.engine.plan import Plan
from nnsim.engine.progress import Evaluation, Progress
from nnsim.engine.steps import Samples, Steps
from nnsim.engine.tape import Array, Op, quiet

Pair = tuple[Any, Any]

# Metrics of small networks are computed in blocks of about this size.
_EVALUATION_BYTES = 1 << 17

# Above this the square of the gradient counts as overflown.
LARGEST = {4: float(np.finfo(np.float32).max), 8: math.inf}

# What a trainer counts and is told, as JSON can hold it.
_COUNTS = ("period", "epoch", "updates", "position", "order_state", "waited")
_SETTINGS = ("seed", "clip", "train_biases", "validation_fraction", "patience")


class Trainer:
    """Trains a network by gradient descent.

    Parameters
    ----------
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

    Attributes
    ----------
    epoch, updates : int
        Whole epochs and steps done so far.
    period : int
        What a cosine schedule without a period spans: the epochs of the first run.
    stopped : str or None
        Why the last run ended: ``"finished"``, ``"early"``, ``"diverged"``, ``"interrupted"``.

    Raises EngineError if a value makes no sense; `run` and `step`: if the network can't be trained
    (a step activation).

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
    ) -> None:
        self.network = network
        self.steps = Steps(network, self.record)
        self._quietly = quiet().run
        self._last: Progress | None = None
        self.seed = checks.as_seed(seed)
        self.shuffling, self.noise = checks.shuffler(self.seed), checks.noise(self.seed)
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
        self.reset()

    def reset(self) -> None:
        """Begin anew: epoch 0, empty slots, the seed's first shuffle; parameters stay."""
        self.keep_last()
        self.epoch = self.updates = self.position = self.period = self.waited = 0
        self.stopped: str | None = None
        self.optimizer.prepare(self.network.parameters, self._rate)
        self.steps.forget()
        self.shuffling.bit_generator.state = checks.shuffler(self.seed).bit_generator.state
        self.noise.bit_generator.state = checks.noise(self.seed).bit_generator.state
        self.best: tuple[float, Array, Array] | None = None
        self.order_state: Any = None
        self._order: Array | None = None
        self._interrupt = False
        self._watched: dict[str, Samples] = {}

    # --- settings, which can be changed while training runs -----------------------------------
    @property
    def learning_rate(self) -> float:
        """η₀, before the schedule."""
        return self._rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._rate = checks.real(value, "learning_rate", least=0)
        self._set_rate()

    def _set_rate(self) -> None:
        """Give the optimiser the rate of this epoch."""
        self._scaled_rate = rate = self._rate * self._schedule.scale(self.epoch, self.period)
        self._optimizer.learning_rate[...] = rate
        self._largest_square = LARGEST[self.network.dtype.itemsize] / max(1.0, rate * rate)

    @property
    def batch_size(self) -> int | None:
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
        self.steps.forget()

    @property
    def schedule(self) -> Schedule:
        return self._schedule

    @schedule.setter
    def schedule(self, value: str | Schedule) -> None:
        self._schedule = read_schedule(value)

    @property
    def clip(self) -> float | None:
        return self._clip

    @clip.setter
    def clip(self, value: float | None) -> None:
        self._clip = None if value is None else checks.real(value, "clip", above=0)
        self.steps.forget()

    @property
    def train_biases(self) -> bool:
        return self._train_biases

    @train_biases.setter
    def train_biases(self, value: bool) -> None:
        self._train_biases = bool(value)
        self.steps.forget()

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

        Training goes on as the iterator is advanced; the last item says why it stopped.

        Parameters
        ----------
        epochs : int
            How many more. After an interruption the epoch that was cut off is finished first, and
            is the first of them.
        validation, test : (x, target), optional
            Sets that are only looked at: the first decides about early stopping.
        """
        epochs = as_count(epochs, "epochs", least=0, most=2**62)
        sets = self.sets(x, target, validation, test)
        self._fit_position(sets["train"])
        self.period = self.period or epochs
        self._interrupt = False
        return self._epochs(sets, epochs)

    def step(self, x: Any, target: Any) -> str | None:
        """Make one update; returns ``"diverged"`` if it could not be made, else None."""
        samples = self.sets(x, target)["train"]
        self._fit_position(samples)
        if self.position == samples.count:  # Ctrl+C has struck between the last update and the end
            self._end_epoch()
        self.keep_last()
        with np.errstate(all="ignore"):
            self._set_rate()
            try:
                self.stopped = None if self._update(samples) else "diverged"
            finally:
                if self.position >= samples.count:
                    self._end_epoch()
        return self.stopped

    def lines(self, x: Any, target: Any) -> Iterator[Op]:
        """Make one update on these samples, one NumPy call at a time, on a twin: nothing changes.

        As `Network.lines`, to the last call that changes a parameter.
        """
        twin = self.twin()
        twin.network.refuse_untrainable()
        x, target = twin.network.check(x, target)
        twin._set_rate()
        plan = twin.record(len(x), {}, lean=False)
        plan.inputs[...], plan.targets[...] = x, target
        return plan.step(values=True)

    def begin(self, x: Any, target: Any, epochs: int) -> Samples:
        """Get ready to `advance`: the data are checked once, here, and returned as it takes them.

        `epochs`, how many there will be as far as one knows, is the `period` if none was set.
        """
        self._watched = self.sets(x, target)
        samples = self._watched["train"]
        self._fit_position(samples)
        self.period = self.period or epochs
        self._interrupt = False
        self._set_rate()
        return samples

    def advance(self, samples: Samples, updates: int | None = None) -> str | None:
        """Train to the end of the epoch, or for so many updates if that comes first.

        Returns ``"diverged"``, ``"early"`` or, once for each `interrupt`, ``"interrupted"``.
        """
        self.stopped = self._go_on({**self._watched, "train": samples}, updates)
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
        net, last, block = self.network, self.epoch + epochs, self.block(sets["train"])
        self._set_rate()
        self.stopped = None
        while self.epoch < last and self.stopped is None:
            self.stopped = self._go_on(sets)
            if self.stopped is None and self.epoch >= last:
                self.stopped = "finished"
            self._last = Progress(
                net, sets, block, self.epoch, self.updates, self._scaled_rate, self.stopped
            )
            yield self._last

    def _go_on(self, sets: dict[str, Samples], updates: int | None = None) -> str | None:
        """Train to the end of the epoch, at most so many updates; returns why training ends."""
        samples, epoch = sets["train"], self.epoch
        self.keep_last()
        if self._schedule.name != "constant":
            self._set_rate()
        stopped = self._quietly(self._epoch, samples, updates)
        if self.epoch > epoch and self.patience is not None:
            stopped = self._too_long(sets, self.block(samples))
        return stopped

    def _epoch(self, samples: Samples, updates: int | None) -> str | None:
        last = math.inf if updates is None else self.updates + updates
        while self.position < samples.count:
            if self._interrupt:
                return "interrupted"
            if self.updates >= last:
                return None
            if not self._update(samples):
                return "diverged"
        self._end_epoch()
        return None

    def _fit_position(self, samples: Samples) -> None:
        """Begin the epoch anew where it was begun with more samples than there are now."""
        if self.position > samples.count:  # (as many: Ctrl+C has struck before its end)
            self.position = 0
            self._order = self.order_state = None

    def _end_epoch(self) -> None:
        self.epoch += 1
        self.position = 0
        self._order = self.order_state = None

    def _update(self, samples: Samples) -> bool:
        """Make one step; returns False, and leaves all as it was, if the gradient overflows."""
        start, steps = self.position, self.steps
        size = min(self._batch_size or samples.count, samples.count - start)
        in_order = self.in_order(samples, size)
        rows = None if in_order else self._ordered(samples)[start : start + size]
        try:
            finite = steps.make(samples, size, rows, self._largest_square)
        finally:
            if steps.done:
                self.position += size
                self.updates += steps.done.pop()
        if not self.updates % FLUSH_EVERY:
            self._optimizer.flush()
        return finite

    def in_order(self, samples: Samples, size: int) -> bool:
        """Whether a step on so many samples takes all of them as they come."""
        whole = size == samples.count and samples.index is None
        return whole and (size <= self.steps.at_once or self._batch_size is None)

    def _ordered(self, samples: Samples) -> Array:
        """Return the rows in the order of this epoch."""
        if self._order is None or len(self._order) != samples.count:
            if self.order_state is not None:
                self.shuffling.bit_generator.state = self.order_state
            self.order_state = self.shuffling.bit_generator.state
            # (An epoch that began in batches keeps its order, whatever the rest of it is cut into.)
            if self._batch_size is None and not self.position:
                order = np.arange(samples.count)
            else:
                order = self.shuffling.permutation(samples.count)
            self._order = order if samples.index is None else samples.index[order]
        return self._order

    def record(self, size: int, room: dict[str, Array], lean: bool = True) -> Plan:
        return self.network.record(
            size, "update", True, optimizer=self.optimizer, generator=self.noise, clip=self.clip,
            train_biases=self.train_biases, lean=lean, room=room,
        )  # fmt: skip

    # --- sets and early stopping -------------------------------------------------------------
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

    def sets(
        self, x: Any, target: Any, validation: Pair | None = None, test: Pair | None = None
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

    def block(self, samples: Samples) -> int:
        """Return how many samples metrics are computed on at a time."""
        net = self.network
        sample = net.dtype.itemsize * net.activations(1)
        batch = min(self.batch_size or samples.count, samples.count)
        return min(4096, max(1, batch // 4, _EVALUATION_BYTES // sample))

    def _too_long(self, sets: dict[str, Samples], block: int) -> str | None:
        """Remember the best parameters; says ``"early"`` when they are too long ago."""
        net = self.network
        loss = Evaluation(net, sets.get("validation", sets["train"]), block).loss
        if self.best is None or loss < self.best[0]:
            self.best, self.waited = (loss, net.parameters.copy(), net.running.copy()), 0
            return None
        self.waited += 1
        if self.patience is None or self.waited < self.patience:
            return None
        net.parameters[...], net.running[...] = self.best[1:]
        self.best, self.waited = None, 0
        return "early"

    # --- state, in memory and on disk --------------------------------------------------------
    def state(self) -> dict[str, Any]:
        """Return a copy of all that training goes on from, with the same numbers."""
        best, network = self.best, self.network
        return {
            **{name: copy.deepcopy(getattr(self, name)) for name in _COUNTS},
            "parameters": network.parameters.copy(),
            "running": network.running.copy(),
            "optimizer": self.optimizer.name,
            "constants": self.optimizer.config(),
            "slots": {name: slot.copy() for name, slot in self.optimizer.slots.items()},
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "schedule": str(self.schedule),
            "shuffling": self.shuffling.bit_generator.state,
            "noise": self.noise.bit_generator.state,
            "best": None if best is None else (best[0], best[1].copy(), best[2].copy()),
            "dropout": [layer.rate for layer in _dropout(network)],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a `state` of this trainer, or of one for the same network."""
        network = self.network
        if state["parameters"].shape != network.parameters.shape:
            raise EngineError(
                f"the state has {state['parameters'].size} parameters, but the network has "
                f"{network.parameters.size}"
            )
        self._order = None
        self.keep_last()
        network.parameters[...], network.running[...] = state["parameters"], state["running"]
        name, constants = state["optimizer"], state["constants"]
        if (name, constants) != (self.optimizer.name, self.optimizer.config()):
            self.optimizer = OPTIMIZERS[name](**constants)
        for slot_name, slot in state["slots"].items():
            self.optimizer.slots[slot_name][...] = slot
        for name in _COUNTS:
            setattr(self, name, copy.deepcopy(state[name]))
        self.best = copy.deepcopy(state["best"])
        self.shuffling.bit_generator.state = state["shuffling"]
        self.noise.bit_generator.state = state["noise"]
        self.batch_size, self.schedule = state["batch_size"], state["schedule"]
        self.learning_rate = state["learning_rate"]
        for layer, rate in zip(_dropout(network), state.get("dropout", ()), strict=False):
            layer.rate = rate
        self.stopped = None

    def twin(self) -> Self:
        """Return a trainer with a network of its own that goes on from here, as this one would."""
        old = self.network
        network = Network.from_description(old.describe())
        network.muted = old.muted
        if old.bug is not None:
            network.plant(old.bug[0], network.layers[old.bug[1]].name)
        other = type(self)(network, **{name: getattr(self, name) for name in _SETTINGS})
        other.restore(self.state())
        return other

    def save(self, path: str | PathLike[str]) -> None:
        """Write network, parameters and all that training goes on from to an ``.npz`` file."""
        now = self.state()
        arrays = {"parameters": now.pop("parameters"), "running": now.pop("running")}
        arrays |= {f"slot_{name}": slot for name, slot in now.pop("slots").items()}
        best = now.pop("best")
        if best is not None:
            now["best_loss"] = best[0]
            arrays |= {"best_parameters": best[1], "best_running": best[2]}
        settings = {name: getattr(self, name) for name in _SETTINGS}
        description = {"network": self.network.describe(), "state": now, "settings": settings}
        files.save(path, description, arrays)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a trainer (``.network`` is its network) that `save` wrote; goes on as it would have.

        Raises EngineError as ``Network.load``, and if the file holds a network only.
        """
        description, arrays = files.load(path)
        network = Network.from_file(path, description, arrays)
        now, settings = description.get("state"), description.get("settings")
        if now is None or settings is None:
            raise EngineError(f"{path} holds a network, but no training to go on with")
        try:
            rule = OPTIMIZERS[now["optimizer"]](**now["constants"])
            rule.prepare(network.parameters, now["learning_rate"])
            for name, slot in rule.slots.items():
                files.fill(slot, arrays, f"slot_{name}")
            slots = {name: slot.copy() for name, slot in rule.slots.items()}
            vectors = {"parameters": network.parameters, "running": network.running}
            best = None
            if "best_loss" in now:
                kept = {name: vector.copy() for name, vector in vectors.items()}
                for name, vector in kept.items():
                    files.fill(vector, arrays, f"best_{name}")
                best = (now["best_loss"], *kept.values())
            trainer = cls(network, rule, **{name: settings[name] for name in _SETTINGS})
            trainer.restore({**now, **vectors, "slots": slots, "best": best})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EngineError(f"{path} is damaged: {error}") from error
        return trainer


def _dropout(network: Network) -> list[Dropout]:
    return [layer for layer in network.layers if isinstance(layer, Dropout)]

"""The training loop: fill a batch, run the tape, look whether all is finite."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from os import PathLike
from typing import Any

import numpy as np

from nnsim.engine import checks, storage
from nnsim.engine.batches import Gather, Samples
from nnsim.engine.errors import EngineError
from nnsim.engine.layers.base import as_count
from nnsim.engine.network import Network
from nnsim.engine.optimizers import Optimizer, optimizer
from nnsim.engine.plan import Plan
from nnsim.engine.progress import Evaluation, Progress
from nnsim.engine.schedules import Schedule, schedule
from nnsim.engine.seeds import noise, shuffler
from nnsim.engine.tape import Array, Call

State = dict[str, Any]
Pair = tuple[Any, Any]


class _Step:
    """A plan cut where the gradient is complete, with the ways to fill it."""

    def __init__(self, plan: Plan, samples: Samples) -> None:
        self.plan = plan
        self.down: list[Call] = plan.calls("forward", "backward")
        self.up: list[Call] = plan.calls("update")
        self.fill_inputs = Gather(samples.x, plan.inputs)
        self.fill_targets = Gather(samples.target, plan.targets)
        self.whole = samples if plan.batch == len(samples.x) else None

    def take_turn(self) -> None:
        """Make the memory that is shared with other batch sizes ready for this one."""
        self.plan.ones_under_x[...] = 1
        if self.whole is not None and self.whole.index is None:
            self.plan.inputs[...] = self.whole.x
            self.plan.targets[...] = self.whole.target


class Trainer:
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
        min_delta: float = 0.0,
    ) -> None:
        self.network = network
        self.seed = as_count(seed, "seed", least=0, most=2**63 - 1)
        self.clip = None if clip is None else checks.real(clip, "clip", above=0)
        self.train_biases = bool(train_biases)
        self.validation_fraction = checks.real(validation_fraction, "validation_fraction", least=0)
        if self.validation_fraction >= 1:
            raise EngineError("validation_fraction is 1 or more: nothing would be left to train on")
        self.patience = None if patience is None else as_count(patience, "patience")
        self.min_delta = checks.real(min_delta, "min_delta", least=0)
        self.batch_size = batch_size
        self._rate = checks.real(learning_rate, "learning_rate", least=0)
        self._schedule = _read_schedule(schedule)
        self._optimizer = _read_optimizer(optimizer)
        self._steps: dict[Any, _Step] = {}
        self._last: Progress | None = None
        self._room: dict[str, Array] = {}
        self._turn: _Step | None = None
        self._generator, self._noise = shuffler(self.seed), noise(self.seed)
        self.reset()

    def reset(self) -> None:
        """Begin anew: epoch 0, empty slots, the seed's first shuffle; parameters stay."""
        self._keep_last()
        self.epoch = self.updates = 0
        self.stopped: str | None = None
        self._optimizer.prepare(self.network.parameters, self._rate)
        self._steps.clear()
        self._generator.bit_generator.state = shuffler(self.seed).bit_generator.state
        self._noise.bit_generator.state = noise(self.seed).bit_generator.state
        self._order: Array | None = None
        self._order_state: Any = None
        self._position = 0
        self.period = 0
        self._interrupt = False
        self._best: tuple[float, Array, Array] | None = None
        self._waited = 0

    # --- settings ----------------------------------------------------------------------------

    @property
    def learning_rate(self) -> float:
        """η₀, before the schedule; can be set while training runs."""
        return self._rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._rate = checks.real(value, "learning_rate", least=0)
        self._set_rate()

    def _set_rate(self) -> float:
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
        self._optimizer = _read_optimizer(value)
        self._optimizer.prepare(self.network.parameters, self._rate)
        self._steps.clear()

    @property
    def schedule(self) -> Schedule:
        """How the learning rate changes with the epochs; can be set."""
        return self._schedule

    @schedule.setter
    def schedule(self, value: str | Schedule) -> None:
        self._schedule = _read_schedule(value)

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
        self.network.refuse_untrainable()
        epochs = as_count(epochs, "epochs", least=0, most=2**62)
        sets = self._sets(x, target, validation, test)
        self.period = self.period or epochs
        return self._epochs(sets, epochs)

    def step(self, x: Any, target: Any) -> str | None:
        """Make one update; returns ``"diverged"`` if it could not be made, else None."""
        self.network.refuse_untrainable()
        samples = self._sets(x, target, None, None)["train"]
        self._keep_last()
        with np.errstate(all="ignore"):
            self._set_rate()
            self.stopped = None if self._update(samples) else "diverged"
        if self._position >= len(samples):
            self._end_epoch()
        return self.stopped

    def _keep_last(self) -> None:
        """Let the last progress keep the parameters that it speaks of."""
        if self._last is not None:
            self._last.keep()
            self._last = None

    def interrupt(self) -> None:
        """Ask the run to stop after the step it is in; to be called from a signal or thread."""
        self._interrupt = True

    def _epochs(self, sets: dict[str, Samples], epochs: int) -> Iterator[Progress]:
        samples, last = sets["train"], self.epoch + epochs
        self.stopped, self._interrupt = None, False
        block = self._block(min(self._batch_size or len(samples), len(samples)))
        while self.epoch < last and self.stopped is None:
            self._keep_last()
            rate = self._set_rate()
            self.stopped = self._epoch(samples)
            if self.stopped is None and self.patience is not None:
                self.stopped = self._too_long(sets, block)
            if self.stopped is None and self.epoch >= last:
                self.stopped = "finished"
            self._last = Progress(
                self.network, sets, block, self.epoch, self.updates, rate, self.stopped
            )
            yield self._last

    def _block(self, batch: int) -> int:
        """Return how many samples metrics are computed on at a time."""
        net = self.network
        sizes = [net.input_shape, *(layer.output_shape for layer in net.layers)]
        sample = net.dtype.itemsize * sum(math.prod(size) for size in sizes)
        return min(4096, max(1, batch // 4, _EVALUATION_BYTES // sample))

    def _epoch(self, samples: Samples) -> str | None:
        """Train to the end of the epoch; returns why it stopped before."""
        count = len(samples)
        with np.errstate(all="ignore"):
            while self._position < count:
                if self._interrupt:
                    return "interrupted"
                if not self._update(samples):
                    return "diverged"
        self._end_epoch()
        return None

    def _end_epoch(self) -> None:
        self.epoch += 1
        self._position = 0
        self._order = self._order_state = None

    def _update(self, samples: Samples) -> bool:
        """Make one step; returns False, and leaves all as it was, if the gradient overflows."""
        count = len(samples)
        size = self._batch_size or count
        size = min(size, count - self._position)
        step = self._step_for(size, samples)
        if size < count or samples.index is not None:
            rows = self._ordered(samples)[self._position : self._position + size]
            step.fill_inputs(rows)
            step.fill_targets(rows)
        for fn, args in step.down:
            fn(*args)
        gradient, rate = step.plan.gradient, float(self._optimizer.learning_rate)
        # Not finite if the gradient isn't, nor if the step would be; false for NaN.
        if not float(gradient.dot(gradient)) * max(1.0, rate * rate) < self._largest:
            return False
        for fn, args in step.up:
            fn(*args)
        self._position += size
        self.updates += 1
        return True

    @property
    def _largest(self) -> float:
        return LARGEST[self.network.dtype.itemsize]

    def _step_for(self, size: int, samples: Samples) -> _Step:
        net = self.network
        key = (size, net.version, self.clip, self.train_biases)
        step = self._steps.get(key)
        if step is None or step.fill_inputs.source is not samples.x:
            if step is None and any(kept[1:] != key[1:] for kept in self._steps):
                self._steps.clear()
            plan = step.plan if step is not None else self._record(size)
            step = self._steps[key] = _Step(plan, samples)
        if step is not self._turn:
            step.take_turn()
            self._turn = step
        return step

    def _record(self, size: int) -> Plan:
        return self.network.record(
            size,
            "update",
            True,
            optimizer=self._optimizer,
            generator=self._noise,
            clip=self.clip,
            train_biases=self.train_biases,
            lean=True,
            room=self._room,
        )

    def _ordered(self, samples: Samples) -> Array:
        """Return the rows in the order of this epoch."""
        if self._order is None or len(self._order) != len(samples):
            if self._order_state is not None:
                self._generator.bit_generator.state = self._order_state
            self._order_state = self._generator.bit_generator.state
            if self._batch_size is None:
                order = np.arange(len(samples))
            else:
                order = self._generator.permutation(len(samples))
            self._order = order if samples.index is None else samples.index[order]
        return self._order

    # --- sets and early stopping -------------------------------------------------------------

    def _sets(
        self, x: Any, target: Any, validation: Pair | None, test: Pair | None
    ) -> dict[str, Samples]:
        self.network.refuse_untrainable()
        x, target = self.network.check(x, target)
        sets = {"train": Samples(x, target)}
        if self.validation_fraction:
            order = np.random.default_rng([self.seed, 1]).permutation(len(x))
            held = round(self.validation_fraction * len(x))
            if not 0 < held < len(x):
                raise EngineError(
                    f"validation_fraction {self.validation_fraction:g} of {len(x)} samples leaves "
                    "no sample on one side"
                )
            sets["train"] = Samples(x, target, np.sort(order[held:]))
            sets["validation"] = Samples(x, target, np.sort(order[:held]))
        for name, pair in (("validation", validation), ("test", test)):
            if pair is not None:
                sets[name] = Samples(*self.network.check(*pair))
        return sets

    def _too_long(self, sets: dict[str, Samples], block: int) -> str | None:
        """Remember the best parameters; says ``"early"`` when they are too long ago."""
        net = self.network
        loss = Evaluation(net, sets.get("validation", sets["train"]), block).loss
        if self._best is None or loss < self._best[0] - self.min_delta:
            self._best, self._waited = (loss, net.parameters.copy(), net.running.copy()), 0
            return None
        self._waited += 1
        if self.patience is None or self._waited < self.patience:
            return None
        net.parameters[...], net.running[...] = self._best[1:]
        self._best, self._waited = None, 0
        return "early"

    # --- state -------------------------------------------------------------------------------

    def state(self) -> State:
        """Return a copy of all that training goes on from, with the same numbers."""
        order_state = self._order_state
        best = self._best
        return {
            "parameters": self.network.parameters.copy(),
            "running": self.network.running.copy(),
            "optimizer": self._optimizer.name,
            "constants": self._optimizer.config(),
            "slots": {name: slot.copy() for name, slot in self._optimizer.slots.items()},
            "learning_rate": self._rate,
            "batch_size": self._batch_size,
            "schedule": str(self._schedule),
            "period": self.period,
            "epoch": self.epoch,
            "updates": self.updates,
            "position": self._position,
            "generator": self._generator.bit_generator.state,
            "order": order_state,
            "noise": self._noise.bit_generator.state,
            "best": None if best is None else (best[0], best[1].copy(), best[2].copy()),
            "waited": self._waited,
        }

    def restore(self, state: State) -> None:
        """Go back to a `state` of this trainer, or of one for the same network."""
        net = self.network
        if state["parameters"].shape != net.parameters.shape:
            raise EngineError(
                f"the state has {state['parameters'].size} parameters, but the network has "
                f"{net.parameters.size}"
            )
        self._keep_last()
        net.parameters[...], net.running[...] = state["parameters"], state["running"]
        same = state["optimizer"] == self._optimizer.name
        if not same or state["constants"] != self._optimizer.config():
            self.optimizer = type_of(state["optimizer"])(**state["constants"])
        for name, slot in state["slots"].items():
            self._optimizer.slots[name][...] = slot
        self._rate, self._batch_size = state["learning_rate"], state["batch_size"]
        self._schedule = _read_schedule(state["schedule"])
        self.period = state["period"]
        self.epoch, self.updates = state["epoch"], state["updates"]
        self._position = state["position"]
        self._order, self._order_state = None, copy.deepcopy(state["order"])
        self._generator.bit_generator.state = state["generator"]
        self._noise.bit_generator.state = state["noise"]
        self._best, self._waited = copy.deepcopy(state["best"]), state["waited"]
        self.stopped = None
        self._set_rate()

    def save(self, path: str | PathLike[str]) -> None:
        """Write network, parameters and all that training goes on from to an ``.npz`` file."""
        state = self.state()
        arrays = {"parameters": state.pop("parameters"), "running": state.pop("running")}
        arrays |= {f"slot_{name}": slot for name, slot in state.pop("slots").items()}
        best = state.pop("best")
        if best is not None:
            state["best_loss"] = best[0]
            arrays |= {"best_parameters": best[1], "best_running": best[2]}
        settings = {
            "seed": self.seed,
            "clip": self.clip,
            "train_biases": self.train_biases,
            "validation_fraction": self.validation_fraction,
            "patience": self.patience,
            "min_delta": self.min_delta,
        }
        description = {"network": self.network.describe(), "state": state, "settings": settings}
        storage.save(path, description, arrays)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Trainer:
        """Read a trainer (``.network`` is its network) that `save` wrote; goes on as it would have.

        Raises
        ------
        EngineError
            As ``Network.load``, and if the file holds a network only.
        """
        description, arrays = storage.load(path)
        network = Network.from_file(path, description, arrays)
        state, settings = description.get("state"), description.get("settings")
        if state is None or settings is None:
            raise EngineError(f"{path} holds a network, but no training to go on with")
        try:
            trainer = cls(network, type_of(state["optimizer"])(**state["constants"]), **settings)
            slots = trainer.optimizer.slots
            for name, slot in slots.items():
                storage.fill(slot, arrays, f"slot_{name}")
            best = None
            if "best_loss" in state:
                vectors = network.parameters.copy(), network.running.copy()
                storage.fill(vectors[0], arrays, "best_parameters")
                storage.fill(vectors[1], arrays, "best_running")
                best = (state["best_loss"], *vectors)
            now = {"parameters": network.parameters, "running": network.running, "slots": slots}
            trainer.restore({**state, **now, "best": best})
        except (KeyError, TypeError, ValueError) as error:
            raise EngineError(f"{path} is damaged: {error}") from error
        return trainer


# Metrics of small networks are computed in blocks of about this size.
_EVALUATION_BYTES = 1 << 17

# Above this the square of the gradient counts as overflown.
LARGEST = {4: float(np.finfo(np.float32).max), 8: math.inf}


def type_of(name: str) -> type[Optimizer]:
    """Return the class of an optimiser."""
    return type(optimizer(name))


def _read_optimizer(given: str | Optimizer) -> Optimizer:
    return optimizer(given)


def _read_schedule(given: str | Schedule) -> Schedule:
    return schedule(given)

"""Many networks at once: the same tape, with a leading axis over the networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from nnsim.engine import checks
from nnsim.engine.checks import EngineError, as_count, as_seed, shuffler
from nnsim.engine.losses import decide
from nnsim.engine.network import Network
from nnsim.engine.optimizers import FLUSH_EVERY, Schedule
from nnsim.engine.optimizers import optimizer as read_optimizer
from nnsim.engine.optimizers import schedule as read_schedule
from nnsim.engine.plan import Plan, Stack
from nnsim.engine.tape import Array, Replay
from nnsim.engine.trainer import LARGEST, Trainer

# Buffers of a group take about this much: few calls, still at home in the cache, and products so
# small that BLAS starts no threads for them, which stall for many times as long where others work.
_GROUP_BYTES = 1 << 20
_MOST_NETWORKS = 1_000_000
_BLOCK = 4096


class Ensemble:
    """R copies of a network that start from different seeds, or learn at different rates.

    Parameters
    ----------
    network : Network
        What each is like; it is left as it is.
    seeds : sequence of int
        Of the first weights and of shuffling, one per network; or one for all.
    learning_rates : float or sequence of float
        One for all, or one per network.
    optimizer, batch_size, schedule, train_biases
        As for `Trainer`.
    shuffle_seed : int, optional
        One seed for all to shuffle by (and to draw dropout from), in place of each one's own.

    Attributes
    ----------
    learning_rates : array (R,)
    alive : array (R,) of bool
        False for networks that diverged; they keep their last finite parameters.

    Notes
    -----
    Network r gives the same numbers, to rounding, as ``network`` with seed ``seeds[r]`` and a
    `Trainer` with that seed. Dense layers, activations and batch norm run R at once, in groups
    that fit the cache; networks with other layers are trained one after the other.
    """

    def __init__(
        self,
        network: Network,
        seeds: Sequence[int] | int = range(100),
        learning_rates: float | Sequence[float] = 0.2,
        optimizer: str = "sgd",
        batch_size: int | None = None,
        *,
        schedule: str | Schedule = "constant",
        train_biases: bool = True,
        shuffle_seed: int | None = None,
    ) -> None:
        network.refuse_untrainable()
        self.seeds, self.learning_rates = _members(seeds, learning_rates)
        self.epoch = 0
        self.alive = np.ones(len(self.seeds), bool)
        self._template = Network.from_description(network.describe())
        self._schedule = read_schedule(schedule)
        self._batch_size = None if not batch_size else as_count(batch_size, "batch_size")
        self._period = 0
        self._last: EnsembleProgress | None = None
        self._optimizer = optimizer
        self._train_biases = bool(train_biases)
        one = None if shuffle_seed is None else (as_seed(shuffle_seed),) * len(self)
        self._shuffle_seeds = one or self.seeds
        self._trainers: list[Trainer] = []
        self._groups: list[_Group] = []
        self._generators = [shuffler(seed) for seed in self._shuffle_seeds]
        if all(layer.for_many for layer in network.layers):
            self._make_groups()
        else:
            self._trainers = [self._trainer(r) for r in range(len(self))]

    def __len__(self) -> int:
        return len(self.seeds)

    def _make_groups(self) -> None:
        net = self._template
        width = sum(int(np.prod(layer.output_shape)) for layer in net.layers)
        samples = self._batch_size or 64
        member = net.dtype.itemsize * (4 * width * samples + 3 * net.parameters.size)
        size = max(1, min(len(self), _GROUP_BYTES // max(1, member)))
        for start in range(0, len(self), size):
            members = range(start, min(start + size, len(self)))
            rows = np.empty((len(members), net.parameters.size), net.dtype)
            for row, r in zip(rows, members, strict=True):
                net.initialize(seed=self.seeds[r])
                row[...] = net.parameters
            rates = self.learning_rates[members.start : members.stop]
            self._groups.append(
                _Group(net, members, rows, rates, self._optimizer, self._train_biases)
            )

    def _trainer(self, r: int) -> Trainer:
        net = Network.from_description(self._template.describe())
        net.initialize(seed=self.seeds[r])
        return Trainer(
            net,
            self._optimizer,
            float(self.learning_rates[r]),
            self._batch_size,
            seed=self._shuffle_seeds[r],
            schedule=self._schedule,
            train_biases=self._train_biases,
        )

    def run(self, x: Any, target: Any, epochs: int = 50) -> Iterator[EnsembleProgress]:
        """Train all networks for so many more epochs, and yield after each.

        The data are the same for all; with a `batch_size` each shuffles them by its seed.
        """
        epochs = as_count(epochs, "epochs", least=0, most=2**62)
        x, target = self._template.check(x, target)
        self._period = self._period or epochs
        return self._epochs(x, target, epochs)

    def _epochs(self, x: Array, target: Array, epochs: int) -> Iterator[EnsembleProgress]:
        for group in self._groups:
            group.forget_samples()
        for _ in range(epochs):
            if self._last is not None:
                self._last.expired = True
            if self._trainers:
                self._train_each(x, target, epochs)
            else:
                with np.errstate(all="ignore"):
                    self._train_groups(x, target)
            self.epoch += 1
            self._last = EnsembleProgress(self, x, target)
            yield self._last

    def _train_each(self, x: Array, target: Array, epochs: int) -> None:
        for r, trainer in enumerate(self._trainers):
            if self.alive[r]:
                trainer.period = trainer.period or epochs
                progress = next(trainer.run(x, target, epochs=1))
                self.alive[r] = progress.stopped != "diverged"

    def _train_groups(self, x: Array, target: Array) -> None:
        count = len(x)
        size = min(self._batch_size or count, count)
        scale = self._schedule.scale(self.epoch, self._period)
        for group in self._groups:
            orders = None
            if self._batch_size:
                orders = np.stack([self._generators[r].permutation(count) for r in group.members])
            if self._schedule.name != "constant":
                group.set_rate(scale)
            for start in range(0, count, size):
                rows = None if orders is None else orders[:, start : start + size]
                group.step(x, target, rows)
            self.alive[group.members.start : group.members.stop] = group.alive

    @property
    def parameters(self) -> Array:
        """A copy of all parameters, (R, n_params)."""
        if self._trainers:
            return np.stack([trainer.network.parameters for trainer in self._trainers])
        return np.concatenate([group.stack.gather(group.stack.theta) for group in self._groups])

    def network(self, r: int) -> Network:
        """Return network r (from 0) as one of its own, as it is now."""
        r = as_count(r, "the number of a network", least=0, most=len(self) - 1)
        net = Network.from_description({**self._template.describe(), "seed": self.seeds[r]})
        if self._trainers:
            source = self._trainers[r].network
            net.parameters[...], net.running[...] = source.parameters, source.running
            return net
        group = next(group for group in self._groups if r in group.members)
        row = r - group.members.start
        net.parameters[...] = group.stack.gather(group.stack.theta)[row]
        net.running[...] = group.stack.gather_running()[row]
        return net

    def forward(self, x: Any) -> Array:
        """Return the outputs of all networks, (R, m, n_out)."""
        x = checks.samples(x, self._template.input_shape, self._template.dtype, "x")
        return np.concatenate([outputs for outputs, *_ in self._evaluated(x, None)])

    def losses(self, x: Any, target: Any) -> Array:
        """Return net.loss of each network, (R,)."""
        return self.evaluate(*self._template.check(x, target))[0]

    def accuracies(self, x: Any, target: Any) -> Array | None:
        """Return the accuracy of each network, (R,), or None where targets are no classes."""
        return self.evaluate(*self._template.check(x, target))[2]

    def evaluate(self, x: Array, target: Array) -> tuple[Array, Array, Array | None]:
        """Return loss, cost and accuracy of each network for checked samples."""
        losses, costs, accuracies = [], [], []
        mean = self._template.reduction == "mean"
        wanted = decide(target)
        for outputs, each, penalty in self._evaluated(x, target):
            with np.errstate(all="ignore"):
                sums = each.sum(axis=1)
                losses.append((sums / len(x) if mean else sums) + penalty)
            costs.append(sums)
            right = [decide(output) == wanted for output in outputs]
            accuracies.append(np.mean(right, axis=1))
        shares = np.concatenate(accuracies) if self._template.are_classes(target) else None
        return np.concatenate(losses), np.concatenate(costs), shares

    def _evaluated(self, x: Array, target: Array | None) -> Iterator[tuple[Array, Array, Any]]:
        """Yield outputs (r, m, …), losses (r, m) and penalty (r,) group by group."""
        for net in (trainer.network for trainer in self._trainers):
            losses = np.empty((1, 0)) if target is None else net.losses(x, target)[None]
            yield net.forward(x)[None], losses, net.stack.penalty()
        for group in self._groups:
            parts = [
                group.evaluate(
                    x[i : i + _BLOCK], None if target is None else target[i : i + _BLOCK]
                )
                for i in range(0, len(x), _BLOCK)
            ]
            outputs, each = zip(*parts, strict=True)
            joined = np.concatenate(outputs, axis=1), np.concatenate(each, axis=1)
            yield *joined, group.stack.penalty()


class EnsembleProgress:
    """The ensemble after an epoch; metrics are computed when read, before the next epoch."""

    def __init__(self, ensemble: Ensemble, x: Array, target: Array) -> None:
        self.epoch = ensemble.epoch
        self.expired = False
        self._ensemble, self._x, self._target = ensemble, x, target

    @cached_property
    def _metrics(self) -> tuple[Array, Array, Array | None]:
        if self.expired:
            raise EngineError(
                f"the metrics of epoch {self.epoch} weren't read before training went on"
            )
        return self._ensemble.evaluate(self._x, self._target)

    # On the training data, for each network, (R,); the last is None for regression.
    losses = property(lambda self: self._metrics[0], doc="net.loss")
    costs = property(lambda self: self._metrics[1], doc="the sum of the losses")
    accuracies = property(lambda self: self._metrics[2], doc="the share read right")


class _Group:
    """Networks that share a stack; those in `members` start from `rows`, and learn at `rates`."""

    def __init__(
        self, network: Network, members: range, rows: Array, rates: Array,
        optimizer: str, train_biases: bool,
    ) -> None:  # fmt: skip
        self.network, self.members, self.train_biases = network, members, train_biases
        self.stack: Stack = network.stack.twin(lead=(len(members),))
        self.stack.theta[...] = self.stack.spread(rows)
        self.alive = np.ones(len(members), bool)
        self.optimizer = read_optimizer(optimizer)
        self.rates = rates
        # One rate per parameter only where the rates differ.
        self.rate: Any = rates[0]
        if (rates != rates[0]).any():
            self.rate = self.stack.spread(np.repeat(rates[:, None], self.stack.size, axis=1))
        self.optimizer.prepare(self.stack.theta, self.rate)
        self._grad, self._square = self.stack.grad, self.stack.grad.dot
        self._all_alive, self._updates = True, 0
        steepest = float(rates.max())
        self._largest_square = LARGEST[self.stack.dtype.itemsize] / max(1.0, steepest * steepest)
        self._plans: dict[tuple[int, bool, str], Plan] = {}
        self._cut: dict[Plan, tuple[Replay, Replay]] = {}
        self._held: tuple[Array, Array, Replay, Replay] | None = None

    def forget_samples(self) -> None:
        """Fill the buffers anew: what lies in the samples may have changed."""
        self._held = None

    def set_rate(self, scale: float) -> None:
        self.optimizer.learning_rate[...] = self.rate * scale

    def step(self, x: Array, target: Array, rows: Array | None) -> None:
        """Make one step on all samples, or on those in `rows`, (r, m)."""
        held = self._held
        if rows is None and held is not None and held[0] is x and held[1] is target:
            down, up = held[2:]
        else:
            plan = self._plan(len(x) if rows is None else rows.shape[1], rows is None)
            down, up = self._cut[plan]
            if rows is None:
                plan.inputs[...], plan.targets[...] = x, target
                self._held = x, target, down, up
            else:
                plan.inputs[...], plan.targets[...] = x[rows], target[rows]
                self._held = None
        down()
        self._guard()
        up()
        self._updates += 1
        if not self._updates % FLUSH_EVERY:
            self.optimizer.flush()

    def _guard(self) -> None:
        """Take networks whose gradient overflows out of training; as `Trainer` decides it."""
        if self._all_alive and self._square(self._grad) < self._largest_square:
            return
        stack = self.stack
        each = stack.gather(self._grad)
        squares = (each * each).sum(axis=1).astype(float) * np.maximum(1, self.rates**2)
        self.alive &= squares < LARGEST[stack.dtype.itemsize]
        self._all_alive = bool(self.alive.all())
        if self._all_alive:
            return
        still = stack.spread(np.repeat(self.alive[:, None], stack.size, axis=1))
        np.copyto(self._grad, 0, where=~still)
        if np.ndim(self.rate) == 0:
            self.rate = np.full(stack.theta.shape, self.rate)
            rate = np.array(np.broadcast_to(self.optimizer.learning_rate, stack.theta.shape))
            self._use_rates(rate)
        self.rate[~still] = 0
        self.optimizer.learning_rate[~still] = 0

    def _use_rates(self, rate: Array) -> None:
        self.optimizer.learning_rate = rate
        for key in [key for key in self._plans if key[2] == "update"]:
            self._cut.pop(self._plans.pop(key))
        self._held = None

    def evaluate(self, x: Array, target: Array | None) -> tuple[Array, Array]:
        """Return copies of outputs (r, m, n) and losses (r, m)."""
        plan = self._plan(len(x), True, "forward" if target is None else "loss")
        plan.inputs[...] = x
        if target is not None:
            plan.targets[...] = target
        plan.run()
        losses = np.empty((len(self.members), 0)) if target is None else plan.losses.copy()
        return plan.outputs.copy(), losses

    def _plan(self, m: int, shared: bool, until: Any = "update") -> Plan:
        shared = shared and self.network.layers[0].shares_input
        key = (m, shared, until)
        if key not in self._plans:
            update = until == "update"
            plan = self._plans[key] = Plan(
                self.stack, self.network.input_shape, m, until, update, self.optimizer,
                train_biases=self.train_biases, shared_input=shared,
            )  # fmt: skip
            self._cut[plan] = plan.replay("forward", "backward"), plan.replay("update")
        return self._plans[key]


def _members(
    seeds: Sequence[int] | int, rates: float | Sequence[float]
) -> tuple[tuple[int, ...], Array]:
    many_rates = [rates] if isinstance(rates, int | float | np.number) else list(rates)
    many_seeds = [seeds] if isinstance(seeds, int | np.integer) else list(seeds)
    count = max(len(many_seeds), len(many_rates))
    if not 1 <= count <= _MOST_NETWORKS or {len(many_seeds), len(many_rates)} - {1, count}:
        raise EngineError(
            f"an ensemble of {len(many_seeds)} seeds and {len(many_rates)} learning rates: give "
            "as many of both, or one of either"
        )
    many_seeds = [as_seed(seed) for seed in many_seeds]
    many_rates = [checks.real(rate, "learning_rate", least=0) for rate in many_rates]
    seeds_of = tuple(many_seeds * count if len(many_seeds) == 1 else many_seeds)
    return seeds_of, np.array(many_rates * count if len(many_rates) == 1 else many_rates)

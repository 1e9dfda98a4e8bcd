"""What a network computes: outputs, losses, gradients, each by running a tape."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from nnsim.engine import checks
from nnsim.engine import checks as seeds
from nnsim.engine import losses as metrics
from nnsim.engine import plan as trace
from nnsim.engine.checks import EngineError
from nnsim.engine.layers.base import Layer, as_count
from nnsim.engine.model import Model
from nnsim.engine.optimizers import Optimizer
from nnsim.engine.optimizers import optimizer as read_optimizer
from nnsim.engine.plan import Plan, Until
from nnsim.engine.tape import Array

# Evaluation goes through so many samples, or so many numbers, at a time.
_BLOCK, _BLOCK_NUMBERS = 4096, 4_000_000
# So many tapes are kept for the next time, if they aren't too large.
_KEPT_PLANS, _KEPT_NUMBERS = 16, 4_000_000
_MOST_NUMBERS = 200_000_000


class Network(Model):
    """Layers in a row, trained by a loss.

    Parameters
    ----------
    layers : sequence of Layer
    input_shape : tuple of int
        Of one sample: ``(12,)``, or ``(height, width, channels)`` for images.
    loss : str
        ``"squared_error"`` (½Σ(t−a)²), ``"mean_squared_error"``, ``"binary_cross_entropy"``,
        ``"softmax_cross_entropy"`` or ``"hinge"``.
    reduction : str
        ``"mean"`` or ``"sum"`` of the losses of a batch.
    seed : int
        Of the first weights.
    dtype : str
        ``"float64"`` or ``"float32"``.
    l2, l1 : float
        Strengths of the penalty ½·l2·Σw² + l1·Σ|w| over weights and kernels, never biases.
    classes : bool, optional
        Whether targets name classes, so that there is an accuracy; False for regression. Unless
        told, loss and targets decide, as `metrics.are_classes` says. Can be set at any time.

    Attributes
    ----------
    layers : list of Layer
    parameters : array (n_params,)
        Live; the layers' ``weight`` and ``bias`` are views of it.

    Raises
    ------
    EngineError
        If a layer doesn't fit what comes in, a name occurs twice, a value makes no sense, or
        the network would be absurdly large.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: int | Sequence[int],
        loss: str = "squared_error",
        reduction: str = "mean",
        seed: int = 0,
        dtype: Any = "float64",
        l2: float = 0.0,
        l1: float = 0.0,
        classes: bool | None = None,
    ) -> None:
        self._plans: OrderedDict[tuple[Any, ...], Plan] = OrderedDict()
        self._room: dict[str, Array] = {}
        super().__init__(layers, input_shape, loss, reduction, seed, dtype, l2, l1, classes)

    def forget_plans(self) -> None:
        """Let every tape be recorded anew: something has changed that is part of them."""
        super().forget_plans()
        self._plans.clear()

    # --- what it computes --------------------------------------------------------------------

    def forward(self, x: Any) -> Array:
        """Return the outputs (m, n_out) for samples (m, …), in evaluation mode."""
        x = self._samples(x)
        out = np.empty((len(x), *self.output_shape), self.dtype)
        block = self._block()
        for start in range(0, len(x), block):
            plan = self._run("forward", x[start : start + block])
            out[start : start + block] = plan.outputs
        return out

    def losses(self, x: Any, target: Any, training: bool = False) -> Array:
        """Return the loss of each sample, (m,), without reduction and penalty."""
        x, target = self.check(x, target)
        block = len(x) if training else self._block()
        parts = [
            self._run("loss", x[i : i + block], target[i : i + block], training).losses.copy()
            for i in range(0, len(x), block)
        ]
        return np.concatenate(parts)

    def loss(self, x: Any, target: Any, training: bool = False) -> float:
        """Return the mean (or sum) over the batch of the losses, plus the penalty."""
        return self.reduce(self.losses(x, target, training))

    def reduce(self, losses: Array) -> float:
        """Return the reduced losses with the penalty."""
        with np.errstate(all="ignore"):
            total = losses.mean() if self.reduction == "mean" else losses.sum()
            return float(total + self._stack.penalty())

    def trace(self, x: Any, target: Any = None, training: bool = False) -> trace.Trace:
        """Return everything a pass computes, layer by layer; backward too with a target."""
        if target is None:
            return trace.read(self._run("forward", self._samples(x), None, training))
        return trace.read(self._run("gradients", *self.check(x, target), training))

    def gradients(self, x: Any, target: Any, training: bool = False) -> Array:
        """Return the gradient of `loss`, flat (n_params,), in the order of `parameters`."""
        x, target = self.check(x, target)
        count, block = len(x), self._block()
        if training or count <= block:
            gradient: Array = self._run("gradients", x, target, training).gradient
            return gradient.copy()
        parts = [slice(start, start + block) for start in range(0, count, block)]
        return self.gradient_over(x, target, parts, count)

    def gradient_over(
        self, x: Array, target: Array, parts: Iterable[slice | Array], count: int
    ) -> Array:
        """Return the gradient over `count` checked samples, part by part of their rows."""
        penalty = self.penalty_gradient()
        total = np.zeros_like(self.parameters)
        with np.errstate(all="ignore"):
            for rows in parts:
                plan = self._run("gradients", x[rows], target[rows])
                share = plan.batch / count if self.reduction == "mean" else 1.0
                total += share * (plan.gradient - penalty)
            return total + penalty

    def predict(self, x: Any) -> Array:
        """Return the class of each sample, counted from 0: the largest output, or one ≥ .5."""
        return metrics.decide(self.forward(x))

    def accuracy(self, x: Any, target: Any) -> float | None:
        """Return the share of samples read right, or None where targets are no classes."""
        x, target = self.check(x, target)
        if not self.are_classes(target):
            return None
        return float(metrics.right(self.forward(x), target).mean())

    def evaluate(self, x: Array, target: Array, until: Until = "loss") -> Plan:
        """Return a plan that has run on checked samples, in evaluation mode; its buffers live."""
        return self._run(until, x, target)

    def plan(
        self,
        m: int,
        training: bool = True,
        optimizer: str | Optimizer = "sgd",
        learning_rate: float = 0.2,
        seed: int | None = None,
    ) -> Plan:
        """Return the tape of a step for m samples, a kept one if it was asked for before.

        Parameters
        ----------
        m : int
            How many samples it takes.
        training : bool
            True: forward, loss, backward and update; each run trains by one step, and the
            parameters change. False: forward only, a prediction.
        optimizer : str or Optimizer
            What the update follows.
        learning_rate : float
            Also to be changed later: ``plan.learning_rate[...] = 0.1``.
        seed : int, optional
            Of dropout; the network's own unless told. The numbers are those of a `Trainer` with
            this seed, bit for bit, on all samples at once (up to 1024).

        Returns
        -------
        Plan
            Fill ``.inputs`` (m, …) and ``.targets`` (m, …) in place, then ``.run()``, walk
            through ``.step()`` or print ``.source()``; ``.outputs`` is what came out. All of
            them are live.

        Notes
        -----
        Asked for the same again, it returns the same plan, as a new one would start: with its
        learning rate, and dropout at its beginning. What lies in its buffers stays. Other sizes,
        rates and seeds have plans of their own, and so has every call with an optimiser that
        remembers (all but sgd): two of them would disturb what the other remembers.
        """
        m = as_count(m, "m")
        if not training:
            # Not the plan that `forward` fills.
            return self._kept(("plan", m), lambda: self.record(m, "forward", False))
        rate = checks.real(learning_rate, "learning_rate", least=0)
        seed = self.seed if seed is None else seeds.as_seed(seed)
        noise = seeds.noise(seed)
        rule = read_optimizer(optimizer)
        rule.prepare(self.parameters, rate)

        def record() -> Plan:
            return self.record(m, "update", True, optimizer=rule, generator=noise)

        if rule.name != "sgd":
            return record()
        plan = self._kept(("step", m, rate, seed), record)
        plan.learning_rate[...] = rate
        plan.generator.bit_generator.state = noise.bit_generator.state
        return plan

    def record(self, m: int, until: Until, training: bool, **options: Any) -> Plan:
        """Return a new plan that is kept nowhere; `options` are those of `Plan`."""
        if until == "update":
            self.refuse_untrainable()
        if self.activations(m) > _MOST_NUMBERS:
            raise EngineError(
                f"{m:,} samples at once have {self.activations(m):,} activations: at most "
                f"{_MOST_NUMBERS:,} are allowed; take a batch size"
            )
        return Plan(self._stack, self.input_shape, m, until, training, bug=self.bug, **options)

    def refuse_untrainable(self) -> None:
        """Refuse to train through a step activation."""
        for layer in self.layers:
            if layer.activation == "step":
                raise EngineError(
                    f"{layer.title} has a step activation, whose slope is 0 everywhere: no "
                    "gradient passes, so it can't be trained; take sigmoid instead"
                )

    def _plan(self, until: Until, m: int, training: bool) -> Plan:
        lean = until == "loss"
        room = self._room if lean else None
        options = {"generator": self.generator, "lean": lean, "room": room}
        return self._kept((until, m, training), lambda: self.record(m, until, training, **options))

    def _kept(self, key: tuple[Any, ...], record: Callable[[], Plan]) -> Plan:
        """Return the plan of this key; a new one is kept unless it is very large."""
        plan = self._plans.get(key)
        if plan is None:
            plan = record()
            if self.activations(plan.batch) <= _KEPT_NUMBERS:
                self._plans[key] = plan
            while len(self._plans) > _KEPT_PLANS:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(key)
        return plan

    def _block(self) -> int:
        return max(1, min(_BLOCK, _BLOCK_NUMBERS // self.activations(1)))

    def activations(self, m: int) -> int:
        """Return how many numbers m samples are on their way, from input to output."""
        shapes = [self.input_shape, *(layer.output_shape for layer in self.layers)]
        return m * sum(math.prod(shape) for shape in shapes)

    def _run(
        self, until: Until, x: Array, target: Array | None = None, training: bool = False
    ) -> Plan:
        plan = self._plan(until, len(x), training)
        plan.ones_under_x[...] = 1  # on a lean plan another batch size may have been there
        plan.inputs[...] = x
        if target is not None:
            plan.targets[...] = target
        plan.run()
        return plan

    def _samples(self, x: Any) -> Array:
        return checks.samples(x, self.input_shape, self.dtype, "x")

    def check(self, x: Any, target: Any) -> tuple[Array, Array]:
        """Return samples and targets as arrays, or refuse them with a sentence."""
        x = self._samples(x)
        target = checks.samples(target, self.output_shape, self.dtype, "target")
        if len(x) != len(target):
            raise EngineError(f"x has {len(x)} samples, but target has {len(target)}")
        self._loss.check_targets(target.reshape(len(target), -1))
        return x, target

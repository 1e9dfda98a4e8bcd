"""A network: layers in a row, a loss, one vector of parameters; what it computes, by its tapes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Self

import numpy as np

from nnsim.engine import checks, files
from nnsim.engine.checks import MOST_UNITS, EngineError, as_count, as_seed
from nnsim.engine.layers import Layer, layer_from
from nnsim.engine.layers.base import initializer_from
from nnsim.engine.losses import are_classes, decide, right
from nnsim.engine.losses import loss as loss_named
from nnsim.engine.optimizers import Optimizer
from nnsim.engine.optimizers import optimizer as read_optimizer
from nnsim.engine.plan import Plan, Plans, Stack, Trace, Until, check_bug, read_trace
from nnsim.engine.tape import Array, Op

MOST_PARAMETERS = 100_000_000

# Evaluation goes through so many samples, or so many numbers, at a time.
_BLOCK, _BLOCK_NUMBERS = 4096, 4_000_000
_MOST_NUMBERS = 200_000_000


@dataclass(frozen=True, slots=True)
class SummaryRow:
    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int


class Summary(list[SummaryRow]):
    """One row per layer; `parameters` is the total."""

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self)

    def __str__(self) -> str:
        cells = [("layer", "kind", "output shape", "parameters")]
        cells += [(r.name, r.kind, str(r.output_shape), f"{r.parameters:,}") for r in self]
        cells += [("total", "", "", f"{self.parameters:,}")]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False))
            + "  "
            + row[-1].rjust(widths[-1])
            for row in cells
        )


def _strength(name: str, doc: str) -> Any:
    """Return a property: the strength of a penalty, whose calls stand on a tape unless it is 0."""

    def write(network: Network, value: float) -> None:
        strength, value = getattr(network.stack, name), checks.real(value, name, least=0)
        if bool(strength) != bool(value):
            network.forget_plans()
        strength[...] = value

    return property(lambda network: float(getattr(network.stack, name)), write, doc=doc)


class Network:
    """Layers in a row, trained by a loss.

    Parameters
    ----------
    input_shape : tuple of int
        Of one sample: ``(12,)``, or ``(height, width, channels)`` for images.
    loss : str
        ``"squared_error"`` (½Σ(t−a)²), ``"mean_squared_error"``, ``"binary_cross_entropy"``,
        ``"softmax_cross_entropy"`` or ``"hinge"``.
    reduction : str
        ``"mean"`` or ``"sum"`` of the losses of a batch.
    seed : int
        Of the first weights.
    dtype : ``"float64"`` or ``"float32"``
    l2, l1 : float
        Strengths of the penalty ½·l2·Σw² + l1·Σ|w| over weights and kernels, never biases.
    classes : bool, optional
        Whether targets name classes, so that there is an accuracy; False for regression. Unless
        told, loss and targets decide, as `losses.are_classes` says. Can be set at any time.

    Attributes
    ----------
    parameters : array (n_params,)
        Live; the layers' ``weight`` and ``bias`` are views of it.
    running : array
        The running statistics of batch norm; live.
    stack : Stack
        The layers, bound to these vectors.
    bug : (str, int) or None
        The planted bug, and the number of its layer (from 0).

    Raises EngineError if a layer doesn't fit what comes in, a name occurs twice, a value makes no
    sense, or the network would be absurdly large.
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
        self.input_shape = _read_shape(input_shape)
        self.layers = _named(layers)
        self.loss_function = loss_named(loss)
        if classes is not None and not isinstance(classes, bool):
            raise EngineError(f"classes is {classes!r}: give True, False or None")
        self.classes = classes
        if reduction not in ("mean", "sum"):
            raise EngineError(f'reduction is {reduction!r}: give "mean" or "sum"')
        self.dtype = _read_dtype(dtype)
        self.output_shape = _build(self.layers, self.input_shape)
        self.loss_function.check(self.layers[-1].activation, math.prod(self.output_shape))
        l2, l1 = checks.real(l2, "l2", least=0), checks.real(l1, "l1", least=0)
        self.stack = Stack(self.layers, self.loss_function, reduction, self.dtype, l2, l1)
        self.running = self.stack.running
        self.bug: tuple[str, int] | None = None
        self._plans = Plans()
        self.version = 0
        self.seed = as_seed(seed)
        self.generator = np.random.default_rng(0)
        self.initialize()

    def initialize(self, initializer: Any = None, seed: int | None = None) -> None:
        """Start anew: draw the weights, set biases to 0 and running statistics back.

        An `initializer` such as ``"xavier"`` or ``"constant:0.5"`` is for every layer; else each
        has its own. Without a new seed, the one from before gives the same weights again.
        """
        rule = None if initializer is None else initializer_from(initializer)
        if seed is not None:
            self.seed = as_seed(seed)
        rng = np.random.default_rng(self.seed)
        for layer in self.layers:
            layer.initialize(rng, rule)
        # What dropout draws in `loss`, `trace` and `gradients` with training=True.
        state = np.random.default_rng(self.seed).bit_generator.state
        self.generator.bit_generator.state = state

    @property
    def parameters(self) -> Array:
        """The live vector of all parameters, (n_params,); setting it writes into it."""
        return self.stack.theta

    @parameters.setter
    def parameters(self, values: Any) -> None:
        vector = checks.numbers(values, "parameters")
        if vector.shape != self.parameters.shape:
            raise EngineError(
                f"parameters has shape {vector.shape}, but the network has "
                f"{self.parameters.size}: give one flat vector of them"
            )
        self.parameters[...] = vector

    @property
    def loss_name(self) -> str:
        return self.loss_function.name

    def are_classes(self, target: Array) -> bool:
        """Say whether targets (m, …) name classes: as the network was told, or as they look."""
        if self.classes is not None:
            return self.classes
        return are_classes(target, self.loss_function)

    @property
    def reduction(self) -> str:
        return self.stack.reduction

    l2 = _strength("l2", "Strength of the penalty ½·l2·Σw²; can be changed at any time.")
    l1 = _strength("l1", "Strength of the penalty l1·Σ|w|; can be changed at any time.")

    def forget_plans(self) -> None:
        """Let every tape be recorded anew: something has changed that is part of them."""
        self.version += 1
        self._plans.clear()

    def blocks(self, vector: Array) -> dict[str, Array]:
        """Return views of a flat vector by name (``"hidden.weight"``), in public shape."""
        return self.stack.blocks(vector)

    def layer(self, name: str) -> Layer:
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in self.layers)
        raise EngineError(f"there is no layer {name!r}: the layers are {names}")

    def summary(self) -> Summary:
        """Return a row per layer: name, kind, output shape, parameter count; and the total."""
        return Summary(
            SummaryRow(layer.name, layer.kind, layer.output_shape, layer.parameter_count)
            for layer in self.layers
        )

    def plant(self, bug: str, layer: str) -> None:
        """Plant one of `plan.BUGS`, in place of any other, in the backward pass of this layer."""
        number = self.layers.index(self.layer(layer))
        last = number == len(self.layers) - 1
        fused = last and self.loss_function.fused_with == self.layers[-1].activation
        check_bug(bug, self.layers[number], self.reduction, fused)
        self.bug = (bug, number)
        self.forget_plans()

    def mend(self) -> None:
        self.bug = None
        self.forget_plans()

    @property
    def muted(self) -> dict[int, tuple[int, ...]]:
        """By the number of its layer (from 0), the units whose activation counts as 0; can be set.

        What the units compute stays as it is; 0 goes on from them, and no gradient comes back. A
        unit is the last axis of what a layer gives: of an image a whole channel.
        """
        return dict(self.stack.muted)

    @muted.setter
    def muted(self, units: Mapping[int, Sequence[int]]) -> None:
        checked: dict[int, tuple[int, ...]] = {}
        for number in sorted(number for number, chosen in units.items() if chosen):
            if not 0 <= number < len(self.layers) - 1:
                raise EngineError(
                    f"layer {number} can't be muted: give one from 0 to {len(self.layers) - 2}, "
                    "as nothing follows the last"
                )
            most = self.layers[number].output_shape[-1] - 1
            chosen = {as_count(unit, "a muted unit", 0, most) for unit in units[number]}
            checked[number] = tuple(sorted(chosen))
        if checked != self.stack.muted:
            self.stack.muted = checked
            self.forget_plans()

    def describe(self) -> dict[str, Any]:
        """Return the network without its numbers, as JSON can hold it."""
        return {
            "input_shape": list(self.input_shape),
            "layers": [layer.describe() for layer in self.layers],
            "loss": self.loss_name,
            "reduction": self.reduction,
            "dtype": self.dtype.name,
            "l2": self.l2,
            "l1": self.l1,
            "seed": self.seed,
            "classes": self.classes,
        }

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> Self:
        """Build a network that `describe` described; its parameters are those of its seed."""
        if not isinstance(description, dict) or not isinstance(description.get("layers"), list):
            raise EngineError("the description of the network is damaged: it has no layers")
        rest = dict(description)
        layers = [layer_from(layer) for layer in rest.pop("layers")]
        try:
            return cls(layers, **rest)
        except TypeError as error:
            raise EngineError(f"the description of the network is damaged: {error}") from error

    def save(self, path: str | PathLike[str]) -> None:
        """Write network and parameters to an ``.npz`` file; a file there is replaced whole."""
        arrays = {"parameters": self.parameters, "running": self.running}
        files.save(path, {"network": self.describe()}, arrays)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a network that `save` (or ``Trainer.save``) wrote, or raise as `files.load`."""
        description, arrays = files.load(path)
        return cls.from_file(path, description, arrays)

    @classmethod
    def from_file(
        cls, path: str | PathLike[str], description: dict[str, Any], arrays: dict[str, Array]
    ) -> Self:
        """Build a network from what `files.load` read."""
        try:
            network = cls.from_description(description.get("network", {}))
            files.fill(network.parameters, arrays, "parameters")
            files.fill(network.running, arrays, "running")
        except EngineError as error:
            raise EngineError(f"{path}: {error}") from error
        return network

    def forward(self, x: Any) -> Array:
        """Return the outputs (m, n_out) for samples (m, …), in evaluation mode."""
        x = self._samples(x)
        out = np.empty((len(x), *self.output_shape), self.dtype)
        block = self._block()
        for start in range(0, len(x), block):
            plan = self.evaluate(x[start : start + block], until="forward")
            out[start : start + block] = plan.outputs
        return out

    def losses(self, x: Any, target: Any, training: bool = False) -> Array:
        """Return the loss of each sample, (m,), without reduction and penalty."""
        x, target = self.check(x, target)
        block = len(x) if training else self._block()
        parts = [
            self.evaluate(x[i : i + block], target[i : i + block], training=training).losses.copy()
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
            return float(total + self.stack.penalty())

    def trace(self, x: Any, target: Any = None, training: bool = False) -> Trace:
        """Return everything a pass computes, layer by layer; backward too with a target."""
        if target is None:
            return read_trace(self.evaluate(self._samples(x), None, "forward", training))
        return read_trace(self.evaluate(*self.check(x, target), "gradients", training))

    def lines(self, x: Any, target: Any = None, training: bool = False) -> Iterator[Op]:
        """Compute what `trace` does, one NumPy call at a time; nothing of the network changes.

        Each `Op` comes after its call, with its text, and a copy of the array that it fills.
        """
        until: Until = "forward" if target is None else "gradients"
        if target is None:
            x = self._samples(x)
        else:
            x, target = self.check(x, target)
        plan = self.record(len(x), until, training, generator=np.random.default_rng(self.seed))
        plan.inputs[...] = x
        if target is not None:
            plan.targets[...] = target
        return plan.step(values=True)

    def gradients(self, x: Any, target: Any, training: bool = False) -> Array:
        """Return the gradient of `loss`, flat (n_params,), in the order of `parameters`."""
        x, target = self.check(x, target)
        count, block = len(x), self._block()
        if training or count <= block:
            gradient: Array = self.evaluate(x, target, "gradients", training).gradient
            return gradient.copy()
        penalty, total = self.stack.penalty_gradient(), np.zeros_like(self.parameters)
        with np.errstate(all="ignore"):
            for start in range(0, count, block):
                rows = slice(start, start + block)
                plan = self.evaluate(x[rows], target[rows], "gradients")
                share = plan.batch / count if self.reduction == "mean" else 1.0
                total += share * (plan.gradient - penalty)
            return total + penalty

    def predict(self, x: Any) -> Array:
        """Return the class of each sample, counted from 0: the largest output, or one ≥ .5."""
        return decide(self.forward(x))

    def accuracy(self, x: Any, target: Any) -> float | None:
        """Return the share of samples read right, or None where targets are no classes."""
        x, target = self.check(x, target)
        if not self.are_classes(target):
            return None
        return float(right(self.forward(x), target).mean())

    def plan(
        self,
        m: int,
        training: bool = True,
        optimizer: str | Optimizer = "sgd",
        learning_rate: float = 0.2,
        seed: int | None = None,
    ) -> Plan:
        """Return the tape of a step for m samples, a kept one if it was asked for before.

        Fill ``.inputs`` (m, …) and ``.targets`` (m, …) in place, then ``.run()``, walk through
        ``.step()`` or print ``.source()``; ``.outputs`` is what came out. All of them are live.

        Parameters
        ----------
        training : bool
            True: forward, loss, backward and update; each run trains by one step, and the
            parameters change. False: forward only, a prediction.
        learning_rate : float
            Also to be changed later: ``plan.learning_rate[...] = 0.1``.
        seed : int, optional
            Of dropout; the network's own unless told. The numbers are those of a `Trainer` with
            this seed, bit for bit, on all samples at once (up to 1024).

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
            return self._plans.get(("plan", m), lambda: self.record(m, "forward", False))
        rate = checks.real(learning_rate, "learning_rate", least=0)
        seed = self.seed if seed is None else as_seed(seed)
        noise = checks.noise(seed)
        rule = read_optimizer(optimizer)
        rule.prepare(self.parameters, rate)

        def record() -> Plan:
            return self.record(m, "update", True, optimizer=rule, generator=noise)

        if rule.name != "sgd":
            return record()
        plan = self._plans.get(("step", m, rate, seed), record)
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
        return Plan(self.stack, self.input_shape, m, until, training, bug=self.bug, **options)

    def refuse_untrainable(self) -> None:
        """Refuse to train through a step activation."""
        for layer in self.layers:
            if not layer.function.trainable:
                raise EngineError(
                    f"{layer.title} has a {layer.activation} activation, whose slope is 0 "
                    "everywhere: no gradient passes, so it can't be trained; take sigmoid instead"
                )

    def _block(self) -> int:
        return max(1, min(_BLOCK, _BLOCK_NUMBERS // self.activations(1)))

    def activations(self, m: int) -> int:
        """Return how many numbers m samples are on their way, from input to output."""
        shapes = [self.input_shape, *(layer.output_shape for layer in self.layers)]
        return m * sum(math.prod(shape) for shape in shapes)

    def evaluate(
        self, x: Array, target: Array | None = None, until: Until = "loss", training: bool = False
    ) -> Plan:
        """Return a plan that has run on checked samples; its buffers are live."""
        m, lean = len(x), until == "loss"
        room = self._plans.room if lean else None
        options = {"generator": self.generator, "lean": lean, "room": room}
        plan = self._plans.get(
            (until, m, training), lambda: self.record(m, until, training, **options)
        )
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
        self.loss_function.check_targets(target.reshape(len(target), -1))
        return x, target


def _read_shape(given: int | Sequence[int]) -> tuple[int, ...]:
    sizes: Any = (given,) if isinstance(given, int | np.integer) else given
    if not isinstance(sizes, tuple | list) or not 1 <= len(sizes) <= 3:
        raise EngineError(f"input_shape is {given!r}: give (n,) or (height, width, channels)")
    shape = tuple(as_count(size, "a size of input_shape") for size in sizes)
    if np.prod(shape, dtype=float) > MOST_UNITS:
        raise EngineError(f"input_shape {shape} is more than {MOST_UNITS:,} numbers")
    return shape


def _read_dtype(given: Any) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = np.dtype(given)
    except TypeError:
        dtype = np.dtype(object)
    if dtype not in (np.dtype("float64"), np.dtype("float32")):
        raise EngineError(f'dtype is {given!r}: give "float64" or "float32"')
    return dtype


def _named(layers: Sequence[Layer]) -> list[Layer]:
    """Check the list, and call unnamed layers layer1, layer2 and so on."""
    if isinstance(layers, Layer) or not isinstance(layers, Sequence) or not layers:
        raise EngineError("layers is empty or no list: give at least one layer")
    names: set[str] = set()
    for number, layer in enumerate(layers, 1):
        if not isinstance(layer, Layer):
            raise EngineError(f"layer {number} is {layer!r}: give a layer such as Dense(3)")
        if layer.output_shape:
            raise EngineError(f"{layer.title} belongs to a network already: make a new one")
        layer.name = layer.name or f"layer{number}"
        if layer.name in names:
            raise EngineError(f'two layers are called "{layer.name}": give each its own name')
        names.add(layer.name)
    return list(layers)


def _build(layers: Sequence[Layer], input_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Let every layer know its shapes; returns that of the output."""
    shape, total = input_shape, 0
    for layer in layers:
        shape = layer.build(shape)
        total += layer.parameter_count
        if total > MOST_PARAMETERS:
            raise EngineError(
                f"the network would have {total:,} parameters up to {layer.title}: "
                f"at most {MOST_PARAMETERS:,} are allowed"
            )
    return shape

"""The tape of a whole network: forward, loss, backward and update; and what it leaves, a trace.

A `Stack` is the layers bound to flat vectors of parameters and gradients. A network has one; an
ensemble has one per group of networks, with a leading axis; a gradient check by the complex step
has one of complex numbers. A `Plan` is the tape of a stack for one batch shape, and a `Trace` a
copy of what lies in its buffers after a run.
"""

from __future__ import annotations

import copy
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from nnsim.engine.checks import EngineError
from nnsim.engine.layers import Dense
from nnsim.engine.layers.base import Layer, Shape, Signals, batch_first, new_activation
from nnsim.engine.losses import Loss
from nnsim.engine.optimizers import Optimizer
from nnsim.engine.tape import Array, Tape

Until = Literal["forward", "loss", "gradients", "update"]

# Up to so many numbers the time of a call counts more than what it computes.
_SIDE_BY_SIDE = 4096
# So many tapes are kept for the next time, if they aren't too large.
_KEPT_PLANS, _KEPT_NUMBERS = 16, 4_000_000


class Stack:
    """Layers, which know their shapes already and are bound here, with a loss and a penalty.

    Attributes
    ----------
    theta, grad : array (R·n_params,)
        Layer by layer; within a layer row by row (a row is what one unit has), and of each row
        network by network.
    running : array
        Running statistics of batch norm.
    l2, l1 : array ()
        Strengths of the penalty ½·l2·Σw² + l1·Σ|w|; change them in place.
    lead : tuple of int
        ``(R,)`` for R networks at once.
    muted : dict of int to tuple of int
        By layer, the units whose activation counts as 0.
    """

    def __init__(
        self,
        layers: list[Layer],
        loss: Loss,
        reduction: str,
        dtype: Any,
        l2: float = 0.0,
        l1: float = 0.0,
        lead: tuple[int, ...] = (),
    ) -> None:
        self.layers, self.loss, self.reduction, self.lead = layers, loss, reduction, lead
        self.dtype = np.dtype(dtype)
        self.copies = math.prod(lead)
        self.size = sum(layer.parameter_count for layer in layers)
        self.theta = np.zeros(self.copies * self.size, dtype)
        self.grad = np.zeros_like(self.theta)
        self.running = np.zeros(
            self.copies * sum(layer.running_count for layer in layers), self.dtype
        )
        self.l2, self.l1 = np.array(l2, dtype), np.array(l1, dtype)
        self.muted: dict[int, tuple[int, ...]] = {}
        self._masks: dict[str, Array] = {}
        here = run = 0
        for layer in layers:
            after = here + self.copies * layer.parameter_count
            later = run + self.copies * layer.running_count
            layer.bind(self.theta[here:after], self.grad[here:after], self.running[run:later], lead)
            here, run = after, later

    def twin(self, dtype: Any = None, lead: tuple[int, ...] = ()) -> Stack:
        """Return a stack of the same layers with vectors of its own (all 0 if it has a lead)."""
        layers = [copy.copy(layer) for layer in self.layers]
        dtype = self.dtype if dtype is None else dtype
        l2, l1 = float(self.l2), float(self.l1)
        other = Stack(layers, self.loss, self.reduction, dtype, l2, l1, lead)
        if not lead:
            other.muted = dict(self.muted)
            other.theta[...] = self.theta
            other.running[...] = self.running
        return other

    def blocks(self, vector: Array) -> dict[str, Array]:
        """Return public views of a flat vector by name, such as ``"hidden.weight"``."""
        views, here = {}, 0
        for layer in self.layers:
            part = vector[here : here + layer.parameter_count]
            views.update({f"{layer.name}.{k}": v for k, v in layer.views(part).items()})
            here += layer.parameter_count
        return views

    def mask(self, kind: str) -> Array:
        """Return a vector with 1 at every ``"weight"`` (or other kind of block), else 0."""
        if kind not in self._masks:
            place = np.zeros(self.size, self.dtype)
            for name, view in self.blocks(place).items():
                view[...] = name.endswith("." + kind)
            self._masks[kind] = self.spread(place)
        return self._masks[kind]

    def spread(self, vector: Array) -> Array:
        """Return what is one network's vector (n_params,), or R of them (R, n_params), as ours."""
        if not self.lead:
            return vector
        ours = np.empty(self.theta.shape, np.asarray(vector).dtype)
        ours[self.gather(np.arange(ours.size))] = vector
        return ours

    def gather(self, vector: Array) -> Array:
        """Return our vector as rows, (R, n_params): what `spread` was given."""
        return self._gather(vector, [layer.parameter_count for layer in self.layers])

    def gather_running(self) -> Array:
        return self._gather(self.running, [layer.running_count for layer in self.layers])

    def _gather(self, vector: Array, counts: list[int]) -> Array:
        parts, here = [np.empty((self.copies, 0), vector.dtype)], 0
        for layer, count in zip(self.layers, counts, strict=True):
            part = vector[here : here + self.copies * count]
            here += part.size
            if count:
                part = part.reshape(layer.rows, self.copies, -1).transpose(1, 0, 2)
                parts.append(part.reshape(self.copies, -1))
        return np.concatenate(parts, axis=1)

    def penalty(self) -> Any:
        """Return ½·l2·Σw² + l1·Σ|w| over weights and kernels (one number per network)."""
        if not (self.l2 or self.l1) or not self.size:
            return np.zeros(self.lead) if self.lead else 0.0
        weights = self.theta * self.mask("weight")
        # |w| as w·sign(w), which has the right derivative for the complex step as well.
        terms = 0.5 * self.l2 * weights * weights + self.l1 * weights * np.sign(weights.real)
        return self.gather(terms).sum(axis=1) if self.lead else terms.sum()

    def penalty_gradient(self) -> Array:
        """Return the penalty's part of the gradient, l2·w + l1·sign(w), as a vector."""
        weights = self.theta * self.mask("weight")
        return np.asarray(self.l2 * weights + self.l1 * np.sign(weights))


class Plan(Tape):
    """The tape of one batch shape.

    Parameters
    ----------
    until : str
        ``"forward"``; ``"loss"`` adds the loss of each sample; ``"gradients"`` the way back
        through every layer; ``"update"`` goes back only as far as there are parameters, leaves
        out the value of the loss, and changes the parameters.
    clip : float, optional
        The largest norm that the gradient may have; scaled down above it.
    shared_input : bool
        With a leading axis: whether all networks get the same samples.
    bug : (str, int), optional
        A mistake to make, and the number of the layer that it is in.

    Attributes
    ----------
    losses : array (m,)
        Of each sample, on a tape with the loss.
    gradient : array (n_params,)
        On a tape that goes backward.
    signals : list of Signals
        One per layer.
    """

    def __init__(
        self,
        stack: Stack,
        input_shape: Shape,
        batch: int,
        until: Until = "forward",
        training: bool = False,
        optimizer: Optimizer | None = None,
        generator: np.random.Generator | None = None,
        clip: float | None = None,
        train_biases: bool = True,
        shared_input: bool = True,
        bug: tuple[str, int] | None = None,
        lean: bool = False,
        room: dict[str, Array] | None = None,
    ) -> None:
        if stack.muted and until == "update":
            raise EngineError("units are muted, and would not learn: unmute them to train")
        super().__init__(
            stack.dtype, batch, stack.lead, training, generator, False, lean=lean, room=room
        )
        self.stack, self.until, self.bug = stack, until, bug
        self.signals: list[Signals] = []
        self.losses: Array = np.empty(0)
        self.gradient = stack.grad
        self._name_vectors()
        lead = () if shared_input else stack.lead
        x = self._new_input(input_shape, lead)
        if until in ("gradients", "update"):
            self._lay_side_by_side()
        self._record_forward(x)
        if until != "forward":
            self._record_loss(lead, value=until != "update")
        if until in ("gradients", "update"):
            self._record_backward(every_delta=until == "gradients")
        if optimizer is not None and until == "update":
            self._record_update(optimizer, clip, train_biases)

    def _name_vectors(self) -> None:
        self.name(self.stack.theta, "parameters")
        if self.until in ("gradients", "update"):
            self.workspace[id(self.stack.grad)] = 0.0
            self.name(self.stack.grad, "gradient")
        if self.stack.running.size:
            self.name(self.stack.running, "running")

    def _record_forward(self, x: Array) -> None:
        lean, layers = self.lean, self.stack.layers
        for i, layer in enumerate(layers):
            # The value of a loss may need the last z.
            self.lean = lean and not (self.until == "loss" and layer is layers[-1])
            with self.section("forward", layer.name):
                self.signals.append(layer.forward(self, x))
                if i in self.stack.muted:
                    self._record_silence(i)
            x = self.signals[-1].passed
        self.lean = lean
        self.outputs = batch_first(x, bool(self.stack.lead))

    def _record_silence(self, i: int) -> None:
        """Let 0 go on from the muted units of layer i; the layer's own a stays for the way back."""
        signals = self.signals[i]
        signals.silenced = signals.layer.output(self, "passed")
        self.do(np.copyto, signals.a, out=signals.silenced, note="a")
        self._record_zeros(i, signals.silenced, "a muted unit counts as 0")

    def _record_zeros(self, i: int, array: Array, note: str) -> None:
        """Write 0 for the muted units of layer i."""
        for unit in self.stack.muted.get(i, ()):
            self.do(np.copyto, self.const(0.0), out=array[unit], note=note)

    def _new_input(self, shape: Shape, lead: tuple[int, ...]) -> Array:
        before, self.lead = self.lead, lead
        if len(shape) == 1 and not lead:
            # Samples lie as rows here, and the layers see them turned: filling is faster so.
            rows = (self.batch, shape[0] + 1)
            base = self.take(rows, "x.rows", "x") if self.lean else np.zeros(rows, self.dtype)
            x = self.with_ones(base.T, "x")
        else:
            x = new_activation(self, shape, "x")
        self.lead = before
        del self.workspace[id(self.augmented(x) if len(shape) == 1 else x)]  # it holds data
        self.ones_under_x = self.augmented(x)[-1] if len(shape) == 1 else np.empty(0)
        self.inputs = batch_first(x, bool(lead))
        return x

    def forget_inputs(self) -> None:
        """Let a program start with empty inputs and targets: it fills them itself."""
        x = self.signals[0].x
        base = self.augmented(x) if x.ndim == 2 else x
        self.workspace[id(base)] = None if x.ndim == 2 else 0.0

    def _lay_side_by_side(self) -> None:
        """Let small dense layers with the same activation have their slopes computed in one go."""
        layers = self.stack.layers
        first = layers[0]
        together = all(
            isinstance(layer, Dense) and layer.activation == first.activation for layer in layers
        )
        fused = first.activation == self.stack.loss.fused_with
        rows = sum(layer.output_shape[0] + 1 for layer in layers)
        small = rows * self.batch <= _SIDE_BY_SIDE
        apart = fused or bool(self.stack.muted)
        if len(layers) > 1 and together and small and first.function.in_place and not apart:
            self.arena = self.new((rows, *self.lead, self.batch), "activations")

    def _record_slopes(self) -> None:
        """Write the slopes of all layers that lie side by side."""
        if self.arena is None:
            return
        slopes = self.new(self.arena[:-1].shape, "slopes")
        a = self.arena[:-1]  # the last row is of ones
        self.stack.layers[0].function.slope(self, a, a, slopes)
        here = 0
        for signals in self.signals:
            self.slopes[id(signals.a)] = slopes[here : here + len(signals.a)]
            here += len(signals.a) + 1

    def _record_loss(self, lead: tuple[int, ...], value: bool) -> None:
        last = self.signals[-1]
        if self.lead and not lead:
            shared = self.name(np.zeros((len(last.a), self.batch), self.dtype), "target")
            self.targets, self.target = shared.T, shared[:, None]
        else:
            self.target = self.name(np.zeros(last.a.shape, self.dtype), "target")
            self.targets = batch_first(self.target, bool(lead))
        if value:
            self.losses = self.new((*self.lead, self.batch), "losses")
            with self.section("loss"):
                self.stack.loss.value(self, last, self.target, self.losses)

    def _record_backward(self, every_delta: bool) -> None:
        stack, last = self.stack, self.signals[-1]
        trained = [i for i, layer in enumerate(stack.layers) if layer.parameter_count]
        lowest = 0 if every_delta else min(trained, default=len(stack.layers))
        with self.section("backward"):
            self._record_slopes()
            delta: Array | None = self.passing(last.a.shape, f"{last.layer.name}.delta")
            assert delta is not None
            stack.loss.delta(self, last, self.target, delta)
            fused = stack.loss.is_fused(last)
            if stack.reduction == "mean" and self.batch > 1:
                self.do(np.multiply, delta, self.const(1 / self.batch), out=delta, note="mean: 1/m")
        for i in range(len(stack.layers) - 1, lowest - 1, -1):
            assert delta is not None
            signals = self.signals[i]
            with self.section("backward", signals.layer.name):
                self._record_zeros(i, delta, "nothing goes on from a muted unit")
                if not (fused or self.bug == ("forgot_slope", i)):
                    signals.layer.through_activation(self, signals, delta)
                fused = False
                signals.delta = delta
                below = f"{stack.layers[i - 1].name}.delta" if i > lowest else None
                delta = signals.layer.backward(self, signals, delta, below)
                if self.bug is not None and self.bug[1] == i:
                    _record_bug(self, self.bug[0], signals.layer)
        with self.section("backward"):
            self._record_penalty()

    def _record_penalty(self) -> None:
        """∂C/∂w gains l2·w + l1·sign(w), for weights and kernels."""
        stack = self.stack
        if not (stack.l2 or stack.l1):
            return
        change = self.scratch(stack.theta, "change")
        mask = self.name(stack.mask("weight"), "weights")
        if stack.l2:
            l2 = self.name(stack.l2, "l2")
            self.do(np.multiply, stack.theta, mask, out=change, note="weights, 0 for biases")
            self.do(np.multiply, change, l2, out=change, note="l2·w")
            self.do(np.add, stack.grad, change, out=stack.grad, note="∂C/∂w + l2·w")
        if stack.l1:
            l1 = self.name(stack.l1, "l1")
            self.do(np.sign, stack.theta.real, out=change, note="sign(w)")
            self.do(np.multiply, change, mask, out=change, note="0 for biases")
            self.do(np.multiply, change, l1, out=change, note="l1·sign(w)")
            self.do(np.add, stack.grad, change, out=stack.grad, note="∂C/∂w + l1·sign(w)")

    def _record_update(self, optimizer: Optimizer, clip: float | None, train_biases: bool) -> None:
        grad = self.stack.grad
        with self.section("update"):
            free = None
            if not train_biases:
                free = self.name(1 - self.stack.mask("bias"), "free")
                self.do(np.multiply, grad, free, out=grad, note="biases are frozen")
            if clip is not None:
                scale = self.const(0.0, "scale")
                self.do(grad.dot, grad, out=scale, note="|g|²")
                self.do(np.sqrt, scale, out=scale, note="|g|")
                self.do(np.add, scale, self.const(1e-6), out=scale, note="|g| + 1e-6")
                self.do(np.divide, self.const(clip), scale, out=scale, note="clip / |g|")
                self.do(np.minimum, scale, self.const(1.0), out=scale, note="min(1, clip / |g|)")
                self.do(np.multiply, grad, scale, out=grad, note="|g| is at most clip")
            optimizer.emit(self, self.stack.theta, grad, free)
            self.learning_rate = optimizer.learning_rate
            for signals in self.signals:
                signals.layer.update_running(self, signals)

    def total(self) -> Any:
        """Return the reduced loss of the last run with the penalty (one per network)."""
        total = self.losses.sum(axis=-1)
        if self.stack.reduction == "mean":
            total = total / self.batch
        return total + self.stack.penalty()


# Known mistakes to plant in the backward pass of one layer, for a lesson to find:
#
# forgot_slope   δ is left at ∂C/∂a: the factor f′(z) is missing
# wrong_sign     the gradients point uphill
# missing_mean   the 1/m of the mean is left out
# no_bias        the gradient of the biases stays 0
# doubled        every gradient is twice as large
# mixed_up       the gradients of the weights stand in the wrong order (rows for columns)
BUGS = ("forgot_slope", "wrong_sign", "missing_mean", "no_bias", "doubled", "mixed_up")


def check_bug(bug: str, layer: Layer, reduction: str, fused: bool) -> None:
    """Refuse a bug that would change nothing in this layer.

    `fused`: the layer is the last, and the loss gives ∂C/∂z at once.
    """
    if bug not in BUGS:
        raise EngineError(f"unknown bug {bug!r}: give one of {', '.join(BUGS)}")
    if not layer.parameter_count:
        raise EngineError(f"{layer.title} has no parameters, so no gradient to spoil")
    if bug == "forgot_slope" and (layer.is_identity or fused):
        reason = "its loss and activation are taken at once" if fused else "it has no activation"
        raise EngineError(f"{layer.title} has no slope to forget: {reason}")
    if bug == "missing_mean" and reduction != "mean":
        raise EngineError('there is no 1/m to forget: the network\'s reduction is "sum"')
    if bug in ("no_bias", "mixed_up") and layer.bias is None:
        raise EngineError(f"{layer.title} has no weights and biases for {bug}")
    if bug == "mixed_up" and layer.weight is not None and 1 in layer.weight.shape[-2:]:
        raise EngineError(f"the weights of {layer.title} are one row: no order to mix up")


def _record_bug(tape: Tape, bug: str, layer: Layer) -> None:
    grad = layer.gradient
    views = layer.views(grad)
    if bug == "wrong_sign":
        tape.do(np.negative, grad, out=grad, note="a planted bug: the wrong sign")
    elif bug == "missing_mean":
        tape.do(np.multiply, grad, tape.const(tape.batch), out=grad, note="a planted bug: no 1/m")
    elif bug == "doubled":
        tape.do(np.multiply, grad, tape.const(2.0), out=grad, note="a planted bug: doubled")
    elif bug == "no_bias":
        tape.do(np.copyto, tape.const(0.0), out=views["bias"], note="a planted bug: no ∂C/∂b")
    elif bug == "mixed_up":
        tape.do(mix_up, out=views["weight"], note="a planted bug: rows for columns")
    elif bug != "forgot_slope":  # which is a call that the tape lacks
        raise EngineError(f"unknown bug {bug!r}")


def mix_up(weight: Array) -> None:
    """Write the numbers of a matrix row by row where they belong column by column."""
    rows, columns = weight.shape[-2:]
    weight[...] = weight.copy().reshape(*weight.shape[:-2], columns, rows).swapaxes(-1, -2)


class Plans:
    """The tapes of a network, kept for the next time unless they are very large.

    `room` is memory that those for evaluation share.
    """

    def __init__(self) -> None:
        self.room: dict[str, Array] = {}
        self._kept: OrderedDict[tuple[Any, ...], Plan] = OrderedDict()

    def get(self, key: tuple[Any, ...], record: Callable[[], Plan]) -> Plan:
        """Return the plan of this key, or a new one that `record` makes."""
        plan = self._kept.get(key)
        if plan is None:
            plan = record()
            if plan.inputs.size + sum(signals.a.size for signals in plan.signals) <= _KEPT_NUMBERS:
                self._kept[key] = plan
            if len(self._kept) > _KEPT_PLANS:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return plan

    def clear(self) -> None:
        self._kept.clear()


@dataclass(frozen=True, slots=True)
class LayerTrace:
    """One layer of a trace; arrays are batch first, None where a field has no meaning.

    Parameters and their gradients, those of net.loss, are in the layer's public shapes.
    """

    name: str
    kind: str
    activation: str
    x: Array  # (m, …), what went in
    z: Array | None  # before the activation; None for flatten, pools, dropout
    a: Array  # what came out
    delta: Array | None  # ∂(net.loss)/∂z, or /∂a where there is no z; None without a target
    parameters: dict[str, Array] = field(default_factory=dict)  # also ``"gamma"``, ``"beta"``
    gradients: dict[str, Array] = field(default_factory=dict)
    # what else the layer keeps: the mask of dropout, mean and variance of batch norm, …
    saved: dict[str, Array] = field(default_factory=dict)

    weight = property(lambda self: self.parameters.get("weight"))
    bias = property(lambda self: self.parameters.get("bias"))
    grad_weight = property(lambda self: self.gradients.get("weight"))
    grad_bias = property(lambda self: self.gradients.get("bias"))


@dataclass(frozen=True, slots=True)
class Trace:
    """One pass through a network."""

    layers: tuple[LayerTrace, ...]
    input: Array
    output: Array
    target: Array | None = None
    # of each sample, without reduction and penalty; None without a target
    losses: Array | None = None
    loss: float | None = None  # net.loss(x, target)

    def __getitem__(self, name: str) -> LayerTrace:
        """Return the layer of this name."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)


def read_trace(plan: Plan) -> Trace:
    """Copy a trace out of the buffers of a plan that has just run."""
    backward = plan.until == "gradients"
    layers = tuple(_layer(signals, backward) for signals in plan.signals)
    return Trace(
        layers,
        input=plan.inputs.copy(),
        output=plan.outputs.copy(),
        target=plan.targets.copy() if backward else None,
        losses=plan.losses.copy() if backward else None,
        loss=float(plan.total()) if backward else None,
    )


def _layer(signals: Signals, backward: bool) -> LayerTrace:
    layer = signals.layer

    def copied(array: Array | None) -> Array | None:
        return None if array is None else batch_first(array).copy()

    return LayerTrace(
        name=layer.name,
        kind=layer.kind,
        activation=layer.activation,
        x=batch_first(signals.x).copy(),
        z=copied(signals.z),
        a=batch_first(signals.passed).copy(),
        delta=copied(signals.delta) if backward else None,
        parameters={name: view.copy() for name, view in layer.views(layer.theta).items()},
        gradients={name: view.copy() for name, view in layer.views(layer.gradient).items()}
        if backward
        else {},
        saved={name: layer.public_saved(name, value) for name, value in signals.saved.items()},
    )

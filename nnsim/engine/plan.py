"""A network's tape: the forward pass, the loss, the backward pass and the update, in order."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from nnsim.engine import bugs
from nnsim.engine.errors import EngineError
from nnsim.engine.layers import Dense
from nnsim.engine.layers.base import Shape, Signals, batch_first, new_activation
from nnsim.engine.optimizers import Optimizer
from nnsim.engine.stack import Stack
from nnsim.engine.tape import Array, Tape

Until = Literal["forward", "loss", "gradients", "update"]

# Up to so many numbers the time of a call counts more than what it computes.
_SIDE_BY_SIDE = 4096


class Plan(Tape):
    """The tape of one batch shape.

    Parameters
    ----------
    stack : Stack
    input_shape : tuple of int
        Of one sample.
    batch : int
        m.
    until : str
        ``"forward"``; ``"loss"`` adds the loss of each sample; ``"gradients"`` the way back
        through every layer; ``"update"`` goes back only as far as there are parameters, leaves
        out the value of the loss, and changes the parameters.
    training : bool
    optimizer : Optimizer, optional
        For ``"update"``.
    clip : float, optional
        The largest norm that the gradient may have; scaled down above it.
    train_biases : bool
    shared_input : bool
        With a leading axis: whether all networks get the same samples.
    lean, room
        As for `Tape`.
    bug : (str, int), optional
        A mistake to make, and the number of the layer that it is in.

    Attributes
    ----------
    inputs : array (m, …)
        To fill with samples, in place.
    targets : array (m, …)
        To fill with targets, in place.
    outputs : array (m, …)
        What the last run gave.
    losses : array (m,)
        Of each sample, on a tape with the loss.
    gradient : array (n_params,)
        On a tape that goes backward.
    signals : list of Signals
        One per layer.
    learning_rate : array ()
        On a tape with an update.
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
        with self.section("forward"):
            for i, layer in enumerate(layers):
                # The value of a loss may need the last z.
                self.lean = lean and not (self.until == "loss" and layer is layers[-1])
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
                self._record_zeros(i, delta, "nothing goes on from a muted unit")
                if not (fused or self.bug == ("forgot_slope", i)):
                    signals.layer.through_activation(self, signals, delta)
                fused = False
                signals.delta = delta
                below = f"{stack.layers[i - 1].name}.delta" if i > lowest else None
                delta = signals.layer.backward(self, signals, delta, below)
                if self.bug is not None and self.bug[1] == i:
                    bugs.emit(self, self.bug[0], signals.layer)
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
